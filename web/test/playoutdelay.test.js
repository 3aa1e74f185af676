import test from "node:test";
import assert from "node:assert/strict";
import {
  AFTER_GAP_LOOKS,
  AFTER_GAP_MS,
  PlayoutDelay,
  LISTENING_MS,
  SETTLE_MS,
  STEP_MS,
  hasGap,
} from "../static/lib/playoutdelay.js";
import { LineWatch } from "../static/app/line.js";
import { Viewer } from "../static/lib/peers.js";

/** What has come of some slots, as [packets, ms made up]. @param {Record<string, [number, number]>} slots */
const sound = (slots) =>
  new Map(Object.entries(slots).map(([slot, [packets, madeUpMs]]) => [slot, { packets, madeUpMs }]));

test("a gap in a sound that flows is one, the end of a sound is not", () => {
  const main = (/** @type {number} */ packets, /** @type {number} */ madeUpMs) => sound({ main: [packets, madeUpMs] });
  assert.equal(hasGap(main(100, 0), main(200, 10)), false);
  assert.equal(hasGap(main(100, 0), main(180, 300)), true);
  assert.equal(hasGap(main(100, 0), main(140, 300)), false, "a change of speakers");
  assert.equal(hasGap(main(100, 300), main(200, 300)), false, "an old gap");
  assert.equal(hasGap(new Map(), new Map()), false);
});

/** Moves the delay on. @param {PlayoutDelay} delay @param {boolean} listens @param {number} ms */
function pass(delay, listens, ms) {
  for (let t = 0; t < ms; t += STEP_MS) delay.step(listens);
}

test("who only listens hears later, who may speak at once", () => {
  const delay = new PlayoutDelay();
  const both = (/** @type {string} */ slot) => [delay.of(slot, "audio"), delay.of(slot, "video")];
  pass(delay, true, SETTLE_MS);
  assert.deepEqual(both("main"), [null, null], "nothing has come yet");
  delay.saw(sound({ main: [100, 0], floor: [0, 0] }));
  pass(delay, true, 1000);
  const [a, v] = both("main");
  assert.ok(a && a === v && a < LISTENING_MS / 2, `it grows slowly: ${a}, ${v}`);
  pass(delay, true, 10_000);
  assert.deepEqual(both("main"), [LISTENING_MS, LISTENING_MS]);
  assert.deepEqual(both("floor"), [null, null], "a new speaker is heard at once");
  delay.saw(sound({ main: [105, 0], floor: [40, 0] }));
  pass(delay, true, 10_000);
  assert.deepEqual(both("main"), [LISTENING_MS, LISTENING_MS], "a pause in a speech sends a packet now and then");
  assert.deepEqual(both("floor"), [LISTENING_MS, LISTENING_MS]);
  delay.step(false);
  assert.equal(delay.of("main", "audio"), null, "sound is told at once");
  assert.ok((delay.of("main", "video") ?? 0) > LISTENING_MS / 2, "the picture keeps to what sound then does");
  pass(delay, false, 5000);
  assert.deepEqual(both("main"), [null, null]);
  pass(delay, true, SETTLE_MS - STEP_MS);
  assert.deepEqual(both("main"), [null, null], "who speaks in turns is not made late in between");
  pass(delay, true, 10_000);
  delay.saw(sound({ main: [200, 0], floor: [40, 0] }));
  pass(delay, true, 5000);
  assert.deepEqual([...both("main"), ...both("floor")], [LISTENING_MS, LISTENING_MS, null, null], "floor has ceased");
  delay.begin();
  assert.deepEqual(both("main"), [null, null], "another connection");
});

test("a line that leaves a gap even so is given longer, for a while", () => {
  const delay = new PlayoutDelay();
  let packets = 100;
  const look = () => {
    delay.saw(sound({ main: [(packets += 100), 200] }));
    pass(delay, true, 15_000);
    return delay.of("main", "audio");
  };
  delay.saw(sound({ main: [packets, 0] }));
  assert.equal(look(), AFTER_GAP_MS);
  for (let i = 1; i < AFTER_GAP_LOOKS; i++) assert.equal(look(), AFTER_GAP_MS);
  assert.equal(look(), LISTENING_MS);
});

/** A peer connection of two slots, and a third whose mid is no slot's. Its statistics name no mids, like Firefox's. */
class FakePeerConnection {
  connectionState = "connected";
  /** @type {(() => void) | null} */ onconnectionstatechange = null;
  transceivers = ["v-main", "a-main", "a-floor", "other"].map((mid) => ({
    mid,
    receiver: { track: { id: `track of ${mid}` }, jitterBufferTarget: undefined },
  }));
  packets = 0;
  getTransceivers() {
    return this.transceivers;
  }
  async getStats() {
    this.packets += 100;
    const report = {
      type: "inbound-rtp",
      kind: "audio",
      id: "A",
      trackIdentifier: "track of a-main",
      packetsReceived: this.packets,
    };
    return new Map([["A", report]]);
  }
  close() {}
  targets() {
    return Object.fromEntries(this.transceivers.map(({ mid, receiver }) => [mid, receiver.jitterBufferTarget]));
  }
}

test("picture and sound of what flows wait alike, and sound no longer the moment that the page may speak", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const pc = new FakePeerConnection();
  const viewer = new Viewer({
    id: "p1",
    kind: "viewer",
    create: () => /** @type {any} */ (pc),
    onAnswer() {},
    onFailed() {},
  });
  pc.onconnectionstatechange?.();
  const watch = new LineWatch(() => undefined);
  watch.follow(viewer);
  watch.listens = true;
  const look = async () => {
    t.mock.timers.tick(2000);
    await new Promise((r) => setImmediate(r));
  };
  for (let i = 0; i < 10; i++) await look();
  assert.deepEqual(pc.targets(), {
    "v-main": LISTENING_MS,
    "a-main": LISTENING_MS,
    "a-floor": undefined,
    other: undefined,
  });
  watch.listens = false;
  assert.equal(pc.targets()["a-main"], null);
  for (let i = 0; i < 3; i++) await look();
  assert.deepEqual(pc.targets(), { "v-main": null, "a-main": null, "a-floor": undefined, other: undefined });
  viewer.close();
  t.mock.timers.reset();
});
