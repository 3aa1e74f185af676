// The rehearsal board: red, amber and green by province, who has not tested, whom to call.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { isListed, totalOf, within } from "../../lib/board.js";
import { tMaybe } from "../i18n.js";
import { Button } from "../parts.js";
import { formatRate } from "../rate.js";
import { api } from "./api.js";
import { formatMoment, o, oMaybe } from "./text.js";
import { Loading, Panel } from "./widgets.js";

const LIGHTS = /** @type {const} */ (["green", "amber", "red", "untested", "phone"]);
const REFRESH_MS = 15_000;
const MOST_ROWS = 500;

/**
 * @typedef {object} Site
 * @property {string} code
 * @property {string} name
 * @property {string[]} [parents]
 * @property {string} [province]
 * @property {string} [phone]
 * @property {string} [contact]
 * @property {string} light
 * @property {string[]} [reasons]
 * @property {string} [at]
 * @property {any} [result]
 */

/** @param {{id: string}} props */
export function BoardPage({ id }) {
  const [board, setBoard] = useState(/** @type {{provinces: any[], sites: Site[]} | null} */ (null));
  const [province, setProvince] = useState(/** @type {string | null} */ (null));
  const [filter, setFilter] = useState("call");
  const load = async () => {
    const answer = await api("GET", `/sessions/${id}/rehearsals`);
    if (answer.ok) setBoard(answer.data);
  };
  useEffect(() => {
    void load();
    const timer = setInterval(() => void load(), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  if (!board) return html`<${Loading} />`;
  const total = totalOf(LIGHTS, board.provinces);
  const shown = within(board.sites, province).filter((site) => isListed(filter, site));
  return html`<p><a href=${`#/session/${id}`}>${o("back")}</a></p>
    <div class="office__title"><h1>${o("board.title")}</h1><${Button} action="refresh" onClick=${() => void load()}>${o("board.refresh")}<//></div>
    <ul class="lights">
    ${LIGHTS.map(
      (light) =>
        html`<li key=${light} class=${`lamp lamp--${light}`} data-light=${light}><strong>${total[light]}</strong><span>${o(`board.${light}`)}</span></li>`,
    )}
      </ul>
    <${Panel} title=${o("board.province")}>
      <div class="lamps">
        <button type="button" class="lampcard" aria-pressed=${String(province === null)}
          onClick=${() => setProvince(null)}><span>${o("board.all")}</span><${Bar} lights=${total} /></button>
        ${board.provinces.map(
          (p) => html`<button type="button" key=${p.code} class="lampcard" data-province=${p.code}
            aria-pressed=${String(province === p.code)} onClick=${() => setProvince(p.code)}>
          <span>${p.name || o("sheet.other")}</span><${Bar} lights=${p.lights} /></button>`,
        )}
      </div>
    <//>
    <${Panel} title=${o("sessions.sites")} action=${html`<label class="field field--inline"><span>${o("board.filter")}</span>
        <select data-action="filter" value=${filter} onChange=${(/** @type {Event} */ e) => setFilter(/** @type {HTMLSelectElement} */ (e.target).value)}>
          <option value="call">${o("board.call")}</option><option value="all">${o("board.everything")}</option>
          ${LIGHTS.map((light) => html`<option key=${light} value=${light}>${o(`board.${light}`)}</option>`)}
        </select></label>`}>
      ${
        shown.length === 0
          ? html`<p class="quiet">${o("board.none")}</p>`
          : html`<div class="scroll" tabindex="0" role="region" aria-label=${o("sessions.sites")}><table class="table table--cards">
        <thead><tr>
        ${
          /** @type {const} */ (["site", "result", "why", "line", "contact", "when"]).map(
            (head) => html`<th key=${head} scope="col">${o(`board.${head}`)}</th>`,
          )
        }
          </tr></thead>
        <tbody>${shown.slice(0, MOST_ROWS).map(
          (site) => html`<tr key=${site.code} data-endpoint=${site.code} data-light=${site.light}>
          <th scope="row">${site.name}<br /><span class="quiet">${(site.parents ?? []).join(", ")}</span></th>
          <td><span class=${`lamp lamp--${site.light}`}>${oMaybe(`board.${site.light}`, "board.untested")}</span></td>
          <td>${(site.reasons ?? []).map((reason) => html`<div key=${reason}>${tMaybe(`reason.${reason}`, "reason.other")}</div>`)}</td>
          <td>${
            site.result?.line?.connected
              ? html`<span class="rate">
          ${o("board.up", { rate: formatRate(site.result.line.up_kbps ?? 0) })}</span> <span class="rate">${o(
            "board.down",
            { rate: formatRate(site.result.line.down_kbps ?? 0) },
          )}</span><br /><span class="quiet">${site.result.line.rtt_ms ?? 0} ms · ${(site.result.line.protocol ?? "").toUpperCase()}</span>`
              : ""
          }
          </td>
          <td>${site.contact}${site.contact && html`<br />`}${site.phone && html`<a href=${`tel:${site.phone}`}>${site.phone}</a>`}</td>
          <td>${formatMoment(site.at)}</td>
        </tr>`,
        )}</tbody></table></div>
        ${shown.length > MOST_ROWS && html`<p class="quiet">${o("roster.more", { n: shown.length - MOST_ROWS })}</p>`}`
      }
    <//>`;
}

/** Shares of the lights, with numbers for those who do not tell colours apart. @param {{lights: Record<string, number>}} props */
function Bar({ lights }) {
  const all = LIGHTS.reduce((n, light) => n + (lights[light] ?? 0), 0) || 1;
  let x = 0;
  return html`<span class="bar"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">${LIGHTS.map(
    (light) => {
      const width = (100 * (lights[light] ?? 0)) / all;
      x += width;
      return html`<rect key=${light} class=${`bar__${light}`} x=${x - width} width=${width} height="8" />`;
    },
  )}</svg></span>
  <span class="bar__numbers">
  ${LIGHTS.filter((light) => lights[light]).map(
    (light) =>
      html`<span key=${light} class=${`lamp lamp--${light}`}>${lights[light]}<span class="visually-hidden"> ${o(`board.${light}`)}</span></span>`,
  )}
    </span>`;
}
