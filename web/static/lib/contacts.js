// Telephone numbers of sites, as an office pastes them from its own list.

/**
 * Reads lines of a code and a number, separated by a tab, a semicolon or a comma.
 * @param {string} text
 * @returns {{numbers: Record<string, string>, bad: number[]}} numbers by code, and the lines (from 1) that are neither empty nor such a pair
 */
export function readNumbers(text) {
  /** @type {Record<string, string>} */ const numbers = {};
  /** @type {number[]} */ const bad = [];
  text.split(/\r?\n/).forEach((line, i) => {
    if (!line.trim()) return;
    const [code = "", ...rest] = line.split(/[\t;,]/).map((cell) => cell.trim());
    const phone = rest.find((cell) => /^[+(]?\d[\d\s().+-]{5,24}$/.test(cell)); // names may stand between
    if (!code || /\s/.test(code) || !phone) bad.push(i + 1);
    else numbers[code] = phone;
  });
  return { numbers, bad };
}
