// Every site: counts by province, filters, search, and a list that draws only the rows on screen.
import { html } from "../html.js";
import { useState, useRef, useEffect } from "../../vendor/hooks.js";
import { t, tMaybe, formatNumber, formatDuration, formatTime } from "../i18n.js";
import { countOf, filtersFor } from "../../lib/filters.js";
import { isBlind, isContested, isHere, isReached, weakness } from "../../lib/sites.js";
import { Fetched } from "./fetched.js";
import { windowOf } from "../../lib/window.js";
import { Button, Confirm, Dialog } from "../parts.js";
import { Icon } from "../icons.js";
import { standBy } from "./floor.js";
import { panel } from "./panels.js";

const wallPart = async () => (await import("./wall.js")).Wall;
const reissueSheet = async () => (await import("./reissue.js")).ReissueSheet;
const lineSheet = async () => (await import("./line.js")).LineSheet;

/** @typedef {import("../room.js").Room} Room */
/** @typedef {import("../../lib/sites.js").Site} Site */
/** @typedef {import("../../lib/sites.js").Filter} Filter */

/** Height of a row in CSS pixels, as the style sheet has it for this window; until there is a row, that of a desk. @param {HTMLElement} box */
const rowHeight = (box) => /** @type {HTMLElement | null} */ (box.querySelector(".row"))?.offsetHeight || 60;
/** A list up to this long is drawn whole. */
const WHOLE = 200;
/** Tabs that count some of those present once more; the others add up to all. */
const PARTS = new Set(["blind", "weak", "hand"]);
/** Rows stay where they are for this long after the mouse last moved among them. */
const HOLD_MS = 8_000;

/**
 * @param {{room: Room, steers?: boolean, province: string | undefined, wall?: boolean, onWall?: (wall: boolean) => void}} props
 *   steers: rows have buttons; wall: sites are shown as pictures
 */
export function SitesPanel({ room, steers = true, province, wall = false, onWall }) {
  const [query, setQuery] = useState("");
  const [filter, setFilter] = useState(/** @type {Filter} */ ("all"));
  const rollCall = Boolean(room.state.value?.roll_call);
  const filters = filtersFor({ live: room.phase.value === "live", rollCall, answered: room.sites.total.answered });
  const chosen = filters.includes(filter) ? filter : "all";
  const list = room.sites;
  const counts =
    province === undefined ? list.total : (list.provinces().find((p) => p.code === province) ?? list.total);
  const view = list.view({ query, filter: chosen, province });
  return html`<section class="sites" aria-label=${t("sites.label")}>
    <div class="tabs" role="group" aria-label=${t("sites.filter")}>
      ${filters.map(
        (name) => html`<button type="button" key=${name} class="tab"
          data-filter=${name} data-part=${PARTS.has(name) ? "" : undefined}
          aria-pressed=${String(chosen === name)} onClick=${() => setFilter(name)}>
        <strong>${formatNumber(countOf(counts, name))}</strong><span>${
          PARTS.has(name) && html`<span class="visually-hidden">${t("counts.part")} </span>`
        }${t(`filter.${name}`)}</span></button>`,
      )}
    </div>
    <div class="sites__tools">
      <label class="search"><${Icon} name="search" /><span class="visually-hidden">${t("sites.search")}</span>
        <input type="search" placeholder=${t("sites.search")} value=${query}
          onInput=${(/** @type {Event} */ e) => setQuery(/** @type {HTMLInputElement} */ (e.target).value)} />
      </label>
      ${
        onWall &&
        html`<${Button} action="wall" icon=${wall ? "list" : "grid"} pressed=${wall} label=${t(wall ? "wall.list" : "wall.open")}
        onClick=${() => onWall(!wall)}>${t(wall ? "wall.short.list" : "wall.short")}<//>`
      }
      ${steers && room.steersAll && html`<${LockButton} room=${room} />`}
      <p class="sites__found" role="status" aria-live="polite">${t("sites.found", { n: formatNumber(view.length) })}</p>
      <p class="sites__people" title=${t("counts.people", { n: formatNumber(counts.headcount) })}><${Icon} name="people" />
        <span class="sites__number" aria-hidden="true">${formatNumber(counts.headcount)}</span>
        <span class="sites__words">${t("counts.people", { n: formatNumber(counts.headcount) })}</span></p>
    </div>
    ${
      wall
        ? html`<${Fetched} load=${wallPart} room=${room} query=${query} province=${province} filter=${chosen} />`
        : html`<${SiteRows} room=${room} view=${view} steers=${steers} />`
    }
  </section>`;
}

/** Keeps sites out that were not there before. @param {{room: Room}} props */
function LockButton({ room }) {
  const locked = Boolean(room.state.value?.locked);
  return html`<${Button} compact action="lock" icon="lock" tone=${locked ? "attention" : "plain"} pressed=${locked} label=${t(locked ? "lock.off" : "lock.on")}
    onClick=${() => void room.ask("lock", { locked: !locked })} />`;
}

/**
 * Keeps the rows where they are while the mouse is about to press something in them, or the keyboard is among them: what
 * a person aims at must not move away and another come in its place. Their contents go on changing.
 * @param {import("../../lib/siteview.js").SiteView} view
 */
function useHeldOrder(view) {
  const [held, setHeld] = useState(/** @type {{view: object, codes: string[]} | null} */ (null));
  const timer = useRef(/** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined));
  const release = () => {
    clearTimeout(timer.current);
    setHeld(null);
  };
  const hold = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setHeld(null), HOLD_MS);
    if (held?.view !== view) setHeld({ view, codes: view.slice().map((site) => site.code) });
  };
  useEffect(() => release, []);
  const handlers = {
    onPointerMove: (/** @type {PointerEvent} */ event) => event.pointerType === "mouse" && hold(),
    onPointerLeave: release,
    onKeyDown: hold,
    onFocusOut: (/** @type {FocusEvent} */ event) =>
      /** @type {Node} */ (event.currentTarget).contains(/** @type {Node | null} */ (event.relatedTarget)) || release(),
  };
  return { codes: held?.view === view ? held.codes : null, handlers };
}

/** @param {{room: Room, view: import("../../lib/siteview.js").SiteView, steers: boolean}} props */
function SiteRows({ room, view, steers }) {
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  const [scroll, setScroll] = useState({ top: 0, height: 600, row: 60 });
  const { codes, handlers } = useHeldOrder(view);
  const list = room.sites;
  const count = codes?.length ?? view.length;
  useEffect(() => {
    const box = ref.current;
    if (!box) return;
    const look = () =>
      setScroll((old) => {
        const row = rowHeight(box);
        return old.top === box.scrollTop && old.height === box.clientHeight && old.row === row
          ? old
          : { top: box.scrollTop, height: box.clientHeight, row };
      });
    const observer = new ResizeObserver(look);
    observer.observe(box);
    box.addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look); // another window may have other rows in a list of the same size
    return () => {
      observer.disconnect();
      box.removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, []);
  const { from, to } = count <= WHOLE ? { from: 0, to: count } : windowOf(count, scroll.row, scroll.top, scroll.height);
  const shown = codes ? codes.slice(from, to).flatMap((code) => list.get(code) ?? []) : view.slice(from, to);
  const moved = codes !== null && view.slice(from, to).some((site, i) => site.code !== shown[i]?.code);
  return html`<div ref=${ref} class="rows" role="list" aria-label=${t("sites.label")} tabindex="0" ...${handlers}>
    <div class="rows__space" style=${{ height: `${from * scroll.row}px` }} />
    ${shown.map(
      (site, index) => html`<${Row} key=${site.code} room=${room} site=${site} steers=${steers}
      position=${from + index + 1} total=${count} />`,
    )}
    <div class="rows__space" style=${{ height: `${(count - to) * scroll.row}px` }} />
    ${count === 0 && html`<p class="quiet rows__none">${t("sites.none")}</p>`}
  </div>
  ${moved && html`<p class="sites__held"><${Icon} name="lock" /> ${t("sites.held")}</p>`}`;
}

/** @param {{room: Room, site: Site, steers: boolean, position: number, total: number}} props */
function Row({ room, site, steers, position, total }) {
  return html`<div class="row" role="listitem" aria-posinset=${position} aria-setsize=${total} data-endpoint=${site.code} data-state=${site.state}
    data-hand=${site.hand_at_ms ? "" : undefined} data-blind=${room.phase.value === "live" && isBlind(site) ? "" : undefined}
      data-removed=${site.removed ? "" : undefined}>
    <span class="row__state" aria-hidden="true" />
    <div class="row__who">
      <p class="row__name"><strong>${site.name}</strong><${Tags} site=${site} /></p>
      <p class="row__unit"><span class="row__word">${stateText(room, site, true)}</span>
        ${[...site.parents, site.code].join(" · ")}</p>
    </div>
    ${steers && html`<${RowActions} room=${room} site=${site} />`}
  </div>`;
}

/** The one word for a site. @param {Room} room @param {Site} site @param {boolean} [short] */
function stateText(room, site, short = false) {
  if (site.removed) return t("state.removed");
  if (room.phase.value === "live" && site.state !== "on-floor" && isBlind(site))
    return t(short ? "filter.blind" : "state.blind");
  return tMaybe(`state.${site.state}`, "state.absent");
}

/** Who else is at the link of a site. @param {Site} site */
function contestText(site) {
  return t("row.contested", { n: site.opened_elsewhere ?? 0, m: site.taken_over ?? 0 });
}

/** @param {{site: Site}} props */
function Tags({ site }) {
  const weak = weakness(site);
  return html`
    ${site.hand_at_ms && html`<span class="tag tag--hand"><${Icon} name="hand" /><span class="visually-hidden">${t("row.hand")}</span></span>`}
    ${site.stand_by && html`<span class="tag tag--hand">${t("row.next")}</span>`}
    ${
      site.answered &&
      html`<span class="tag tag--done"><${Icon} name="check" /><span class="visually-hidden">
        ${t("row.answered")}</span> ${formatDuration(site.answered_after_ms ?? 0)}</span>`
    }
    ${
      weak &&
      html`<span class="tag tag--weak" data-weak=${weak.kind}><${Icon} name="warn" /><span class="visually-hidden">
        ${t("filter.weak")}</span> ${t(`weak.${weak.kind}`, { n: formatNumber(weak.n) })}</span>`
    }
    ${site.headcount ? html`<span class="tag"><${Icon} name="people" />${formatNumber(site.headcount)}</span>` : null}`;
}

/** @param {{room: Room, site: Site}} props */
function RowActions({ room, site }) {
  const [open, setOpen] = useState(/** @type {"" | "sheet" | "remove" | "reissue"} */ (""));
  const { code: endpoint, name } = site;
  const onFloor = site.state === "on-floor";
  const close = () => setOpen("");
  const remove = (/** @type {boolean} */ removed) => void room.ask("remove", { endpoint, removed });
  return html`<div class="row__actions">
    ${
      onFloor &&
      html`
      <${Button} compact action="mute" icon=${site.muted ? "mic-off" : "mic"} pressed=${Boolean(site.muted)} disabled=${site.muted}
        label=${t("row.mute", { name })}
        onClick=${() => void room.ask("mute", { endpoint, muted: true })} />
      <${Button} action="revoke-floor" tone="danger" label=${`${t("floor.revoke")}: ${name}`} onClick=${() => void room.ask("revoke", { endpoint })}>
        ${t("floor.revoke.short")}<//>`
    }
    ${
      isReached(site) &&
      !onFloor &&
      html`
      ${
        site.hand_at_ms &&
        html`<${Button} compact action="lower-hand" icon="close" label=${t("row.lower", { name })}
        onClick=${() => void room.ask("lower_hand", { endpoint })} />`
      }
      <${Button} action="stand-by" pressed=${Boolean(site.stand_by)} label=${t(site.stand_by ? "row.standby.off" : "row.standby", { name })}
        onClick=${() => void standBy(room, site)}>${t("row.standby.short")}<//>
      <${Button} action="grant-floor" label=${`${t("floor.grant")}: ${name}`} disabled=${room.phase.value !== "live"}
        onClick=${() => void room.ask("grant", { endpoint })}>${t("floor.grant.short")}<//>`
    }
    ${
      (isContested(site) || open === "reissue") &&
      html`<${Button} action="reissue" tone="attention" label=${`${t("reissue.title", { name })}. ${contestText(site)}`} onClick=${() => setOpen("reissue")}>
        <span>${
          isContested(site) &&
          html`<small class="row__contested" data-contested title=${contestText(site)}>
          ${t("row.contested.short", { n: (site.opened_elsewhere ?? 0) + (site.taken_over ?? 0) })}</small>`
        }${t("row.reissue")}</span><//>`
    }
    ${open === "reissue" && html`<${Fetched} load=${reissueSheet} room=${room} site=${site} onClose=${close} />`}
    <${Button} compact tone="quiet" action="more" icon="more" label=${t("row.more", { name })} onClick=${() => setOpen("sheet")} />
    ${
      open === "sheet" &&
      html`<${SiteSheet} room=${room} site=${site} onRemove=${() => (site.removed ? (close(), remove(false)) : setOpen("remove"))} onMessage=${() => {
        close();
        panel.value = { name: "messages", to: endpoint };
      }} onClose=${close} />`
    }
    ${
      open === "remove" &&
      html`<${Confirm} title=${t("remove.title")} text=${t("remove.text", { name })} yes=${t("remove.yes")}
      onYes=${() => remove(true)} onClose=${close} />`
    }
  </div>`;
}

/**
 * What is rarely done with a site.
 * @param {{room: Room, site: Site, onRemove: () => void, onMessage: () => void, onClose: () => void}} props
 */
function SiteSheet({ room, site, onRemove, onMessage, onClose }) {
  const endpoint = site.code;
  const can = room.phase.value === "live" && isReached(site);
  const grant = (/** @type {string} */ slot) => {
    onClose();
    void room.ask("grant", { endpoint, slot });
  };
  return html`<${Dialog} title=${site.name} onClose=${onClose}>
    <p class="quiet">${[...site.parents, site.code].join(" · ")}</p>
    <dl class="facts">
      <div><dt>${t("sheet.state")}</dt><dd>
        ${stateText(room, site)}${site.since_ms ? ` · ${formatTime(site.since_ms, room.session.value?.time_zone, true)}` : ""}</dd></div>
      <div><dt>${t("sheet.line")}</dt><dd>${isHere(site) ? t("sheet.quality", { loss: site.loss_pct ?? 0, rtt: site.rtt_ms ?? 0 }) : "–"}</dd></div>
      <div><dt>${t("sheet.receiving")}</dt><dd>${t(site.receiving ? "yes" : "no")}</dd></div>
      ${site.phone && html`<div><dt>${t("sheet.phone")}</dt><dd><a href=${`tel:${site.phone}`}>${site.phone}</a></dd></div>`}
      <div><dt>${t("people.number")}</dt><dd>${site.headcount || "–"}</dd></div>
    </dl>
    ${isHere(site) && html`<${Fetched} load=${lineSheet} room=${room} code=${endpoint} />`}
    <div class="sheet__actions">
      <${Button} action="grant-floor2" icon="people" disabled=${!can} onClick=${() => grant("floor2")}>${t("sheet.floor2")}<//>
      ${room.steersAll && html`<${Button} action="grant-main" icon="camera" disabled=${!can} onClick=${() => grant("main")}>${t("sheet.main")}<//>`}
      <${Button} action="message" icon="message" onClick=${onMessage}>${t("sheet.message")}<//>
      ${
        (room.role === "host" || room.chairs.value) &&
        html`<${Button} action="hand-over" icon="chair" disabled=${!isHere(site)} onClick=${() => {
          onClose();
          void room.ask("hand_over", { to: endpoint });
        }}>${t("sheet.chair")}<//>`
      }
      <${Button} action="remove" tone="danger" icon=${site.removed ? "check" : "ban"} pressed=${Boolean(site.removed)} onClick=${onRemove}>
        ${t(site.removed ? "row.readmit" : "row.remove", { name: site.name })}<//>
      <${Button} onClick=${onClose} autofocus>${t("close")}<//>
    </div>
  <//>`;
}
