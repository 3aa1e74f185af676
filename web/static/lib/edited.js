// What a person changes of what others change too: kept outside the page that shows it, so that nothing typed goes with the page.
import { merge, same } from "./merge.js";

/**
 * @template T
 * @typedef {object} Edited
 * @property {T} base as it was last heard from the server, or as it was sent there and taken
 * @property {T} mine as it stands in the form
 * @property {string[]} both what this person and somebody else have changed to different values: members of an object, "" for the whole
 * @property {number} [version] of base, where the server numbers it
 * @property {boolean} [sent] base is what was sent: the server may have completed it, so that it is taken again
 */

/** @template T @param {T} value @param {number} [version] @returns {Edited<T>} */
export const begin = (value, version) => ({ base: value, mine: value, both: [], version });

/** @param {Edited<any>} e */
export const isDirty = (e) => !same(e.base, e.mine);

/** What is typed. @template T @param {Edited<T>} e @param {T} mine @returns {Edited<T>} */
export const typed = (e, mine) => ({ ...e, mine, both: same(e.base, mine) ? [] : e.both });

/** The server has taken what was sent. @template T @param {Edited<T>} e @param {T} value @returns {Edited<T>} */
export const accepted = (e, value) => ({
  ...begin(value),
  ...(e.version === undefined ? {} : { version: e.version + 1, sent: true }),
});

/**
 * The server says what holds now: it is put together with what was typed, member by member.
 * @template T @param {Edited<T>} e @param {T} now @returns {Edited<T>} e itself when nothing is new
 */
export function follow(e, now) {
  if (same(e.base, now)) return e;
  if (!isDirty(e) || same(e.mine, now)) return begin(now);
  if (typeof now !== "object" || now === null) return { ...e, base: now, both: [""] };
  const all = /** @type {Record<string, any>} */ (now);
  const { merged, both } = merge(/** @type {Record<string, any>} */ (e.base), /** @type {any} */ (e.mine), all);
  const still = e.both.filter((name) => !both.includes(name) && !same(merged[name], all[name]));
  return { base: now, mine: /** @type {T} */ (merged), both: [...both, ...still] };
}

/**
 * The server says which version holds now of what is only changed as a whole: what is typed is not thrown away, and is stale.
 * @template T @param {Edited<T>} e @param {T} now @param {number} version @returns {Edited<T>}
 */
export function followVersion(e, now, version) {
  const held = e.version ?? 0;
  if (isDirty(e)) return e.sent && version <= held ? { ...e, version, sent: false } : e;
  return e.sent || version > held ? begin(now, version) : e;
}

/** Whether somebody has made another version since. @param {Edited<any>} e @param {number} version */
export const isStale = (e, version) => isDirty(e) && version > (e.version ?? 0);

/** What is being changed of one thing, part by part. */
export class Edits {
  /** @type {Map<string, Edited<any>>} */ #parts = new Map();

  /** @param {string} part @returns {Edited<any> | undefined} */
  get(part) {
    return this.#parts.get(part);
  }

  /** @param {string} part @param {Edited<any>} e */
  set(part, e) {
    this.#parts.set(part, e);
  }

  /** Forgets the parts that can be changed no more. @param {(part: string) => boolean} [which] all */
  drop(which = () => true) {
    for (const part of [...this.#parts.keys()].filter(which)) this.#parts.delete(part);
  }

  /** Something is typed that is not saved. */
  get dirty() {
    return [...this.#parts.values()].some(isDirty);
  }
}
