// How long sound and pictures wait before they are played. A site that only listens loses nothing by hearing a little
// later, and hears no gap where its line holds packets back; who may speak hears at once. Pure: line.js feeds it.

/** Of a sound that came without a break (50 packets a second), how much made up in one look is a gap that people hear. */
const FLOWING_PACKETS = 70;
const GAP_MS = 60;

/** The wait of who only listens, once it has done so for a while: who speaks in turns is not made late in between. */
export const LISTENING_MS = 500;
export const SETTLE_MS = 4_000;
/** The wait on a line that has left a gap even so, and for how many looks after the last one. */
export const AFTER_GAP_MS = 800;
export const AFTER_GAP_LOOKS = 60;
/** How often the wait takes a step, and how large that is: a picture that becomes late or early at once stands still or jumps. */
export const STEP_MS = 250;
const STEP_UP_MS = 25;
const STEP_DOWN_MS = 40;

/**
 * What came of each slot's sound, since the connection began. Made up is what the browser invented for what did not come in time.
 * @typedef {Map<string, {packets: number, madeUpMs: number}>} Sound
 */

/**
 * Tells whether sound that was flowing had a gap. Where it ends, as at a change of speakers, some is made up too.
 * @param {Sound} before
 * @param {Sound} now
 */
export function hasGap(before, now) {
  return [...now].some(([slot, { packets, madeUpMs }]) => {
    const last = before.get(slot); // what begins is made up at first
    return last && packets - last.packets >= FLOWING_PACKETS && madeUpMs - last.madeUpMs >= GAP_MS;
  });
}

export class PlayoutDelay {
  /** @type {Sound} */ #last = new Map();
  /** Slots whose sound came since the last look. @type {Set<string>} */ #flowing = new Set();
  /** How late each slot's picture is. @type {Map<string, number>} */ #late = new Map();
  #looks = 0;
  #listened = 0;

  /** A new connection: what it will bring is not known yet. */
  begin() {
    this.#last = new Map();
    this.#flowing.clear();
    this.#late.clear();
  }

  /** Takes what has come by now; called at every look. @param {Sound} sound */
  saw(sound) {
    this.#looks = hasGap(this.#last, sound) ? AFTER_GAP_LOOKS : Math.max(0, this.#looks - 1);
    this.#flowing = new Set(
      [...sound.keys()].filter((slot) => (sound.get(slot)?.packets ?? 0) > (this.#last.get(slot)?.packets ?? 0)),
    );
    this.#last = sound;
  }

  /** Moves on by STEP_MS. @param {boolean} listens whether this page only listens */
  step(listens) {
    this.#listened = listens ? this.#listened + STEP_MS : 0;
    for (const slot of new Set([...this.#flowing, ...this.#late.keys()])) {
      const late = this.#late.get(slot) ?? 0;
      const wanted = this.#wanted(slot);
      this.#late.set(slot, wanted > late ? Math.min(wanted, late + STEP_UP_MS) : Math.max(wanted, late - STEP_DOWN_MS));
    }
  }

  /**
   * How long a slot is to wait now, in ms; null leaves it to the browser. A slot that was silent begins at once, so that a
   * new speaker is seen and heard without delay. Sound need not be told to catch up slowly, it does.
   * @param {string} slot
   * @param {"video" | "audio"} kind
   */
  of(slot, kind) {
    const late = this.#late.get(slot) ?? 0;
    return (kind === "audio" ? Math.min(late, this.#wanted(slot)) : late) || null;
  }

  /** @param {string} slot */
  #wanted(slot) {
    if (this.#listened < SETTLE_MS || !this.#flowing.has(slot)) return 0;
    return this.#looks > 0 ? AFTER_GAP_MS : LISTENING_MS;
  }
}
