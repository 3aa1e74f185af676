// The country at a glance: a small field for each province, filled as far as its sites are there. A press narrows the list to it.
import { html } from "../html.js";
import { t, formatNumber } from "../i18n.js";

/** @typedef {import("../room.js").Room} Room */

/**
 * @param {{room: Room, province?: string, onProvince?: (code: string | undefined) => void}} props onProvince: left out where nothing is chosen
 */
export function Provinces({ room, province, onProvince }) {
  const provinces = room.sites.provinces();
  if (provinces.length < 2) return null;
  const rollCall = Boolean(room.state.value?.roll_call);
  const reached = (/** @type {import("../../lib/sites.js").Counts} */ c) => (rollCall ? c.answered : c.present);
  const field = (
    /** @type {import("../../lib/sites.js").Counts} */ c,
    /** @type {string} */ name,
    /** @type {string | undefined} */ code,
  ) => html`<${Province} key=${code ?? "all"}
    code=${code} name=${name} reached=${reached(c)} convened=${c.convened} lost=${c.lost > 0} pressed=${province === code} onProvince=${onProvince} />`;
  return html`<div class="provinces" role="group" aria-label=${t("counts.provinces")}>
    ${field(room.sites.total, t(rollCall ? "counts.answered" : "counts.all"), undefined)}${provinces.map((p) => field(p, p.name || t("counts.others"), p.code))}
  </div>`;
}

/** The name without what nearly every one of them begins with. @param {string} name */
function shortName(name) {
  const kind = t("province.kinds")
    .split("|")
    .find((word) => name.startsWith(`${word} `));
  return kind ? name.slice(kind.length + 1) : name;
}

/**
 * Drawn again only when something of it changes: there are dozens, and changes four times a second.
 * @param {{code: string | undefined, name: string, lost: boolean, convened: number, reached: number, pressed: boolean,
 *   onProvince?: (code: string | undefined) => void}} props
 */
function Province({ code, name, lost, convened, reached, pressed, onProvince }) {
  const part = convened ? reached / convened : 0;
  const kind = lost
    ? "province--lost"
    : reached === convened
      ? "province--whole"
      : reached === 0
        ? "province--none"
        : "";
  const inside = html`<span>${shortName(name)}</span><strong>${formatNumber(reached)}/${formatNumber(convened)}</strong>`;
  if (!onProvince) return html`<div class=${`province ${kind}`} style=${{ "--part": String(part) }}>${inside}</div>`;
  return html`<button type="button" class=${`province ${kind}`} aria-pressed=${String(pressed)} title=${name} style=${{ "--part": String(part) }}
    onClick=${() => onProvince(code)}>${inside}</button>`;
}
