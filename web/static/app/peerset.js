// The peer connections that a page has now, at most one of a kind, and what arrives by them.
import { signal } from "../vendor/signals.js";
import { DIRECT_TIMEOUT_MS, Viewer, Publisher, addressesOf, refusesPictures } from "../lib/peers.js";
import { LineWatch } from "./line.js";
import { relayedAt } from "./settings.js";

/** For how long a page offers relays at once to a network that let nothing else through. */
const RELAYS_MS = 24 * 3_600_000;

/**
 * How long the stage may take to come until a person is told that the network lets none through: by TCP it takes 3 s. Where the
 * direct ways are tried before relays, that comes on top.
 */
const UNREACHED_MS = 8_000;

/**
 * How the stage is connected: "silent" while that was lost a moment ago, "unreached" when no way was found for long.
 * @typedef {"ok" | "silent" | "unreached"} Reach
 */
/** @typedef {{video?: MediaStream, audio?: MediaStream}} SlotStreams */
/** @typedef {Partial<Record<import("../lib/peers.js").Source, MediaStreamTrack | null>>} Sources */

export class PeerSet {
  /** What arrives, by slot. @type {import("@preact/signals").Signal<ReadonlyMap<string, SlotStreams>>} */ streams =
    signal(new Map());
  line;
  /** @type {import("@preact/signals").Signal<Reach>} */ reach = signal("ok");
  /** Where the server waits for pictures and sound. */
  addresses = signal(/** @type {string[]} */ ([]));
  /** The browser has no codec for the pictures. */
  noVP8 = signal(false);
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #waiting;
  /** @type {Map<string, Viewer | Publisher>} */ #peers = new Map();
  /** @type {Sources} */ #sources = {};
  /** Whether this network was seen to let nothing through without a relay, now or at the last visit. */ #relays =
    Date.now() - Number(relayedAt.value) < RELAYS_MS;
  #send;

  /**
   * @param {(type: "answer" | "peer_failed" | "received" | "frozen",
   *   fields: {peer: string, sdp: string} | {peer: string, reason: string}
   *   | import("../lib/protocol.js").Received | import("../lib/protocol.js").Frozen) => void} send
   */
  constructor(send) {
    this.#send = send;
    this.line = new LineWatch((report) => send("received", report));
    this.line.onFrozen = (slot, count, ms) => send("frozen", { slot, count, ms });
  }

  /**
   * Takes an offer. A new connection of a kind replaces the one before, whose server side is gone.
   * @param {import("../lib/protocol.js").Offer} offer
   */
  offered(offer) {
    for (const peer of [...this.#peers.values()]) {
      if (peer.kind === offer.kind) this.close(peer.id);
    }
    const options = {
      id: offer.peer,
      kind: offer.kind,
      iceServers: this.#relays ? offer.ice_servers : [],
      direct: !this.#relays && !!offer.ice_servers,
      onAnswer: (/** @type {string} */ sdp) => {
        this.noVP8.value = refusesPictures(sdp);
        this.#send("answer", { peer: offer.peer, sdp });
      },
      onWay: (/** @type {boolean} */ relayed) => {
        this.#relays = relayed;
        relayedAt.value = relayed ? String(Date.now()) : "";
      },
      onFailed: (/** @type {string} */ reason) => {
        if (options.direct && !this.#peers.get(offer.peer)?.connected) this.#relays = true;
        this.#peers.delete(offer.peer);
        if (offer.kind === "viewer") this.#lost();
        this.#send("peer_failed", { peer: offer.peer, reason: reason.slice(0, 200) });
      },
    };
    if (offer.kind === "publisher") {
      const publisher = new Publisher(options);
      this.#peers.set(offer.peer, publisher);
      void publisher.accept(offer.sdp, this.#sources);
      return;
    }
    const stage = offer.kind === "viewer";
    const viewer = new Viewer({
      ...options,
      onTrack: (slot, kind, track) => this.#arrived(slot, kind, track),
      onConnected: stage ? (connected) => (connected ? this.#reached() : this.#lost()) : undefined,
    });
    this.#peers.set(offer.peer, viewer);
    if (stage) {
      this.addresses.value = addressesOf(offer.sdp);
      this.#wait(options.direct);
      this.line.follow(viewer);
    }
    void viewer.accept(offer.sdp);
  }

  /**
   * Changes what is published, now and by the next publisher.
   * @param {Sources} sources
   */
  publish(sources) {
    this.#sources = sources;
    for (const peer of this.#peers.values()) {
      if (!(peer instanceof Publisher)) continue;
      for (const [source, track] of Object.entries(sources)) {
        void peer.setTrack(/** @type {import("../lib/peers.js").Source} */ (source), track ?? null);
      }
    }
  }

  /**
   * What anybody is shown of this computer's camera.
   * @param {string} id
   * @param {number} top
   */
  demanded(id, top) {
    const peer = this.#peers.get(id);
    if (peer instanceof Publisher) void peer.limit(top);
  }

  /** @param {string} id */
  close(id) {
    this.#peers.get(id)?.close();
    this.#peers.delete(id);
  }

  /** The stage has come. */
  #reached() {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    this.reach.value = "ok";
  }

  /** The stage comes no more. */
  #lost() {
    if (this.reach.value === "ok") this.reach.value = "silent";
    this.#wait();
  }

  /** Waits for the stage, over as many connections as it takes. */
  #wait(directFirst = false) {
    const patience = UNREACHED_MS + (directFirst ? DIRECT_TIMEOUT_MS : 0);
    this.#waiting ??= setTimeout(() => {
      this.reach.value = "unreached";
    }, patience);
  }

  closeAll() {
    this.#reached();
    for (const id of [...this.#peers.keys()]) this.close(id);
    this.streams.value = new Map();
  }

  /**
   * @param {string} slot
   * @param {"video" | "audio"} kind
   * @param {MediaStreamTrack} track
   */
  #arrived(slot, kind, track) {
    const streams = new Map(this.streams.value);
    streams.set(slot, { ...streams.get(slot), [kind]: new MediaStream([track]) });
    this.streams.value = streams;
  }
}
