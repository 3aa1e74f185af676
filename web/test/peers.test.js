import test from "node:test";
import assert from "node:assert/strict";
import {
  ENCODINGS,
  Publisher,
  Viewer,
  addressesOf,
  refusesPictures,
  slotOfMid,
  withSoundRepair,
} from "../static/lib/peers.js";
import { PeerSet } from "../static/app/peerset.js";
import { relayedAt } from "../static/app/settings.js";

class FakeSender {
  /** @type {any} */ track = null;
  /** @type {any} */ parameters;
  /** @param {any} parameters */
  constructor(parameters) {
    this.parameters = parameters;
  }
  /** @param {any} track */
  async replaceTrack(track) {
    this.track = track;
  }
  getParameters() {
    return structuredClone(this.parameters);
  }
  /** @param {any} parameters */
  async setParameters(parameters) {
    this.parameters = parameters;
  }
}

/** A peer connection that has the transceivers of a publisher's offer. */
class FakePeerConnection {
  connectionState = "new";
  closed = false;
  /** @type {(() => void) | null} */ onconnectionstatechange = null;
  /** @type {((event: any) => void) | null} */ ontrack = null;
  /** @type {any} */ localDescription = null;
  /** @type {any} */ remoteDescription = null;
  fails = false;
  transceivers = ["camera", "microphone", "screen", "screen-audio"].map((mid) => ({
    mid,
    direction: "inactive",
    sender: new FakeSender({ encodings: mid === "camera" ? [{ rid: "l" }, { rid: "m" }, { rid: "h" }] : [{}] }),
  }));
  /** @param {any} description */
  async setRemoteDescription(description) {
    if (this.fails) throw new Error("bad offer");
    assert.equal(description.type, "offer");
  }
  async createAnswer() {
    return { type: "answer", sdp: "answer-sdp" };
  }
  /** @param {any} description */
  async setLocalDescription(description) {
    this.localDescription = description;
  }
  getTransceivers() {
    return this.transceivers;
  }
  close() {
    this.closed = true;
  }
  /** Of the local end of the way that was found. */
  candidateType = "host";
  async getStats() {
    return new Map(
      /** @type {[string, any][]} */ ([
        ["tried", { type: "candidate-pair", nominated: false, state: "failed", localCandidateId: "other" }],
        ["found", { type: "candidate-pair", nominated: true, state: "succeeded", localCandidateId: "mine" }],
        ["mine", { type: "local-candidate", candidateType: this.candidateType }],
        ["other", { type: "local-candidate", candidateType: "srflx" }],
      ]),
    );
  }
  /** @param {string} state */
  become(state) {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

/**
 * @param {import("node:test").TestContext} t
 * @param {"viewer" | "publisher"} kind
 */
function peer(t, kind) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const pc = new FakePeerConnection();
  /** @type {string[]} */ const answers = [];
  /** @type {string[]} */ const failures = [];
  /** @type {any[]} */ const tracks = [];
  const options = {
    id: "p1",
    kind,
    create: () => /** @type {any} */ (pc),
    onAnswer: (/** @type {string} */ sdp) => void answers.push(sdp),
    onFailed: (/** @type {string} */ reason) => void failures.push(reason),
    onTrack: (/** @type {any[]} */ ...args) => void tracks.push(args),
  };
  return { pc, answers, failures, tracks, options };
}

test("mids name kind and slot", () => {
  assert.deepEqual(slotOfMid("v-main"), { kind: "video", slot: "main" });
  assert.deepEqual(slotOfMid("a-floor2"), { kind: "audio", slot: "floor2" });
  for (const mid of [null, "", "0", "main", "v-", "x-main", "v-main-x", "camera"]) assert.equal(slotOfMid(mid), null);
});

test("NACK for sound is taken where it is offered", () => {
  const sound = (/** @type {string[]} */ ...more) =>
    ["m=audio 9 UDP/TLS/RTP/SAVPF 63 111", "a=rtpmap:63 red/48000/2", "a=rtpmap:111 opus/48000/2", ...more, ""].join(
      "\r\n",
    );
  const [of63, of111] = ["a=rtcp-fb:63 nack", "a=rtcp-fb:111 nack"];
  const picture = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n";
  const taken = withSoundRepair(sound() + picture, sound(of63, of111, "a=rtcp-fb:111 transport-cc"));
  assert.deepEqual(
    taken.split("\r\n").filter((line) => /nack/.test(line)),
    [of63, of111],
  );
  assert.match(taken, /opus\/48000\/2\r\na=rtcp-fb:111 nack\r\n/);
  for (const [answer, offer] of [
    [sound(), sound()],
    [sound(of63, of111), sound(of63, of111)],
    [picture, sound(of63, of111)],
    ["", sound(of63, of111)],
  ])
    assert.equal(withSoundRepair(answer, offer), answer);
});

test("a browser that does not let its answer be changed still answers", async (t) => {
  const p = peer(t, "viewer");
  const offered = "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 nack\r\n";
  p.pc.remoteDescription = { sdp: offered };
  p.pc.createAnswer = async () => ({ type: "answer", sdp: "a=rtpmap:111 opus/48000/2\r\n" });
  /** @type {string[]} */ const tried = [];
  p.pc.setLocalDescription = async (/** @type {any} */ description) => {
    tried.push(description.sdp);
    if (description.sdp.includes("nack")) throw new Error("munged");
    p.pc.localDescription = description;
  };
  await new Viewer(p.options).accept(offered);
  assert.deepEqual(tried, [offered, "a=rtpmap:111 opus/48000/2\r\n"]);
  assert.deepEqual([p.answers.length, p.failures.length], [1, 0]);
});

test("a connection is made with the relays that it was offered", (t) => {
  const p = peer(t, "viewer");
  /** @type {any[]} */ const configs = [];
  const create = (/** @type {any} */ config) => (configs.push(config), /** @type {any} */ (p.pc));
  const iceServers = [{ urls: ["turns:x:5349?transport=tcp"], username: "u", credential: "c" }];
  new Viewer({ ...p.options, create, iceServers }).close();
  new Viewer({ ...p.options, create }).close();
  assert.deepEqual(configs, [
    { bundlePolicy: "max-bundle", iceServers },
    { bundlePolicy: "max-bundle", iceServers: [] },
  ]);
});

test("a publisher answers once, sends what there is and tunes its encoders", async (t) => {
  const p = peer(t, "publisher");
  const publisher = new Publisher(p.options);
  const camera = /** @type {any} */ ({ kind: "video" });
  await publisher.accept("offer", { camera });
  assert.deepEqual(p.answers, ["answer-sdp"]);
  const [cam, mic, screen] = p.pc.transceivers;
  assert.ok(p.pc.transceivers.every((transceiver) => transceiver.direction === "sendonly"));
  assert.equal(cam.sender.track, camera);
  assert.equal(mic.sender.track, null);
  assert.deepEqual(cam.sender.parameters.encodings, [
    { rid: "l", ...ENCODINGS.l },
    { rid: "m", ...ENCODINGS.m },
    { rid: "h", ...ENCODINGS.h },
  ]);
  assert.ok(screen.sender.parameters.encodings[0].maxBitrate > 0);
  const microphone = /** @type {any} */ ({ kind: "audio" });
  await publisher.setTrack("microphone", microphone);
  assert.equal(mic.sender.track, microphone);
  assert.deepEqual(p.answers.length, 1);
  publisher.close();
});

test("layers of the camera that nobody is shown are paused, and taken up again", async (t) => {
  const p = peer(t, "publisher");
  const publisher = new Publisher(p.options);
  await publisher.accept("offer", { camera: /** @type {any} */ ({ kind: "video" }) });
  const { sender } = p.pc.transceivers[0];
  const active = () => sender.parameters.encodings.map((/** @type {any} */ e) => e.active);
  await publisher.limit(0);
  assert.deepEqual(active(), [true, false, false]);
  assert.equal(sender.parameters.encodings[0].maxBitrate, ENCODINGS.l.maxBitrate);
  await publisher.limit(-1);
  assert.deepEqual(active(), [false, false, false]);
  // The later wish wins, however close they come.
  void publisher.limit(1);
  await publisher.limit(2);
  assert.deepEqual(active(), [true, true, true]);
  sender.setParameters = async () => Promise.reject(new Error("refused"));
  await publisher.limit(0);
  publisher.close();
});

test("a viewer hands out tracks by slot", async (t) => {
  const p = peer(t, "viewer");
  const viewer = new Viewer(p.options);
  await viewer.accept("offer");
  p.pc.ontrack?.({ transceiver: { mid: "v-floor" }, track: "T" });
  p.pc.ontrack?.({ transceiver: { mid: "other" }, track: "U" });
  assert.deepEqual(p.tracks, [["floor", "video", "T"]]);
  viewer.close();
});

test("an offer that cannot be accepted is reported once", async (t) => {
  const p = peer(t, "viewer");
  p.pc.fails = true;
  await new Viewer(p.options).accept("garbage");
  p.pc.become("failed");
  assert.deepEqual(p.failures.length, 1);
  assert.deepEqual(p.answers, []);
  assert.ok(p.pc.closed);
});

test("a connection that fails, never comes about or stays away is reported", async (t) => {
  const failed = peer(t, "viewer");
  await new Viewer(failed.options).accept("offer");
  failed.pc.become("connected");
  t.mock.timers.tick(60_000);
  assert.deepEqual(failed.failures, []);
  failed.pc.become("failed");
  assert.deepEqual(failed.failures, ["ice failed"]);

  t.mock.timers.reset();
  const never = peer(t, "viewer");
  await new Viewer(never.options).accept("offer");
  t.mock.timers.tick(15_000);
  assert.deepEqual(never.failures, ["connect timeout"]);

  t.mock.timers.reset();
  const away = peer(t, "viewer");
  await new Viewer(away.options).accept("offer");
  away.pc.become("connected");
  away.pc.become("disconnected");
  t.mock.timers.tick(5_999);
  away.pc.become("connected");
  t.mock.timers.tick(60_000);
  assert.deepEqual(away.failures, []);
  away.pc.become("disconnected");
  t.mock.timers.tick(6_000);
  assert.deepEqual(away.failures, ["ice disconnected"]);
});

test("a closed connection reports nothing", async (t) => {
  const p = peer(t, "viewer");
  const viewer = new Viewer(p.options);
  await viewer.accept("offer");
  viewer.close();
  p.pc.become("failed");
  t.mock.timers.tick(60_000);
  assert.deepEqual(p.failures, []);
});

test("relays are used only where the direct way was seen to be shut", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {FakePeerConnection[]} */ const made = [];
  /** @type {number[]} */ const relays = [];
  const before = globalThis.RTCPeerConnection;
  t.after(() => (globalThis.RTCPeerConnection = before));
  globalThis.RTCPeerConnection = /** @type {any} */ (
    class extends FakePeerConnection {
      /** @param {any} config */
      constructor(config) {
        super();
        made.push(this);
        relays.push(config.iceServers.length);
      }
    }
  );
  /** @type {string[]} */ const failed = [];
  const set = new PeerSet(
    (type, fields) => void (type === "peer_failed" && "peer" in fields && failed.push(fields.peer)),
  );
  const offer = (/** @type {string} */ peer, /** @type {string} */ kind) =>
    set.offered({ peer, kind, sdp: "offer", ice_servers: [{ urls: ["turn:x"], username: "u", credential: "c" }] });
  offer("m1", "monitor");
  made[0].become("connected");
  t.mock.timers.tick(60_000);
  made[0].become("failed"); // it was connected: the way is open
  offer("m2", "monitor");
  made[1].become("connecting");
  t.mock.timers.tick(4_999);
  assert.deepEqual(failed, ["m1"]);
  t.mock.timers.tick(1);
  assert.deepEqual(failed, ["m1", "m2"]);
  offer("m3", "monitor");
  offer("p1", "publisher");
  t.mock.timers.tick(14_999);
  assert.deepEqual(failed, ["m1", "m2"], "with relays there is time");
  assert.deepEqual(relays, [0, 0, 1, 1]);

  // The next page on this computer knows it, for a day and until a direct way is found.
  const connect = async (/** @type {string} */ candidateType) => {
    const pc = /** @type {any} */ (made.at(-1));
    pc.candidateType = candidateType;
    pc.become("connected");
    await new Promise((resolve) => setImmediate(resolve));
  };
  const revisit = () => {
    new PeerSet(() => undefined).offered({
      peer: "v",
      kind: "monitor",
      sdp: "offer",
      ice_servers: [{ urls: ["turn:x"], username: "u", credential: "c" }],
    });
    return relays.at(-1);
  };
  assert.equal(revisit(), 0, "no relay has carried anything yet");
  await connect("relay");
  assert.equal(revisit(), 1);
  await connect("host");
  assert.equal(revisit(), 0);
  relayedAt.value = String(Date.now() - 25 * 3_600_000);
  assert.equal(revisit(), 0, "that was yesterday");
  relayedAt.value = "";
  set.closeAll();
});

const OFFER = [
  "v=0",
  "a=candidate:1 1 udp 2130706431 203.0.113.5 5004 typ host",
  "a=candidate:2 1 udp 2130706175 192.168.1.5 5004 typ host",
  "a=candidate:3 1 TCP 2130705919 2001:db8::5 5005 typ host tcptype passive",
  "a=end-of-candidates",
].join("\r\n");

test("where the server waits is read from its offer", () => {
  assert.deepEqual(addressesOf(OFFER), ["UDP 203.0.113.5:5004", "TCP [2001:db8::5]:5005"]);
  assert.deepEqual(addressesOf("v=0"), []);
});

test("an answer that rejects the pictures is one of a browser without their codec", () => {
  assert.equal(refusesPictures("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"), false);
  assert.equal(refusesPictures("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\n"), true);
});

test("that nothing comes is said until it does, over as many connections as that takes", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  /** @type {FakePeerConnection[]} */ const made = [];
  const before = globalThis.RTCPeerConnection;
  t.after(() => (globalThis.RTCPeerConnection = before));
  globalThis.RTCPeerConnection = /** @type {any} */ (
    class extends FakePeerConnection {
      constructor() {
        super();
        made.push(this);
      }
    }
  );
  const set = new PeerSet(() => undefined);
  const offer = () => set.offered({ peer: `v${made.length}`, kind: "viewer", sdp: OFFER });
  const last = () => /** @type {FakePeerConnection} */ (made.at(-1));
  offer();
  t.mock.timers.tick(7_999);
  assert.equal(set.reach.value, "ok", "it is still coming");
  t.mock.timers.tick(1);
  assert.equal(set.reach.value, "unreached");
  for (let tries = 0; tries < 3; tries++) {
    t.mock.timers.tick(7_000); // its own time is over, the server offers another
    offer();
    last().become("connecting");
    t.mock.timers.tick(8_000);
    assert.equal(set.reach.value, "unreached");
  }
  last().become("connected");
  assert.equal(set.reach.value, "ok");
  t.mock.timers.tick(60_000);
  assert.equal(set.reach.value, "ok");
  last().become("disconnected");
  assert.equal(set.reach.value, "silent");
  t.mock.timers.tick(6_000);
  offer();
  t.mock.timers.tick(2_000);
  assert.equal(set.reach.value, "unreached");
  set.closeAll();
  assert.equal(set.reach.value, "ok", "nothing is waited for");
});
