// What goes wrong at a site, and what its people are told: bad links, no devices, an insecure address, refused sound,
// a session that is not open yet, the operator without a camera.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { Person } from "./lib/browser.mjs";
import { nameColour, readColour, readTone } from "./lib/media.mjs";
import { Netns } from "./lib/netns.mjs";
import { Server } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

const SHOTS = "test-results/edges";
let server, session, host, netns;
const opened = [];

function person(name, options) {
  const p = new Person(server.dir, name, options);
  opened.push(p);
  return p;
}

const errorOf = (p) => p.page.evaluate(() => document.body.dataset.error);
const text = (p) => p.page.evaluate(() => document.body.innerText);
const shot = (p, name) => p.page.screenshot({ path: join(SHOTS, `${name}.png`) });
const link = (code) => session.endpoints.find((e) => e.code === code).link;
const create = async (title, start) =>
  JSON.parse(
    await server.cli(
      "session",
      "create",
      "--title",
      title,
      "--units",
      "P58/*",
      "--start",
      start,
      "--countdown",
      "0",
      "--json",
    ),
  );

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  netns = Netns.create();
  server = await Server.create();
  const roster = join(server.dir, "roster.csv");
  writeFileSync(
    roster,
    "code,parent_code,level,name\nTW,,central,Trung ương\nP58,TW,province,Tỉnh Ninh Thuận\nC1,P58,commune,Xã " +
      "Vĩnh Hải\nC2,P58,commune,Xã Công Hải\nC3,P58,commune,Xã Lợi Hải\nC4,P58,commune,Xã Bắc Sơn\n",
  );
  await server.cli("roster", "import", roster);
  session = await create("Phiên họp kiểm tra", "now");
  host = person("host", { colour: "red", tone: 500 });
  await host.open(session.links.host);
  await host.enter();
  await host.press("start");
  await until("live", async () => (await host.phase()) === "live");
});

const leave = (some) => Promise.all(some.map((p) => p.kill().catch(() => {})));

// Whoever stayed would play the stage beside every later test.
afterEach(() => leave(opened.splice(1)));

after(async () => {
  await leave(opened);
  await server?.kill();
  netns?.remove();
});

test("a wrong, foreign or revoked link gets a clear page", async () => {
  const [head, body, signature] = new URL(link("C1")).hash.slice(1).split(".");
  const forged = Buffer.from(
    JSON.stringify({ ...JSON.parse(Buffer.from(body, "base64url")), role: "host", sub: "@host" }),
  ).toString("base64url");
  const cases = {
    garbage: `${server.url}/join#not-a-token`,
    forged: `${server.url}/host#${head}.${forged}.${signature}`,
    empty: `${server.url}/join`,
  };
  const p = person("visitor", { colour: "blue", tone: 800 });
  await p.open("about:blank");
  for (const [name, url] of Object.entries(cases)) {
    await p.page.goto("about:blank");
    await p.page.goto(url);
    const enter = p.page.locator('[data-action="preview-ok"]');
    await until(`${name} is told`, async () => {
      // The page is told at once or when it enters; the button may go while it is pressed.
      if (await enter.count()) await enter.click({ timeout: 1000 }).catch(() => {});
      return (await p.phase()) === "error";
    });
    assert.ok(await errorOf(p), name);
    assert.match(await text(p), /liên kết|đường dẫn/i, name);
    assert.doesNotMatch(await text(p), /undefined|Error:|at .*\.js/, name);
    await shot(p, `link-${name}`);
  }
  assert.equal((await fetch(`${server.url}/api/v1/me`, { headers: { authorization: "Bearer x" } })).status, 401);
});

test("the link of a session that opens later leads to a waiting page", async () => {
  const later = await create("Phiên họp ngày mai", new Date(Date.now() + 86400e3).toISOString());
  const p = person("early", { colour: "blue", tone: 800 });
  await p.open(later.endpoints[0].link);
  await p.enter();
  await until("it waits", async () => ["waiting", "error"].includes(await p.phase()));
  await shot(p, "not-open");
  assert.match(await text(p), /Phiên họp ngày mai/);
});

test("a site without devices listens", async () => {
  const p = person("deaf");
  p.noDevices = true;
  await p.open(link("C1"));
  await p.page.waitForTimeout(500); // the picture below, not the test, wants the page settled
  await shot(p, "no-devices");
  await p.enter();
  await until("it sees the host", async () => nameColour(await readColour(p.page, "main")) === "red");
});

test("on an insecure address the page says so and the site listens", async (t) => {
  if (!netns) return t.skip(`no network namespaces here: ${Netns.why}`);
  const p = person("insecure", { colour: "blue", tone: 800, wrapper: netns.wrapper(server.dir) });
  await p.open(link("C2").replace("127.0.0.1", netns.host));
  await until("the page says it", async () => /https|không an toàn|bảo mật/i.test(await text(p)));
  await shot(p, "insecure");
  await p.enter();
  await until("it sees the host", async () => nameColour(await readColour(p.page, "main")) === "red");
  await until("it hears the host", async () => (await readTone(p.page, "main", [500, 800])) === 500, 20000);
});

test("where sound is refused, one large button starts it", async () => {
  const p = person("quiet", { flags: ["--autoplay-policy=document-user-activation-required"] });
  p.noDevices = true; // a page that captures may always play
  // Scripts that playwright runs count as a person's gesture, so the page itself enters, and says what it shows.
  await p.open("about:blank");
  await p.page.addInitScript(() => {
    const clicked = new Set();
    const look = () => {
      const enter = document.querySelector('[data-action="preview-ok"]');
      if (enter && !clicked.has("enter")) {
        clicked.add("enter");
        enter.click();
      }
      if (document.querySelector('[data-action="play-sound"]') && !clicked.has("said")) {
        clicked.add("said");
        console.info("sound is refused");
      }
      setTimeout(look, 100);
    };
    look();
  });
  const refused = p.page.waitForEvent("console", { predicate: (m) => m.text() === "sound is refused", timeout: 20000 });
  await p.page.goto(link("C3"));
  await refused;
  await shot(p, "autoplay");
  await p.press("play-sound");
  await until("it plays", () => p.page.evaluate(() => !document.querySelector('audio[data-slot="main"]').paused));
});

test("the operator steers without publishing", async () => {
  const site = person("speaker", { colour: "blue", tone: 800 });
  await site.open(link("C4"));
  await site.enter();
  const p = person("operator");
  await p.open(session.links.operator);
  await p.enter();
  await until("it is in", async () => (await p.phase()) === "live");
  await until("it sees C4", async () => (await p.stateOf("C4")) === "present");
  await p.press("grant-floor", "C4");
  await until("C4 has the floor", async () => (await p.stateOf("C4")) === "on-floor");
  await until("the host sees it", async () => nameColour(await readColour(host.page, "floor")) === "blue");
  await p.press("revoke-floor", "C4");
  await until("C4 is back", async () => (await p.stateOf("C4")) === "present");
  await shot(p, "operator");
});

test("the page is small, comes from one host, and keeps its token to itself", async () => {
  const p = person("sized", { colour: "blue", tone: 800 });
  await p.open("about:blank");
  const sizes = [];
  const hosts = new Set();
  const urls = [];
  p.page.on("request", (r) => {
    if (r.url().startsWith("http")) hosts.add(new URL(r.url()).host);
    urls.push(r.url());
  });
  p.page.on("response", (r) =>
    sizes.push(
      r.body().then(
        (body) => Number(r.headers()["content-length"] ?? gzipSync(body).length),
        () => 0,
      ),
    ),
  );
  await p.page.goto(link("C1"));
  await p.page.waitForLoadState("networkidle");
  const bytes = (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
  console.log(`# the page before media: ${bytes} bytes compressed in ${urls.length} requests`);
  assert.ok(bytes > 10000 && bytes < 100 * 1024, `${bytes} bytes`);
  assert.deepEqual([...hosts], [new URL(link("C1")).host]);
  const token = new URL(link("C1")).hash.slice(1);
  assert.ok(!urls.some((u) => u.includes(token)), "a token stands in a path");
});
