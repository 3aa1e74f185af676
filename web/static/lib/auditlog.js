// The audit log of a session as a console lists it: pages of what was done, the latest first.

/** @typedef {{seq: number, kind: string, on?: boolean, slot?: string}} Act */

/** What an act is called: what was given matters, and whether something was put on or off. @param {Act} act */
export function kindOf({ kind, slot, on }) {
  if (kind === "granted" && (slot === "main" || slot === "presentation")) return `granted.${slot}`;
  return on === false ? `${kind}.off` : kind;
}

/**
 * The list with one page more.
 * @template {Act} A
 * @param {readonly A[]} known
 * @param {readonly A[]} page
 * @param {number} before the number from which on the page goes back; 0 = it holds the latest
 */
export function withPage(known, page, before) {
  if (before) return [...known, ...page];
  const last = page.at(-1)?.seq ?? 0;
  return [...page, ...known.filter((act) => act.seq < last)];
}
