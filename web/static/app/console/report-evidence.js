// What stands beside the verdict of a site: its devices, how well the stage arrived, and still pictures if they are kept.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { formatDuration, formatNumber } from "../i18n.js";
import { askSession } from "../api.js";
import { clock, r } from "./report-data.js";

/** @typedef {import("../room.js").Room} Room */
/** @typedef {import("./report-data.js").Report} Report */
/** @typedef {import("./report-data.js").SiteRow} SiteRow */

/** With what the site attended, and how well the stage arrived. @param {{site: SiteRow}} props */
export function Line({ site }) {
  const { devices = [], quality: q } = site;
  if (devices.length === 0) return null;
  const long = (/** @type {number} */ s) => formatDuration(s * 1000);
  return html`<section class="why"><h3>${r("line.title")}</h3>
    <p data-devices>${devices.map((d) => (d === "telephone" ? r("means.phone") : d)).join("; ")}</p>
    ${
      q &&
      html`<p>${r("line.received", { received: long(site.received_s), frames: formatNumber(q.frames), sound: long(q.sound_s) })}</p>
      <p data-quality>
      ${q.loss_pct !== undefined && r("line.loss", { loss: formatNumber(q.loss_pct) })} ${r("line.renditions", {
        high: long(q.high_s),
        medium: long(q.medium_s),
        low: long(q.low_s),
        none: long(q.no_picture_s),
      })}
        </p>
      <p class="quiet">${r("line.rough")}</p>`
    }
  </section>`;
}

/** Still pictures that were kept as evidence. @param {{room: Room, report: Report, site: SiteRow}} props */
export function Pictures({ room, report, site }) {
  const list = site.pictures ?? [];
  if (list.length === 0) return null;
  return html`<section class="why"><h3>${r("pictures")}</h3>
    <ul class="kept">
    ${list.map((p) => html`<${Kept} key=${p.entry} room=${room} entry=${p.entry} at=${clock(p.at, report, true)} name=${site.name} />`)}</ul></section>`;
}

/** @param {{room: Room, entry: number, at: string, name: string}} props */
function Kept({ room, entry, at, name }) {
  const [address, setAddress] = useState(/** @type {string | null} */ (""));
  useEffect(() => {
    let made = "";
    let over = false;
    const load = async () => {
      const picture = await askSession(room, `pictures/${entry}`, { as: "blob" });
      if (over) return;
      if (picture.ok) made = URL.createObjectURL(picture.data);
      setAddress(made || null);
    };
    void load();
    return () => {
      over = true;
      URL.revokeObjectURL(made);
    };
  }, [entry]);
  return html`<li>${address && html`<img src=${address} alt=${r("pictures.one", { name, at })} />`}
    <span>${at} <span class="quiet">(${r("why.entries", { entries: entry })})</span>
    ${address === null ? html` <span class="quiet">${r("pictures.erased")}</span>` : ""}</span></li>`;
}
