// The test of a site's line: a picture made for it goes to the media server and comes back, then a file is timed.

import { Publisher, Viewer, refusesPictures } from "./peers.js";

/** The most that the test can tell, in kbit/s: its file is over too soon, and its picture too small, for more. */
export const MOST_KBPS = 20_000;

/** What was measured, as PUT /api/v1/rehearsal takes it. */
/**
 * @typedef {object} Line
 * @property {boolean} connected
 * @property {string} [protocol] udp or tcp
 * @property {number} [rtt_ms]
 * @property {number} [loss_up_pct]
 * @property {number} [loss_down_pct]
 * @property {number} [up_kbps]
 * @property {number} [down_kbps]
 * @property {boolean} [no_vp8] the browser has no codec for the picture: nothing could be measured
 * @property {import("./reach.js").Way[]} [tried] ways that the meeting goes
 * @property {import("./reach.js").Way[]} [blocked] those that do not lead to the server
 */

/**
 * A sample of the connections' counters.
 * @typedef {object} Sample
 * @property {number} at ms
 * @property {number} sent bytes
 * @property {number} packetsSent
 * @property {number} lostUp packets, as the server reports
 * @property {number} received bytes
 * @property {number} packetsReceived
 * @property {number} lostDown packets
 * @property {number} available kbit/s that the browser found it can send
 * @property {number} rttMs
 * @property {string} protocol
 */

/**
 * Reads the counters from the reports of both connections.
 * @param {number} at ms
 * @param {Iterable<any>} up reports of the publisher
 * @param {Iterable<any>} down reports of the viewer
 * @returns {Sample}
 */
export function sample(at, up, down) {
  /** @type {Sample} */
  const s = {
    at,
    sent: 0,
    packetsSent: 0,
    lostUp: 0,
    received: 0,
    packetsReceived: 0,
    lostDown: 0,
    available: 0,
    rttMs: 0,
    protocol: "",
  };
  /** @type {Map<string, any>} */ const candidates = new Map();
  /** @type {Map<string, any>} */ const pairs = new Map();
  let selected = "";
  for (const report of up) {
    if (report.type === "outbound-rtp") {
      s.sent += report.bytesSent ?? 0;
      s.packetsSent += report.packetsSent ?? 0;
    } else if (report.type === "remote-inbound-rtp") s.lostUp += Math.max(0, report.packetsLost ?? 0);
    else if (report.type === "transport") selected = report.selectedCandidatePairId ?? "";
    else if (report.type === "candidate-pair") pairs.set(report.id, report);
    else if (report.type === "local-candidate") candidates.set(report.id, report);
  }
  // Several pairs may have been nominated, one after the other. Firefox marks the one in use itself.
  const pair = pairs.get(selected) ?? [...pairs.values()].find((p) => p.selected);
  for (const report of down) {
    if (report.type !== "inbound-rtp") continue;
    s.received += report.bytesReceived ?? 0;
    s.packetsReceived += report.packetsReceived ?? 0;
    s.lostDown += Math.max(0, report.packetsLost ?? 0);
  }
  if (pair) {
    s.available = (pair.availableOutgoingBitrate ?? 0) / 1000;
    s.rttMs = Math.round((pair.currentRoundTripTime ?? 0) * 1000);
    // A relayed candidate is one of UDP, however the relay itself is reached.
    const { relayProtocol, protocol = "" } = candidates.get(pair.localCandidateId) ?? {};
    s.protocol = relayProtocol === "tls" ? "tcp" : relayProtocol || protocol;
  }
  return s;
}

/**
 * Judges the samples of a test. Up counts what the browser's own probing found at the end, since an encoder seldom
 * fills a good line; without it, and down, the best rate between two samples does.
 * @param {readonly Sample[]} samples in order
 * @param {number} fileKbps rate at which the file came
 * @returns {Line}
 */
export function measure(samples, fileKbps) {
  const last = samples.at(-1);
  if (!last || last.packetsSent === 0) return { connected: false };
  let up = 0;
  let down = fileKbps;
  for (let i = 1; i < samples.length; i++) {
    const ms = samples[i].at - samples[i - 1].at;
    if (ms <= 0) continue;
    up = Math.max(up, ((samples[i].sent - samples[i - 1].sent) * 8) / ms);
    down = Math.max(down, ((samples[i].received - samples[i - 1].received) * 8) / ms);
  }
  const share = (/** @type {number} */ lost, /** @type {number} */ all) =>
    all > 0 ? Math.min(100, Math.round((1000 * lost) / all) / 10) : 0;
  return {
    connected: true,
    ...(last.protocol ? { protocol: last.protocol } : {}),
    rtt_ms: last.rttMs,
    loss_up_pct: share(last.lostUp, last.packetsSent),
    loss_down_pct: share(last.lostDown, last.packetsReceived + last.lostDown),
    up_kbps: Math.min(MOST_KBPS, Math.round(last.available || up)),
    down_kbps: Math.min(MOST_KBPS, Math.round(down)),
  };
}

/** @typedef {(path: string, options?: import("./http.js").Options) => Promise<import("./http.js").Answer>} Call */

/**
 * Runs a test.
 * @param {object} options
 * @param {Call} options.call the HTTP API, below /api/v1/rehearsal
 * @param {MediaStreamTrack} options.picture moving, and hard to compress
 * @param {number} [options.seconds] how long the picture is sent
 * @returns {Promise<Line>}
 */
export async function testLine({ call, picture, seconds = 10 }) {
  const opened = await call("/line", { method: "POST", body: {} });
  if (!opened.ok) throw new Error(`line test refused: ${opened.status}`);
  const { test, publisher: publisherOffer, viewer: viewerOffer, ice_servers: iceServers } = opened.data;
  /** @type {Record<string, string>} */ const answers = {};
  const peer = (/** @type {string} */ kind) => ({
    id: test,
    kind,
    iceServers,
    onAnswer: (/** @type {string} */ sdp) => void (answers[kind] = sdp),
    onFailed: () => undefined, // without packets the line counts as not connected
  });
  const publisher = new Publisher(peer("publisher"));
  const viewer = new Viewer(peer("viewer"));
  /** @type {Sample[]} */ const samples = [];
  try {
    await publisher.accept(publisherOffer, { camera: picture });
    await viewer.accept(viewerOffer);
    const body = { test, publisher: answers.publisher, viewer: answers.viewer };
    const answered = await call("/line/answer", { method: "POST", body });
    if (!answered.ok) return { connected: false };
    for (let second = 0; second < seconds; second++) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      if (publisher.closed || viewer.closed) break;
      samples.push(
        sample(performance.now(), (await publisher.pc.getStats()).values(), (await viewer.pc.getStats()).values()),
      );
    }
  } finally {
    publisher.close();
    viewer.close();
    await call("/line", { method: "DELETE" });
  }
  if (refusesPictures(answers.publisher)) return { connected: publisher.connected, no_vp8: true };
  return measure(samples, await fileRate(call));
}

const FILE_MS = 5_000;

/**
 * How fast a file comes, in kbit/s; it is given up when that is known.
 * @param {Call} call
 */
async function fileRate(call) {
  try {
    const file = await call("/bytes", { as: "stream" });
    if (!file.ok) return 0;
    /** @type {ReadableStreamDefaultReader<Uint8Array>} */ const reader = file.data.getReader();
    const begun = performance.now();
    let bytes = 0;
    for (;;) {
      const { done, value } = await reader.read();
      bytes += value?.length ?? 0;
      if (done || performance.now() - begun > FILE_MS) break;
    }
    void reader.cancel().catch(() => undefined);
    return (bytes * 8) / Math.max(1, performance.now() - begun);
  } catch {
    return 0;
  }
}
