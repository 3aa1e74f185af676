// Sites of a convened session: found by name, withdrawn with a reason, convened again; further ones are added with their links.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { Button } from "../parts.js";
import { Icon } from "../icons.js";
import { useBusy, useEdited } from "./edits.js";
import { Outcome, useOutcome } from "./outcome.js";
import { o } from "./text.js";
import { Ask, Field, Panel, Words } from "./widgets.js";
import { UnitField } from "./unitfield.js";

/** @typedef {{code: string, name: string, parents?: string[], withdrawn?: boolean, reason?: string}} Site */
/** @typedef {{code: string, name: string, link: string, short_link?: string}} Added */

/** Sites of a search that are shown. */
const MOST = 30;
const WAIT_MS = 150;

/**
 * @param {import("./change.js").Part & {server: import("./change.js").Server,
 *   source: import("./unitsource.js").UnitSource, adds: boolean}} props source: the map of units; adds: further sites can be convened
 */
export function ChangeSites({ server, session, send, edits, source, adds }) {
  const [query, setQuery] = useState("");
  const [gone, setGone] = useState(false);
  const [list, setList] = useState(/** @type {Site[] | null} */ (null));
  const [doomed, setDoomed] = useState(/** @type {Site | null} */ (null));
  const { outcome, tell } = useOutcome();
  const withdrawn = session.withdrawn ?? 0;
  useEffect(() => {
    if (!gone && !query.trim()) return setList(null);
    let over = false;
    const timer = setTimeout(async () => {
      const q = new URLSearchParams({ q: query.trim(), limit: String(MOST), ...(gone && { withdrawn: "1" }) });
      const answer = await server.session("GET", `/sites?${q}`);
      if (!over && answer.ok) setList(answer.data.sites);
    }, WAIT_MS);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [query, gone, session]);
  const act = async (/** @type {Site} */ site, /** @type {string} */ what, /** @type {object} */ body) =>
    tell(await send("POST", `/sites/${encodeURIComponent(site.code)}/${what}`, body));
  return html`<${Panel} title=${o("sessions.sites")}><div class="stack" data-change="sites">
    <p data-sites-convened=${session.convened} data-sites-withdrawn=${withdrawn}>${o("change.sites", { n: session.convened, withdrawn })}</p>
    <label class="search"><${Icon} name="search" /><span class="visually-hidden">${o("change.find")}</span>
      <input type="search" name="find-site" placeholder=${o("change.find")} value=${query}
        onInput=${(/** @type {Event} */ e) => setQuery(/** @type {HTMLInputElement} */ (e.target).value)} /></label>
    ${
      (withdrawn > 0 || gone) &&
      html`<label class="check"><input type="checkbox" name="only-withdrawn" checked=${gone}
      onChange=${(/** @type {Event} */ e) => setGone(/** @type {HTMLInputElement} */ (e.target).checked)} /> ${o("change.only")}</label>`
    }
    ${
      list &&
      html`<ul class="change__sites" data-sites>${list.map(
        (site) => html`<li key=${site.code} data-site=${site.code} data-withdrawn=${site.withdrawn ? "" : undefined}>
        <div class="found__who"><strong>${site.name}</strong> <span class="quiet">${[site.code, ...(site.parents ?? [])].join(" · ")}</span>
          ${site.withdrawn && html`<span class="change__gone">${o("change.gone", { reason: site.reason ?? "" })}</span>`}</div>
        ${
          site.withdrawn
            ? html`<${Button} action="restore" onClick=${() => void act(site, "restore", {})}><${Words} text=${o("change.restore")} of=${site.name} /><//>`
            : html`<${Button} action="withdraw" tone="danger" onClick=${() => setDoomed(site)}><${Words} text=${o("change.withdraw")} of=${site.name} /><//>`
        }</li>`,
      )}${list.length === 0 && html`<li class="quiet">${o("change.none")}</li>`}</ul>`
    }
    <${Outcome} outcome=${outcome} />
    ${adds && html`<${AddSites} send=${send} edits=${edits} source=${source} />`}
    ${
      doomed &&
      html`<${Ask} title=${o("change.withdraw.title", { name: doomed.name })} text=${o("change.withdraw.text")} yes=${o("change.withdraw")} danger
      field=${{ label: o("change.reason"), required: true, maxlength: 500 }} onClose=${() => setDoomed(null)}
      onYes=${(/** @type {string} */ reason) => void act(doomed, "withdraw", { reason: reason.trim() })} />`
    }
  </div><//>`;
}

/** @param {Pick<import("./change.js").Part, "send" | "edits"> & {source: import("./unitsource.js").UnitSource}} props */
function AddSites({ send, edits, source }) {
  const { mine: unit, ...unitPart } = useEdited(edits, "add.unit", "", null);
  const { mine: below, ...belowPart } = useEdited(edits, "add.below", false, null);
  const { mine: guest, ...guestPart } = useEdited(edits, "add.guest", "", null);
  const { busy, run } = useBusy();
  const [added, setAdded] = useState(/** @type {Added[]} */ ([]));
  const { outcome, tell, clear } = useOutcome();
  const chosen = source.names.value.get(unit);
  const add = async () => {
    const body = {
      units: unit ? [below ? `${unit}/*` : unit] : [],
      seats: guest.trim() ? [{ name: guest.trim() }] : [],
    };
    const answer = await send("POST", "/sites", body, () => {
      unitPart.accept("");
      guestPart.accept("");
      belowPart.accept(false);
    });
    tell(answer);
    if (answer.ok) setAdded(answer.data.endpoints);
  };
  return html`<form data-change="add" onSubmit=${(/** @type {Event} */ e) => {
    e.preventDefault();
    void run(add);
  }}><fieldset class="stack" disabled=${busy}>
    <h3>${o("change.add.title")}</h3>
    <${UnitField} label=${o("field.unit")} value=${unit} source=${source} onChange=${(/** @type {string} */ code) => {
      unitPart.set(code);
      clear();
    }} />
    ${
      Boolean(chosen?.below) &&
      html`<label class="check"><input type="checkbox" name="add-below" checked=${below}
      onChange=${(/** @type {Event} */ e) => belowPart.set(/** @type {HTMLInputElement} */ (e.target).checked)} />
        ${o("draft.units.below", { n: chosen?.below ?? 0 })}</label>`
    }
    <${Field} label=${o("change.guest")} name="guest" value=${guest} onInput=${(/** @type {string} */ v) => {
      guestPart.set(v);
      clear();
    }} />
    <div class="actions"><button type="submit" class="button button--primary"
        data-action="add-sites" disabled=${!unit && !guest.trim()}>${o("change.add")}</button>
      <${Outcome} outcome=${outcome} /></div>
    ${
      added.length > 0 &&
      html`<div role="status"><h3>${o("change.links", { n: added.length })}</h3><ul class="change__sites" data-added>${added
        .slice(0, MOST)
        .map(
          (
            site,
          ) => html`<li key=${site.code} data-added-site=${site.code}><div class="found__who"><strong>${site.name}</strong>
        <span class="quiet">${site.short_link || site.link}</span></div>
        ${
          navigator.clipboard &&
          html`<${Button} tone="quiet" action="copy-added" onClick=${() => void navigator.clipboard.writeText(site.short_link || site.link)}>
          <${Words} text=${o("session.copylink")} of=${site.name} /><//>`
        }</li>`,
        )}</ul>${added.length > MOST && html`<p class="quiet">${o("change.links.more", { n: added.length - MOST })}</p>`}</div>`
    }
  </fieldset></form>`;
}
