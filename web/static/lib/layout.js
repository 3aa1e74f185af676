// Which slots of the stage stand large and which beside them.

/**
 * @typedef {object} Layout
 * @property {string} name solo, side, dialogue or empty
 * @property {string[]} large slots that share the large area, left to right
 * @property {string[]} side slots of the side column, top to bottom
 */

/**
 * Chooses the layout. The presentation is large whenever there is one; otherwise who was given the floor; otherwise
 * main. Everyone else stands in the side column, so that the chair is always seen.
 * @param {readonly string[]} slots slots that are granted
 * @returns {Layout}
 */
export function chooseLayout(slots) {
  const has = (/** @type {string} */ slot) => slots.includes(slot);
  const speakers = ["floor", "floor2", "main"].filter(has);
  if (has("presentation")) return { name: speakers.length ? "side" : "solo", large: ["presentation"], side: speakers };
  const large = ["floor", "floor2"].filter(has);
  if (large.length === 2) return { name: "dialogue", large, side: has("main") ? ["main"] : [] };
  if (large.length === 1)
    return has("main") ? { name: "side", large, side: ["main"] } : { name: "solo", large, side: [] };
  return has("main") ? { name: "solo", large: ["main"], side: [] } : { name: "empty", large: [], side: [] };
}
