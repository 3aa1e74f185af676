// A line that loses packets at random is not a narrow one: the picture stays, sound goes out twice, and what is lost of who speaks is
// repaired before anybody hears it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { convene } from "./lib/convene.mjs";
import { FarLine } from "./lib/farline.mjs";
import { Netns } from "./lib/netns.mjs";
import { People } from "./lib/people.mjs";
import { Server } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

const people = new People();
let netns, line, server, session, host, site;

/** Statistics of what a person's browser sends, of one kind. */
const outbound = (person, kind) =>
  person.page.evaluate(async (kind) => {
    for (const pc of window.testPeers.filter((p) => p.connectionState === "connected")) {
      const reports = [...(await pc.getStats()).values()];
      const sent = reports.find((s) => s.type === "outbound-rtp" && s.kind === kind && s.packetsSent > 0);
      if (sent) return sent;
    }
    return null;
  }, kind);

/** Somebody behind the line. */
const enter = (name, link, options = {}) =>
  people.enter(server.dir, name, link.replace("127.0.0.1", netns.host), {
    ...options,
    wrapper: netns.wrapper(server.dir),
    flags: [`--unsafely-treat-insecure-origin-as-secure=http://${netns.host}:${server.port}`],
  });

/** How many pages are not sent some picture because their line is thought not to carry it. */
async function starved() {
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^diemcau_sfu_viewers_starved (\d+)$/m.exec(metrics)[1]);
}

before(async () => {
  netns = Netns.create();
  if (!netns) return;
  try {
    FarLine.build();
    line = await FarLine.between(netns);
  } catch (e) {
    FarLine.why = String(e);
    return;
  }
  line.is({ delayMs: 80, lossPercent: 0 });
  server = await Server.create();
  session = await convene(server, { countdown_s: 0 });
  host = await enter("host", session.links.host, { colour: "red", size: [320, 180], tone: 500 });
  await host.press("start");
  await until("live", async () => (await host.phase()) === "live");
  site = await enter("site", session.endpoints[1].link);
  await until(
    "the site sees and hears main",
    async () => {
      const { "v-main": v, "a-main": a } = await site.inbound();
      return v?.framesDecoded > 10 && a?.totalSamplesReceived > 48000;
    },
    30000,
  );
  line.is({ delayMs: 80, lossPercent: 10 });
});

after(async () => {
  await people.kill();
  await server?.kill();
  await line?.close();
  netns?.remove();
});

const possible = (t) => {
  if (!netns) return t.skip(`no network namespaces here: ${Netns.why}`);
  if (!line) return t.skip(`no TUN devices here: ${FarLine.why}`);
  return true;
};

test("who speaks sends sound again that is asked for", async (t) => {
  if (!possible(t)) return;
  await until(
    "sound is sent again",
    async () => {
      const sent = await outbound(host, "audio");
      return (sent?.retransmittedPacketsSent > 0 && sent) || Promise.reject(new Error(JSON.stringify(sent)));
    },
    30000,
  );
});

test("who listens is sent sound with redundancy, and the picture stays", async (t) => {
  if (!possible(t)) return;
  // Without it a packet holds 40 ms, with it 20: then more than 25 come in a second. Chromium's statistics do not say RED.
  await until(
    "redundancy comes",
    async () => {
      const { "a-main": earlier } = await site.inbound();
      await new Promise((r) => setTimeout(r, 2000));
      const { "a-main": later } = await site.inbound();
      const seconds = (later.timestamp - earlier.timestamp) / 1000;
      const rate = (later.packetsReceived - earlier.packetsReceived) / seconds;
      return rate > 30 || Promise.reject(new Error(`${rate} packets a second`));
    },
    30000,
  );
  const began = (await site.inbound())["v-main"];
  let looksStarved = 0;
  await until(
    "twenty seconds of pictures",
    async () => {
      looksStarved += await starved();
      const now = (await site.inbound())["v-main"];
      return now.timestamp - began.timestamp > 20_000 && now.framesDecoded > began.framesDecoded;
    },
    60000,
  );
  assert.equal(looksStarved, 0, "the picture was never taken away");
});
