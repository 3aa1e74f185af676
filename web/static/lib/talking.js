// Whether somebody speaks, by how loud it is before a microphone.

/** On the scale of app/media.js's meter: some -37 dB, over the noise of a room. */
const LOUD = 0.45;
/** So much of it within so long is speech and not a cough. */
const SPEECH_MS = 500;
const WITHIN_MS = 1_500;
/** Between sentences it is still speech. */
const PAUSE_MS = 4_000;

export class Talking {
  /** When it was loud, and for how long. @type {{at: number, ms: number}[]} */ #loud = [];
  #last = -Infinity;
  #talks = false;
  #before = NaN;

  /**
   * @param {number} level 0 … 1
   * @param {number} now in ms
   * @returns {boolean} somebody speaks
   */
  hear(level, now) {
    const ms = Math.min(Math.max(now - this.#before || 0, 0), 250);
    this.#before = now;
    if (level >= LOUD) {
      this.#last = now;
      this.#loud.push({ at: now, ms });
    }
    this.#loud = this.#loud.filter(({ at }) => now - at < WITHIN_MS);
    if (this.#loud.reduce((sum, heard) => sum + heard.ms, 0) >= SPEECH_MS) this.#talks = true;
    else if (now - this.#last >= PAUSE_MS) this.#talks = false;
    return this.#talks;
  }
}
