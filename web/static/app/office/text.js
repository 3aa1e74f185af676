// Texts of the office, in catalogues of its own: sites do not load them.
import vi from "../../i18n/office.vi.js";
import { clockText, dayOf } from "../../lib/moments.js";
import { translator } from "../i18n.js";

export const { text: o, maybe: oMaybe } = await translator(vi, () => import("../../i18n/office.en.js"));

export const ZONE = "Asia/Ho_Chi_Minh";

/**
 * Day and time, such as 08:00 02/03/2026.
 * @param {string | number | undefined} when
 * @param {string} [timeZone]
 */
export function formatMoment(when, timeZone = ZONE) {
  if (!when) return "";
  const ms = new Date(when).getTime();
  const { day, month, year } = dayOf(ms, timeZone);
  return `${clockText(ms, timeZone)} ${day}/${month}/${year}`;
}
