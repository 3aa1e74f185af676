// Firefox as a second real receiver and sender, in a network namespace.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { Person } from "./lib/browser.mjs";
import { FIREFOX, Firefox } from "./lib/firefox.mjs";
import { framesShown, nameColour } from "./lib/media.mjs";
import { Netns } from "./lib/netns.mjs";
import { Server, freePort } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

let server, netns, host, firefox, link, turn;

after(async () => {
  await firefox?.close();
  await host?.kill();
  await server?.kill();
  netns?.remove();
});

const colour = (slot) => `(() => {
  const video = document.querySelector('video[data-slot="${slot}"]');
  if (!video?.videoWidth) return null;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 32;
  const ctx = canvas.getContext('2d');
  ctx.drawImage(video, 0, 0, 32, 32);
  return [...ctx.getImageData(16, 24, 1, 1).data].slice(0, 3);
})()`;

/** What Firefox's statistics say of all that arrives. */
const inbound = () =>
  firefox.evaluate(`(async () => {
  const all = [];
  for (const pc of window.testPeers) for (const s of (await pc.getStats()).values()) {
    if (s.type === 'inbound-rtp') all.push({ kind: s.kind, packetsReceived: s.packetsReceived, totalAudioEnergy: s.totalAudioEnergy ?? 0 });
  }
  return all;
})()`);

async function preview() {
  await firefox.goto(link);
  await until("the preview is there", () => firefox.evaluate(`!!document.querySelector('[data-action="preview-ok"]')`));
}

test("Firefox sees the host, and is seen", async (t) => {
  if (!existsSync(FIREFOX)) return t.skip("Firefox is not installed");
  netns = Netns.create();
  if (!netns) return t.skip(`no network namespaces here: ${Netns.why}`);
  mkdirSync("test-results/firefox", { recursive: true });
  turn = await freePort();
  server = await Server.create({ flags: ["--turn-tcp", String(turn), "--turn-host", netns.host] });
  const roster = join(server.dir, "roster.csv");
  writeFileSync(
    roster,
    "code,parent_code,level,name\nTW,,central,Trung ương\nP58,TW,province,Tỉnh Ninh Thuận\nC1,P58,commune,Xã Vĩnh Hải\n",
  );
  await server.cli("roster", "import", roster);
  const session = JSON.parse(
    await server.cli(
      "session",
      "create",
      "--title",
      "Phiên họp",
      "--units",
      "P58/*",
      "--start",
      "now",
      "--countdown",
      "0",
      "--json",
    ),
  );
  host = new Person(server.dir, "host", { colour: "red", tone: 500 });
  await host.open(session.links.host);
  await host.enter();
  await host.press("start");
  await until("live", async () => (await host.phase()) === "live");

  firefox = await Firefox.start(netns);
  t.diagnostic(firefox.version);
  link = session.endpoints[0].link.replace("127.0.0.1", netns.host);
  await preview();
  await firefox.screenshot("test-results/firefox/1-preview.png");
  await firefox.press("preview-ok");
  const { ms } = await until(
    "Firefox sees the host",
    async () => nameColour(await firefox.evaluate(colour("main"))) === "red",
    20000,
  );
  t.diagnostic(`Firefox sees the host after ${ms} ms`);
  await until(
    "sound arrives",
    async () => (await inbound()).some((s) => s.kind === "audio" && s.packetsReceived > 50 && s.totalAudioEnergy > 0),
    20000,
  );
  await host.press("grant-floor", "C1");
  await until("the host sees Firefox", async () => (await framesShown(host.page, "floor")) > 10, 20000);
  const floor = (await host.inbound())["v-floor"] ?? {};
  t.diagnostic(`from Firefox: ${floor.frameWidth}×${floor.frameHeight}, ${floor.framesDecoded} frames decoded`);
  assert.ok(((await host.inbound())["a-floor"]?.packetsReceived ?? 0) > 0, "sound of Firefox arrives");
  await firefox.screenshot("test-results/firefox/2-on-air.png");
  await host.page.screenshot({ path: "test-results/firefox/2-host.png" });
});

test("Firefox takes part through TURN over TCP where nothing else is let through", async (t) => {
  if (!firefox) return t.skip("no Firefox, or no network namespace");
  await host.press("revoke-floor", "C1");
  await firefox.goto("about:blank");
  netns.onlyTCP(server.port, turn);
  await preview();
  await firefox.press("preview-ok");
  const { ms } = await until(
    "Firefox sees the host",
    async () => nameColour(await firefox.evaluate(colour("main"))) === "red",
    40000,
  );
  t.diagnostic(`Firefox sees the host after ${ms} ms`);
  const before = await framesShown(host.page, "floor");
  await host.press("grant-floor", "C1");
  await until("the host sees Firefox", async () => (await framesShown(host.page, "floor")) > before + 10, 40000);
  const ways = await firefox.evaluate(`(async () => {
    const found = [];
    for (const pc of window.testPeers.filter((pc) => pc.connectionState === 'connected')) {
      const stats = await pc.getStats();
      const pair = [...stats.values()].find((s) => s.type === 'candidate-pair' && s.selected);
      found.push(stats.get(pair.localCandidateId).candidateType);
    }
    return found;
  })()`);
  assert.deepEqual(ways, ["relay", "relay"]);
});
