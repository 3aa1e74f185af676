// Watches how well the stage arrives, so that the page can say what a weak line does to it.
import { signal } from "../vendor/signals.js";
import { Arrivals } from "../lib/arrivals.js";
import { PlayoutDelay, STEP_MS } from "../lib/playoutdelay.js";

/** @typedef {import("../lib/peers.js").Viewer} Viewer */
/** @typedef {"good" | "weak" | "audio-only" | "silent"} Line */

const INTERVAL_MS = 2_000;
const WEAK_LOSS = 0.05;
/** Freezes are told at most this often. */
const FREEZES_MS = 10_000;
/** Rounds without a new picture after which the picture counts as paused. */
const STALLED_ROUNDS = 3;
/**
 * Judges one interval.
 * @param {{lost: number, received: number, stalled: boolean, audioBytes: number}} seen since the last interval
 * @returns {Line}
 */
export function judge({ lost, received, stalled, audioBytes }) {
  if (stalled) return audioBytes > 0 ? "audio-only" : "silent";
  return lost > 0 && lost / (lost + received) > WEAK_LOSS ? "weak" : "good";
}

export class LineWatch {
  #arrivals;

  /** @param {(report: import("../lib/protocol.js").Received) => void} tell told what of the stage is decoded */
  constructor(tell) {
    this.#arrivals = new Arrivals(tell);
  }

  /** @type {import("@preact/signals").Signal<Line>} */ quality = signal("good");
  /** Slots whose pictures should be arriving now. @type {() => string[]} */ expected = () => [];
  /** @type {Viewer | null} */ #viewer = null;
  /** @type {Awaited<ReturnType<Viewer["stats"]>> | null} */ #last = null;
  #stalledRounds = 0;
  #delay = new PlayoutDelay();
  #listens = false;
  /** Is told how often a picture has stood still. @type {(slot: string, count: number, ms: number) => void} */ onFrozen =
    () => undefined;
  /** What was told, by slot. @type {Map<string, number>} */ #told = new Map();
  #toldAt = 0;
  #following = false;

  /** Whether this page only listens, so that what it plays may come later. @param {boolean} listens */
  set listens(listens) {
    this.#listens = listens;
    this.#step();
  }

  #step() {
    this.#delay.step(this.#listens);
    if (this.#viewer && !this.#viewer.closed) this.#viewer.wait((slot, kind) => this.#delay.of(slot, kind));
  }

  /** @param {Viewer} viewer */
  follow(viewer) {
    this.#viewer = viewer;
    this.#last = null;
    this.#delay.begin();
    this.#told.clear();
    this.#stalledRounds = 0;
    this.quality.value = "good";
    if (this.#following) return;
    this.#following = true;
    setInterval(() => void this.#look(), INTERVAL_MS);
    setInterval(() => this.#step(), STEP_MS);
  }

  async #look() {
    const viewer = this.#viewer;
    if (!viewer || viewer.closed) return;
    const now = await viewer.stats().catch(() => null);
    const last = this.#last;
    if (!now || viewer !== this.#viewer) return;
    this.#last = now;
    this.#arrivals.saw(viewer.id, now.decoded, performance.now());
    this.#tellFreezes(now.freezes);
    this.#delay.saw(now.sound);
    if (!last) return;
    const expected = this.expected();
    const moved = expected.some((slot) => (now.frames.get(slot) ?? 0) > (last.frames.get(slot) ?? 0));
    this.#stalledRounds = expected.length === 0 || moved ? 0 : this.#stalledRounds + 1;
    this.quality.value = judge({
      lost: now.lost - last.lost,
      received: now.received - last.received,
      stalled: this.#stalledRounds >= STALLED_ROUNDS,
      audioBytes: now.audioBytes - last.audioBytes,
    });
  }

  /** @param {Map<string, {count: number, ms: number}>} freezes */
  #tellFreezes(freezes) {
    if (performance.now() - this.#toldAt < FREEZES_MS) return;
    for (const [slot, { count, ms }] of freezes) {
      if (count <= (this.#told.get(slot) ?? 0)) continue;
      this.#told.set(slot, count);
      this.#toldAt = performance.now();
      this.onFrozen(slot, count, ms);
    }
  }
}
