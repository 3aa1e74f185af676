// Search without diacritics: "ninh thuan" finds "Ninh Thuận", "dak lak" finds "Đắk Lắk".

/**
 * Folds text to lower case without diacritics.
 * @param {string} text
 * @returns {string}
 */
export function fold(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("\u0111", "d");
}

/**
 * Makes a test for a query: every word of it must stand somewhere in the folded text.
 * @param {string} query
 * @returns {(folded: string) => boolean}
 */
export function matcher(query) {
  const words = fold(query).split(/\s+/).filter(Boolean);
  return (folded) => words.every((word) => folded.includes(word));
}
