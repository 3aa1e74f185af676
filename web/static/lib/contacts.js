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

/** @typedef {{phone?: string, by_phone?: boolean}} Contact */
/** @typedef {{code: string} & Contact} Row */

/** Rows of a form, in which a code may be unfinished. @param {Record<string, Contact> | undefined} contacts @returns {Row[]} */
export function rowsOf(contacts) {
  return Object.entries(contacts ?? {}).map(([code, contact]) => ({ code, ...contact }));
}

/** What the rows mean: those without a code nothing yet. @param {readonly Row[]} rows @returns {Record<string, Contact>} */
export function contactsOf(rows) {
  return Object.fromEntries(rows.filter((row) => row.code).map(({ code, ...contact }) => [code, contact]));
}

/**
 * Puts numbers into rows: new ones for codes that are there, new rows behind for the others.
 * @param {readonly Row[]} rows
 * @param {Record<string, string>} numbers by code
 */
export function withNumbers(rows, numbers) {
  const there = new Set(rows.map((row) => row.code));
  return [
    ...rows.map((row) => (Object.hasOwn(numbers, row.code) ? { ...row, phone: numbers[row.code] } : row)),
    ...Object.entries(numbers).flatMap(([code, phone]) => (there.has(code) ? [] : { code, phone })),
  ];
}
