// The wall: a page of sites as pictures. A still picture first, then the living one in the console's private slots.
import { html } from "../html.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { assign } from "../../lib/wall.js";
import { t, formatNumber } from "../i18n.js";
import { Button } from "../parts.js";
import { Video } from "../stage.js";
import { Icon } from "../icons.js";

/** @typedef {import("../room.js").Room} Room */
/** @typedef {import("../../lib/sites.js").Site} Site */

/** Private slots of a console for thumbnails, and sites on a page. */
const THUMBS = 12;
/** A newer still picture is looked for this often. */
const STILL_MS = 10_000;
const thumb = (/** @type {number} */ index) => `thumb${index + 1}`;

/** @param {{room: Room, query: string, province: string | undefined, filter: import("../../lib/sites.js").Filter}} props */
export function Wall({ room, query, province, filter }) {
  const [page, setPage] = useState(0);
  const slots = useRef(/** @type {string[]} */ (Array(THUMBS).fill("")));
  const [assigned, setAssigned] = useState(slots.current);
  // By place: a picture must not jump about because its site raised a hand.
  const here = room.sites.view({ query, province, filter: filter === "hand" || filter === "weak" ? filter : "present", order: "place" });
  const pages = Math.max(1, Math.ceil(here.length / THUMBS));
  const first = Math.min(page, pages - 1) * THUMBS;
  const shown = here.slice(first, first + THUMBS);
  const codes = shown.map((site) => site.code).join();
  const online = room.link.value === "online";
  useEffect(() => {
    // A new connection watches nothing yet.
    if (!online) slots.current.fill("");
    else watch(room, slots.current, shown.map((site) => site.code));
    setAssigned([...slots.current]);
  }, [codes, online]);
  useEffect(() => () => {
    if (room.phase.value !== "ended") watch(room, slots.current, []);
  }, []);
  return html`<div class="wall">
    <div class="wall__sites" role="list" aria-label=${t("sites.label")}>
      ${shown.map((site) => html`<${Picture} key=${site.code} room=${room} site=${site} slot=${thumb(assigned.indexOf(site.code))} />`)}
      ${shown.length === 0 && html`<p class="quiet rows__none">${t("wall.none")}</p>`}
    </div>
    ${pages > 1 && html`<nav class="wall__pages" aria-label=${t("wall.pages")}>
      <${Button} disabled=${page <= 0} onClick=${() => setPage(Math.min(page, pages - 1) - 1)}>${t("wall.before")}<//>
      <span>${t("wall.page", { n: formatNumber(Math.min(page, pages - 1) + 1), of: formatNumber(pages) })}</span>
      <${Button} disabled=${page >= pages - 1} onClick=${() => setPage(page + 1)}>${t("wall.after")}<//>
    </nav>`}
  </div>`;
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

/** @param {{room: Room, site: Site, slot: string}} props */
function Picture({ room, site, slot }) {
  const still = useStill(room, site.code);
  return html`<div class="wall__site" role="listitem">
    ${still && html`<img src=${still} alt=${t("tile.video", { name: site.name })} />`}
    <${Video} stream=${room.peers.streams.value.get(slot)?.video ?? null} label=${t("tile.video", { name: site.name })} />
    <p>${site.hand_at_ms && html`<${Icon} name="hand" />`}${site.name}</p>
  </div>`;
}

/**
 * The last still picture of a site, as an address for an image.
 * @param {Room} room
 * @param {string} code
 */
function useStill(room, code) {
  const [address, setAddress] = useState("");
  useEffect(() => {
    const url = `/api/v1/sessions/${encodeURIComponent(room.session.value?.id ?? "")}/snapshots/${encodeURIComponent(code)}`;
    let made = "";
    let etag = "";
    let gone = false;
    const load = async () => {
      const response = await fetch(url, { headers: { Authorization: `Bearer ${room.token}`, ...(etag && { "If-None-Match": etag }) } }).catch(() => null);
      const picture = response?.ok ? await response.blob().catch(() => null) : null;
      if (!picture || gone) return;
      etag = response?.headers.get("ETag") ?? "";
      const before = made;
      setAddress((made = URL.createObjectURL(picture)));
      URL.revokeObjectURL(before);
    };
    void load();
    const timer = setInterval(() => void load(), STILL_MS);
    return () => {
      gone = true;
      clearInterval(timer);
      URL.revokeObjectURL(made);
    };
  }, [code]);
  return address;
}
