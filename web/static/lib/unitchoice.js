// What a person means who types the name or the code of a unit.

import { fold } from "./fold.js";

/** @typedef {{code: string, name: string, parents?: string[]}} Named */

/** Between a name and what stands behind it: its code, or the units above. */
const BEHIND = /\s*[·,]\s*/;

/** @param {string} text */
const spaced = (text) => text.normalize("NFC").trim().replace(/\s+/g, " ");

/** The part of what was typed that a search looks for: "Phường Đô Vinh, Tỉnh Ninh Thuận" is looked for by its name. @param {string} text */
export function searched(text) {
  return spaced(text).split(BEHIND)[0];
}

/** Whether it is written as codes are: one word with a digit in it. @param {string} text */
export function isCode(text) {
  return /^[\p{L}\p{N}_.@-]*\p{N}[\p{L}\p{N}_.@-]*$/u.test(text.trim());
}

/**
 * The only unit that is called so: by its code, by its name as it is written, or by its name without diacritics. What stands
 * behind a comma must be its code or one of the units above it.
 * @param {string} text
 * @param {readonly Named[]} units what a search for it found
 * @returns {string} code, "" when none or several are called so
 */
export function unitMeant(text, units) {
  const [name, ...behind] = spaced(text).split(BEHIND);
  if (!name) return "";
  const also = behind.filter(Boolean).map(fold);
  const fits = units.filter((unit) =>
    also.every((part) => [unit.code, unit.name, ...(unit.parents ?? [])].some((word) => fold(spaced(word)) === part)),
  );
  const lower = name.toLowerCase();
  /** @type {((unit: Named) => boolean)[]} */
  const ways = [
    (unit) => unit.code.toLowerCase() === lower,
    (unit) => spaced(unit.name).toLowerCase() === lower,
    (unit) => fold(spaced(unit.name)) === fold(name),
  ];
  for (const way of ways) {
    const called = fits.filter(way);
    if (called.length) return called.length === 1 ? called[0].code : "";
  }
  return "";
}

/**
 * Whether the patterns chosen take a unit in: by itself, or with all or its level below the unit above it.
 * @param {readonly string[]} patterns such as P58, P58/*, P58/commune
 * @param {{code: string, parent?: string, level: string}} unit
 */
export function isChosen(patterns, { code, parent, level }) {
  return [code, ...(parent ? [`${parent}/*`, `${parent}/${level}`] : [])].some((pattern) => patterns.includes(pattern));
}
