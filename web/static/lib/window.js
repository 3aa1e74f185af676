// Which rows of a long list to draw.

const OVERSCAN = 8;

/**
 * The rows that are on screen, and a few around them.
 * @param {number} count of all rows
 * @param {number} rowHeight in CSS pixels
 * @param {number} top scroll position in CSS pixels
 * @param {number} height of the viewport in CSS pixels
 * @returns {{from: number, to: number}} half-open
 */
export function windowOf(count, rowHeight, top, height) {
  const first = Math.floor(top / rowHeight) - OVERSCAN;
  const last = Math.ceil((top + height) / rowHeight) + OVERSCAN;
  const to = Math.min(count, Math.max(0, last));
  return { from: Math.max(0, Math.min(first, to)), to };
}
