// Which of a few private slots shows which site: a site that stays on screen keeps its slot, so nothing flickers.

/**
 * Assigns sites to slots.
 * @param {readonly string[]} current code of the site in each slot, "" for none
 * @param {readonly string[]} wanted codes that are on screen; those beyond the number of slots get none
 * @returns {string[]} the new code in each slot
 */
export function assign(current, wanted) {
  const want = wanted.slice(0, current.length);
  const next = current.map((code) => (want.includes(code) ? code : ""));
  const waiting = want.filter((code) => !next.includes(code));
  return next.map((code) => code || (waiting.shift() ?? ""));
}
