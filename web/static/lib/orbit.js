// Where a picture that stands for hours is moved to, a little every minute, so that it burns into no screen.

const STEPS = 16;
const EVERY_MS = 60_000;

/**
 * A slow circle: no two minutes in a row are the same, and after a quarter of an hour it is back.
 * @param {number} now in ms
 * @param {number} reach in CSS pixels
 * @returns {{x: number, y: number}} whole pixels, from -reach to reach
 */
export function orbit(now, reach) {
  const angle = (2 * Math.PI * (Math.floor(now / EVERY_MS) % STEPS)) / STEPS;
  return { x: Math.round(reach * Math.cos(angle)), y: Math.round(reach * Math.sin(angle)) };
}

/**
 * Which page of a mosaic is shown: each for a while, then the next, and round again.
 * @param {number} now in ms
 * @param {number} pages
 * @param {number} eachMs
 */
export function turn(now, pages, eachMs) {
  return pages > 0 ? Math.floor(now / eachMs) % pages : 0;
}
