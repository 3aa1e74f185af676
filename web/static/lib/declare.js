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

/** Delegates as lines of text: name, title, whom for. @param {readonly Delegate[]} delegates */
export function delegatesText(delegates) {
  return delegates
    .map(({ name, title = "", attending_for = "" }) => [name, title, attending_for].join(", ").replace(/(, )+$/, ""))
    .join("\n");
}

/**
 * Delegates as they are typed or pasted from a table: one a line; name, title and whom for apart by commas, semicolons or tabs.
 * @param {string} text
 * @returns {Delegate[]}
 */
export function readDelegates(text) {
  return namedOf(
    text.split(/\r?\n/).map((line) => {
      const [name = "", title = "", ...rest] = line.split(/[,;\t]/).map((part) => part.trim());
      return { name, title, attending_for: rest.filter(Boolean).join(", ") };
    }),
  );
}
