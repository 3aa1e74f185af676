// The printable sheets of links, by province.
import { html } from "../html.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { formatDay, formatTime } from "../i18n.js";
import { lang } from "../settings.js";
import { Button, Confirm } from "../parts.js";
import { api } from "./api.js";
import { o } from "./text.js";
import { Loading, Panel, say, Words } from "./widgets.js";

/**
 * @typedef {object} Site
 * @property {string} code
 * @property {string} name
 * @property {string[]} [parents]
 * @property {string} [phone]
 * @property {boolean} [by_phone]
 * @property {string} [link]
 * @property {{size: number, path: string}} [qr]
 */

/** How long before a session its sites are asked to come and check. */
const CHECK_MINUTES = 60;

/** What a request calls the sites that belong to no province. */
const NOWHERE = "-";

/** @param {{id: string, unit: string}} props */
export function SheetPage({ id, unit }) {
  const [sheet, setSheet] = useState(/** @type {any} */ (null));
  const [asking, setAsking] = useState(/** @type {{site: Site, what: "reissue" | "revoke"} | null} */ (null));
  const units = unit.split(",").filter(Boolean);
  const [several, setSeveral] = useState(units);
  const wanted = useRef(unit);
  wanted.current = unit;
  const load = async () => {
    // Without a unit, the list of provinces and no codes; a session without provinces is small. Of several one after the other.
    let whole = /** @type {any} */ (null);
    for (const one of units.length ? units : [""]) {
      const answer = await api("GET", `/sessions/${id}/sheet?${new URLSearchParams(one ? { unit: one } : {})}`);
      if (!answer.ok || wanted.current !== unit) return;
      const group = { code: one, sites: answer.data.sites };
      whole = { ...answer.data, groups: [...(whole?.groups ?? []), group] };
    }
    setSheet({ ...whole, of: unit });
  };
  useEffect(() => {
    setSheet(null);
    setSeveral(units);
    void load();
  }, [unit]);
  // What was fetched for another choice is not drawn for this one: from the whole list that would be ten thousand slips.
  if (!sheet || sheet.of !== unit) return html`<${Loading} />`;
  const change = async (/** @type {Site} */ site, /** @type {string} */ what) => {
    if (!(await api("POST", `/sessions/${id}/links/${encodeURIComponent(site.code)}/${what}`)).ok) return;
    say("info", () => o("saved"));
    void load();
  };
  const show = (/** @type {readonly string[]} */ codes) => {
    location.hash = `#/session/${id}/sheet/${encodeURIComponent(codes.join(","))}`;
  };
  const codes = sheet.provinces.map((/** @type {any} */ p) => p.code || NOWHERE);
  const nameOf = (/** @type {string} */ code) =>
    sheet.provinces.find((/** @type {any} */ p) => p.code === code)?.name || o("sheet.other");
  const at = Date.parse(sheet.scheduled_at);
  const when = `${formatTime(at, sheet.time_zone)}, ${formatDay(at, sheet.time_zone)}`;
  const csv = `/api/v1/sessions/${id}/sheet.csv?${new URLSearchParams({ lang: lang.value, ...(unit ? { unit } : {}) })}`;
  return html`<div class="noprint">
      <p><a href=${`#/session/${id}`}>${o("back")}</a></p>
      <div class="office__title"><h1>${o("sheet.title")}</h1></div>
      <p class="facts-line"><strong>${sheet.title}</strong></p>
      <div class="actions">
        <label class="field"><span>${o("sheet.province")}</span>
          <select data-action="province" value=${unit} onChange=${(/** @type {Event} */ e) => show([/** @type {HTMLSelectElement} */ (e.target).value])}>
            <option value="">${o("sheet.choose")}</option>
            ${sheet.provinces.map((/** @type {any} */ p) => html`<option key=${p.code} value=${p.code || NOWHERE}>${p.name || o("sheet.other")}</option>`)}
          </select></label>
        <${Button} action="print" tone="primary" disabled=${!unit} onClick=${() => print()}>${o("sheet.print")}<//>
        ${units.length < 2 && html`<a class="button" data-action="csv" href=${csv} download>${o("sheet.csv")}</a>`}
      </div>
      ${
        codes.length > 1 &&
        html`<details open=${units.length > 1}><summary>${o("sheet.several")}</summary>
        <div class="several">${codes.map(
          (
            /** @type {string} */ code,
          ) => html`<label key=${code}><input type="checkbox" name="sheet-of" value=${code} checked=${several.includes(code)}
            onChange=${() => setSeveral(codes.filter((/** @type {string} */ c) => (c === code) !== several.includes(c)))} /> ${nameOf(code)}</label>`,
        )}</div>
        <div class="actions"><${Button} action="sheets-all"
          onClick=${() => setSeveral(several.length === codes.length ? [] : codes)}>${o(several.length === codes.length ? "sheet.none" : "sheet.all")}<//>
          <${Button} action="sheets-show" tone="primary" disabled=${several.length === 0}
            onClick=${() => show(several)}>${o("sheet.show", { n: several.length })}<//></div>
      </details>`
      }
    </div>
    ${
      unit
        ? sheet.groups.map(
            (
              /** @type {{code: string, sites: Site[]}} */ group,
            ) => html`<section key=${group.code} class="slips__province" data-sheet-of=${group.code}>
          ${sheet.groups.length > 1 && html`<h2>${nameOf(group.code)} <span class="quiet">${group.sites.length}</span></h2>`}
          <div class="slips">${group.sites.map(
            (site) => html`<${Slip} key=${site.code} site=${site} sheet=${sheet} when=${when} onAsk=${setAsking} />`,
          )}</div></section>`,
          )
        : html`<${Panel} title=${o("sessions.sites")}><ul class="plainlist">
          ${sheet.sites
            .slice(0, 200)
            .map(
              (/** @type {Site} */ site) =>
                html`<li key=${site.code}>${site.name} <span class="quiet">${(site.parents ?? []).join(", ")}</span></li>`,
            )}
            </ul>
        ${sheet.sites.length > 200 && html`<p class="quiet">${o("roster.more", { n: sheet.sites.length - 200 })}</p>`}<//>`
    }
    ${
      asking &&
      html`<${Confirm} title=${o(`sheet.${asking.what}`)} text=${o(`sheet.${asking.what}.text`, { name: asking.site.name })} yes=${o(`sheet.${asking.what}`)}
      onYes=${() => void change(asking.site, asking.what)} onClose=${() => setAsking(null)} />`
    }`;
}

/**
 * One site's slip of paper.
 * @param {{site: Site, sheet: any, when: string, onAsk: (ask: {site: Site, what: "reissue" | "revoke"}) => void}} props
 */
function Slip({ site, sheet, when, onAsk }) {
  const early = Math.min(CHECK_MINUTES, Math.floor(sheet.open_before_s / 60));
  return html`<article class="slip" data-endpoint=${site.code}>
    ${
      site.qr &&
      html`<svg class="slip__qr" role="img" aria-label=${o("sheet.qr", { name: site.name })}
        viewBox=${`0 0 ${site.qr.size} ${site.qr.size}`} shape-rendering="crispEdges">
      <rect width="100%" height="100%" class="slip__paper" /><path d=${site.qr.path} class="slip__ink" /></svg>`
    }
    <div class="slip__text">
      <h2>${site.name}</h2>
      <p>${(site.parents ?? []).join(", ")}</p>
      <p><strong>${sheet.title}</strong><br />${when}</p>
      ${
        site.by_phone
          ? html`<p>${o("sheet.byphone", { phone: site.phone ?? "" })}</p>`
          : site.link
            ? html`<p>${o("sheet.scan")}<br /><strong class="slip__link">${site.link.replace(/^https?:\/\//, "")}</strong></p>
        <p class="slip__small">${early > 0 && o("sheet.come", { n: early })} ${o("sheet.only")}</p>`
            : html`<p class="fault">${o("sheet.revoked")}</p>`
      }
      ${sheet.help_phone && html`<p>${o("sheet.help", { phone: sheet.help_phone })}</p>`}
    </div>
    ${
      !site.by_phone &&
      html`<div class="slip__actions noprint">
      <${Button} action="reissue" onClick=${() => onAsk({ site, what: "reissue" })}><${Words} text=${o("sheet.reissue")} of=${site.name} /><//>
      ${
        site.link &&
        html`<${Button} action="revoke" tone="danger" onClick=${() => onAsk({ site, what: "revoke" })}>
        <${Words} text=${o("sheet.revoke")} of=${site.name} /><//>`
      }
    </div>`
    }
  </article>`;
}
