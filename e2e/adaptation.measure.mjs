// Measures how a site's picture and sound follow its line: 3 Mbit/s, 400 kbit/s, 120 kbit/s and back. Run by
// `make adaptation` as root; it prints a table and draws docs/adaptation.svg. With the argument firefox the site is one,
// and nothing is drawn.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Person } from "./lib/browser.mjs";
import { Firefox } from "./lib/firefox.mjs";
import { writeTone } from "./lib/media.mjs";
import { Netns } from "./lib/netns.mjs";
import { Server } from "./lib/server.mjs";
import { shape } from "./lib/shape.mjs";
import { until } from "./lib/until.mjs";

const PHASES = [
  ["3mbit", 3000, 20],
  ["400kbit", 400, 20],
  ["120kbit", 120, 20],
  ["3mbit", 3000, 40],
];
/** How often the browser is asked, and how many answers make a point of the graph. */
const STEP_MS = 100;
const POINT = 5;
const firefox = process.argv.includes("firefox");

const netns = Netns.create();
if (!netns) throw new Error(`no network namespaces here: ${Netns.why}`);
const server = await Server.create();
const people = [];
try {
  const samples = await measure();
  report(samples);
  if (!firefox) writeFileSync("docs/adaptation.svg", draw(points(samples)));
} finally {
  await Promise.all(people.map((p) => p.kill().catch(() => {})));
  await server.kill();
  netns.remove();
}

async function measure() {
  writeFileSync(
    join(server.dir, "roster.csv"),
    "code,parent_code,level,name\nTW,,central,Trung ương\nP58,TW,province,Tỉnh Ninh Thuận\nC1,P58,commune,Xã Vĩnh Hải\n",
  );
  await server.cli("roster", "import", join(server.dir, "roster.csv"));
  const session = JSON.parse(
    await server.cli("session", "create", "--title", "Đo đường truyền", "--units", "P58/*", "--start", "now", "--json"),
  );
  const host = new Person(server.dir, "host"); // the browser's own test picture: it moves, and costs bits
  writeTone(join(server.dir, "host.wav"), 800);
  host.flags = [`--use-file-for-fake-audio-capture=${join(server.dir, "host.wav")}`];
  people.push(host);
  await host.open(session.links.host);
  await host.enter();
  await host.press("start");
  const site = await enter(session.endpoints[0].link.replace("127.0.0.1", netns.host));
  await until(
    "picture and sound are there",
    async () => {
      const { "v-main": v, "a-main": a } = await site.inbound();
      return v?.framesDecoded > 10 && a?.totalSamplesReceived > 48000;
    },
    30000,
  );

  const samples = [];
  const start = Date.now();
  let last;
  for (const [rate, kbps, seconds] of PHASES) {
    shape(netns, rate);
    for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
      const t = Date.now();
      const { "v-main": v = {}, "a-main": a = {} } = await site.inbound();
      if (last) {
        const dt = (t - last.t) / 1000;
        samples.push({
          s: (t - start) / 1000,
          line: kbps,
          video: ((v.bytesReceived - last.v.bytesReceived) * 8) / dt / 1000,
          audio: ((a.bytesReceived - last.a.bytesReceived) * 8) / dt / 1000,
          height: v.framesDecoded > last.v.framesDecoded ? v.frameHeight : 0,
          fps: (v.framesDecoded - last.v.framesDecoded) / dt,
          total: (a.totalSamplesReceived - last.a.totalSamplesReceived) / 48000,
          lost: v.packetsLost - last.v.packetsLost,
          audioLost: a.packetsLost - last.a.packetsLost,
          concealed:
            (a.concealedSamples -
              a.silentConcealedSamples -
              (last.a.concealedSamples - last.a.silentConcealedSamples)) /
            48000,
        });
      }
      last = { t, v, a };
      await new Promise((r) => setTimeout(r, Math.max(0, STEP_MS - (Date.now() - t))));
    }
  }
  return samples;
}

/** Lets a site in behind the line. Its inbound() is by mid. */
async function enter(link) {
  if (!firefox) {
    const site = new Person(server.dir, "site", {
      wrapper: netns.wrapper(server.dir),
      flags: [`--unsafely-treat-insecure-origin-as-secure=http://${netns.host}:${server.port}`],
    });
    people.push(site);
    await site.open(link);
    await site.enter();
    return site;
  }
  const site = await Firefox.start(netns);
  people.push({ kill: () => site.close() });
  console.log(site.version);
  await site.goto(link);
  await until("the preview is there", () => site.evaluate(`!!document.querySelector('[data-action="preview-ok"]')`));
  await site.press("preview-ok");
  // Firefox does not say the mid; only main is fed, so what arrives most is main.
  site.inbound = () =>
    site.evaluate(`(async () => {
    const byMid = {};
    for (const pc of window.testPeers.filter((p) => p.connectionState === 'connected')) {
      for (const s of (await pc.getStats()).values()) {
        const mid = s.kind === 'video' ? 'v-main' : 'a-main';
        if (s.type === 'inbound-rtp' && s.bytesReceived >= (byMid[mid]?.bytesReceived ?? 0)) byMid[mid] = { ...s };
      }
    }
    return byMid;
  })()`);
  return site;
}

/** The means of each POINT samples; of the sound made up, the sum. */
function points(samples) {
  const found = [];
  for (let i = 0; i + POINT <= samples.length; i += POINT) {
    const part = samples.slice(i, i + POINT);
    const mean = (k) => part.reduce((n, x) => n + x[k], 0) / POINT;
    found.push({
      s: part[0].s,
      line: part[0].line,
      video: mean("video"),
      audio: mean("audio"),
      height: Math.max(...part.map((x) => x.height)),
      concealed: mean("concealed") * POINT,
    });
  }
  return found;
}

/** The longest stretch of sound made up, in ms: samples in a row that have some. */
function longest(rows) {
  let [run, most] = [0, 0];
  for (const { concealed } of rows) most = Math.max(most, (run = concealed > 0 ? run + concealed : 0));
  return (1000 * most).toFixed(0);
}

function report(samples) {
  let from = 0;
  console.log(
    "| line kbit/s | video kbit/s | height at the end | frames/s | video lost | audio lost | sound made up, " +
      "ms of s | of it in the first 2 s | longest stretch |\n|---|---|---|---|---|---|---|---|---|",
  );
  for (const [, kbps, seconds] of PHASES) {
    const rows = samples.filter((x) => x.s >= from && x.s < from + seconds);
    const mean = (k) => (rows.reduce((n, x) => n + x[k], 0) / rows.length).toFixed(0);
    const sum = (k) => rows.reduce((n, x) => n + x[k], 0);
    console.log(
      `| ${kbps} | ${mean("video")} | ${Math.max(...rows.slice(-POINT).map((x) => x.height))} | ${mean("fps")} ` +
        `| ${sum("lost")} | ${sum("audioLost")} | ${(1000 * sum("concealed")).toFixed(0)} of ` +
        `${sum("total").toFixed(1)} | ` +
        `${(1000 * rows.filter((x) => x.s < from + 2).reduce((n, x) => n + x.concealed, 0)).toFixed(0)} | ` +
        `${longest(rows)} |`,
    );
    from += seconds;
  }
  const top = Math.max(...samples.map((x) => x.height));
  const back = from - PHASES.at(-1)[2];
  const returned = samples.find((x) => x.s > back && x.height === top);
  const under = points(samples).find(
    (x) => x.s > PHASES[0][2] && x.video + x.audio < PHASES[1][1] * 1.05 && x.video > 0,
  );
  console.log(
    `step down to the line's rate after ${under ? (under.s - PHASES[0][2]).toFixed(1) : "-"} s; the picture ` +
      `of ${top} lines is back after ${returned ? (returned.s - back).toFixed(1) : "-"} s`,
  );
}

/** Three curves over time: line, video and lines of the picture; gaps in the sound as marks below. */
function draw(samples) {
  const [w, h, left, top] = [900, 360, 60, 20];
  const end = samples.at(-1).s;
  const x = (s) => (left + (s / end) * (w - left - 60)).toFixed(1);
  const y = (v, max) => (top + (1 - Math.min(v, max) / max) * (h - top - 70)).toFixed(1);
  const path = (f, max) => samples.map((p, i) => `${i ? "L" : "M"}${x(p.s)},${y(f(p), max)}`).join("");
  const marks = samples
    .filter((p) => p.concealed > 0.02)
    .map((p) => `<rect x="${x(p.s)}" y="${h - 48}" width="3" height="10" fill="#c4212d"/>`)
    .join("");
  const label = (px, py, fill, text) => `<text x="${px}" y="${py}" fill="${fill}">${text}</text>`;
  const seconds = Array.from({ length: Math.floor(end / 10) + 1 }, (_, i) =>
    label(x(i * 10), h - 24, "#445", `${i * 10}`),
  ).join("");
  const rates = [0, 500, 1000, 1500, 2000].map((v) => label(8, y(v, 2000), "#445", v)).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" font-family="sans-serif" font-size="13">
<rect width="${w}" height="${h}" fill="#fff"/>
<path d="${path((p) => p.line, 2000)}" fill="none" stroke="#99a" stroke-dasharray="5 4"/>
<path d="${path((p) => p.video, 2000)}" fill="none" stroke="#0f5aa8" stroke-width="2"/>
<path d="${path((p) => p.height, 800)}" fill="none" stroke="#1f7a3d" stroke-width="2"/>
${marks}${seconds}${rates}
${label(left + 4, 14, "#99a", "line, kbit/s (3,000 above the frame)")}
${label(left + 280, 14, "#0f5aa8", "video received, kbit/s")}
${label(left + 460, 14, "#1f7a3d", "lines of the picture (800 = top)")}
${label(left + 680, 14, "#c4212d", "sound made up")}
${label(w / 2, h - 6, "#445", "seconds")}
</svg>
`;
}
