// How the stage reaches one site now, slot by slot: asked of the server while somebody looks.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { askSession } from "../api.js";
import { t, formatNumber } from "../i18n.js";

/** @typedef {import("../room.js").Room} Room */
/**
 * @typedef {{slot: string, kind: "video" | "audio", rendition: number, kbps: number, loss_pct: number, freezes: number, frozen_ms: number}} SlotLine
 * @typedef {{rtt_ms: number, loss_pct: number, budget_kbps: number, starved: boolean, no_vp8: boolean, pictures: "all" | "low" | "none",
 *   slots: SlotLine[]}} Line
 */

const EVERY_MS = 3_000;
const QUALITY = /** @type {const} */ (["low", "middle", "high"]);

/** @param {{room: Room, code: string}} props */
export function LineSheet({ room, code }) {
  const [line, setLine] = useState(/** @type {Line | null} */ (null));
  useEffect(() => {
    let gone = false;
    const load = async () => {
      const answer = await askSession(room, `lines/${encodeURIComponent(code)}`, { timeoutMs: EVERY_MS });
      if (!gone) setLine(answer.ok ? answer.data : null);
    };
    void load();
    const timer = setInterval(() => void load(), EVERY_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [code]);
  if (!line) return null;
  const sent = line.slots.filter((slot) => slot.rendition >= 0);
  return html`<table class="line-table" data-line=${code}>
    <caption>${t("lines.caption", { rtt: formatNumber(line.rtt_ms), kbps: formatNumber(line.budget_kbps) })}
      ${line.pictures !== "all" && html` · ${t(line.pictures === "none" ? "lines.soundonly" : "lines.small")}`}
        ${line.no_vp8 && html` · ${t("lines.novp8")}`}
        ${line.starved && html` · ${t("lines.starved")}`}</caption>
    <thead><tr><th scope="col">${t("lines.what")}</th><th scope="col">kbit/s</th><th scope="col">${t("lines.loss")}
    </th><th scope="col">${t("lines.quality")}</th><th scope="col">${t("lines.freezes")}</th></tr></thead>
    <tbody>
      ${sent.map(
        (slot) => html`<tr key=${slot.kind + slot.slot}>
        <th scope="row">${t(`lines.${slot.kind}`, { slot: t(`lines.slot.${/** @type {"main"} */ (slot.slot)}`) })}</th>
        <td>${formatNumber(slot.kbps)}</td><td>${slot.loss_pct}%</td>
        <td>${slot.kind === "video" ? t(`lines.${QUALITY[slot.rendition]}`) : "–"}</td>
        <td>${slot.kind === "video" ? t("lines.frozen", { n: slot.freezes, s: Math.round(slot.frozen_ms / 1000) }) : "–"}</td>
      </tr>`,
      )}
      ${sent.length === 0 && html`<tr><td colspan="5">${t("lines.nothing")}</td></tr>`}
    </tbody>
  </table>`;
}
