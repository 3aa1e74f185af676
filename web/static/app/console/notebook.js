// The notes for the minutes of the session that a link is for: one book for all parts of the page.
import { signal } from "../../vendor/signals.js";
import { NoteBook } from "../../lib/notes.js";
import { askSession } from "../api.js";

/** @typedef {import("../room.js").Room} Room */
/** @typedef {{book: NoteBook, version: import("@preact/signals").Signal<number>, goTo: import("@preact/signals").Signal<string>}} Desk
 *   version grows with every change; goTo: the note in which the person goes on writing */

const EVERY_MS = 2500;
const PREFIX = "diemcau.notes.";

/** @type {WeakMap<Room, Desk>} */
const desks = new WeakMap();

/** Who may write notes. @param {Room} room */
export const writesNotes = (room) => room.role === "secretary" || room.role === "host";

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `n${[...bytes].map((b) => b.toString(16).padStart(2, "0")).join("")}`;
}

/** @param {string} key @returns {import("../../lib/notes.js").Kept} */
function kept(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}");
  } catch {
    return {}; // a browser in its strictest mode
  }
}

/** @param {string} key @param {import("../../lib/notes.js").Kept} what */
function keep(key, what) {
  try {
    if (Object.keys(what).length) localStorage.setItem(key, JSON.stringify(what));
    else localStorage.removeItem(key);
  } catch {
    // As above.
  }
}

/** The desk of a room; it asks what others wrote for as long as the page lives. @param {Room} room @returns {Desk} */
export function deskOf(room) {
  const known = desks.get(room);
  if (known) return known;
  const version = signal(0);
  const goTo = signal("");
  const key = PREFIX + (room.session.value?.id ?? room.claims?.sid ?? "");
  const book = new NoteBook({
    read: () => askSession(room, "notes"),
    write: (id, body) => askSession(room, `notes/${encodeURIComponent(id)}`, { method: "PUT", body }),
    newId,
    now: () => room.now(),
    kept: kept(key),
    keep: (what) => keep(key, what),
    wait: (ms) => new Promise((done) => setTimeout(done, ms)),
    onChange: () => void version.value++,
    onSplit: (_, to) => (goTo.value = to),
  });
  const look = async () => {
    if (document.visibilityState === "visible") await book.refresh();
    setTimeout(() => void look(), EVERY_MS);
  };
  void look();
  addEventListener("beforeunload", (event) => book.state === "saved" || event.preventDefault());
  const desk = { book, version, goTo };
  desks.set(room, desk);
  return desk;
}
