// Measures what a long line that loses packets at random leaves of sound and picture: 160 ms of round trip, 5 % lost each way, and
// 20 % for ten seconds; beside each the same line without loss, which is what the machine spoils. Run by `make loss` as root; it
// prints a table for docs/adaptation.md. Arguments are the names of cases; DIEMCAU_BINARY names another build to compare with.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { convene } from "./lib/convene.mjs";
import { FarLine } from "./lib/farline.mjs";
import { writeStill } from "./lib/media.mjs";
import { Netns } from "./lib/netns.mjs";
import { People } from "./lib/people.mjs";
import { BINARY, Server } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";
import { Watch } from "./lib/watch.mjs";

const LONG = { delayMs: 80, lossPercent: 0 };
const LOSSY = { delayMs: 80, lossPercent: 5 };
const BURST = { delayMs: 80, lossPercent: 20 };
/** Until a page waits for as long as it wants to, and has got over the beginning. */
const SETTLE_MS = 15_000;
const MEASURED_MS = 45_000;
const CONTROL_MS = 15_000;
/** What is sent to the site: a still slide by a browser, or the load test's picture; of the last one in three renditions. */
const PICTURES = { slides: null, 250: ["--bitrate", "250"], 500: ["--bitrate", "500"], 1200: ["--simulcast"] };

const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const wanted = process.argv.slice(2);
const asked = (name) => !wanted.length || wanted.includes(name);

const netns = Netns.create();
if (!netns) throw new Error(`no network namespaces here: ${Netns.why}`);
netns.remove();
FarLine.build();
console.log(
  "| case | sound made up, % | of it heard, % | picture stood still, % | longest, ms | freezes | frames/s | lines | load |\n" +
    "|---|---|---|---|---|---|---|---|---|",
);
for (const [name, flags] of Object.entries(PICTURES)) {
  if (!asked(name)) continue;
  await listening(flags, [
    [`${name}, no loss`, LONG, SETTLE_MS, CONTROL_MS],
    [`${name}, 5 %`, LOSSY, SETTLE_MS, MEASURED_MS],
  ]);
}
if (asked("burst")) {
  await listening(PICTURES[1200], [
    ["burst, before", LONG, SETTLE_MS, CONTROL_MS],
    ["burst, 20 % for 10 s", BURST, 0, 10_000],
    ["burst, 3 s after it", LONG, 0, 3_000],
    ["burst, and then", LONG, 0, 10_000],
  ]);
}
if (asked("speaker")) await speaking();

/** A site behind the line is sent a picture and sound. */
async function listening(flags, phases) {
  await inSession(async ({ server, session, people, line, open }) => {
    await (flags ? publish(people, server, session, flags) : still(people, server, session));
    const site = await open(session.endpoints[1].link, true);
    await arrives(site);
    for (const [title, state, settle, ms] of phases) {
      line.is(state);
      await sleep(settle);
      report(title, await Watch.during(site, ms));
    }
  });
}

/** Who speaks is behind the line; who listens is not. */
async function speaking() {
  await inSession(async ({ server, session, people, ns, line, open }) => {
    await still(people, server, session, ns);
    const site = await open(session.endpoints[1].link, false);
    await arrives(site);
    for (const [title, state, ms] of [
      ["speaker, no loss", LONG, CONTROL_MS],
      ["speaker, 5 %", LOSSY, MEASURED_MS],
    ]) {
      line.is(state);
      await sleep(SETTLE_MS);
      report(title, await Watch.during(site, ms));
    }
  });
}

async function inSession(body) {
  const ns = Netns.create();
  const line = await FarLine.between(ns);
  line.is(LONG); // from the start: a line that becomes long looks like a queue
  const server = await Server.create();
  const people = new People();
  try {
    const session = await convene(server, { countdown_s: 0 });
    const open = (link, behind) =>
      people.enter(server.dir, "site", behind ? far(link, ns) : link, behind ? inside(ns, server) : {});
    await body({ server, session, people, ns, line, open });
  } finally {
    await people.kill();
    await server.kill();
    await line.close();
    ns.remove();
  }
}

function far(link, ns) {
  return link.replace("127.0.0.1", ns.host);
}

function inside(ns, server) {
  const flags = [`--unsafely-treat-insecure-origin-as-secure=http://${ns.host}:${server.port}`];
  return { wrapper: ns.wrapper(server.dir), flags };
}

/** A host whose browser sends a slide that does not move. */
async function still(people, server, session, ns) {
  const host = people.add(server.dir, "host", { tone: 800, ...(ns && inside(ns, server)) });
  const slide = join(server.dir, "slide.y4m");
  writeStill(slide, [1280, 720]);
  host.flags = [...host.flags, `--use-file-for-fake-video-capture=${slide}`];
  await host.open(ns ? far(session.links.host, ns) : session.links.host);
  await host.enter();
  await host.press("start");
}

/** The load test's host. */
function publish(people, server, session, flags) {
  const links = join(server.dir, "links.json");
  writeFileSync(links, JSON.stringify(session));
  const args = ["loadtest", "--links", links, "--endpoints", "1", "--publish", "--duration", "10m", ...flags];
  const process = spawn(BINARY, args, { stdio: ["ignore", "ignore", "inherit"] });
  const gone = once(process, "exit");
  const kill = () => {
    process.kill("SIGKILL");
    return gone;
  };
  people.push({ kill });
}

function arrives(site) {
  return until(
    "picture and sound are there",
    async () => {
      const { "v-main": v, "a-main": a } = await site.inbound();
      return v?.framesDecoded > 10 && a?.totalSamplesReceived > 48000;
    },
    60000,
  );
}

function report(title, w) {
  const share = (x) => (100 * x).toFixed(2);
  console.log(
    `| ${title} | ${share(w.madeUp)} | ${share(w.heard)} | ${share(w.still)} | ${w.longestMs} | ${w.freezes} ` +
      `| ${w.framesPerSecond.toFixed(1)} | ${w.lines} | ${loadavg()[0].toFixed(1)} |`,
  );
}
