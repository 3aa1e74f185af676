// The technical checks of a site before the session, as the server keeps them.
import { signal } from "../vendor/signals.js";
import { ask } from "./api.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {{light: string, reasons?: string[], at?: string, help_phone?: string, called_off?: boolean, call_off_reason?: string}} Rehearsal */

/** The last check of this site and what else is known around the session. @type {import("@preact/signals").Signal<Rehearsal | null>} */
export const rehearsal = signal(null);

/** Asks how the last check went. @param {Room} room */
export async function loadRehearsal(room) {
  if (!room.token) return;
  const answer = await ask(room, "/rehearsal");
  if (answer.ok) rehearsal.value = answer.data;
}

/** Whom the site calls about its line: as the session says now; one of an older server said it with the check. @param {Room} room */
export const helpPhone = (room) =>
  room.session.value?.help_phone ?? (room.session.value?.agenda_version ? "" : rehearsal.value?.help_phone);
