// Watches how well the stage arrives, so that the page can say what a weak line does to it.
import { signal } from "../vendor/signals.js";

/** @typedef {import("../lib/peers.js").Viewer} Viewer */
/** @typedef {"good" | "weak" | "audio-only" | "silent"} Line */

const INTERVAL_MS = 2_000;
const WEAK_LOSS = 0.05;
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
  /** @type {import("@preact/signals").Signal<Line>} */ quality = signal("good");
  /** Slots whose pictures should be arriving now. @type {() => string[]} */ expected = () => [];
  /** @type {Viewer | null} */ #viewer = null;
  /** @type {Awaited<ReturnType<Viewer["stats"]>> | null} */ #last = null;
  #stalledRounds = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #timer;

  /** @param {Viewer} viewer */
  follow(viewer) {
    this.#viewer = viewer;
    this.#last = null;
    this.#stalledRounds = 0;
    this.quality.value = "good";
    this.#timer ??= setInterval(() => void this.#look(), INTERVAL_MS);
  }

  async #look() {
    const viewer = this.#viewer;
    if (!viewer || viewer.closed) return;
    const now = await viewer.stats().catch(() => null);
    const last = this.#last;
    if (!now || viewer !== this.#viewer) return;
    this.#last = now;
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
}
