import test from "node:test";
import assert from "node:assert/strict";
import { Connection, RequestError } from "../static/lib/connection.js";
import { Close } from "../static/lib/protocol.js";

/** A socket that the test plays the server of. */
class FakeSocket {
  readyState = 0;
  /** @type {any[]} */ sent = [];
  closed = false;
  /** @type {(() => void) | null} */ onopen = null;
  /** @type {((event: {data: string}) => void) | null} */ onmessage = null;
  /** @type {((event: {code: number}) => void) | null} */ onclose = null;
  /** @param {string} text */
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
    this.readyState = 3;
  }
  accept() {
    this.readyState = 1;
    this.onopen?.();
  }
  /** @param {object} message */
  say(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  /** @param {number} code */
  end(code) {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

const WELCOME = { type: "welcome", version: 1, conn: "secret-1", session: {}, self: {}, now_ms: 0, ping_ms: 2000 };

/**
 * A connection whose sockets, timers and chance belong to the test.
 * @param {import("node:test").TestContext} t
 * @param {Partial<import("../static/lib/connection.js").Options>} [options]
 */
function start(t, options = {}) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  /** @type {FakeSocket[]} */ const sockets = [];
  /** @type {any[]} */ const messages = [];
  /** @type {string[]} */ const links = [];
  /** @type {any[]} */ const stops = [];
  const connection = new Connection({
    url: "ws://test/ws",
    token: "a.b.c",
    onMessage: (message) => messages.push(message),
    onLink: (link) => links.push(link),
    onStop: (stop) => stops.push(stop),
    socket: () => {
      sockets.push(new FakeSocket());
      return /** @type {any} */ (sockets.at(-1));
    },
    random: () => 0,
    ...options,
  });
  const last = () => /** @type {FakeSocket} */ (sockets.at(-1));
  const enter = () => {
    last().accept();
    last().say(WELCOME);
  };
  return {
    connection,
    sockets,
    messages,
    links,
    stops,
    last,
    enter,
    tick: (/** @type {number} */ ms) => t.mock.timers.tick(ms),
  };
}

test("hello comes first, with token, version and device", (t) => {
  const s = start(t, { device: "x".repeat(300) });
  s.connection.open();
  assert.deepEqual(s.last().sent, []);
  s.last().accept();
  assert.deepEqual(s.last().sent, [
    { type: "hello", version: 1, token: "a.b.c", reports: true, device: "x".repeat(200) },
  ]);
  s.last().say(WELCOME);
  assert.equal(s.connection.link, "online");
  assert.deepEqual(s.links, ["connecting", "online"]);
});

test("pings are answered", (t) => {
  /** @type {number[]} */ const clock = [];
  const s = start(t, { onClock: (ms) => clock.push(ms) });
  s.connection.open();
  s.enter();
  s.last().say({ type: "ping", t: 42 });
  assert.deepEqual(s.last().sent.at(-1), { type: "pong", t: 42 });
  assert.equal(
    s.messages.some((m) => m.type === "ping"),
    false,
  );
  assert.deepEqual(clock, [42]); // the page's clock follows the server's when that is set
});

test("a request resolves on ok and rejects with the server's code", async (t) => {
  const s = start(t);
  s.connection.open();
  s.enter();
  const granted = s.connection.request("grant", { endpoint: "C1" });
  const refused = s.connection.request("end", {});
  const [grant, end] = s.last().sent.slice(-2);
  assert.notEqual(grant.id, end.id);
  s.last().say({ type: "error", id: end.id, code: "forbidden", detail: "no" });
  s.last().say({ type: "ok", id: grant.id });
  await granted;
  await assert.rejects(refused, (e) => e instanceof RequestError && e.code === "forbidden");
});

test("a request without a connection, and one that loses it, are told as offline", async (t) => {
  const s = start(t);
  await assert.rejects(s.connection.request("start", {}), { code: "offline" });
  s.connection.open();
  s.enter();
  const waiting = assert.rejects(s.connection.request("start", {}), { code: "offline" });
  s.last().end(1006);
  await waiting;
});

test("a request that is never answered ends", async (t) => {
  const s = start(t);
  s.connection.open();
  s.enter();
  const waiting = assert.rejects(s.connection.request("start", {}), { code: "timeout" });
  for (let i = 0; i < 4; i++) {
    s.tick(4_000);
    s.last().say({ type: "ping", t: i });
  }
  await waiting;
});

test("three pings of silence replace the socket, and the new one resumes", (t) => {
  const s = start(t);
  s.connection.open();
  s.enter();
  s.tick(5_999);
  assert.equal(s.connection.link, "online");
  s.last().say({ type: "ping", t: 1 });
  s.tick(5_999);
  assert.equal(s.connection.link, "online");
  s.tick(1);
  assert.equal(s.connection.link, "reconnecting");
  assert.equal(s.sockets[0].closed, true);
  s.tick(250);
  s.last().accept();
  assert.equal(s.last().sent[0].resume, "secret-1");
  assert.equal("take_over" in s.last().sent[0], false);
});

test("a socket that was given up is not heard any more", (t) => {
  const s = start(t);
  s.connection.open();
  s.enter();
  const old = s.last();
  s.tick(6_000);
  s.tick(250);
  s.enter();
  old.say({ type: "state", phase: "ended" });
  old.end(Close.Ended);
  assert.equal(s.connection.link, "online");
  assert.equal(
    s.messages.some((m) => m.type === "state"),
    false,
  );
});

test("a server that never answers is tried ever less often, but always again", (t) => {
  const s = start(t, { random: () => 1 });
  s.connection.open();
  const waits = [];
  for (let i = 0; i < 10; i++) {
    const before = s.sockets.length;
    s.last().end(1006);
    let waited = 0;
    while (s.sockets.length === before) {
      s.tick(50);
      waited += 50;
      assert.ok(waited < 20_000, "gave up");
    }
    waits.push(waited);
  }
  assert.deepEqual(waits, [750, 1250, 2250, 4250, 8250, 15250, 15250, 15250, 15250, 15250]);
});

test("a socket that opens and stays silent is given up too", (t) => {
  const s = start(t);
  s.connection.open();
  s.last().accept();
  s.tick(15_000);
  s.tick(250);
  assert.equal(s.sockets.length, 2);
});

test("reconnect decides when to come back", (t) => {
  const s = start(t, { random: () => 0.5 });
  s.connection.open();
  s.enter();
  s.last().say({ type: "reconnect", after_ms: 3_000, spread_ms: 4_000 });
  s.last().end(Close.Restart);
  s.tick(4_999);
  assert.equal(s.sockets.length, 1);
  s.tick(1);
  assert.equal(s.sockets.length, 2);
});

for (const [code, name] of /** @type {[number, string][]} */ ([
  [Close.BadToken, "bad_token"],
  [Close.Occupied, "occupied"],
  [Close.Ended, "ended"],
  [Close.Removed, "removed"],
  [Close.Withdrawn, "withdrawn"],
  [Close.TakenOver, "taken_over"],
  [Close.Version, "bad_version"],
  [Close.Locked, "locked"],
])) {
  test(`close code ${code} stops with ${name} and is not retried`, (t) => {
    const s = start(t);
    s.connection.open();
    s.enter();
    s.last().end(code);
    assert.deepEqual(s.stops, [{ code: name, atMs: undefined, retrying: false }]);
    assert.equal(s.connection.link, "stopped");
    s.tick(3_600_000);
    assert.equal(s.sockets.length, 1);
  });
}

test("occupied: since when, and the person may take over", (t) => {
  const s = start(t);
  s.connection.open();
  s.last().accept();
  s.last().say({ type: "error", code: "occupied", at_ms: 1234 });
  s.last().end(Close.Occupied);
  assert.deepEqual(s.stops, [{ code: "occupied", atMs: 1234, retrying: false }]);
  s.connection.open({ takeOver: true });
  s.last().accept();
  assert.equal(s.last().sent[0].take_over, true);
});

test("a refusal under a general close code is told by its error", (t) => {
  const s = start(t);
  s.connection.open();
  s.last().accept();
  s.last().say({ type: "error", code: "unknown_endpoint" });
  s.last().end(Close.BadMessage);
  assert.equal(s.stops[0].code, "unknown_endpoint");
});

test("not open yet: told, and tried again by itself, spread out", (t) => {
  const s = start(t, { random: () => 0.1 });
  s.connection.open();
  s.last().accept();
  s.last().say({ type: "error", code: "not_open", at_ms: Date.now() + 5_000 });
  s.last().end(Close.NotOpen);
  assert.equal(s.stops[0].code, "not_open");
  assert.equal(s.stops[0].retrying, true);
  s.tick(5_999);
  assert.equal(s.sockets.length, 1);
  s.tick(1);
  assert.equal(s.sockets.length, 2);
});

test("while the server waits to record: told so, and tried again within seconds however long it lasts", (t) => {
  const { connection, sockets, stops } = start(t, { random: () => 1 });
  connection.open();
  for (let tries = 1; tries <= 20; tries++) {
    const socket = /** @type {FakeSocket} */ (sockets.at(-1));
    socket.accept();
    socket.say({ type: "error", code: "unrecorded" });
    socket.end(Close.Broken);
    assert.deepEqual(stops.at(-1), { code: "unrecorded", retrying: true });
    t.mock.timers.tick(2_250);
    assert.equal(sockets.length, tries + 1, `after ${tries} refusals`);
  }
  const last = /** @type {FakeSocket} */ (sockets.at(-1));
  last.accept();
  last.say(WELCOME);
  assert.equal(connection.link, "online");
});

test("nudge tries at once, but never disturbs a connection", (t) => {
  const s = start(t);
  s.connection.open();
  s.enter();
  s.connection.nudge();
  assert.equal(s.sockets.length, 1);
  s.last().end(1006);
  s.connection.nudge();
  assert.equal(s.sockets.length, 2);
});

test("leave says so and stays away", (t) => {
  const s = start(t);
  s.connection.open();
  s.enter();
  s.connection.leave();
  assert.deepEqual(s.sockets[0].sent.at(-1), { type: "leave" });
  assert.equal(s.sockets[0].closed, true);
  s.tick(3_600_000);
  assert.equal(s.sockets.length, 1);
});

test("a page whose node is gone goes to another one, once that can know it", (t) => {
  /** @type {string[]} */ const moves = [];
  const s = start(t, { onMove: (url) => moves.push(url) });
  s.connection.open();
  s.last().accept();
  s.last().say({ ...WELCOME, alternates: ["https://b.test"], retry_ms: 2000 });
  s.tick(1000);
  s.last().say({ type: "ping", t: 1 });
  s.last().end(1006);
  s.tick(5_900);
  assert.deepEqual(moves, []);
  s.tick(200);
  assert.deepEqual(moves, ["https://b.test"]);
});

test("a page that gets through again stays where it is", (t) => {
  /** @type {string[]} */ const moves = [];
  const s = start(t, { onMove: (url) => moves.push(url) });
  s.connection.open();
  s.last().accept();
  s.last().say({ ...WELCOME, alternates: ["https://b.test"], retry_ms: 2000 });
  s.last().end(1006);
  s.tick(300);
  s.last().accept();
  s.last().say({ ...WELCOME, alternates: ["https://b.test"], retry_ms: 2000 });
  s.tick(5_000);
  s.last().say({ type: "ping", t: 1 });
  s.tick(5_000);
  assert.deepEqual(moves, []);
});

test("a node that stands by shows the way, but not back to where the page came from", (t) => {
  /** @type {string[]} */ const moves = [];
  for (const moved of [false, true]) {
    const s = start(t, { onMove: (url) => moves.push(`${moved} ${url}`), moved });
    s.connection.open();
    s.last().accept();
    s.last().say({ type: "reconnect", after_ms: 500, spread_ms: 0, url: "https://a.test" });
    s.last().end(Close.Restart);
    s.tick(600);
    t.mock.timers.reset();
  }
  assert.deepEqual(moves, ["false https://a.test"]);
});

test("pauses stay as short as the server asks where another node may go on", (t) => {
  const s = start(t, { random: () => 1 });
  s.connection.open();
  s.last().accept();
  s.last().say({ ...WELCOME, retry_ms: 2000 });
  for (let i = 0; i < 8; i++) {
    s.last().end(1006);
    const before = s.sockets.length;
    s.tick(2_251);
    assert.equal(s.sockets.length, before + 1, `attempt ${i}`);
  }
});

test("sockets that nothing comes by are told, those by which the server refuses are not", (t) => {
  let unheard = 0;
  const s = start(t, { onUnheard: () => void unheard++ });
  s.connection.open();
  s.enter();
  for (const [code, want] of /** @type {[number, number][]} */ ([
    [1006, 0], // the connection that was there
    [1006, 0],
    [4500, 0], // the server itself
    [1006, 0],
    [1006, 1],
    [1006, 2],
  ])) {
    s.last().end(code);
    assert.equal(unheard, want, `${code}`);
    s.tick(15_000);
  }
  s.enter();
  s.last().end(1006);
  s.tick(1_000);
  assert.equal(unheard, 2, "it came through meanwhile");
  s.tick(15_000); // one that is opened, and no more
  assert.equal(unheard, 3);
  s.connection.stop();
});
