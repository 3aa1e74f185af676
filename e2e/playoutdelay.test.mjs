// A page that only listens lets what it plays wait a little, so that a weak line leaves no gap; who may speak, and who
// chairs, hears at once. Lips match all the while.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { convene } from "./lib/convene.mjs";
import { People } from "./lib/people.mjs";
import { Seat } from "./lib/seat.mjs";
import { Server } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

const LISTENING_MS = 500;
/** What a browser lets sound wait by itself on a line without fault, generously. */
const AT_ONCE_MS = 250;
let server, session, host, c1, k1;
const people = new People();

const person = (name, url, options) => people.enter(server.dir, name, url, options);

/** How long the sound and picture of main that were played in the last half second have waited, in ms, and how far they were apart. */
async function waits(p) {
  const earlier = await p.inbound();
  await new Promise((r) => setTimeout(r, 500));
  const later = await p.inbound();
  const mean = (mid, field) => {
    const n = later[mid].jitterBufferEmittedCount - earlier[mid].jitterBufferEmittedCount;
    return n ? Math.round(((later[mid][field] - earlier[mid][field]) / n) * 1000) : 0;
  };
  const [a, v] = [later["a-main"], later["v-main"]];
  return {
    target: mean("a-main", "jitterBufferTargetDelay"),
    sound: mean("a-main", "jitterBufferDelay"),
    picture: mean("v-main", "jitterBufferDelay"),
    apart: Math.round(a.estimatedPlayoutTimestamp - v.estimatedPlayoutTimestamp),
  };
}
const settles = (p, what, ok) =>
  until(
    `${p.name}: ${what}`,
    async () => {
      const w = await waits(p);
      return (ok(w) && w) || Promise.reject(new Error(JSON.stringify(w)));
    },
    20000,
  );

/** What the page asks of the browser, by mid. */
const asked = (p) =>
  p.page.evaluate(() =>
    Object.fromEntries(
      window.testPeers
        .filter((q) => q.connectionState === "connected")
        .flatMap((q) => q.getTransceivers())
        .filter((t) => /^[av]-/.test(t.mid))
        .map((t) => [t.mid, t.receiver.jitterBufferTarget]),
    ),
  );
const atOnce = async (p) => assert.deepEqual([...new Set(Object.values(await asked(p)))], [null], p.name);

before(async () => {
  server = await Server.create();
  session = await convene(server, { countdown_s: 0 });
  host = await person("host", session.links.host, { colour: "red", tone: 500 });
  k1 = await Seat.enter(session.links.operator);
  await host.press("start");
  await until("live", async () => (await host.phase()) === "live");
  c1 = await person("c1", session.endpoints.find((e) => e.code === "P58C1").link, { colour: "green", tone: 800 });
  await until(
    "c1 sees and hears main",
    async () => {
      const { "v-main": v, "a-main": a } = await c1.inbound();
      return v?.framesDecoded > 10 && a?.totalSamplesReceived > 48000;
    },
    30000,
  );
});

after(async () => {
  k1?.drop();
  await people.kill();
  await server?.kill();
});

test("who listens hears and sees later, lips matching", async () => {
  const { value, ms } = await settles(
    c1,
    "it waits",
    (w) => w.target >= LISTENING_MS * 0.9 && w.sound >= LISTENING_MS * 0.8 && Math.abs(w.apart) < 80,
  );
  console.log(`# after ${ms} ms: ${JSON.stringify(value)}`);
  await until(
    "all of it is asked for",
    async () => {
      const { "a-main": sound, "v-main": picture } = await asked(c1);
      return sound === LISTENING_MS && picture === LISTENING_MS;
    },
    5000,
  );
  assert.equal((await asked(c1))["a-floor"], null, "a silent slot waits for nothing");
  const { "v-main": v } = await c1.inbound();
  assert.equal(v.freezeCount ?? 0, 0, "the picture grew late without standing still");
  await atOnce(host);
});

test("on stand-by it hears at once, and later again after", async () => {
  await k1.ask("stand_by", { endpoint: "P58C1", on: true });
  await until("nothing is asked of the browser for sound", async () => (await asked(c1))["a-main"] === null, 2000);
  const { value, ms } = await settles(
    c1,
    "it waits no longer",
    (w) => w.target < AT_ONCE_MS && w.sound < AT_ONCE_MS && Math.abs(w.apart) < 80,
  );
  console.log(`# on stand-by after ${ms} ms: ${JSON.stringify(value)}`);
  await k1.ask("stand_by", { endpoint: "P58C1", on: false });
  await settles(c1, "it waits again", (w) => w.sound >= LISTENING_MS * 0.8);
});

test("while it has the floor, and while its hand is the next, it hears at once", async () => {
  await k1.ask("grant", { endpoint: "P58C1" });
  await until("it hears at once", async () => (await asked(c1))["a-main"] === null, 2000);
  await k1.ask("revoke", { endpoint: "P58C1" });
  await until("it listens again", async () => (await asked(c1))["a-main"] === LISTENING_MS, 20000);
  await c1.press("raise-hand");
  await until("it is the next", async () => (await asked(c1))["a-main"] === null, 2000);
  await c1.press("lower-hand");
  await until("it listens again", async () => (await asked(c1))["a-main"] === LISTENING_MS, 20000);
});
