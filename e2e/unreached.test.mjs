// What a page says when the network keeps something from it: pictures and sound while messages come, messages while the
// server answers, and pictures alone, in a browser that cannot decode them.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import { connect } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { convene } from "./lib/convene.mjs";
import { nameColour, readColour, readTone } from "./lib/media.mjs";
import { Netns } from "./lib/netns.mjs";
import { People } from "./lib/people.mjs";
import { Server } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

const SHOTS = "test-results/unreached";
const TONES = [500, 800];
const people = new People();
let server, session, netns;

const link = (code) => session.endpoints.find((e) => e.code === code).link;
const tokenOf = (url) => new URL(url).hash.slice(1);
const notice = (p) => p.page.evaluate(() => document.querySelector("[data-notice]")?.dataset.notice ?? "");
const says = (p, name, ms = 40000) => until(`${p.name} is told ${name}`, async () => (await notice(p)) === name, ms);
const sees = (p, slot, colour) =>
  until(
    `${p.name} sees ${colour} in ${slot}`,
    async () => nameColour(await readColour(p.page, slot)) === colour,
    30000,
  );
const hears = (p, slot, tone) =>
  until(`${p.name} hears ${tone} Hz in ${slot}`, async () => (await readTone(p.page, slot, TONES)) === tone, 30000);

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  netns = Netns.create(); // before the server, which announces the addresses that it finds
  server = await Server.create();
  session = await convene(server, { countdown_s: 0 });
  const phone = await fetch(`${server.url}/api/v1/sessions/${session.id}/help-phone`, {
    method: "PUT",
    headers: { Authorization: `Bearer ${tokenOf(session.links.host)}`, "Content-Type": "application/json" },
    body: JSON.stringify({ help_phone: "0259 3822 000" }),
  });
  assert.ok(phone.ok, `${phone.status}`);
  await people.enter(server.dir, "host", session.links.host, { colour: "red", tone: TONES[0] });
  await people.host.press("start");
});

afterEach(async (t) => {
  if (t.passed === false) await people.shoot(SHOTS);
});

after(async () => {
  await people.kill();
  await server?.kill();
  netns?.remove();
});

test("that neither picture nor sound comes is said until they do", async (t) => {
  if (!netns) return t.skip(`no network namespaces here: ${Netns.why}`);
  netns.onlyTCP(server.port);
  const p = people.add(server.dir, "shut", {
    wrapper: netns.wrapper(server.dir),
    flags: [`--unsafely-treat-insecure-origin-as-secure=http://${netns.host}:${server.port}`],
  });
  await p.open(link("P58C1").replace("127.0.0.1", netns.host));
  await p.enter();
  await says(p, "unreached");
  await p.page.screenshot({ path: join(SHOTS, "1-unreached.png") });
  const told = await p.page.locator("[data-notice]").innerText();
  assert.match(told, new RegExp(`UDP \\S+:${server.udp}, TCP \\S+:${server.udp}`));
  assert.match(told, /0259 3822 000/);
  await p.page.evaluate(() => {
    window.testUnsaid = 0;
    new MutationObserver(() => {
      if (!document.querySelector('[data-notice="unreached"]')) window.testUnsaid++;
    }).observe(document.body, { subtree: true, childList: true });
    window.testTried = window.testPeers.length;
  });
  await until(
    "it has tried twice again",
    () => p.page.evaluate(() => window.testPeers.length >= window.testTried + 2),
    90000,
  );
  assert.equal(await p.page.evaluate(() => window.testUnsaid), 0, "it never ceases to say so");
  netns.mend();
  await hears(p, "main", TONES[0]);
  await until("and says no more", async () => (await notice(p)) === "");
});

/** A proxy that takes the wish for a WebSocket out of requests, as old ones do, until told to let them through. */
async function proxyWithoutUpgrade() {
  const to = { host: "127.0.0.1", port: server.port };
  const agent = new Agent({ keepAlive: true });
  const proxy = createServer((req, res) => {
    const { upgrade: _1, connection: _2, ...headers } = req.headers;
    const onward = request({ ...to, agent, method: req.method, path: req.url, headers }, (answer) => {
      res.writeHead(answer.statusCode, answer.headers);
      answer.pipe(res);
    });
    onward.on("error", () => res.destroy());
    req.pipe(onward);
  });
  proxy.lets = false;
  proxy.on("upgrade", (req, socket, head) => {
    const onward = connect(to.port, to.host, () => {
      const gone = proxy.lets ? [] : ["upgrade", "connection"];
      const lines = Object.entries(req.headers).flatMap(([k, v]) => (gone.includes(k) ? [] : `${k}: ${v}`));
      if (!proxy.lets) lines.push("connection: close");
      onward.write(`GET ${req.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const [one, other] of [
      [onward, socket],
      [socket, onward],
    ])
      one.on("error", () => other.destroy());
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return proxy;
}

test("a proxy that lets no WebSocket through is named, in the room, by the technical check and in the log", async (t) => {
  const proxy = await proxyWithoutUpgrade();
  t.after(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const p = people.add(server.dir, "proxied", { tone: TONES[1] });
  await p.open(link("P58C2").replace(`:${server.port}`, `:${proxy.address().port}`));
  await p.press("rehearse");
  const line = p.page.locator(".check--bad", { hasText: "WebSocket" });
  await until("the check says so", () => line.count(), 60000);
  await p.page.screenshot({ path: join(SHOTS, "2-check.png") });
  await p.page.keyboard.press("Escape");
  await p.enter();
  await says(p, "blocked");
  await p.page.screenshot({ path: join(SHOTS, "2-blocked.png") });
  assert.match(readFileSync(server.log, "utf8"), /no WebSocket of a page comes through.*P58C2/);
  proxy.lets = true;
  await until("it enters by itself", async () => (await p.phase()) === "live", 40000);
  await until("and says no more", async () => (await notice(p)) === "");
});

test("a browser without VP8 hears, is heard, and says why it shows nothing", async () => {
  // Chromium cannot be built without: it is made not to know the name by which the server offers it.
  const init = () => {
    const set = RTCPeerConnection.prototype.setRemoteDescription;
    RTCPeerConnection.prototype.setRemoteDescription = function (description) {
      return set.call(this, { type: description.type, sdp: description.sdp.replaceAll("VP8/90000", "VP0/90000") });
    };
  };
  const p = await people.enter(server.dir, "deaf", link("P58C3"), { colour: "blue", tone: TONES[1], init });
  await hears(p, "main", TONES[0]);
  await until("it is told why", () => p.page.locator(".line--novp8").count());
  await p.page.screenshot({ path: join(SHOTS, "3-novp8.png") });
  await people.host.press("grant-floor", "P58C3");
  await hears(people.host, "floor", TONES[1]);
  const answer = await fetch(`${server.url}/api/v1/sessions/${session.id}/lines/P58C3`, {
    headers: { Authorization: `Bearer ${tokenOf(session.links.host)}` },
  });
  assert.equal((await answer.json()).no_vp8, true);
  await people.host.press("revoke-floor", "P58C3");
  await sees(people.host, "main", "red");
});
