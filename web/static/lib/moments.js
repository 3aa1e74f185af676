// Days and times of day as everyone here writes them, whatever the browser's language and the computer's zone are: browsers write and
// read dates after their own language, some with months first and hours up to twelve.

/**
 * What is wrong with a day and a time of day as they are typed: nothing when both are whole or both are empty.
 * @param {string} day
 * @param {string} time
 * @returns {"" | "badday" | "badtime" | "half"}
 */
export function momentFault(day, time) {
  if (day.trim() && !readDay(day)) return "badday";
  if (time.trim() && !readClock(time)) return "badtime";
  return Boolean(day.trim()) === Boolean(time.trim()) ? "" : "half";
}

/** @type {Record<string, Intl.DateTimeFormat>} */
const FORMATS = {};

/**
 * What the clocks and calendars of a zone show.
 * @param {number} ms
 * @param {string | undefined} timeZone IANA name, the computer's own without
 * @returns {Record<"year" | "month" | "day" | "hour" | "minute" | "second", string>} digits, two each, four of the year
 */
export function partsOf(ms, timeZone) {
  // Made once for each zone: a clock asks every second.
  const format = (FORMATS[timeZone ?? ""] ??= new Intl.DateTimeFormat("en-GB", {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    numberingSystem: "latn",
    calendar: "gregory",
    timeZone,
  }));
  return /** @type {any} */ (Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, part.value])));
}

/**
 * Time of day, such as 08:15 or 08:15:30, up to 23:59.
 * @param {number} ms
 * @param {string | undefined} timeZone
 * @param {boolean} [seconds]
 */
export function clockText(ms, timeZone, seconds = false) {
  const { hour, minute, second } = partsOf(ms, timeZone);
  return seconds ? `${hour}:${minute}:${second}` : `${hour}:${minute}`;
}

/**
 * Day of the week (0 = Sunday), day, month and year, each as it is written.
 * @param {number} ms
 * @param {string | undefined} timeZone
 */
export function dayOf(ms, timeZone) {
  const { year, month, day } = partsOf(ms, timeZone);
  return { weekday: new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDay(), day, month, year };
}

/**
 * Reads a day as people write it: 1/12/2026, 01-12-2026, 1.12.2026, 01122026, or 2026-12-01.
 * @param {string} text
 * @returns {string} 2026-12-01; "" for none
 */
export function readDay(text) {
  const typed = text.trim();
  const [, d, m, y] =
    /^(\d{1,2})\s*[/.\-\s]\s*(\d{1,2})\s*[/.\-\s]\s*(\d{4})$/.exec(typed) ??
    /^(\d{2})(\d{2})(\d{4})$/.exec(typed) ??
    [];
  const [year, month, day] = y ? [y, m, d] : (/^(\d{4})-(\d{2})-(\d{2})$/.exec(typed)?.slice(1) ?? []);
  if (!year) return "";
  const at = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const iso = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  // The 31st of a month that has none is no day.
  return Number(year) >= 1000 && at.toISOString().startsWith(iso) ? iso : "";
}

/**
 * Reads a time of day as people write it: 8:00, 08.30, 8h, 8h30, 8 giờ 30, 0830.
 * @param {string} text
 * @returns {string} 08:30; "" for none
 */
export function readClock(text) {
  const typed = text.trim().toLowerCase().normalize("NFC");
  const found =
    /^(\d{1,2})\s*(?:[:.h]|gi\u1edd|g)\s*(\d{1,2})?\s*(?:p|ph\u00fat)?$/.exec(typed) ?? /^(\d{2})(\d{2})$/.exec(typed);
  if (!found) return "";
  const [hour, minute] = [Number(found[1]), Number(found[2] ?? 0)];
  if (hour > 23 || minute > 59) return "";
  return `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
}

/**
 * A day as it stands in a field: 01/12/2026.
 * @param {string} iso 2026-12-01, or with a time behind it
 */
export function dayField(iso) {
  return iso.slice(0, 10).split("-").reverse().join("/");
}
