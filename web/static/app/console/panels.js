// The side panels of a console: messages, what was done and what is to be changed stand beside the stage while the chair steers on.
import { html } from "../html.js";
import { signal } from "../../vendor/signals.js";
import { Messages } from "../messages.js";
import { Fetched } from "./fetched.js";
import { deskOf, writesNotes } from "./notebook.js";

const change = async () => (await import("./change.js")).ChangePanel;
const auditLog = async () => (await import("./auditlog.js")).AuditLog;
const notes = async () => (await import("./notes.js")).NotesPanel;

/** What a console may do with a message. @typedef {{marked: (m: ChatMessage) => boolean, mark: (m: ChatMessage, writer: string) => void}} Minutes */
/** @typedef {import("../../lib/protocol.js").ChatMessage} ChatMessage */

/** @typedef {"messages" | "auditlog" | "change" | "notes"} Name */

/** The panel that is open, and whom a message is for at first. @type {import("@preact/signals").Signal<{name: Name, to?: string} | null>} */
export const panel = signal(null);

/** Whether what was convened may be changed from here: a site in the chair steers the session, it does not convene. @param {import("../room.js").Room} room */
export const mayChange = (room) => (room.role === "host" || room.role === "operator") && room.steersAll;

/** Opens a panel, or closes it when it is open. @param {Name} name */
export function togglePanel(name) {
  panel.value = panel.value?.name === name ? null : { name };
}

/** @param {{room: import("../room.js").Room}} props */
export function SidePanels({ room }) {
  const open = panel.value;
  const close = () => (panel.value = null);
  if (open?.name === "messages")
    return html`<${Messages} key=${open.to} room=${room} to=${open.to} minutes=${writesNotes(room) ? minutesOf(room) : undefined} onClose=${close} />`;
  if (open?.name === "change") return html`<${Fetched} key="change" load=${change} room=${room} onClose=${close} />`;
  if (open?.name === "notes") return html`<${Fetched} key="notes" load=${notes} room=${room} onClose=${close} />`;
  return open && html`<${Fetched} key="auditlog" load=${auditLog} room=${room} onClose=${close} />`;
}

/** Marks messages for the minutes. @param {import("../room.js").Room} room @returns {Minutes} */
function minutesOf(room) {
  const { book, version } = deskOf(room);
  void version.value;
  return { marked: (m) => book.marked(m), mark: (m, writer) => book.mark(m, writer) };
}
