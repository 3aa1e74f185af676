// What a page tells of what it decodes, and of its device.
import test from "node:test";
import assert from "node:assert/strict";
import { Arrivals } from "../static/lib/arrivals.js";
import { deviceName } from "../static/lib/device.js";
import { Viewer } from "../static/lib/peers.js";

/** Feeds totals every 2 s and gathers what is sent, with the second of it. @param {[number, number][]} totals frames and ms of sound */
function told(totals, peer = "viewer-1") {
  /** @type {any[]} */ const reports = [];
  let now = 0;
  const arrivals = new Arrivals(
    (report) => reports.push({ at: now / 1000, ...report }),
    () => 0.5,
  );
  for (const [frames, soundMs] of totals) {
    arrivals.saw(peer, { frames, soundMs }, now);
    now += 2000;
  }
  return reports;
}

test("it is told at once when something arrives, then now and then with what came since", () => {
  const reports = told([
    [0, 0],
    [0, 0],
    [30, 0],
    ...Array.from({ length: 14 }, (_, i) => /** @type {[number, number]} */ ([60 + 30 * i, 2000 * i])),
  ]);
  assert.deepEqual(reports, [
    { at: 4, peer: "viewer-1", frames: 30, sound_ms: 0, idle_ms: 0 },
    { at: 18, peer: "viewer-1", frames: 210, sound_ms: 12000, idle_ms: 0 },
    { at: 32, peer: "viewer-1", frames: 210, sound_ms: 14000, idle_ms: 0 },
  ]);
});

test("it is told once that nothing arrives any more, and when it begins again", () => {
  const still = Array.from({ length: 10 }, () => /** @type {[number, number]} */ ([30, 0]));
  const reports = told([[30, 0], ...still, [31, 0]]);
  assert.deepEqual(
    reports.map((r) => [r.at, r.frames, r.idle_ms]),
    [
      [0, 30, 0],
      [8, 0, 8000],
      [22, 1, 0],
    ],
  );
});

test("a page that nothing reaches says nothing", () => {
  assert.deepEqual(told(Array.from({ length: 60 }, () => [0, 0])), []);
});

test("the totals of a new peer are counted from nothing", () => {
  /** @type {any[]} */ const reports = [];
  const arrivals = new Arrivals(
    (report) => reports.push(report),
    () => 0,
  );
  arrivals.saw("viewer-1", { frames: 500, soundMs: 0 }, 0);
  arrivals.saw("viewer-2", { frames: 10, soundMs: 0 }, 2000);
  assert.deepEqual(
    reports.map((r) => [r.peer, r.frames]),
    [
      ["viewer-1", 500],
      ["viewer-2", 10],
    ],
  );
});

test("sound that a browser makes up is not heard", async () => {
  /** @type {Map<string, any>} */ const stats = new Map();
  const pc = { getStats: async () => stats, getTransceivers: () => [], close: () => undefined };
  const viewer = new Viewer(
    /** @type {any} */ ({
      id: "v",
      kind: "viewer",
      create: () => pc,
      onAnswer: () => undefined,
      onFailed: () => undefined,
    }),
  );
  const audio = (
    /** @type {number} */ packets,
    /** @type {number} */ total,
    /** @type {number} */ concealed,
    mid = "a-main",
  ) =>
    stats.set(mid, {
      type: "inbound-rtp",
      kind: "audio",
      id: mid,
      mid,
      packetsReceived: packets,
      totalSamplesReceived: total,
      concealedSamples: concealed,
    });
  const heard = async () => (await viewer.stats()).decoded.soundMs;
  audio(0, 96_000, 96_000); // a stream that never began is all made up
  assert.equal(await heard(), 0);
  audio(50, 192_000, 144_000);
  assert.equal(await heard(), 1000);
  audio(50, 288_000, 144_000); // comfort noise without a packet
  assert.equal(await heard(), 1000);
  audio(100, 384_000, 144_000);
  audio(100, 96_000, 0, "a-floor"); // at the same time
  assert.equal(await heard(), 3000);
  viewer.close();
});

test("a device is told by browser and system", () => {
  for (const [userAgent, want] of [
    [
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
      "Chrome 156, Windows",
    ],
    [
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0",
      "Edge 156, Windows",
    ],
    [
      "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) coc_coc_browser/110.0.5481 Chrome/104.0.5481 Safari/537.36",
      "Coc Coc 110, Windows",
    ],
    [
      "Mozilla/5.0 (Linux; Android 13; SM-A525F) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36",
      "Samsung Internet 23, Android 13",
    ],
    ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140, Linux"],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Mobile/15E148 Safari/604.1",
      "Safari 17, iOS 17",
    ],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Zalo iOS/24 ZaloTheme/light",
      "Zalo 24, iOS 17",
    ],
    [
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Safari/605.1.15",
      "Safari 17, macOS",
    ],
    ["test", ""],
  ])
    assert.equal(deviceName({ userAgent }), want);
  const ipad =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Safari/605.1.15";
  assert.equal(deviceName({ userAgent: ipad, maxTouchPoints: 5 }), "Safari 17, iPadOS");
});
