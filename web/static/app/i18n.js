// Texts of the interface: Vietnamese first, English second, one catalogue each.
import { effect, signal } from "../vendor/signals.js";
import vi from "../i18n/vi.js";
import { lang, theme } from "./settings.js";

/** @typedef {keyof typeof vi} Key */

/** @typedef {Record<Key, string>} Catalogue */

/** The catalogues that are loaded; English only when it is wanted. @type {import("@preact/signals").Signal<{vi: Catalogue, en?: Catalogue}>} */
const catalogues = signal({ vi });

async function loadEnglish() {
  const { default: en } = await import("../i18n/en.js");
  catalogues.value = { vi, en };
}
if (lang.value === "en") await loadEnglish();

effect(() => {
  if (lang.value === "en" && !catalogues.peek().en) void loadEnglish();
});

effect(() => {
  document.documentElement.lang = lang.value;
});
effect(() => {
  if (theme.value === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
});

/**
 * The text of a key in the present language; {name} stands for a variable.
 * @param {Key} key
 * @param {Record<string, string | number>} [vars]
 * @returns {string}
 */
export function t(key, vars) {
  const text = (catalogues.value[lang.value] ?? vi)[key];
  return vars ? text.replace(/\{(\w+)\}/g, (_, name) => String(vars[name] ?? "")) : text;
}

/**
 * The text of a key that is put together from data, or of the fallback when there is none.
 * @param {string} key
 * @param {Key} fallback
 * @param {Record<string, string | number>} [vars]
 */
export function tMaybe(key, fallback, vars) {
  return t(key in vi ? /** @type {Key} */ (key) : fallback, vars);
}

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
  return new Intl.DateTimeFormat("vi-VN", {
    hour: "2-digit",
    minute: "2-digit",
    second: seconds ? "2-digit" : undefined,
    hourCycle: "h23",
    timeZone,
  }).format(ms);
}

/**
 * Day, such as "Thứ Hai, 23 tháng 11, 2026".
 * @param {number} ms
 * @param {string | undefined} timeZone
 */
export function formatDay(ms, timeZone) {
  return new Intl.DateTimeFormat(lang.value === "vi" ? "vi-VN" : "en-GB", { dateStyle: "full", timeZone }).format(ms);
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
