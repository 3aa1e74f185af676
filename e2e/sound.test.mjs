// Sound in packets of 40 ms against the usual 20 ms, in real browsers: it is heard without a break through changes of
// the floor, as loud, with lips that match, in half as many packets.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Person } from "./lib/browser.mjs";
import { convene } from "./lib/convene.mjs";
import { readTone } from "./lib/media.mjs";
import { People } from "./lib/people.mjs";
import { Seat } from "./lib/seat.mjs";
import { BINARY, Server } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

const SPEAKERS = { P58C1: 800, P58C2: 1250 };
const CHANGES = 6;
const measured = {}; // by milliseconds in a packet
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

/** What has come of a slot's sound. */
async function heard(p, slot) {
  const s = (await p.inbound())[`a-${slot}`];
  return (
    s && {
      at: s.timestamp,
      packets: s.packetsReceived,
      lost: s.packetsLost,
      discarded: s.packetsDiscarded ?? 0,
      energy: s.totalAudioEnergy,
      samples: s.totalSamplesReceived,
      concealed: s.concealedSamples - s.silentConcealedSamples,
      delay: s.jitterBufferDelay,
      emitted: s.jitterBufferEmittedCount,
    }
  );
}
const since = (now, then) => Object.fromEntries(Object.keys(now).map((k) => [k, now[k] - then[k]]));

for (const ms of [20, 40]) {
  describe(`${ms} ms of sound in a packet`, () => {
    let server, session, host, c1, c2, k1;
    const people = new People();
    const person = (name, url, options) => people.enter(server.dir, name, url, options);
    const link = (code) => session.endpoints.find((e) => e.code === code).link;

    before(async () => {
      server = await Server.create({ flags: ["--sound-ms", String(ms)] });
      session = await convene(server, { countdown_s: 0 });
      host = await person("host", session.links.host, { colour: "red", tone: 500 });
      k1 = await Seat.enter(session.links.operator);
      await host.press("start");
      c1 = await person("c1", link("P58C1"), { colour: "green", tone: SPEAKERS.P58C1 });
      c2 = await person("c2", link("P58C2"), { colour: "blue", tone: SPEAKERS.P58C2 });
      for (const p of [c1, c2]) await until(`${p.name} hears main`, async () => (await p.energy("a-main")) > 0, 30000);
    });

    after(async () => {
      k1?.drop();
      await people.kill();
      await server?.kill();
    });

    test("main and floor are heard through changes of the floor", async () => {
      let holder = "P58C1";
      const give = async (endpoint) => {
        await k1.ask("grant", { endpoint, slot: "floor" });
        await until(
          `the host hears ${endpoint}`,
          async () => (await readTone(host.page, "floor", Object.values(SPEAKERS), 400)) === SPEAKERS[endpoint],
          20000,
        );
        holder = endpoint;
      };
      await give(holder); // both have opened their publisher connection before anything is measured
      await give("P58C2");
      const before = { main: await heard(c1, "main"), floor: await heard(host, "floor") };
      for (let i = 0; i < CHANGES; i++) await give(holder === "P58C1" ? "P58C2" : "P58C1");
      const got = {
        main: since(await heard(c1, "main"), before.main),
        floor: since(await heard(host, "floor"), before.floor),
      };
      for (const [slot, g] of Object.entries(got)) {
        const seconds = g.at / 1000;
        g.share = g.concealed / g.samples;
        g.power = g.energy / seconds;
        g.rate = g.packets / seconds;
        console.log(
          `# ${slot}: ${g.rate.toFixed(1)} packets a second, ${g.lost} lost, ${g.discarded} discarded, ` +
            `${(100 * g.share).toFixed(2)} % made up, energy ${g.power.toExponential(2)} a second, ` +
            `${Math.round((1000 * g.delay) / g.emitted)} ms in the buffer`,
        );
      }
      measured[ms] = got;
      for (const [slot, g] of Object.entries(got)) {
        assert.equal(g.lost, 0, slot);
        assert.ok(g.samples > 0.9 * 48 * g.at, `${slot}: ${g.samples} samples in ${g.at} ms`);
      }
      for (const p of people)
        assert.deepEqual(
          p.faults.filter((f) => !/WebSocket|Failed to load resource/.test(f)),
          [],
          p.name,
        );
    });

    test("lips match: sound and picture of main are less than 80 ms apart", async () => {
      // When what is played now was captured, by the sender reports of each stream. A browser takes a while to bring them together.
      const apart = [];
      await until(
        "they match",
        async () => {
          const inbound = await c1.inbound();
          const [sound, picture] = [
            inbound["a-main"].estimatedPlayoutTimestamp,
            inbound["v-main"].estimatedPlayoutTimestamp,
          ];
          if (sound && picture) apart.push(Math.round(sound - picture));
          const last = apart.slice(-10);
          const match = last.length === 10 && Math.abs(median(last)) < 80 && last.every((d) => Math.abs(d) < 150);
          return match || Promise.reject(new Error(last.join(" ")));
        },
        120000,
      );
      console.log(
        `# sound before picture (ms, negative: behind): ${apart.slice(-10).join(" ")} after ${apart.length} looks`,
      );
    });
  });
}

test("40 ms sound like 20 ms, in fewer packets", () => {
  const [short, long] = [measured[20], measured[40]];
  for (const slot of ["main", "floor"]) {
    assert.ok(
      long[slot].rate < 0.7 * short[slot].rate,
      `${slot}: ${long[slot].rate} packets a second instead of ${short[slot].rate}`,
    );
    assert.ok(
      long[slot].share < short[slot].share + 0.05,
      `${slot}: ${long[slot].share} of the sound is made up, with 20 ms ${short[slot].share}`,
    );
  }
  const louder = long.main.power / short.main.power;
  assert.ok(louder > 0.7 && louder < 1.4, `the energy of main is ${louder} times that with 20 ms`);
});

test("the load test's sound is silence to a decoder, merged too", async (t) => {
  const server = await Server.create({ flags: ["--sound-ms", "40"] });
  const listener = new Person(server.dir, "listener");
  t.after(async () => {
    await listener.kill();
    await server.kill();
  });
  const session = await convene(server, { countdown_s: 0 });
  const links = join(server.dir, "links.json");
  writeFileSync(links, JSON.stringify(session));
  const load = spawn(
    BINARY,
    ["loadtest", "--links", links, "--endpoints", "1", "--duration", "12s", "--publish", "--json"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = once(load, "exit");
  load.stdout.resume();
  await listener.open(session.endpoints.at(-1).link);
  await listener.enter();
  await until("two seconds of sound", async () => (await heard(listener, "main"))?.packets > 50, 30000);
  const before = await heard(listener, "main");
  await until("two more seconds", async () => (await heard(listener, "main")).packets > before.packets + 50);
  const now = await heard(listener, "main");
  const g = since(now, before);
  console.log(
    `# ${g.packets} packets in ${Math.round(g.at)} ms, energy ${now.energy}, ${((100 * g.concealed) / g.samples).toFixed(2)} % made up`,
  );
  assert.ok(now.energy < 1e-6 && g.concealed < 0.05 * g.samples, JSON.stringify(g));
  assert.deepEqual(await ended, [0, null], "no half of a packet was other than it was sent");
});
