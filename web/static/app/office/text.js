// Texts of the office, in catalogues of its own: sites do not load them.
import vi from "../../i18n/office.vi.js";
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
  const date = new Date(when);
  const day = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "2-digit", year: "numeric", timeZone }).format(
    date,
  );
  return `${new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone }).format(date)} ${day}`;
}
