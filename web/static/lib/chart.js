// Where the bars of a chart stand, and what is written at its axis.

/**
 * A round number not below another, so that four lines of a chart bear round numbers too.
 * @param {number} most
 */
export function roundTop(most) {
  if (most <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n * 4 >= most && Number.isInteger(n));
  return (step ?? 10 * power) * 4;
}

/**
 * Stacked bars, the first part at the bottom. Lengths are of a box of the given size, whose origin is above left.
 * @param {readonly (readonly number[])[]} bars parts of each
 * @param {{width: number, height: number}} box
 * @returns {{top: number, bars: {x: number, width: number, parts: {y: number, height: number}[]}[]}}
 */
export function stack(bars, { width, height }) {
  const top = roundTop(Math.max(0, ...bars.map((parts) => parts.reduce((sum, n) => sum + n, 0))));
  const slot = width / Math.max(bars.length, 1);
  const wide = Math.min(slot * 0.72, 60);
  return {
    top,
    bars: bars.map((parts, i) => {
      let below = 0;
      return {
        x: slot * i + (slot - wide) / 2,
        width: wide,
        parts: parts.map((n) => {
          below += n;
          return { y: height - (height * below) / top, height: (height * n) / top };
        }),
      };
    }),
  };
}
