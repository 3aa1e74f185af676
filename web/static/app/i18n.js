// Texts of the interface, and numbers and times in its language.
import { effect, signal } from "../vendor/signals.js";
import { clockText, dayOf } from "../lib/moments.js";
import { part } from "../lib/part.js";
import vi from "../i18n/vi.js";
import { lang } from "./settings.js";

/** @typedef {keyof typeof vi} Key */
/** @typedef {Record<string, string | number>} Variables */

/**
 * Puts variables into a text, where their names stand in braces.
 * @param {string} text
 * @param {Variables} [vars]
 */
export function fill(text, vars) {
  return vars ? text.replace(/\{(\w+)\}/g, (_, name) => String(vars[name] ?? "")) : text;
}

/**
 * The translator of a catalogue: Vietnamese as it is, English fetched when it is first wanted, Vietnamese until then. Texts are
 * read through signals, so that a page changes its language at once.
 * @template {string} K
 * @param {Record<K, string>} vi
 * @param {() => Promise<{default: Record<K, string>}>} english
 * @returns {Promise<{text: (key: K, vars?: Variables) => string, maybe: (key: string, fallback: K, vars?: Variables) => string}>}
 *   text of a key; maybe: of a key that is put together from data, or of the fallback when there is none
 */
export async function translator(vi, english) {
  const en = signal(/** @type {Record<K, string> | undefined} */ (undefined));
  const load = async () => {
    en.value = (await part(english)).default;
  };
  if (lang.value === "en") await load();
  effect(() => {
    if (lang.value === "en" && !en.peek()) void load();
  });
  const text = (/** @type {K} */ key, /** @type {Variables | undefined} */ vars) =>
    fill(((lang.value === "en" && en.value) || vi)[key], vars);
  return { text, maybe: (key, fallback, vars) => text(key in vi ? /** @type {K} */ (key) : fallback, vars) };
}

export const { text: t, maybe: tMaybe } = await translator(vi, () => import("../i18n/en.js"));

/** Made once: a console formats some hundred numbers with every batch of changes. */
const NUMBERS = { vi: new Intl.NumberFormat("vi-VN"), en: new Intl.NumberFormat("en-GB") };

/** @param {number} n */
export function formatNumber(n) {
  return NUMBERS[lang.value].format(n);
}

/**
 * Time of day, such as 08:15 or 08:15:30.
 * @param {number} ms
 * @param {string | undefined} timeZone IANA name
 * @param {boolean} [seconds]
 */
export function formatTime(ms, timeZone, seconds = false) {
  return clockText(ms, timeZone, seconds);
}

/**
 * Day, such as "Thứ Ba, ngày 01 tháng 12 năm 2026", the same in every browser.
 * @param {number} ms
 * @param {string | undefined} timeZone
 */
export function formatDay(ms, timeZone) {
  const { weekday, day, month, year } = dayOf(ms, timeZone);
  const names = (/** @type {Key} */ key) => t(key).split("|");
  const named = names("day.months")[Number(month) - 1] ?? month;
  return t("day.full", { weekday: names("day.weekdays")[weekday], day, month: named, year });
}

/**
 * A length of time, such as 4:05 or 1:04:05.
 * @param {number} ms
 */
export function formatDuration(ms) {
  const total = Math.max(0, Math.floor(ms / 1000));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const hours = Math.floor(total / 3600);
  const rest = `${two(Math.floor(total / 60) % 60)}:${two(total % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}
