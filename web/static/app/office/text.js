// Texts of the office, in catalogues of its own: sites do not load them.
import vi from "../../i18n/office.vi.js";
import en from "../../i18n/office.en.js";
import { lang } from "../settings.js";

/** @typedef {keyof typeof vi} Key */

/**
 * The text of a key in the present language; {name} stands for a variable.
 * @param {Key} key
 * @param {Record<string, string | number>} [vars]
 * @returns {string}
 */
export function o(key, vars) {
  const text = (lang.value === "en" ? en : vi)[key];
  return vars ? text.replace(/\{(\w+)\}/g, (_, name) => String(vars[name] ?? "")) : text;
}

/**
 * The text of a key that is put together from data, or of the fallback when there is none.
 * @param {string} key
 * @param {Key} fallback
 * @param {Record<string, string | number>} [vars]
 */
export function oMaybe(key, fallback, vars) {
  return o(key in vi ? /** @type {Key} */ (key) : fallback, vars);
}

export const ZONE = "Asia/Ho_Chi_Minh";

/**
 * Day and time, such as 08:00 02/03/2026.
 * @param {string | number | undefined} when
 * @param {string} [timeZone]
 */
export function formatMoment(when, timeZone = ZONE) {
  if (!when) return "";
  const date = new Date(when);
  const day = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "2-digit", year: "numeric", timeZone }).format(
    date,
  );
  return `${new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone }).format(date)} ${day}`;
}
