// Rates of a line in plain words.
import { formatNumber, t } from "./i18n.js";
import { MOST_KBPS } from "../lib/linetest.js";

/** A rate such as 384 kbit/s or 2,5 Mbit/s; what the test cannot tell apart is "above". @param {number} kbps */
export function formatRate(kbps) {
  if (kbps >= MOST_KBPS) return t("rate.more", { n: formatNumber(MOST_KBPS / 1000) });
  if (kbps >= 1000) return t("rate.mbps", { n: formatNumber(Math.round(kbps / 100) / 10) });
  return t("rate.kbps", { n: formatNumber(Math.round(kbps)) });
}
