// The secretariat's table: every unit with its sites, live, and the downloads.
import { html } from "../html.js";
import { t, formatNumber } from "../i18n.js";
import { Button, Clock, Header, Preferences } from "../parts.js";
import { SitesPanel } from "./sites.js";

/** @typedef {import("../room.js").Room} Room */

/** @param {{room: Room}} props */
export function Secretariat({ room }) {
  const live = room.phase.value === "live";
  const rollCall = room.state.value?.roll_call ?? 0;
  return html`<div class="console console--secretary">
    <${Header} title=${room.session.value?.title ?? ""}>
      <p class="badges"><span class=${`badge badge--${live ? "live" : "idle"}`} role="status">${t(live ? "phase.live" : "phase.waiting")}</span></p>
      <${Clock} room=${room} seconds /><${Preferences} />
    <//>
    <main class="console__main">
      <h1 class="visually-hidden">${t("secretary.label")}</h1>
      <div class="console__left">
        <${ProvinceTable} room=${room} />
        <div class="host-controls">
          <${Button} action="roll-call" icon="list" pressed=${Boolean(rollCall)} onClick=${() => void room.ask("roll_call", { open: !rollCall })}>${t(rollCall ? "rollcall.close" : "rollcall.open")}<//>
        </div>
        <${Downloads} room=${room} />
      </div>
      <${SitesPanel} room=${room} steers=${false} />
    </main>
  </div>`;
}

/** @param {{room: Room}} props */
function ProvinceTable({ room }) {
  const { total } = room.sites;
  const row = (/** @type {import("../../lib/sites.js").Counts} */ c, /** @type {string} */ name) => html`<tr key=${c.code}>
    <th scope="row">${name}</th><td>${formatNumber(c.convened)}</td><td>${formatNumber(c.present)}</td><td>${formatNumber(c.lost)}</td>
    <td>${formatNumber(c.convened - c.present - c.lost)}</td><td>${formatNumber(c.headcount)}</td>
    <td>${c.convened ? Math.round((100 * c.present) / c.convened) : 0}%</td></tr>`;
  return html`<div class="table" tabindex="0" role="region" aria-label=${t("counts.provinces")}><table>
    <thead><tr><th scope="col">${t("secretary.unit")}</th><th scope="col">${t("secretary.convened")}</th><th scope="col">${t("counts.present")}</th>
      <th scope="col">${t("counts.lost")}</th><th scope="col">${t("counts.absent")}</th><th scope="col">${t("counts.people")}</th><th scope="col">${t("secretary.progress")}</th></tr></thead>
    <tbody>${row(total, t("counts.all"))}${room.sites.provinces().map((p) => row(p, p.name || t("counts.others")))}</tbody>
  </table></div>`;
}

/** The attendance log as files; also after the session has ended. @param {{room: Room}} props */
export function Downloads({ room }) {
  const session = room.session.value?.id ?? room.claims?.sid;
  if (!session) return null;
  return html`<section class="downloads" aria-label=${t("secretary.download")}>
    <h2>${t("secretary.download")}</h2>
    <div class="downloads__files">
      ${/** @type {const} */ (["sites", "intervals"]).map((table) => html`<${Button} key=${table} action=${`download-${table}`} icon="download"
        onClick=${() => void download(room, `/api/v1/sessions/${encodeURIComponent(session)}/attendance.csv?table=${table}`, `${table}.csv`)}>${t(`secretary.${table}`)}<//>`)}
    </div>
  </section>`;
}

/**
 * Fetches with the link's token, which must stand in no address, and hands the file to the browser.
 * @param {Room} room
 * @param {string} url
 * @param {string} name
 */
async function download(room, url, name) {
  try {
    const response = await fetch(url, { headers: { Authorization: `Bearer ${room.token}` } });
    if (!response.ok) throw new Error(String(response.status));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await response.blob());
    link.download = /filename="?([^";]+)"?/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch {
    room.toast("error", "download");
  }
}
