// Tells the server what of the stage this page decodes, so that the record need not take a connection for a picture.

/** Nothing for so long counts as nothing arriving: longer than the wait for a keyframe. */
export const IDLE_MS = 8_000;
const EVERY_MS = 10_000;
const SPREAD_MS = 5_000;

/** @typedef {{frames: number, soundMs: number}} Decoded totals of one peer */
/** @typedef {import("./protocol.js").Received} Received */

export class Arrivals {
  #send;
  #random;
  #peer = "";
  /** @type {Decoded} */ #seen = { frames: 0, soundMs: 0 };
  /** @type {Decoded} */ #told = { frames: 0, soundMs: 0 };
  #arrivedAt = 0;
  #arriving = false;
  #due = 0;

  /**
   * @param {(report: Received) => void} send
   * @param {() => number} [random]
   */
  constructor(send, random = Math.random) {
    this.#send = send;
    this.#random = random;
  }

  /**
   * Takes in the totals of a viewer peer and reports them when it is time.
   * @param {string} peer
   * @param {Decoded} total
   * @param {number} now ms
   */
  saw(peer, total, now) {
    if (peer !== this.#peer) {
      this.#peer = peer;
      this.#seen = this.#told = { frames: 0, soundMs: 0 };
      this.#arrivedAt = now;
      this.#arriving = false;
    }
    if (total.frames > this.#seen.frames || total.soundMs > this.#seen.soundMs) this.#arrivedAt = now;
    this.#seen = total;
    const begins =
      !this.#arriving &&
      this.#arrivedAt === now &&
      total.frames + total.soundMs > this.#told.frames + this.#told.soundMs;
    const ceases = this.#arriving && now - this.#arrivedAt >= IDLE_MS;
    if (!begins && !ceases && !(this.#arriving && now >= this.#due)) return;
    this.#arriving = !ceases;
    this.#due = now + EVERY_MS + this.#random() * SPREAD_MS;
    this.#send({
      peer,
      frames: Math.max(total.frames - this.#told.frames, 0),
      sound_ms: Math.max(Math.round(total.soundMs - this.#told.soundMs), 0),
      idle_ms: Math.round(now - this.#arrivedAt),
    });
    this.#told = total;
  }
}
