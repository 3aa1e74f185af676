// The page's peer connections. The server offers each once and never renegotiates it; the page answers, takes what
// arrives by mid, and feeds what it publishes with replaceTrack.

/** Mids of a publisher connection. @typedef {"camera" | "microphone" | "screen" | "screen-audio"} Source */

/**
 * Encoder settings by RID: a third of the wall is enough for most, and weak uplinks still carry the lowest.
 * @type {Readonly<Record<string, {scaleResolutionDownBy: number, maxBitrate: number}>>}
 */
export const ENCODINGS = {
  l: { scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  m: { scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  h: { scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
};

/** RIDs in the order of layers. */
const RIDS = Object.keys(ENCODINGS);
const SCREEN_BITRATE = 2_000_000;
const CONNECT_TIMEOUT_MS = 15_000;
/** How long a connection is tried without relays when there are some: most sites need none, and each costs the server. */
export const DIRECT_TIMEOUT_MS = 5_000;
const DISCONNECTED_TIMEOUT_MS = 6_000;
/** Opus is played at 48 kHz. */
const SAMPLES_PER_MS = 48;

/**
 * Splits the mid of a viewer or monitor connection.
 * @param {string | null} mid such as "v-main", the picture of main, or "a-main", its sound
 * @returns {{kind: "video" | "audio", slot: string} | null}
 */
export function slotOfMid(mid) {
  const match = /^([va])-([a-z0-9]+)$/.exec(mid ?? "");
  return match ? { kind: match[1] === "v" ? "video" : "audio", slot: match[2] } : null;
}

/** A candidate of an offer (RFC 8839 5.1): its transport, address and port. */
export const CANDIDATE = /^a=candidate:\S+ \d+ (udp|tcp) \d+ (\S+) (\d+) /i;

/**
 * Where the server waits for pictures and sound, for whoever looks after the network: "UDP 192.0.2.1:5004", the first of
 * each transport.
 * @param {string} sdp an offer
 */
export function addressesOf(sdp) {
  /** @type {Map<string, string>} */ const found = new Map();
  for (const line of sdp.split("\r\n")) {
    const [, transport, address, port] = CANDIDATE.exec(line) ?? [];
    if (!transport) continue;
    const name = transport.toUpperCase();
    if (!found.has(name)) found.set(name, `${name} ${address.includes(":") ? `[${address}]` : address}:${port}`);
  }
  return [...found.values()];
}

/** Whether an answer takes or sends no pictures: the browser has no codec for them. @param {string} sdp */
export const refusesPictures = (sdp) => /^m=video 0 /m.test(sdp);

/**
 * Takes generic NACK for sound where the offer has it: Chromium answers it, and asks by it, but does not say so of its own accord.
 * @param {string} answer
 * @param {string} offer
 */
export function withSoundRepair(answer, offer) {
  return answer.replace(/^a=rtpmap:(\d+) (?:opus|red)\/48000\/2\r\n/gm, (line, type) => {
    const feedback = `a=rtcp-fb:${type} nack\r\n`;
    return offer.includes(feedback) && !answer.includes(feedback) ? line + feedback : line;
  });
}

/**
 * @typedef {object} PeerOptions
 * @property {string} id
 * @property {string} kind viewer, publisher, monitor
 * @property {(sdp: string) => void} onAnswer
 * @property {(reason: string) => void} onFailed called once
 * @property {(connected: boolean) => void} [onConnected] called when it has connected, and when nothing is heard of the server any more
 * @property {(relayed: boolean) => void} [onWay] called each time it has connected, with whether a relay is on the way
 * @property {(slot: string, kind: "video" | "audio", track: MediaStreamTrack) => void} [onTrack]
 * @property {RTCIceServer[]} [iceServers] for networks that let nothing else through
 * @property {boolean} [direct] tries for a shorter time: another connection with relays can follow
 * @property {(config: RTCConfiguration) => RTCPeerConnection} [create]
 */

/**
 * @typedef {object} ViewerStats
 * @property {number} lost packets
 * @property {number} received packets
 * @property {Map<string, number>} frames decoded, by slot
 * @property {number} audioBytes
 * @property {import("./playoutdelay.js").Sound} sound by slot
 * @property {Map<string, {count: number, ms: number}>} freezes times that a picture stood still, by slot
 * @property {import("./arrivals.js").Decoded} decoded in all
 */

/** One peer connection, watched until it connects and whenever it wavers. */
class Peer {
  /** @param {PeerOptions} options */
  constructor(options) {
    this.id = options.id;
    this.kind = options.kind;
    this.options = options;
    const create = options.create ?? ((config) => new RTCPeerConnection(config));
    this.pc = create({ bundlePolicy: "max-bundle", iceServers: options.iceServers ?? [] });
    this.connectMs = options.direct ? DIRECT_TIMEOUT_MS : CONNECT_TIMEOUT_MS;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = setTimeout(() => this.fail("connect timeout"), this.connectMs);
    this.closed = false;
    /** Whether it ever was connected. */
    this.connected = false;
    this.pc.onconnectionstatechange = () => this.#changed();
  }

  #changed() {
    if (this.closed) return;
    clearTimeout(this.timer);
    switch (this.pc.connectionState) {
      case "failed":
        this.fail("ice failed");
        break;
      case "disconnected":
        this.options.onConnected?.(false);
        this.timer = setTimeout(() => this.fail("ice disconnected"), DISCONNECTED_TIMEOUT_MS);
        break;
      case "connecting":
        this.timer = setTimeout(() => this.fail("connect timeout"), this.connectMs);
        break;
      case "connected":
        this.connected = true;
        this.options.onConnected?.(true);
        void this.#tellWay();
        break;
      default:
    }
  }

  async #tellWay() {
    if (!this.options.onWay) return;
    const reports = await this.pc.getStats();
    const pair = [...reports.values()].find(
      (r) => r.type === "candidate-pair" && r.nominated && r.state === "succeeded",
    );
    if (pair && !this.closed) this.options.onWay(reports.get(pair.localCandidateId)?.candidateType === "relay");
  }

  /** @param {string} reason */
  fail(reason) {
    if (this.closed) return;
    this.close();
    this.options.onFailed(reason);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.pc.onconnectionstatechange = null;
    this.pc.ontrack = null;
    this.pc.close();
  }

  /** Sends the local answer; no candidates need to wait, the server finds this page by its checks. */
  async answer() {
    const answer = await this.pc.createAnswer();
    const sdp = withSoundRepair(answer.sdp ?? "", this.pc.remoteDescription?.sdp ?? "");
    try {
      await this.pc.setLocalDescription({ type: "answer", sdp });
    } catch {
      await this.pc.setLocalDescription(answer); // a browser that does not let its answer be changed
    }
    if (!this.closed) this.options.onAnswer(/** @type {string} */ (this.pc.localDescription?.sdp ?? answer.sdp));
  }
}

/** Receives the slots of a slot set. */
export class Viewer extends Peer {
  /** By stream. @type {Map<string, {packets: number, samples: number}>} */ #heard = new Map();
  #heardMs = 0;

  /** @param {string} sdp */
  async accept(sdp) {
    this.pc.ontrack = (event) => {
      const where = slotOfMid(event.transceiver.mid);
      if (where) this.options.onTrack?.(where.slot, where.kind, event.track);
    };
    try {
      await this.pc.setRemoteDescription({ type: "offer", sdp });
      await this.answer();
    } catch (error) {
      this.fail(`answer: ${error}`);
    }
  }

  /**
   * What arrives, for the notice of a weak line and for the record: totals since the connection began.
   * @returns {Promise<ViewerStats>}
   */
  async stats() {
    /** @type {ViewerStats} */
    const totals = {
      lost: 0,
      received: 0,
      frames: new Map(),
      audioBytes: 0,
      freezes: new Map(),
      sound: new Map(),
      decoded: { frames: 0, soundMs: 0 },
    };
    if (this.closed) return totals;
    let heard = 0;
    // Firefox does not say the mid.
    const mids = new Map(this.pc.getTransceivers().map(({ mid, receiver }) => [receiver.track.id, mid]));
    for (const report of (await this.pc.getStats()).values()) {
      if (report.type !== "inbound-rtp") continue;
      totals.lost += report.packetsLost ?? 0;
      totals.received += report.packetsReceived ?? 0;
      totals.decoded.frames += report.framesDecoded ?? 0;
      if (report.kind === "audio") {
        totals.audioBytes += report.bytesReceived ?? 0;
        heard = Math.max(heard, this.#sound(report));
      }
      const where = slotOfMid(report.mid ?? mids.get(report.trackIdentifier) ?? null);
      if (where?.kind === "audio") {
        const samples = (report.concealedSamples ?? 0) - (report.silentConcealedSamples ?? 0);
        totals.sound.set(where.slot, { packets: report.packetsReceived ?? 0, madeUpMs: samples / SAMPLES_PER_MS });
      }
      if (where?.kind !== "video") continue;
      totals.frames.set(where.slot, report.framesDecoded ?? 0);
      // Firefox does not count them.
      if (report.freezeCount)
        totals.freezes.set(where.slot, {
          count: report.freezeCount,
          ms: Math.round((report.totalFreezesDuration ?? 0) * 1000),
        });
    }
    // Who hears two slots at once hears no longer.
    totals.decoded.soundMs = this.#heardMs += heard;
    return totals;
  }

  /**
   * Lets what arrives wait before it is played.
   * @param {(slot: string, kind: "video" | "audio") => number | null} of how long, in ms; null leaves it to the browser
   */
  wait(of) {
    for (const { mid, receiver } of this.pc.getTransceivers()) {
      const where = slotOfMid(mid);
      if (!where) continue;
      const ms = of(where.slot, where.kind);
      if ((receiver.jitterBufferTarget ?? null) !== ms) Object.assign(receiver, { jitterBufferTarget: ms });
    }
  }

  /**
   * How many ms of sound of a stream were decoded since the last time: not what a browser makes up for lost packets,
   * nor the silence that it goes on playing when none come.
   * @param {{id: string, packetsReceived?: number, totalSamplesReceived?: number, concealedSamples?: number}} report
   */
  #sound({ id, packetsReceived: packets = 0, totalSamplesReceived = 0, concealedSamples = 0 }) {
    const before = this.#heard.get(id) ?? { packets: 0, samples: 0 };
    const samples = totalSamplesReceived - concealedSamples;
    this.#heard.set(id, { packets, samples });
    return packets > before.packets ? Math.max(samples - before.samples, 0) / SAMPLES_PER_MS : 0;
  }
}

/** Sends camera, microphone and screen, each when there is one. */
export class Publisher extends Peer {
  /** @type {Map<string, RTCRtpTransceiver>} */ #byMid = new Map();
  /** @type {Partial<Record<Source, MediaStreamTrack | null>>} */ #tracks = {};
  /** Settings are changed one after the other, as each begins with those that are there. */ #limiting =
    Promise.resolve();

  /**
   * @param {string} sdp
   * @param {Partial<Record<Source, MediaStreamTrack | null>>} tracks
   */
  async accept(sdp, tracks) {
    this.#tracks = { ...tracks };
    try {
      await this.pc.setRemoteDescription({ type: "offer", sdp });
      for (const transceiver of this.pc.getTransceivers()) {
        const mid = transceiver.mid ?? "";
        this.#byMid.set(mid, transceiver);
        transceiver.direction = "sendonly";
        await transceiver.sender.replaceTrack(this.#tracks[/** @type {Source} */ (mid)] ?? null);
        await this.#tune(mid, transceiver.sender);
      }
      await this.answer();
    } catch (error) {
      this.fail(`answer: ${error}`);
    }
  }

  /**
   * Exchanges one source; null stops it.
   * @param {Source} source
   * @param {MediaStreamTrack | null} track
   */
  async setTrack(source, track) {
    this.#tracks[source] = track;
    await this.#byMid.get(source)?.sender.replaceTrack(track);
  }

  /**
   * Pauses the layers of the camera that nobody is shown, and takes the others up again.
   * @param {number} top the highest that is wanted, 0 to 2, or -1 for none
   */
  limit(top) {
    this.#limiting = this.#limiting.then(async () => {
      const sender = this.#byMid.get("camera")?.sender;
      const parameters = sender?.getParameters();
      if (!sender || !parameters?.encodings?.length) return;
      for (const encoding of parameters.encodings) encoding.active = RIDS.indexOf(encoding.rid ?? RIDS[0]) <= top;
      // As below; it sends more than is needed then.
      await sender.setParameters(parameters).catch(() => undefined);
    });
    return this.#limiting;
  }

  /**
   * @param {string} mid
   * @param {RTCRtpSender} sender
   */
  async #tune(mid, sender) {
    const parameters = sender.getParameters();
    if (!parameters.encodings?.length) return;
    if (mid === "camera") {
      for (const encoding of parameters.encodings)
        Object.assign(encoding, ENCODINGS[encoding.rid ?? "h"] ?? ENCODINGS.h);
      parameters.degradationPreference = "maintain-framerate";
    } else if (mid === "screen") {
      parameters.encodings[0].maxBitrate = SCREEN_BITRATE;
      parameters.degradationPreference = "maintain-resolution";
    } else {
      return;
    }
    // A browser that refuses a wish still sends with its own settings.
    await sender.setParameters(parameters).catch(() => undefined);
  }
}
