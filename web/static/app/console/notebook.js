// The notes for the minutes of the session that a link is for: one book for all parts of the page.
import { signal } from "../../vendor/signals.js";
import { NoteBook } from "../../lib/notes.js";
import { askSession } from "../api.js";

/** @typedef {import("../room.js").Room} Room */
/** @typedef {{book: NoteBook, version: import("@preact/signals").Signal<number>,
 *   goTo: import("@preact/signals").Signal<{from: string, to: string} | null>}} Desk
 *   version grows with every change; goTo: the note in which a person who writes in another goes on */

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

/** Held as long as this page lives, so that another page of the same browser leaves its notes to it. */
const page = PREFIX + newId();
void navigator.locks?.request(page, () => new Promise(() => {})).catch(() => {});

/** @param {string} key @returns {import("../../lib/notes.js").Left & {of: string} | null} */
function stored(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null; // a browser in its strictest mode
  }
}

function storedKeys() {
  try {
    return Object.keys(localStorage);
  } catch {
    return []; // As above.
  }
}

/** Goes on with what other pages have left of a session's notes, each as soon as it is gone. @param {string} prefix @param {NoteBook} book */
function takeOver(prefix, book) {
  const keys = storedKeys().filter((key) => key.startsWith(prefix));
  for (const of of new Set(keys.map((key) => stored(key)?.of))) {
    const take = () => {
      for (const key of keys) {
        const left = stored(key);
        if (left && left.of === of) book.restore({ [key.slice(prefix.length)]: left });
      }
    };
    if (navigator.locks && of) void navigator.locks.request(of, take).catch(take);
    else take();
  }
}

/** @param {string} key @param {import("../../lib/notes.js").Left | null} what */
function keep(key, what) {
  try {
    if (what) localStorage.setItem(key, JSON.stringify({ ...what, of: page }));
    else if (stored(key)?.of === page) localStorage.removeItem(key);
  } catch {
    // As above.
  }
}

/** The desk of a room; it asks what others wrote for as long as the page lives. @param {Room} room @returns {Desk} */
export function deskOf(room) {
  const known = desks.get(room);
  if (known) return known;
  const version = signal(0);
  const goTo = signal(/** @type {{from: string, to: string} | null} */ (null));
  const prefix = `${PREFIX}${room.session.value?.id ?? room.claims?.sid ?? ""}.`;
  const book = new NoteBook({
    read: () => askSession(room, "notes"),
    write: (id, body) => askSession(room, `notes/${encodeURIComponent(id)}`, { method: "PUT", body }),
    newId,
    now: () => room.now(),
    kept: {},
    keep: (id, what) => keep(prefix + id, what),
    wait: (ms) => new Promise((done) => setTimeout(done, ms)),
    onChange: () => void version.value++,
    onSplit: (from, to) => (goTo.value = { from, to }),
  });
  takeOver(prefix, book);
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
