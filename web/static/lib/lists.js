// Lists that are edited in place: what is shown is never changed, a new list takes its place.

/** @template T @param {readonly T[]} list @param {number} index @param {Partial<T>} change @returns {T[]} */
export function changed(list, index, change) {
  return list.map((item, i) => (i === index ? { ...item, ...change } : item));
}

/** @template T @param {readonly T[]} list @param {number} index @returns {T[]} */
export function without(list, index) {
  return list.filter((_, i) => i !== index);
}
