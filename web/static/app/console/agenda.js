// The agenda: which item is discussed, for how long, and who registered to speak on it.
import { html } from "../html.js";
import { registeredFor } from "../../lib/floor.js";
import { t, formatDuration } from "../i18n.js";
import { tick } from "../parts.js";

/** @typedef {import("../room.js").Room} Room */

/** The choice of the item. Nothing when the session has no agenda. @param {{room: Room}} props */
export function AgendaPanel({ room }) {
  const agenda = room.session.value?.agenda ?? [];
  if (agenda.length === 0) return null;
  const choose = (/** @type {Event} */ event) => {
    const item = /** @type {HTMLSelectElement} */ (event.target).value;
    void room.ask("agenda", item ? { item } : {});
  };
  return html`<div class="agenda">
    <label class="field"><span>${t("agenda.label")}</span>
      <select disabled=${!room.steersAll} value=${room.state.value?.agenda_item ?? ""} onChange=${choose} data-action="agenda">
        <option value="">${t("agenda.none")}</option>
        ${agenda.map((item, index) => html`<option key=${item.id} value=${item.id}>${index + 1}. ${item.title}</option>`)}
      </select></label>
    <${AgendaTime} room=${room} />
  </div>`;
}

/** How long the item has been discussed, of how long it may be. @param {{room: Room}} props */
export function AgendaTime({ room }) {
  void tick.value;
  const item = room.agendaItem.value;
  const since = room.state.value?.agenda_at_ms;
  if (!item || !since) return null;
  const spent = room.now() - since;
  const over = item.minutes && spent > item.minutes * 60_000;
  return html`<p class=${`agenda__time ${over ? "agenda__time--over" : ""}`}><time>${formatDuration(spent)}</time>
    ${item.minutes ? html`<small> / ${t("agenda.minutes", { n: item.minutes })}</small>` : null}</p>`;
}

/** Sites registered for the present item that wait. @param {Room} room */
export function registered(room) {
  return registeredFor(room.agendaItem.value, (code) => room.sites.get(code));
}
