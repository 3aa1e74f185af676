// The secretary's notes: each at its moment, saved as it is typed, beside the stage or on a page of its own.
import { html } from "../html.js";
import { useLayoutEffect, useRef } from "../../vendor/hooks.js";
import { MAX_NOTE, textOf } from "../../lib/notes.js";
import { t, tMaybe, formatTime } from "../i18n.js";
import { Button, Header, Preferences, SidePanel, Toasts } from "../parts.js";
import { deskOf } from "./notebook.js";
import { Downloads } from "./downloads.js";

/** @typedef {import("../room.js").Room} Room */

/** @param {{room: Room, onClose: () => void}} props */
export function NotesPanel({ room, onClose }) {
  return html`<${SidePanel} title=${t("notes.title")} onClose=${onClose}><${Notes} room=${room} /><//>`;
}

/** The notes alone: for a second secretary, who is not in the room, and after the end. @param {{room: Room, onClose: () => void}} props */
export function NotesPage({ room, onClose }) {
  return html`<${Header} title=${room.session.value?.title ?? ""}><${Preferences} /><//>
    <main class="notes-page">
      <div class="office__title"><h1>${t("notes.title")}</h1><${Button} action="notes-close" onClick=${onClose}>${t("notes.back")}<//></div>
      <${Notes} room=${room} /><${Downloads} room=${room} />
    </main><${Toasts} room=${room} />`;
}

/** @param {{room: Room}} props */
function Notes({ room }) {
  const { book, version, goTo } = deskOf(room);
  void version.value;
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const next = goTo.value;
  // At once, so that the next key is already another note's; and only for who writes there.
  useLayoutEffect(() => {
    if (!next) return;
    goTo.value = null;
    const of = (/** @type {string} */ id) => list.current?.querySelector(`textarea[data-note="${CSS.escape(id)}"]`);
    const field = of(next.to);
    if (!(field instanceof HTMLTextAreaElement) || document.activeElement !== of(next.from)) return;
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  });
  const state = book.state;
  const zone = room.session.value?.time_zone;
  const written = book.list();
  const refused = written.find((n) => n.refused)?.refused;
  const field = (
    /** @type {string} */ id,
    /** @type {string} */ text,
    /** @type {string} */ about,
    refused = "",
  ) => html`<li key=${id} class="note">
      <time class="note__time">${about ? formatTime(Date.parse(about), zone) : t("notes.now")}</time>
      <textarea data-note=${id} rows=${Math.min(10, Math.max(2, text.split("\n").length + Math.floor(text.length / 48)))} maxlength=${MAX_NOTE}
        aria-label=${about ? t("notes.at", { time: formatTime(Date.parse(about), zone) }) : t("notes.new")}
        placeholder=${about ? "" : t("notes.new")} value=${text}
        onInput=${(/** @type {Event} */ e) => book.type(id, /** @type {HTMLTextAreaElement} */ (e.target).value)}
        onKeyDown=${(/** @type {KeyboardEvent} */ e) => {
          if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) goTo.value = { from: id, to: book.blank };
        }} />
      ${
        about &&
        html`<${Button} compact tone="quiet" icon="close" action=${refused ? "note-drop" : "note-remove"}
        label=${t(refused ? "notes.drop" : "notes.remove")} onClick=${() => (refused ? book.drop(id) : book.type(id, ""))} />`
      }
    </li>`;
  return html`<section class="notes" aria-label=${t("notes.title")}>
    <p class="quiet">${t("notes.hint")}</p>
    <ol class="notes__list" ref=${list}>
      ${[...written.map((n) => field(n.id, textOf(n), n.about, n.refused)), field(book.blank, "", "")]}
    </ol>
    <p class=${`notes__state notes__state--${state}`} role="status" data-notes=${state}>
      ${t(`notes.${/** @type {"saved" | "saving" | "waiting" | "refused"} */ (state)}`)}
      ${refused ? ` ${tMaybe(`refusal.${refused}`, "refusal.internal")}` : ""}</p>
  </section>`;
}
