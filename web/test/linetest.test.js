import test from "node:test";
import assert from "node:assert/strict";
import { MOST_KBPS, measure, sample } from "../static/lib/linetest.js";
import { assign } from "../static/lib/wall.js";

const UP = [
  { type: "outbound-rtp", rid: "l", bytesSent: 1000, packetsSent: 10 },
  { type: "outbound-rtp", rid: "h", bytesSent: 9000, packetsSent: 90 },
  { type: "remote-inbound-rtp", packetsLost: 4 },
  { type: "remote-inbound-rtp", packetsLost: -1 },
  { type: "candidate-pair", id: "p1", nominated: false, state: "failed", currentRoundTripTime: 9 },
  {
    type: "candidate-pair",
    id: "p2",
    nominated: true,
    state: "succeeded",
    currentRoundTripTime: 0.0421,
    availableOutgoingBitrate: 2_500_000,
    localCandidateId: "c",
  },
  {
    type: "candidate-pair",
    id: "p3",
    nominated: true,
    state: "succeeded",
    currentRoundTripTime: 3,
    localCandidateId: "d",
  },
  { type: "local-candidate", id: "c", protocol: "udp" },
  { type: "local-candidate", id: "d", protocol: "tcp" },
  { type: "transport", selectedCandidatePairId: "p2" },
];
const DOWN = [{ type: "inbound-rtp", bytesReceived: 500, packetsReceived: 5, packetsLost: 1 }, { type: "transport" }];

test("a sample adds up both connections", () => {
  assert.deepEqual(sample(7, UP, DOWN), {
    at: 7,
    sent: 10_000,
    packetsSent: 100,
    lostUp: 4,
    received: 500,
    packetsReceived: 5,
    lostDown: 1,
    available: 2500,
    rttMs: 42,
    protocol: "udp",
  });
});

test("the protocol is that of the pair in use, and of the way to a relay", () => {
  const through = (/** @type {object} */ candidate, /** @type {object[]} */ ...more) =>
    sample(
      0,
      [
        { type: "candidate-pair", id: "p", localCandidateId: "c", ...more[0] },
        { type: "local-candidate", id: "c", ...candidate },
        ...more.slice(1),
      ],
      [],
    ).protocol;
  const chosen = [{}, { type: "transport", selectedCandidatePairId: "p" }];
  assert.equal(through({ protocol: "tcp" }, ...chosen), "tcp");
  assert.equal(through({ protocol: "udp", relayProtocol: "udp" }, ...chosen), "udp");
  assert.equal(through({ protocol: "udp", relayProtocol: "tcp" }, ...chosen), "tcp");
  assert.equal(through({ protocol: "udp", relayProtocol: "tls" }, ...chosen), "tcp");
  assert.equal(through({ protocol: "tcp", relayProtocol: "" }, { selected: true }), "tcp", "Firefox");
  assert.equal(through({ protocol: "tcp" }, {}), "", "none is in use");
});

test("a line without packets is not connected", () => {
  assert.deepEqual(measure([], 5_000), { connected: false });
  assert.deepEqual(measure([sample(0, [], [])], 5_000), { connected: false });
});

test("rates, losses and delay", () => {
  const first = { ...sample(0, UP, DOWN), sent: 0, received: 0, available: 300 };
  const second = { ...sample(1000, UP, DOWN), sent: 25_000, received: 50_000, available: 0 };
  const line = measure([first, second], 100);
  assert.deepEqual(line, {
    connected: true,
    protocol: "udp",
    rtt_ms: 42,
    loss_up_pct: 4,
    loss_down_pct: 16.7,
    up_kbps: 200,
    down_kbps: 400,
  });
  assert.equal(measure([first, { ...second, available: 900 }], 100).up_kbps, 900);
  assert.equal(measure([first, second], 8_000).down_kbps, 8_000);
  const near = measure([first, { ...second, available: 900_000 }], 700_000); // beside the server
  assert.deepEqual([near.up_kbps, near.down_kbps], [MOST_KBPS, MOST_KBPS]);
});

test("sites that stay on screen keep their slot", () => {
  for (const [current, wanted, next] of /** @type {[string[], string[], string[]][]} */ ([
    [
      ["", "", ""],
      ["a", "b"],
      ["a", "b", ""],
    ],
    [
      ["a", "b", ""],
      ["b", "c"],
      ["c", "b", ""],
    ],
    [
      ["a", "b", "c"],
      ["d", "c", "b", "a"],
      ["d", "b", "c"],
    ],
    [["a", "b", "c"], [], ["", "", ""]],
    [
      ["a", "b", "c"],
      ["x", "y", "z", "w"],
      ["x", "y", "z"],
    ],
  ])) {
    assert.deepEqual(assign(current, wanted), next, `${current} → ${wanted}`);
  }
});
