// Puts two people's changes of one draft together, part by part.

/**
 * @template {Record<string, any>} T
 * @param {T} base what both began from
 * @param {T} mine
 * @param {T} theirs
 * @returns {{merged: T, both: string[]}} what is changed by one alone is taken; parts that both changed otherwise are mine, and named
 */
export function merge(base, mine, theirs) {
  /** @type {Record<string, any>} */ const merged = {};
  /** @type {string[]} */ const both = [];
  for (const key of new Set([...Object.keys(base), ...Object.keys(mine), ...Object.keys(theirs)])) {
    const byMe = !same(base[key], mine[key]);
    const byThem = !same(base[key], theirs[key]);
    const value = byMe ? mine[key] : theirs[key];
    if (value !== undefined) merged[key] = value;
    if (byMe && byThem && !same(mine[key], theirs[key])) both.push(key);
  }
  return { merged: /** @type {T} */ (merged), both };
}

/**
 * Whether two values are the same JSON; what is left out equals what is empty.
 * @param {any} a
 * @param {any} b
 */
export function same(a, b) {
  return canonical(a) === canonical(b);
}

/** @param {any} value @returns {string} */
function canonical(value) {
  if (Array.isArray(value)) return value.length ? `[${value.map(canonical).join(",")}]` : "";
  if (value && typeof value === "object") {
    const members = Object.keys(value)
      .sort()
      .filter((key) => canonical(value[key]) !== "");
    return members.length
      ? `{${members.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`
      : "";
  }
  return value === undefined || value === null || value === "" || value === 0 || value === false
    ? ""
    : JSON.stringify(value);
}
