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

/**
 * In how many columns pictures of one shape stand largest without scrolling.
 * @param {number} count of pictures
 * @param {number} width of the place, in CSS pixels
 * @param {number} height
 * @param {{gap?: number, ratio?: number, least?: number}} [how] ratio: width by height of a picture; least: width under which a picture says nothing, so
 *   that the place is scrolled instead
 * @returns {number} at least 1
 */
export function columnsFor(count, width, height, { gap = 8, ratio = 16 / 9, least = 150 } = {}) {
  let best = 1;
  let widest = 0;
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns);
    const byWidth = (width - gap * (columns - 1)) / columns;
    const byHeight = ((height - gap * (rows - 1)) / rows) * ratio;
    const shown = Math.min(byWidth, byHeight);
    if (shown > widest) [best, widest] = [columns, shown];
  }
  const most = Math.max(1, Math.floor((width + gap) / (least + gap)));
  return widest < least ? most : Math.min(best, most);
}
