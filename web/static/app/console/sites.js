// Every site: counts by province, filters, search, and a list that draws only the rows on screen.
import { html } from "../html.js";
import { useState, useRef, useEffect } from "../../vendor/hooks.js";
import { t, tMaybe, formatNumber } from "../i18n.js";
import { isHere, isWeak } from "../../lib/sites.js";
import { windowOf } from "../../lib/window.js";
import { Button, Confirm } from "../parts.js";
import { Icon } from "../icons.js";

/** @typedef {import("../room.js").Room} Room */
/** @typedef {import("../../lib/sites.js").Site} Site */
/** @typedef {import("../../lib/sites.js").Filter} Filter */

/** Height of a row in CSS pixels, the same in console.css. */
const ROW = 60;
/** A list up to this long is drawn whole. */
const WHOLE = 200;

/** @type {Filter[]} */
const FILTERS = ["all", "present", "absent", "lost", "weak", "hand"];

/** @param {{room: Room, steers?: boolean}} props steers: rows have buttons */
export function SitesPanel({ room, steers = true }) {
  const [query, setQuery] = useState("");
  const [filter, setFilter] = useState(/** @type {Filter} */ ("all"));
  const [province, setProvince] = useState(/** @type {string | undefined} */ (undefined));
  const rollCall = Boolean(room.state.value?.roll_call);
  const filters = rollCall ? [...FILTERS, /** @type {Filter} */ ("unanswered")] : FILTERS;
  const sites = room.sites.view({ query, filter: filters.includes(filter) ? filter : "all", province });
  return html`<section class="sites" aria-label=${t("sites.label")}>
    <${Counts} room=${room} province=${province} onProvince=${setProvince} rollCall=${rollCall} />
    <div class="sites__tools">
      <label class="search"><${Icon} name="search" /><span class="visually-hidden">${t("sites.search")}</span>
        <input type="search" placeholder=${t("sites.search")} value=${query} onInput=${(/** @type {Event} */ e) => setQuery(/** @type {HTMLInputElement} */ (e.target).value)} />
      </label>
      <p class="sites__found" role="status" aria-live="polite">${t("sites.found", { n: formatNumber(sites.length) })}</p>
      <div class="filters" role="group" aria-label=${t("sites.filter")}>
        ${filters.map((name) => html`<button type="button" key=${name} class="chip" data-filter=${name} aria-pressed=${String(filter === name)} onClick=${() => setFilter(name)}>${t(`filter.${name}`)}</button>`)}
      </div>
    </div>
    <${SiteRows} room=${room} sites=${sites} steers=${steers} />
  </section>`;
}

/**
 * @param {{room: Room, province: string | undefined, onProvince: (code: string | undefined) => void, rollCall: boolean}} props
 */
function Counts({ room, province, onProvince, rollCall }) {
  const { total } = room.sites;
  const provinces = room.sites.provinces();
  const share = (/** @type {import("../../lib/sites.js").Counts} */ c) => `${formatNumber(rollCall ? c.answered : c.present)}/${formatNumber(c.convened)}`;
  return html`<div class="counts">
    <dl class="counts__total">
      <div><dt>${t("counts.present")}</dt><dd>${formatNumber(total.present)}<small>/${formatNumber(total.convened)}</small></dd></div>
      <div><dt>${t("counts.lost")}</dt><dd class=${total.lost ? "bad" : ""}>${formatNumber(total.lost)}</dd></div>
      <div><dt>${t("counts.absent")}</dt><dd>${formatNumber(total.convened - total.present - total.lost)}</dd></div>
      <div><dt>${t("counts.people")}</dt><dd>${formatNumber(total.headcount)}</dd></div>
      ${rollCall && html`<div><dt>${t("counts.answered")}</dt><dd>${formatNumber(total.answered)}<small>/${formatNumber(total.convened)}</small></dd></div>`}
    </dl>
    ${provinces.length > 1 && html`<div class="provinces" role="group" aria-label=${t("counts.provinces")}>
      <button type="button" class="province" aria-pressed=${String(province === undefined)} onClick=${() => onProvince(undefined)}>
        <span>${t("counts.all")}</span><strong>${share(total)}</strong></button>
      ${provinces.map((p) => html`<button type="button" key=${p.code} class=${`province ${p.present === p.convened ? "province--full" : ""} ${p.lost ? "province--lost" : ""}`}
        aria-pressed=${String(province === p.code)} onClick=${() => onProvince(p.code)}>
        <span>${p.name || t("counts.others")}</span><strong>${share(p)}</strong>
        <meter min="0" max=${p.convened} value=${rollCall ? p.answered : p.present} aria-hidden="true" /></button>`)}
    </div>`}
  </div>`;
}

/** @param {{room: Room, sites: Site[], steers: boolean}} props */
function SiteRows({ room, sites, steers }) {
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  const [scroll, setScroll] = useState({ top: 0, height: 600 });
  const whole = sites.length <= WHOLE;
  useEffect(() => {
    const box = ref.current;
    if (!box) return;
    const look = () => setScroll((old) => (old.top === box.scrollTop && old.height === box.clientHeight ? old : { top: box.scrollTop, height: box.clientHeight }));
    const observer = new ResizeObserver(look);
    observer.observe(box);
    box.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      box.removeEventListener("scroll", look);
    };
  }, []);
  const { from, to } = whole ? { from: 0, to: sites.length } : windowOf(sites.length, ROW, scroll.top, scroll.height);
  return html`<div ref=${ref} class="rows" role="list" aria-label=${t("sites.label")} tabindex="0">
    <div class="rows__space" style=${{ height: `${from * ROW}px` }} />
    ${sites.slice(from, to).map((site, index) => html`<${Row} key=${site.code} room=${room} site=${site} steers=${steers}
      position=${from + index + 1} total=${sites.length} />`)}
    <div class="rows__space" style=${{ height: `${(sites.length - to) * ROW}px` }} />
    ${sites.length === 0 && html`<p class="quiet rows__none">${t("sites.none")}</p>`}
  </div>`;
}

/** @param {{room: Room, site: Site, steers: boolean, position: number, total: number}} props */
function Row({ room, site, steers, position, total }) {
  return html`<div class="row" role="listitem" aria-posinset=${position} aria-setsize=${total} data-endpoint=${site.code} data-state=${site.state}
    data-hand=${site.hand_at_ms ? "" : undefined} data-removed=${site.removed ? "" : undefined}>
    <span class="row__state" aria-hidden="true" />
    <div class="row__who"><strong>${site.name}</strong><span>${[...site.parents, site.code].join(" · ")}</span></div>
    <div class="row__facts">
      ${!site.hand_at_ms && html`<span class="row__word">${site.removed ? t("state.removed") : tMaybe(`state.${site.state}`, "state.absent")}</span>`}
      ${site.hand_at_ms && html`<span class="tag tag--hand"><${Icon} name="hand" />${t("row.hand")}</span>`}
      ${site.stand_by && html`<span class="tag tag--next">${t("row.next")}</span>`}
      ${isWeak(site) && html`<span class="tag tag--weak">${t("row.weak", { loss: site.loss_pct ?? 0, rtt: site.rtt_ms ?? 0 })}</span>`}
      ${site.headcount ? html`<span class="tag"><${Icon} name="people" />${formatNumber(site.headcount)}</span>` : null}
      ${site.answered && html`<span class="tag tag--done"><${Icon} name="check" />${t("row.answered")}</span>`}
    </div>
    ${steers && html`<${RowActions} room=${room} site=${site} />`}
  </div>`;
}

/** @param {{room: Room, site: Site}} props */
function RowActions({ room, site }) {
  const [removing, setRemoving] = useState(false);
  const { code: endpoint, name } = site;
  const onFloor = site.state === "on-floor";
  const remove = (/** @type {boolean} */ removed) => void room.ask("remove", { endpoint, removed });
  return html`<div class="row__actions">
    ${onFloor && html`
      <${Button} compact action="mute" icon=${site.muted ? "mic-off" : "mic"} pressed=${Boolean(site.muted)} disabled=${site.muted} label=${t("row.mute", { name })}
        onClick=${() => void room.ask("mute", { endpoint, muted: true })} />
      <${Button} action="revoke-floor" tone="danger" onClick=${() => void room.ask("revoke", { endpoint })}>${t("floor.revoke")}<//>`}
    ${isHere(site) && !onFloor && html`
      ${site.hand_at_ms && html`<${Button} compact action="lower-hand" icon="close" label=${t("row.lower", { name })} onClick=${() => void room.ask("lower_hand", { endpoint })} />`}
      <${Button} compact action="stand-by" icon="next" pressed=${Boolean(site.stand_by)} label=${t(site.stand_by ? "row.standby.off" : "row.standby", { name })}
        onClick=${() => void room.ask("stand_by", { endpoint, on: !site.stand_by })} />
      <${Button} action="grant-floor" disabled=${room.phase.value !== "live"} onClick=${() => void room.ask("grant", { endpoint })}>${t("floor.grant")}<//>`}
    ${!onFloor && html`<${Button} compact tone="quiet" action="remove" icon=${site.removed ? "check" : "ban"} pressed=${Boolean(site.removed)}
      label=${t(site.removed ? "row.readmit" : "row.remove", { name })} onClick=${() => (site.removed ? remove(false) : setRemoving(true))} />`}
    ${removing && html`<${Confirm} title=${t("remove.title")} text=${t("remove.text", { name })} yes=${t("remove.yes")}
      onYes=${() => remove(true)} onClose=${() => setRemoving(false)} />`}
  </div>`;
}
