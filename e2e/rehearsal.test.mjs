// The technical check before a session, in browsers with fake devices against the real media server: a sound site, one that
// refuses its camera, one whose camera is taken, one whose microphone is silent, and one behind a line of 200 kbit/s. Each is told rightly.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { writeTone } from "./lib/media.mjs";
import { Netns } from "./lib/netns.mjs";
import { People } from "./lib/people.mjs";
import { Server } from "./lib/server.mjs";
import { shape } from "./lib/shape.mjs";
import { type } from "./lib/typing.mjs";
import { until } from "./lib/until.mjs";

const SHOTS = "test-results/rehearsal";
const RATE = "200kbit";

let server, session, netns;
const people = new People();

const person = (name, options) => people.add(server.dir, name, { colour: "green", tone: 800, ...options });
const linkOf = (code) => session.endpoints.find((e) => e.code === code).link;
const board = async () => JSON.parse(await server.cli("session", "rehearsals", "--session", session.id));
const site = async (code) => (await board()).sites.find((s) => s.code === code);

/** What was found, but for a line that seems thin or slow because the machine is busy. */
const reasons = (kept) => (kept.reasons ?? []).filter((r) => r !== "line_thin" && r !== "line_slow");

/** Goes through the check as a person does, and returns what the server keeps of it. */
async function rehearse(p, code) {
  const { page } = p;
  await until(`${p.name} sees the check`, () => page.locator('[data-action="rehearse"]').count());
  await p.press("rehearse");
  await p.press("sound-heard");
  await type(page.locator(".checks__person input").first(), "Chị Lan");
  await until(
    `${p.name} can send the result`,
    () => page.locator('[data-action="rehearsal-send"]:not([disabled])').count(),
    60000,
  );
  await page.screenshot({ path: join(SHOTS, `${p.name}-check.png`) });
  await p.press("rehearsal-send");
  await until(`${p.name} is told`, () => page.locator(".verdict").count());
  await page.screenshot({ path: join(SHOTS, `${p.name}-verdict.png`) });
  const told = await page.locator(".verdict").innerText();
  const kept = await site(code);
  console.log(`# ${p.name}: ${kept.light} ${(kept.reasons ?? []).join(" ")} ${JSON.stringify(kept.result.line)}`);
  return { told, kept };
}

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  netns = Netns.create();
  server = await Server.create();
  const roster = join(server.dir, "roster.csv");
  writeFileSync(
    roster,
    "code,parent_code,level,name\nTW,,central,Trung ương\nP58,TW,province,Ninh Thuận\n" +
      [1, 2, 3, 4, 5, 6].map((i) => `C${i},P58,commune,Xã ${i}\n`).join(""),
  );
  await server.cli("roster", "import", roster);
  session = JSON.parse(
    await server.cli("session", "create", "--title", "Phiên họp", "--units", "P58/commune", "--start", "now", "--json"),
  );
});

afterEach(async (t) => {
  if (t.passed === false) await people.shoot(SHOTS);
});

after(async () => {
  await people.kill();
  await server?.kill();
  netns?.remove();
});

test("a site with everything in order is green", async () => {
  const p = person("good");
  await p.open(linkOf("C1"));
  const { told, kept } = await rehearse(p, "C1");
  assert.deepEqual([kept.light, kept.reasons ?? []], ["green", []], JSON.stringify(kept));
  assert.match(told, /Kiểm tra đạt/);
  const { line } = kept.result;
  assert.equal(line.protocol, "udp");
  assert.ok(line.up_kbps <= 20_000 && line.down_kbps <= 20_000, `more than the test can tell: ${JSON.stringify(line)}`);
  assert.ok(line.up_kbps >= 700 && line.down_kbps >= 700, JSON.stringify(line));
  assert.equal(kept.contact, "Chị Lan");
  await p.press("rehearsal-done");
  const [download] = await Promise.all([p.page.waitForEvent("download"), p.press("calendar")]);
  const saved = join(server.dir, "calendar.ics");
  await download.saveAs(saved);
  const file = readFileSync(saved, "utf8").replaceAll("\r\n ", "");
  assert.match(file, /BEGIN:VCALENDAR[^]*SUMMARY:Phiên họp[^]*URL:http:[^]*\/j#[0-9a-z-]{19}\r\n/);
  await p.kill();
});

test("a camera that the browser was told to refuse is told, and the site can still take part", async () => {
  const p = person("refused", { refuses: ["camera"] });
  await p.open(linkOf("C2"));
  const error = (wish) =>
    p.page.evaluate(
      (w) =>
        navigator.mediaDevices.getUserMedia(w).then(
          () => "granted",
          (e) => e.name,
        ),
      wish,
    );
  assert.deepEqual(
    [await error({ video: true }), await error({ audio: true })],
    ["NotAllowedError", "granted"],
    "the refusal is the browser’s own",
  );
  const { told, kept } = await rehearse(p, "C2");
  assert.deepEqual(
    [kept.light, reasons(kept), kept.result.camera],
    ["amber", ["no_camera"], "refused"],
    JSON.stringify(kept),
  );
  assert.match(told, /Không dùng được máy quay/);
  await p.kill();
});

test("a camera that another program has is told", async () => {
  // No flag makes a browser's fake camera busy: here alone the page is told so by a script.
  const init = () => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = (wish) =>
      wish.video ? Promise.reject(new DOMException("", "NotReadableError")) : ask(wish);
  };
  const p = person("busy", { init });
  await p.open(linkOf("C6"));
  const { told, kept } = await rehearse(p, "C6");
  assert.deepEqual(
    [kept.light, reasons(kept), kept.result.camera],
    ["amber", ["no_camera"], "busy"],
    JSON.stringify(kept),
  );
  assert.match(told, /Không dùng được máy quay/);
  await p.kill();
});

test("a silent microphone is told", async () => {
  const quiet = join(server.dir, "quiet.wav");
  writeTone(quiet, 0);
  const p = person("silent", { tone: undefined, flags: [`--use-file-for-fake-audio-capture=${quiet}`] });
  await p.open(linkOf("C3"));
  const { told, kept } = await rehearse(p, "C3");
  assert.deepEqual([kept.light, reasons(kept)], ["red", ["silent_microphone"]], JSON.stringify(kept));
  assert.match(told, /Micro không có tiếng/);
  await p.kill();
});

test("a line of 200 kbit/s is told", async (t) => {
  if (!netns) return t.skip(Netns.why);
  const p = person("thin", {
    wrapper: netns.wrapper(server.dir),
    flags: [`--unsafely-treat-insecure-origin-as-secure=http://${netns.host}:${server.port}`],
  });
  await p.open(linkOf("C4").replace("127.0.0.1", netns.host));
  await until("the check is there", () => p.page.locator('[data-action="rehearse"]').count());
  shape(netns, RATE);
  netns.inside(
    "tc",
    "qdisc",
    "replace",
    "dev",
    `dcb${process.pid}`.slice(0, 15),
    "root",
    "tbf",
    "rate",
    RATE,
    "burst",
    "16kb",
    "latency",
    "150ms",
  );
  const { told, kept } = await rehearse(p, "C4");
  assert.equal(kept.light, "red", JSON.stringify(kept));
  assert.ok(kept.reasons.includes("line_too_thin") || kept.reasons.includes("no_line"), JSON.stringify(kept));
  assert.ok(kept.result.line.down_kbps <= 300, JSON.stringify(kept.result.line));
  assert.match(told, /Đường truyền quá yếu|Không kết nối được/);
  await p.kill();
});

test("the operators see who passed, who failed and who has not tested", async () => {
  const { provinces, sites } = await board();
  const thin = netns ? 1 : 0;
  assert.deepEqual(provinces, [
    { code: "P58", name: "Ninh Thuận", lights: { green: 1, amber: 2, red: 1 + thin, untested: 2 - thin } },
  ]);
  assert.equal(sites.find((s) => s.code === "C5").light, "untested");
});
