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
