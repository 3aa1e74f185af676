// The board of technical checks before a session: how each province stands, and which sites to call.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { isListed, within } from "../../lib/board.js";
import { fold, matcher } from "../../lib/fold.js";
import { askSession, tellRefusal } from "../api.js";
import { t, tMaybe, formatNumber } from "../i18n.js";
import { Button, Dialog } from "../parts.js";

/** @typedef {import("../room.js").Room} Room */
/** @typedef {{code: string, name: string, parents?: string[], province?: string, phone?: string, contact?: string, light: string,
 *   reasons?: string[]}} CheckedSite */
/** @typedef {{provinces: {code: string, name: string, lights: Record<string, number>}[], sites: CheckedSite[]}} Board */

const LIGHTS = /** @type {const} */ (["red", "untested", "amber", "green"]);
const REFRESH_MS = 15_000;
/** Rows drawn at most; the search finds the others. */
const MOST = 300;

/** @param {{room: Room, onClose: () => void}} props */
export function Board({ room, onClose }) {
  const [board, setBoard] = useState(/** @type {Board | null} */ (null));
  const [light, setLight] = useState(/** @type {string} */ ("red"));
  const [province, setProvince] = useState(/** @type {string | null} */ (null));
  const [query, setQuery] = useState("");
  useEffect(() => {
    const load = async () => {
      const answer = await askSession(room, "rehearsals");
      if (answer.ok) setBoard(answer.data);
      else tellRefusal(room, answer);
    };
    void load();
    const timer = setInterval(() => void load(), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  const matches = matcher(query);
  const there = within(board?.sites ?? [], province);
  const sites = there.filter(
    (site) => isListed(light, site) && matches(fold([site.name, ...(site.parents ?? []), site.code].join(" "))),
  );
  const share = (/** @type {Record<string, number>} */ lights) =>
    LIGHTS.map(
      (name) =>
        html`<span key=${name} class=${`light light--${name}`}><span aria-hidden="true" /><span
          class="visually-hidden">${t(`board.${name}`)}</span>${formatNumber(lights[name] ?? 0)}</span>`,
    );
  return html`<${Dialog} title=${t("board.title")} onClose=${onClose} wide>
    ${!board && html`<p class="quiet">${t("board.loading")}</p>`}
    ${
      board &&
      html`
      <div class="tabs" role="group" aria-label=${t("sites.filter")}>
        ${LIGHTS.map(
          (
            name,
          ) => html`<button type="button" key=${name} class="tab" aria-pressed=${String(light === name)} onClick=${() => setLight(name)}>
          <strong class=${`light light--${name}`}><span aria-hidden="true" />
          ${formatNumber(there.filter((site) => isListed(name, site)).length)}</strong><span>${t(`board.${name}`)}</span></button>`,
        )}
      </div>
      ${
        board.provinces.length > 1 &&
        html`<div class="provinces" role="group" aria-label=${t("counts.provinces")}>
        <button type="button" class="province" aria-pressed=${String(province === null)}
          onClick=${() => setProvince(null)}><span>${t("counts.all")}</span></button>
        ${board.provinces.map(
          (p) => html`<button type="button" key=${p.code} class="province board__province"
            aria-pressed=${String(province === p.code)} onClick=${() => setProvince(p.code)}>
          <span>${p.name || t("counts.others")}</span><span class="board__lights">${share(p.lights)}</span></button>`,
        )}
      </div>`
      }
      <label class="field"><span>${t("sites.search")}</span>
        <input type="search" value=${query} onInput=${(/** @type {Event} */ e) => setQuery(/** @type {HTMLInputElement} */ (e.target).value)} /></label>
      <div class="board" role="list" tabindex="0" aria-label=${t("sites.label")}>
        ${sites.length === 0 && html`<p class="quiet">${t("sites.none")}</p>`}
        ${sites.slice(0, MOST).map(
          (site) => html`<div class="board__site" role="listitem" key=${site.code}>
          <div><strong>${site.name}</strong> <span class="quiet">${[...(site.parents ?? []), site.code].join(" · ")}</span>
            ${site.reasons?.length ? html`<p>${site.reasons.map((reason) => tMaybe(`reason.${reason}`, "reason.other")).join(" ")}</p>` : null}</div>
          ${site.phone && html`<a href=${`tel:${site.phone}`}>${site.contact} ${site.phone}</a>`}
        </div>`,
        )}
        ${sites.length > MOST && html`<p class="quiet">${t("board.more", { n: formatNumber(sites.length - MOST) })}</p>`}
      </div>`
    }
    <div class="dialog__actions"><${Button} tone="primary" onClick=${onClose}>${t("close")}<//></div>
  <//>`;
}
