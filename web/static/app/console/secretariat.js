// The secretariat's desk: the session seen and heard, every unit with its sites, live, and the downloads.
import { html } from "../html.js";
import { useState } from "../../vendor/hooks.js";
import { t, formatNumber } from "../i18n.js";
import { Button, Clock, Header, Preferences, Toasts } from "../parts.js";
import { SoundButton, Stage } from "../stage.js";
import { SitesPanel } from "./sites.js";
import { Downloads } from "./downloads.js";
import { ReportButton } from "./report-button.js";
import { MessagesButton, NewMessage } from "../messages.js";
import { DeskWaiting } from "./waiting.js";
import { SidePanels, panel, togglePanel } from "./panels.js";

/** @typedef {import("../room.js").Room} Room */

/** @param {{room: Room}} props */
export function Secretariat({ room }) {
  const [province, setProvince] = useState(/** @type {string | undefined} */ (undefined));
  /** The secretariat often sits in the central room: its sound is off at first. */
  const [deaf, setDeaf] = useState(true);
  const [Report, setReport] = useState(/** @type {Function | null} */ (null));
  const live = room.phase.value === "live";
  const rollCall = room.state.value?.roll_call ?? 0;
  if (Report) return html`<${Report} room=${room} onClose=${() => setReport(null)} />`;
  const shown = panel.value?.name;
  return html`<div class="console desk console--secretary" data-view="sites">
    <${Header} title=${room.session.value?.title ?? ""}>
      <p class="badges"><span class=${`badge badge--${live ? "live" : "idle"}`} role="status">${t(live ? "phase.live" : "phase.waiting")}</span></p>
      <${Clock} room=${room} seconds /><${Preferences} />
    <//>
    <main class="desk__main">
      <h1 class="visually-hidden">${t("secretary.label")}</h1>
      <div class="desk__left">
        <div class="console__stage"><${Stage} room=${room} deaf=${deaf} />
          ${!live && html`<div class="console__self"><${DeskWaiting} room=${room} /></div>`}
            </div>
        <div class="cards"><div class="cards__place">
          <div class="cards__left">${shown !== "messages" && html`<${NewMessage} room=${room} onOpen=${() => togglePanel("messages")} />`}</div>
          <div class="cards__middle" /><div class="cards__right"><${Toasts} room=${room} /></div>
        </div></div>
        <${ProvinceTable} room=${room} province=${province} onProvince=${setProvince} />
        <${Downloads} room=${room} />
      </div>
      <div class="desk__right"><${SitesPanel} room=${room} steers=${false} province=${province} /></div>
      <${SidePanels} room=${room} />
    </main>
    <nav class="host-controls" aria-label=${t("controls.label")}>
      <${ReportButton} onOpen=${(/** @type {Function} */ view) => setReport(() => view)} />
      <${Button} action="listen-session" icon="sound" pressed=${!deaf} onClick=${() => setDeaf(!deaf)}>${t(deaf ? "secretary.listen" : "secretary.deaf")}<//>
      <${Button} action="roll-call" icon="list" pressed=${Boolean(rollCall)}
        onClick=${() => void room.ask("roll_call", { open: !rollCall })}>${t(rollCall ? "rollcall.close" : "rollcall.open")}<//>
      <${Button} action="notes" icon="list" pressed=${shown === "notes"} onClick=${() => togglePanel("notes")}>${t("notes.short")}<//>
      <${MessagesButton} room=${room} pressed=${shown === "messages"} onClick=${() => togglePanel("messages")} />
      <${Button} action="auditlog" icon="clock" pressed=${shown === "auditlog"} onClick=${() => togglePanel("auditlog")}>${t("auditlog.short")}<//>
    </nav>
    ${!deaf && html`<${SoundButton} room=${room} />`}
  </div>`;
}

/**
 * Counts by province; a press on one narrows the list of sites to it.
 * @param {{room: Room, province: string | undefined, onProvince: (code: string | undefined) => void}} props
 */
function ProvinceTable({ room, province, onProvince }) {
  const row = (
    /** @type {import("../../lib/sites.js").Counts} */ c,
    /** @type {string} */ name,
    /** @type {string | undefined} */ code,
  ) => html`<tr key=${code ?? "all"}>
    <th scope="row"><button type="button" class="link" aria-pressed=${String(province === code)} onClick=${() => onProvince(code)}>${name}</button></th>
    <td>${formatNumber(c.convened)}</td><td>${formatNumber(c.present)}</td><td>${formatNumber(c.lost)}</td><td>${formatNumber(c.absent)}</td>
    <td>${formatNumber(c.headcount)}</td><td>${c.convened ? Math.round((100 * c.present) / c.convened) : 0}%</td></tr>`;
  const heads = [
    t("secretary.unit"),
    t("secretary.convened"),
    t("filter.present"),
    t("secretary.lost"),
    t("filter.absent"),
    t("secretary.people"),
    t("secretary.progress"),
  ];
  return html`<div class="table" tabindex="0" role="region" aria-label=${t("counts.provinces")}><table>
    <thead><tr>${heads.map((head) => html`<th scope="col" key=${head}>${head}</th>`)}</tr></thead>
    <tbody>${row(room.sites.total, t("counts.all"), undefined)}${room.sites.provinces().map((p) => row(p, p.name || t("counts.others"), p.code))}</tbody>
  </table></div>`;
}
