// Sites on closed networks, in a network namespace: one that lets no UDP through, and ones that let nothing through but
// the pages and one port of TURN. They watch, speak and come back, and no page is told which way to take.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate, createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { nameColour, readColour, readTone } from "./lib/media.mjs";
import { Netns } from "./lib/netns.mjs";
import { People } from "./lib/people.mjs";
import { Server, freePort } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

const ROSTER =
  "code,parent_code,level,name\nTW,,central,Trung ương\nP58,TW,province,Tỉnh Ninh Thuận\n" +
  [1, 2, 3].map((i) => `C${i},P58,commune,Xã ${i}\n`).join("");
const SHOTS = "test-results/closed";
const TONES = [500, 800, 2000];

let server, session, netns, linkInside;
let trusting = []; // flags that make browsers take the server's certificate
const people = new People();

const sees = (p, slot, colour, ms = 20000) =>
  until(`${p.name} sees ${colour} in ${slot}`, async () => nameColour(await readColour(p.page, slot)) === colour, ms);
const hears = (p, slot, tone) =>
  until(`${p.name} hears ${tone} Hz in ${slot}`, async () => (await readTone(p.page, slot, TONES)) === tone, 20000);

/** How the page's connections reach the server, by what they carry: udp, tcp, or a relay and how that is reached. */
const ways = (p) =>
  p.page.evaluate(async () => {
    const found = {};
    for (const pc of window.testPeers.filter((pc) => pc.connectionState === "connected")) {
      const stats = await pc.getStats();
      const all = [...stats.values()];
      const transport = all.find((s) => s.type === "transport");
      const local = stats.get(stats.get(transport.selectedCandidatePairId).localCandidateId);
      found[all.some((s) => s.type === "outbound-rtp") ? "publisher" : "viewer"] =
        local.candidateType === "relay" ? `relay ${local.relayProtocol}` : local.protocol;
    }
    return found;
  });

/** How many connections the page has made so far. */
const connections = (p) => p.page.evaluate(() => window.testPeers.length);

before(() => {
  mkdirSync(SHOTS, { recursive: true });
  netns = Netns.create(); // before the servers, which announce the addresses that they find
});

/** Opens a server with a live session, a host and a commune on good networks. */
async function open({ flags = [], scheme = "http" } = {}) {
  server = await Server.create({ flags });
  const roster = join(server.dir, "roster.csv");
  writeFileSync(roster, ROSTER);
  await server.cli("roster", "import", roster);
  session = JSON.parse(
    await server.cli(
      "session",
      "create",
      "--title",
      "Phiên họp",
      "--units",
      "P58/commune",
      "--start",
      "now",
      "--countdown",
      "0",
      "--json",
    ),
  );
  const link = (code) => session.endpoints.find((e) => e.code === code).link.replace("http:", `${scheme}:`);
  linkInside = (code) => link(code).replace("127.0.0.1", netns.host);
  people.add(server.dir, "host", { colour: "red", tone: TONES[0], flags: trusting });
  people.add(server.dir, "c2", { colour: "green", tone: TONES[1], flags: trusting });
  await people.host.open(session.links.host.replace("http:", `${scheme}:`));
  await people.c2.open(link("C2"));
  for (const p of [people.host, people.c2]) await p.enter();
  await people.host.press("start");
  await until("live", async () => (await people.host.phase()) === "live");
}

async function close() {
  await people.kill();
  await server?.kill();
  netns?.mend();
}

/** A person in the namespace. */
function inside(name) {
  return people.add(server.dir, name, {
    colour: "yellow",
    tone: TONES[2],
    wrapper: netns.wrapper(server.dir),
    flags: [...trusting, `--unsafely-treat-insecure-origin-as-secure=http://${netns.host}:${server.port}`],
  });
}

afterEach(async (t) => {
  if (t.passed === false) await people.shoot(SHOTS);
});

after(async () => {
  await close();
  netns?.remove();
});

/** The site sees and hears the host, is given the floor, and everyone sees and hears it. */
async function takesPart(p, code) {
  const { host, c2 } = people;
  await p.enter();
  const { ms } = await sees(p, "main", "red");
  console.log(`# ${p.name} sees the host ${ms} ms after entering`);
  await hears(p, "main", TONES[0]);
  await host.press("grant-floor", code);
  const granted = Date.now();
  for (const other of [host, c2]) await sees(other, "floor", "yellow");
  console.log(`# everyone sees ${p.name} ${Date.now() - granted} ms after the grant`);
  for (const other of [host, c2]) await hears(other, "floor", TONES[2]);
}

test("a site without UDP watches, speaks, and is seen and heard by everyone", async (t) => {
  if (!netns) return t.skip(`no network namespaces here: ${Netns.why}`);
  await open();
  netns.dropUDP();
  const c1 = inside("c1");
  await c1.open(linkInside("C1"));
  await takesPart(c1, "C1");
  assert.deepEqual(await ways(c1), { viewer: "tcp", publisher: "tcp" });
  assert.deepEqual(await ways(people.c2), { viewer: "udp" });
  await c1.page.screenshot({ path: join(SHOTS, "1-c1-on-air.png") });
  await people.host.page.screenshot({ path: join(SHOTS, "1-host.png") });
});

test("its TCP connections are cut while it speaks: it comes back by itself", async (t) => {
  if (!netns) return t.skip(Netns.why);
  const { host, c1, c2 } = people;
  const before = await connections(c1);
  netns.reset(server.udp);
  await until(
    "its connections waver",
    () => c1.page.evaluate(() => window.testPeers.every((pc) => pc.connectionState !== "connected")),
    30000,
  );
  netns.reset(server.udp, "-D");
  const mended = Date.now();
  await sees(c1, "main", "red", 40000);
  await until("both connections are there", async () => Object.keys(await ways(c1)).length === 2, 40000);
  console.log(
    `# back ${Date.now() - mended} ms after the cut, with ${(await connections(c1)) - before} new connections`,
  );
  await hears(c1, "main", TONES[0]);
  for (const other of [host, c2]) {
    await sees(other, "floor", "yellow");
    await hears(other, "floor", TONES[2]);
  }
  assert.deepEqual(await ways(c1), { viewer: "tcp", publisher: "tcp" });
  await host.press("revoke-floor", "C1");
});

test("the check of the line tells UDP from TCP", async (t) => {
  if (!netns) return t.skip(Netns.why);
  await people.c1.kill();
  const p = inside("c3");
  await p.open(linkInside("C3"));
  const line = await p.page.evaluate(
    async (token) => {
      const [{ testLine }, { request }] = await Promise.all([
        import("/static/lib/linetest.js"),
        import("/static/lib/http.js"),
      ]);
      const canvas = document.createElement("canvas");
      const context = canvas.getContext("2d");
      const timer = setInterval(() => context.fillRect(0, 0, Math.random() * 300, 100), 50);
      const call = (path, options) => request(`/rehearsal${path}`, { token, ...options });
      const result = await testLine({ call, picture: canvas.captureStream(20).getVideoTracks()[0], seconds: 4 });
      clearInterval(timer);
      return result;
    },
    new URL(linkInside("C3")).hash.slice(1),
  );
  assert.equal(line.connected, true, JSON.stringify(line));
  assert.equal(line.protocol, "tcp", JSON.stringify(line));
});

for (const [kind, title] of [
  ["tls", "TURN over TLS"],
  ["tcp", "TURN over TCP"],
]) {
  test(`a site that has nothing but the pages and ${title} takes part`, async (t) => {
    if (!netns) return t.skip(Netns.why);
    if (!existsSync("/usr/bin/openssl")) return t.skip("openssl is not installed");
    await close();
    const dir = mkdtempSync(join(tmpdir(), "diemcau-e2e-"));
    const [key, certificate] = [join(dir, "key.pem"), join(dir, "cert.pem")];
    execFileSync(
      "openssl",
      [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=diemcau.test",
        "-keyout",
        key,
        "-out",
        certificate,
      ],
      { stdio: "ignore" },
    );
    const spki = new X509Certificate(readFileSync(certificate)).publicKey.export({ type: "spki", format: "der" });
    trusting = [
      "--ignore-certificate-errors",
      `--ignore-certificate-errors-spki-list=${createHash("sha256").update(spki).digest("base64")}`,
    ];
    const ports = { udp: await freePort(), tcp: await freePort(), tls: await freePort() };
    await open({
      scheme: "https",
      flags: [
        "--tls-cert",
        certificate,
        "--tls-key",
        key,
        "--turn-host",
        netns.host,
        ...Object.entries(ports).flatMap(([what, port]) => [`--turn-${what}`, String(port)]),
      ],
    });
    netns.onlyTCP(server.port, ports[kind]);
    const site = inside(kind);
    await site.open(linkInside("C1"));
    await takesPart(site, "C1");
    assert.deepEqual(await ways(site), { viewer: `relay ${kind}`, publisher: `relay ${kind}` });
    assert.deepEqual(await ways(people.c2), { viewer: "udp" }, "who has UDP uses it");
    await site.page.screenshot({ path: join(SHOTS, `2-${kind}-on-air.png`) });
    await people.host.page.screenshot({ path: join(SHOTS, `2-${kind}-host.png`) });
    netns.reset(ports[kind]);
    await until(
      "its connections waver",
      () => site.page.evaluate(() => window.testPeers.every((pc) => pc.connectionState !== "connected")),
      30000,
    );
    netns.reset(ports[kind], "-D");
    const mended = Date.now();
    await sees(site, "main", "red", 40000);
    for (const other of [people.host, people.c2]) await hears(other, "floor", TONES[2]);
    console.log(`# ${kind}: back ${Date.now() - mended} ms after the cut`);

    await site.page.reload(); // it remembers that it needs a relay, and loses no time without one
    await site.enter();
    const { ms } = await sees(site, "main", "red");
    console.log(`# ${kind}: sees the host ${ms} ms after entering again`);
    const tried = await site.page.evaluate(() =>
      window.testPeers.map((pc) => `${pc.getConfiguration().iceServers.length > 0} ${pc.connectionState}`),
    );
    assert.ok(tried.length > 0 && tried.every((one) => one.startsWith("true")), `${tried}`);
    assert.equal(
      await people.c2.page.evaluate(() => localStorage.getItem("diemcau.relayed")),
      null,
      "who has UDP asks for none",
    );
  });
}
