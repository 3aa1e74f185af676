// The wall: a page of sites as pictures. A still picture first, then the living one in the console's private slots.
import { html } from "../html.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { assign, columnsFor } from "../../lib/wall.js";
import { t, formatNumber } from "../i18n.js";
import { Button } from "../parts.js";
import { Video } from "../stage.js";
import { useStills } from "./stills.js";
import { Icon } from "../icons.js";

/** @typedef {import("../room.js").Room} Room */
/** @typedef {import("../../lib/sites.js").Site} Site */

/** Private slots of a console for thumbnails, and sites on a page. */
const THUMBS = 12;
const thumb = (/** @type {number} */ index) => `thumb${index + 1}`;

/** @param {{room: Room, query: string, province: string | undefined, filter: import("../../lib/sites.js").Filter}} props */
export function Wall({ room, query, province, filter }) {
  const [page, setPage] = useState(0);
  const slots = useRef(/** @type {string[]} */ (Array(THUMBS).fill("")));
  const [assigned, setAssigned] = useState(slots.current);
  // By place: a picture must not jump about because its site raised a hand.
  const here = room.sites.view({
    query,
    province,
    filter: filter === "hand" || filter === "weak" ? filter : "present",
    order: "place",
  });
  const pages = Math.max(1, Math.ceil(here.length / THUMBS));
  const first = Math.min(page, pages - 1) * THUMBS;
  const shown = here.slice(first, first + THUMBS);
  const codes = shown.map((site) => site.code).join();
  const online = room.link.value === "online";
  useEffect(() => {
    // A new connection watches nothing yet.
    if (!online) slots.current.fill("");
    else
      watch(
        room,
        slots.current,
        shown.map((site) => site.code),
      );
    setAssigned([...slots.current]);
  }, [codes, online]);
  useEffect(
    () => () => {
      if (room.phase.value !== "ended") watch(room, slots.current, []);
    },
    [],
  );
  const stills = useStills(room, codes);
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const columns = useColumns(place, shown.length);
  return html`<div class="wall">
    <div class="wall__sites" ref=${place} role="list" aria-label=${t("sites.label")} tabindex="0"
      style=${{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
      ${shown.map(
        (site) => html`<${Picture} key=${site.code} room=${room} site=${site}
        slot=${thumb(assigned.indexOf(site.code))} still=${stills.get(site.code)} />`,
      )}
      ${shown.length === 0 && html`<p class="quiet rows__none">${t("wall.none")}</p>`}
    </div>
    ${
      pages > 1 &&
      html`<nav class="wall__pages" aria-label=${t("wall.pages")}>
      <${Button} disabled=${page <= 0} onClick=${() => setPage(Math.min(page, pages - 1) - 1)}>${t("wall.before")}<//>
      <span>${t("wall.page", { n: formatNumber(Math.min(page, pages - 1) + 1), of: formatNumber(pages) })}</span>
      <${Button} disabled=${page >= pages - 1} onClick=${() => setPage(page + 1)}>${t("wall.after")}<//>
    </nav>`
    }
  </div>`;
}

/**
 * How many columns show all pictures at once, as large as can be, while the place changes its size.
 * @param {{current: HTMLElement | null}} place
 * @param {number} count
 */
export function useColumns(place, count) {
  const [columns, setColumns] = useState(3);
  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const look = () => {
      const { paddingLeft, paddingTop } = getComputedStyle(box);
      setColumns(
        columnsFor(
          count,
          box.clientWidth - 2 * parseFloat(paddingLeft),
          box.clientHeight - 2 * parseFloat(paddingTop),
          { gap: 6, least: 120 },
        ),
      );
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(box);
    return () => observer.disconnect();
  }, [count]);
  return columns;
}

/**
 * Watches these sites and no others.
 * @param {Room} room
 * @param {string[]} slots changed in place
 * @param {string[]} codes
 */
function watch(room, slots, codes) {
  for (const [index, code] of assign(slots, codes).entries()) {
    if (slots[index] === code) continue;
    slots[index] = code;
    void room.ask("watch", code ? { slot: thumb(index), endpoint: code } : { slot: thumb(index) });
  }
}

/** @param {{room: Room, site: Site, slot: string, still: string | undefined}} props */
function Picture({ room, site, slot, still }) {
  const stream = room.peers.streams.value.get(slot)?.video ?? null;
  return html`<div class="wall__site" role="listitem" data-picture=${site.code}>
    ${still && html`<img src=${still} alt=${t("tile.video", { name: site.name })} />`}
    <${Video} stream=${stream} label=${t("tile.video", { name: site.name })} />
    <p class="wall__name" title=${[site.name, ...site.parents].join(", ")}>${site.hand_at_ms && html`<${Icon} name="hand" />`}<span>${site.name}</span></p>
  </div>`;
}
