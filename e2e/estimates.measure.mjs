// Compares what a line is estimated to carry: by the browser (REMB), and by an estimator on the server that is fed
// transport-wide feedback. Each browser is sent the same stream over the same lines. Run by `make estimates` as root;
// it prints tables for docs/adaptation.md.
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Person } from "./lib/browser.mjs";
import { FIREFOX, Firefox } from "./lib/firefox.mjs";
import { Lines } from "./lib/lines.mjs";
import { Netns } from "./lib/netns.mjs";
import { shape, unshape } from "./lib/shape.mjs";
import { until } from "./lib/until.mjs";

/** The line in kbit/s (0: not limited), what is sent in kbit/s, for how many seconds. */
const STEPS = [
  [0, 150, 8],
  [0, 1200, 10],
  [3000, 1200, 8],
  [800, 1200, 2],
  [800, 500, 10],
  [400, 500, 2],
  [400, 150, 10],
  [3000, 150, 10],
  [3000, 500, 8],
];
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const dir = mkdtempSync(join(tmpdir(), "diemcau-lines-"));

Lines.build();
const only = process.argv.slice(2); // such as "chromium remb"
for (const browser of ["chromium", "firefox"]) {
  for (const feedback of ["remb", "twcc"]) {
    if (only.length && (!only.includes(browser) || !only.includes(feedback))) continue;
    if (browser === "firefox" && !existsSync(FIREFOX)) console.log("Firefox is not installed");
    else await measure(browser, feedback);
  }
}

async function measure(browser, feedback) {
  const netns = Netns.create();
  if (!netns) throw new Error(`no network namespaces here: ${Netns.why}`);
  let lines, close;
  try {
    lines = await Lines.start(netns.host, "-feedback", feedback);
    lines.command("send", STEPS[0][1]);
    if (browser === "firefox") {
      const f = await Firefox.start(netns);
      close = () => f.close();
      await f.goto(lines.url);
    } else {
      const p = new Person(dir, "viewer", { wrapper: netns.wrapper(dir) });
      close = () => p.kill();
      await p.open(lines.url);
    }
    await until("the browser is connected", () => lines.connected, 30000);
    report(browser, feedback, await play(lines, netns));
  } finally {
    await close?.();
    await lines?.close();
    netns.remove();
  }
}

/** Goes through the steps, and returns for each when it began, what was estimated in it and what was sent. */
async function play(lines, netns) {
  const steps = [];
  for (const [line, rate, seconds] of STEPS) {
    if (line) shape(netns, `${line}kbit`);
    else unshape(netns);
    const at = Date.now();
    lines.command("send", rate);
    const before = await lines.counts();
    await sleep(seconds * 1000 - (Date.now() - at));
    const after = await lines.counts();
    const counted = Object.fromEntries(Object.keys(after).map((k) => [k, (after[k] - before[k]) / seconds]));
    steps.push({ line, rate, seconds, at, counted });
  }
  for (const [i, s] of steps.entries()) {
    const end = steps[i + 1]?.at ?? Infinity;
    s.estimates = lines.estimates.filter((e) => e.at >= s.at && e.at < end);
    s.before = lines.estimates.findLast((e) => e.at < s.at)?.kbps;
  }
  return steps;
}

function report(browser, feedback, steps) {
  const n = (x) => (x === undefined || !Number.isFinite(x) ? "-" : x.toFixed(0));
  console.log(
    `\n${browser}, ${feedback}\n| line | sent | estimate: before | least | most | in the end | below the line ` +
      `after, ms | feedback/s | bytes/s |\n|---|---|---|---|---|---|---|---|---|`,
  );
  for (const s of steps) {
    const values = s.estimates.map((e) => e.kbps);
    const last = values.at(-1) ?? s.before;
    const under = s.line && s.before > s.line ? s.estimates.find((e) => e.kbps < s.line) : undefined;
    console.log(
      `| ${s.line || "not limited"} | ${s.rate} | ${n(s.before)} | ${n(Math.min(...values))} | ` +
        `${n(Math.max(...values))} | ${n(last)} | ${under ? under.at - s.at : "-"} | ` +
        `${s.counted.estimates.toFixed(1)} | ${n(s.counted.estimate_bytes)} |`,
    );
  }
}
