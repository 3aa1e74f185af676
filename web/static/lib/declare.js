// What a site declares of its room, put in order before it is sent.

/** @typedef {import("./protocol.js").Delegate} Delegate */

export const MAX_HEADCOUNT = 9999;

/** A number of people as it is typed or stepped to. @param {number} n */
export function headcountOf(n) {
  return Math.min(MAX_HEADCOUNT, Math.max(0, Math.round(n) || 0));
}

/** Delegates with a name, without the space around what was typed, and without what was left empty. @param {readonly Delegate[]} typed @returns {Delegate[]} */
export function namedOf(typed) {
  return typed
    .map(({ name, title = "", attending_for = "" }) => ({
      name: name.trim(),
      ...(title.trim() ? { title: title.trim() } : {}),
      ...(attending_for.trim() ? { attending_for: attending_for.trim() } : {}),
    }))
    .filter(({ name }) => name);
}

/**
 * What of a declaration is new.
 * @param {{headcount?: number, delegates?: readonly Delegate[]} | null | undefined} told
 * @param {{headcount: number, delegates: readonly Delegate[]}} now
 */
export function changesOf(told, { headcount, delegates }) {
  return {
    headcount: headcount !== (told?.headcount ?? 0),
    delegates: JSON.stringify(delegates) !== JSON.stringify(told?.delegates ?? []),
  };
}
