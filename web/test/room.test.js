// The state of a page, driven by a server that the test plays.
import test from "node:test";
import assert from "node:assert/strict";

const TOKEN = `h.${Buffer.from(JSON.stringify({ role: "endpoint", sub: "C1", sid: "s1" })).toString("base64url")}.s`;
const SESSION = { id: "s1", title: "Phiên họp", time_zone: "Asia/Ho_Chi_Minh" };
const SELF = { code: "C1", name: "Xã An Hải", role: "endpoint" };

/** @type {any[]} */ let sockets = [];
/** @type {{status: number, body: any}} */ let me = {
  status: 200,
  body: { session: SESSION, self: SELF, phase: "open" },
};
/** @type {Map<string, string>} */ const storage = new Map();

class FakeSocket {
  readyState = 1;
  /** @type {any[]} */ sent = [];
  /** @type {any} */ onopen;
  /** @type {any} */ onmessage;
  /** @type {any} */ onclose;
  constructor() {
    sockets.push(this);
  }
  /** @param {string} text */
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {}
  /** @param {object} message */
  say(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }
}

const define = (/** @type {string} */ name, /** @type {any} */ value) =>
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
define("location", { hash: `#${TOKEN}`, protocol: "https:", host: "meet.test" });
define("navigator", { userAgent: "test", mediaDevices: undefined });
define("sessionStorage", {
  getItem: (/** @type {string} */ k) => storage.get(k) ?? null,
  setItem: (/** @type {string} */ k, /** @type {string} */ v) => storage.set(k, v),
});
define("addEventListener", () => undefined);
define("document", { documentElement: { dataset: {} } });
define("WebSocket", FakeSocket);
define("fetch", async () => Response.json(me.body, { status: me.status }));

const { Room } = await import("../static/app/room.js");

/** A room that has been entered and welcomed. @param {import("node:test").TestContext} t */
async function entered(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  sockets = [];
  storage.clear();
  const room = new Room();
  await new Promise(setImmediate);
  room.enter();
  const socket = sockets[0];
  socket.onopen();
  socket.say({
    type: "welcome",
    version: 1,
    conn: "secret",
    session: SESSION,
    self: SELF,
    now_ms: Date.now() + 5_000,
    ping_ms: 2_000,
  });
  return { room, socket };
}

const state = (/** @type {string} */ phase, /** @type {object[]} */ ...stage) => ({
  type: "state",
  phase,
  stage,
  present: 1,
  convened: 1,
});
const slot = (/** @type {string} */ name, /** @type {string} */ s, endpoint = "C1") => ({
  slot: name,
  endpoint,
  name: "x",
  state: s,
  video: true,
});

test("an address without a token is told at once", () => {
  location.hash = "#rubbish";
  const room = new Room();
  assert.equal(room.phase.value, "error");
  assert.equal(room.error.value, "bad_token");
  location.hash = `#${TOKEN}`;
});

test("a token that the server does not know is told before anyone enters", async () => {
  me = { status: 401, body: { code: "bad_token" } };
  const room = new Room();
  await new Promise(setImmediate);
  assert.equal(room.phase.value, "error");
  assert.equal(room.error.value, "bad_token");
  me = { status: 200, body: { session: SESSION, self: SELF, phase: "open" } };
});

test("a server that does not answer keeps nobody from the preview", async () => {
  me = { status: 502, body: {} };
  const room = new Room();
  await new Promise(setImmediate);
  assert.equal(room.phase.value, "preview");
  me = { status: 200, body: { session: SESSION, self: SELF, phase: "open" } };
});

test("looking at the preview opens no socket; it bears the names", async () => {
  sockets = [];
  const room = new Room();
  await new Promise(setImmediate);
  assert.equal(room.phase.value, "preview");
  assert.equal(room.identity.value?.name, "Xã An Hải");
  assert.equal(room.session.value?.title, "Phiên họp");
  assert.deepEqual(sockets, []);
});

test("preview, waiting, live, ended", async (t) => {
  const { room, socket } = await entered(t);
  assert.equal(room.phase.value, "waiting");
  socket.say(state("open"));
  assert.equal(room.phase.value, "waiting");
  socket.say(state("live", slot("main", "on_air", "@host")));
  assert.equal(room.phase.value, "live");
  assert.equal(room.onAir.value, false);
  socket.say({ ...state("ended"), ended_at_ms: 5 });
  assert.equal(room.phase.value, "ended");
  socket.onclose({ code: 4410 });
  assert.equal(room.phase.value, "ended");
});

test("the clock is the server's", async (t) => {
  const { room } = await entered(t);
  assert.ok(Math.abs(room.now() - Date.now() - 5_000) < 1_000);
});

test("on air only while granted, counted down, connected and live", async (t) => {
  const { room, socket } = await entered(t);
  socket.say(state("live", slot("floor", "countdown")));
  assert.equal(room.speaking.value?.slot, "floor");
  assert.equal(room.onAir.value, false);
  socket.say(state("live", slot("floor", "on_air")));
  assert.equal(room.onAir.value, true);
  socket.onclose({ code: 1006 });
  assert.equal(room.phase.value, "live");
  assert.equal(room.onAir.value, false);
  t.mock.timers.tick(2_000);
  sockets[1].onopen();
  assert.equal(sockets[1].sent[0].resume, "secret");
  sockets[1].say({
    type: "welcome",
    version: 1,
    conn: "secret2",
    session: SESSION,
    self: SELF,
    now_ms: Date.now(),
    ping_ms: 2_000,
  });
  sockets[1].say(state("live", slot("floor", "held")));
  assert.equal(room.onAir.value, false);
  assert.equal(room.speaking.value?.state, "held");
});

test("a reload of the tab comes back as the same connection", async (t) => {
  await entered(t);
  const again = new Room();
  again.enter();
  sockets[1].onopen();
  assert.equal(sockets[1].sent[0].resume, "secret");
});

test("another device: asked, taken over, told", async (t) => {
  const { room, socket } = await entered(t);
  socket.onclose({ code: 4412 });
  assert.equal(room.phase.value, "error");
  assert.equal(room.error.value, "taken_over");
  room.takeOver();
  sockets[1].onopen();
  assert.equal(sockets[1].sent[0].take_over, true);
});

test("a session that is not open yet is waited for", async (t) => {
  const { room, socket } = await entered(t);
  socket.say(state("draft"));
  socket.onclose({ code: 4425 });
  assert.equal(room.phase.value, "waiting");
  assert.equal(room.error.value, "not_open");
});

test("a fulfilled wish is no error; a refusal is told once", async (t) => {
  const { room, socket } = await entered(t);
  const answer = async (/** @type {string} */ code) => {
    const asked = room.ask("raise_hand", {});
    socket.say({ type: "error", id: socket.sent.at(-1).id, code });
    return asked;
  };
  assert.equal(await answer("already_done"), true);
  assert.deepEqual(room.toasts.value, []);
  assert.equal(await answer("forbidden"), false);
  assert.equal(await answer("forbidden"), false);
  assert.equal(room.toasts.value.length, 1);
  assert.equal(/** @type {any} */ (room.toasts.value[0]).code, "forbidden");
});

test("the microphone is closed while muted, and opened only by the server's word", async (t) => {
  const { room, socket } = await entered(t);
  const microphone = /** @type {any} */ ({ kind: "audio", enabled: true, stop() {} });
  room.media.microphone.value = microphone;
  socket.say({ type: "self", muted: true, publish: true });
  assert.equal(microphone.enabled, false);
  const other = /** @type {any} */ ({ kind: "audio", enabled: true, stop() {} });
  room.media.microphone.value = other;
  assert.equal(other.enabled, false, "a microphone plugged in while muted");
  socket.say({ type: "self", muted: false, publish: true });
  assert.equal(other.enabled, true);
});

test("a presentation that is taken away stops the screen", async (t) => {
  const { room, socket } = await entered(t);
  let stopped = 0;
  const track = { stop: () => stopped++ };
  room.media.screen.value = /** @type {any} */ ({
    getTracks: () => [track],
    getVideoTracks: () => [track],
    getAudioTracks: () => [],
  });
  socket.say(state("live", slot("presentation", "on_air")));
  assert.equal(stopped, 0);
  socket.say(state("live", slot("presentation", "on_air", "@host")));
  assert.equal(stopped, 1);
  assert.equal(room.media.screen.value, null);
});

test("a session that is called off while nobody is connected is told as called off", async (t) => {
  const { room, socket } = await entered(t);
  me = {
    status: 200,
    body: { session: SESSION, self: SELF, phase: "ended", called_off: true, call_off_reason: "Bão số 3" },
  };
  socket.onclose({ code: 4410 });
  await new Promise(setImmediate);
  assert.equal(room.phase.value, "ended");
  assert.deepEqual(room.outcome.value, { calledOff: true, reason: "Bão số 3" });
  me = { status: 200, body: { session: SESSION, self: SELF, phase: "open" } };
});
