// The agenda as everyone reads it: on the waiting page, and in the room as a small panel over the stage.
import { html } from "./html.js";
import { useEffect } from "../vendor/hooks.js";
import { t } from "./i18n.js";
import { Button } from "./parts.js";

/** @typedef {import("./room.js").Room} Room */

/** The items in order, the present one marked. Nothing when there are none. @param {{room: Room}} props */
export function AgendaList({ room }) {
  const agenda = room.session.value?.agenda ?? [];
  const now = room.state.value?.agenda_item;
  if (agenda.length === 0) return null;
  const own = room.identity.value?.code ?? "";
  return html`<section class="agenda-list" aria-labelledby="agenda-title">
    <h2 id="agenda-title">${t("agenda.title")}</h2>
    <ol>${agenda.map(
      (item) => html`<li key=${item.id} data-item=${item.id} aria-current=${item.id === now ? "step" : undefined}>
      <span class="agenda-list__title">${item.title}</span>
      ${item.minutes ? html` <small>${t("agenda.minutes", { n: item.minutes })}</small>` : null}
      ${item.id === now ? html` <strong class="agenda-list__now">${t("agenda.now")}</strong>` : null}
      ${item.speakers?.includes(own) ? html` <em class="agenda-list__own">${t("agenda.own")}</em>` : null}</li>`,
    )}</ol>
  </section>`;
}

/** The same over the stage; Escape closes it. @param {{room: Room, onClose: () => void}} props */
export function AgendaCard({ room, onClose }) {
  useEffect(() => {
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog:modal")) onClose();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  return html`<div class="agenda-card"><${AgendaList} room=${room} />
    <${Button} compact tone="quiet" action="agenda-close" icon="close" label=${t("close")} onClick=${onClose} /></div>`;
}
