import test from "node:test";
import assert from "node:assert/strict";
import { onlyBy, trySocket } from "../static/lib/reach.js";

const CANDIDATES = [
  "a=candidate:1 1 udp 2130706431 203.0.113.5 5004 typ host",
  "a=candidate:2 1 tcp 2130705919 203.0.113.5 5004 typ host tcptype passive",
];
const sdp = (/** @type {string[]} */ ...candidates) => ["v=0", "m=audio 9", ...candidates, "a=mid:a", ""].join("\r\n");

test("an offer is cut down to one transport", () => {
  assert.equal(onlyBy(sdp(...CANDIDATES), "udp"), sdp(CANDIDATES[0]));
  assert.equal(onlyBy(sdp(...CANDIDATES), "tcp"), sdp(CANDIDATES[1]));
});

test("a WebSocket comes through when the server's close comes back by it", async () => {
  const ends = (/** @type {boolean} */ opens, /** @type {boolean} */ wasClean) => {
    const socket = {
      onopen: () => undefined,
      onclose: (/** @type {any} */ _event) => undefined,
      close: () => undefined,
    };
    socket.close = () => void setImmediate(() => socket.onclose({ wasClean }));
    setImmediate(() => (opens ? socket.onopen() : socket.onclose({ wasClean: false })));
    return trySocket("ws://x/ws", () => /** @type {any} */ (socket));
  };
  assert.equal(await ends(true, true), true);
  assert.equal(await ends(true, false), false, "opened by something that lets no more through");
  assert.equal(await ends(false, false), false);
});
