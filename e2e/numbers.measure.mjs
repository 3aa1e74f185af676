// What a browser counts as lost when numbers are not sent, or sent again. Run by `make estimates` as root; it prints a
// table for docs/adaptation.md.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Person } from "./lib/browser.mjs";
import { Lines } from "./lib/lines.mjs";
import { Netns } from "./lib/netns.mjs";
import { shape, unshape } from "./lib/shape.mjs";
import { until } from "./lib/until.mjs";

const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const dir = mkdtempSync(join(tmpdir(), "diemcau-lines-"));
const netns = Netns.create();
if (!netns) throw new Error(`no network namespaces here: ${Netns.why}`);

const CASES = [
  ["every number sent once", [], async () => sleep(6000)],
  [
    "30 times 10 numbers given to nothing",
    [],
    async (l) => {
      await sleep(2000);
      for (let i = 0; i < 30; i++) {
        l.command("skip", 10);
        await sleep(150);
      }
    },
  ],
  [
    "10 times two neighbours sent 560 numbers late, then one 90 late",
    [],
    async (l) => {
      for (let i = 0; i < 10; i++) {
        l.command("skip", 2);
        await sleep(1250);
        l.command("skip", 1);
        await sleep(250);
        l.command("late");
        await sleep(300);
      }
    },
    3000,
  ],
  [
    "1,500 kbit/s over a line of 400, NACK answered on the same SSRC",
    ["-responder"],
    async (l) => {
      await sleep(1000);
      shape(netns, "400kbit");
      await sleep(20000);
      unshape(netns);
      l.command("send", 0);
      await sleep(4000);
    },
    1500,
  ],
  [
    "the same, NACK not answered",
    [],
    async (l) => {
      await sleep(1000);
      shape(netns, "400kbit");
      await sleep(20000);
      unshape(netns);
      l.command("send", 0);
      await sleep(4000);
    },
    1500,
  ],
];

Lines.build();
console.log(
  "| what was done | packets sent | sent again | numbers given | packetsReceived | packetsLost |\n|---|---|---|---|---|---|",
);
try {
  for (const [name, flags, act, rate = 1000] of CASES) {
    unshape(netns);
    const lines = await Lines.start(netns.host, ...flags);
    lines.command("send", rate);
    const viewer = new Person(dir, "viewer", { wrapper: netns.wrapper(dir) });
    try {
      await viewer.open(lines.url);
      await until("packets arrive", () => viewer.page.evaluate(() => window.inbound("video")), 30000);
      await act(lines);
      await sleep(500);
      const sent = await lines.counts();
      const seen = await viewer.page.evaluate(() => window.inbound("video"));
      console.log(
        `| ${name} | ${sent.packets} | ${sent.repeats} | ${sent.numbers} | ${seen.received} | ${seen.lost} |`,
      );
    } finally {
      await viewer.kill();
      await lines.close();
    }
  }
} finally {
  netns.remove();
}
