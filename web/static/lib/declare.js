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

/**
 * What a correction of a declaration sends: what was changed, and nothing that nobody touched.
 * @param {{headcount?: number, delegates?: readonly Delegate[]}} told
 * @param {string} people as it is typed
 * @param {string} names as they are typed
 * @returns {{headcount?: number, delegates?: Delegate[]}}
 */
export function correctionOf(told, people, names) {
  const now = {
    headcount: headcountOf(Number(people)),
    delegates: names === delegatesText(told.delegates ?? []) ? (told.delegates ?? []) : readDelegates(names),
  };
  const changes = changesOf(
    { ...told, delegates: namedOf(told.delegates ?? []) },
    { ...now, delegates: namedOf(now.delegates) },
  );
  return {
    ...(changes.headcount && { headcount: now.headcount }),
    ...(changes.delegates && { delegates: [...now.delegates] }),
  };
}

/** What parts of a line can be apart by, the one that parts hold the least first. */
const BETWEEN = ["\t", ";", ","];

/** Delegates as lines of text: name, title, whom for; apart by what none of them holds. @param {readonly Delegate[]} delegates */
export function delegatesText(delegates) {
  return delegates
    .map(({ name, title = "", attending_for = "" }) => {
      const parts = [name, title, attending_for].map((part) => part.replace(/\s+/g, " ").trim());
      while (parts.length > 1 && !parts[parts.length - 1]) parts.pop();
      const held = (/** @type {string} */ mark) => parts.some((part) => part.includes(mark));
      const mark = held(";") ? "\t" : held(",") ? ";" : ",";
      // A name alone that holds a comma still says that it is not apart by it.
      if (parts.length === 1 && mark !== ",") return parts[0] + mark;
      return parts.join(mark === "\t" ? mark : `${mark} `);
    })
    .join("\n");
}

/**
 * Delegates as they are typed or pasted from a table: one a line; name, title and whom for apart by tabs, else by semicolons, else by commas.
 * @param {string} text
 * @returns {Delegate[]}
 */
export function readDelegates(text) {
  return namedOf(
    text.split(/\r?\n/).map((line) => {
      const between = BETWEEN.find((mark) => line.includes(mark)) ?? ",";
      const [name = "", title = "", ...rest] = line.split(between).map((part) => part.trim());
      return { name, title, attending_for: rest.filter(Boolean).join(between === "\t" ? " " : `${between} `) };
    }),
  );
}
