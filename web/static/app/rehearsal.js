// How a site's technical check went, and the way to it. The check itself is fetched when it is wanted.
import { html } from "./html.js";
import { useState } from "../vendor/hooks.js";
import { signal } from "../vendor/signals.js";
import { t, formatTime } from "./i18n.js";
import { lang } from "./settings.js";
import { Button } from "./parts.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {{light: string, reasons?: string[], at?: string, help_phone?: string, called_off?: boolean, call_off_reason?: string}} Rehearsal */

/** The last check of this site and what else is known around the session. @type {import("@preact/signals").Signal<Rehearsal | null>} */
export const rehearsal = signal(null);

/**
 * The API of rehearsals.
 * @param {Room} room
 * @param {string} method
 * @param {string} path below /api/v1/rehearsal
 * @param {object} [body]
 */
export function call(room, method, path, body) {
  return fetch(`/api/v1/rehearsal${path}`, {
    method,
    body: body && JSON.stringify(body),
    headers: { Authorization: `Bearer ${room.token}`, ...(body ? { "Content-Type": "application/json" } : {}) },
  });
}

/** Asks how the last check went. @param {Room} room */
export async function loadRehearsal(room) {
  if (!room.token) return;
  const response = await call(room, "GET", "").catch(() => null);
  if (response?.ok) rehearsal.value = await response.json();
}

/**
 * Saves the session as a calendar file. A plain link could not bear the token, which must stand in no address.
 * @param {Room} room
 */
async function saveCalendar(room) {
  const response = await fetch(`/api/v1/sessions/${room.session.value?.id}/calendar.ics?lang=${lang.value}`, {
    headers: { Authorization: `Bearer ${room.token}` },
  }).catch(() => null);
  if (!response?.ok) return room.toast("error", "download");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = "diemcau.ics";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** How the last check went, and the button for another. @param {{room: Room}} props */
export function RehearsalCard({ room }) {
  const [Check, setCheck] = useState(/** @type {Function | null} */ (null));
  const open = () => void import("./check.js").then((module) => setCheck(() => module.Check));
  const last = rehearsal.value;
  if (!last || last.called_off) return null;
  const light = ["green", "amber", "red"].includes(last.light) ? last.light : "untested";
  return html`<section class="rehearsal" aria-label=${t("rehearsal.title")}>
    <p class=${`light light--${light}`}><span aria-hidden="true" />${t(`rehearsal.${/** @type {"green"} */ (light)}`)}
      ${last.at && light !== "untested" ? html` <small>${formatTime(Date.parse(last.at), room.session.value?.time_zone)}</small>` : null}</p>
    <${Button} action="rehearse" icon="check" onClick=${open}>${t(light === "untested" ? "rehearsal.start" : "rehearsal.again")}<//>
    ${room.session.value?.scheduled_at_ms && room.phase.value !== "live" ? html`<${Button} action="calendar" icon="download" onClick=${() => void saveCalendar(room)}>${t("rehearsal.calendar")}<//>` : null}
    ${last.help_phone && html`<p class="rehearsal__phone">${t("rehearsal.phone")} <a href=${`tel:${last.help_phone}`}>${last.help_phone}</a></p>`}
    ${Check && html`<${Check} room=${room} onClose=${() => setCheck(null)} />`}
  </section>`;
}
