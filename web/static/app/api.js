// What the pages of a session ask by HTTP, with the token of their link.
import { request } from "../lib/http.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("../lib/http.js").Answer} Answer */
/** @typedef {import("../lib/http.js").Options} Options */

/**
 * Asks for the holder of a link.
 * @param {Room} room
 * @param {string} path below /api/v1
 * @param {Options} [options]
 */
export function ask(room, path, options) {
  return request(path, { ...options, token: room.token });
}

/**
 * Asks about the session of a link.
 * @param {Room} room
 * @param {string} path below the session
 * @param {Options} [options]
 */
export function askSession(room, path, options) {
  const id = room.session.value?.id ?? room.claims?.sid ?? "";
  return ask(room, `/sessions/${encodeURIComponent(id)}/${path}`, options);
}

/**
 * Tells the person what went wrong, and when to try again if the server said so.
 * @param {Room} room
 * @param {Answer} answer
 */
export function tellRefusal(room, { code, retryS }) {
  if (retryS && code === "unavailable") room.toast("error", "unavailable_until", { s: String(retryS) });
  else room.toast("error", code);
}

/**
 * Fetches with the link's token, which must stand in no address, and hands the file to the browser.
 * @param {Room} room
 * @param {string} path below the session
 */
export async function download(room, path) {
  const answer = await askSession(room, path, { as: "blob" });
  if (!answer.ok) return tellRefusal(room, answer);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(answer.data);
  link.download =
    /filename="?([^";]+)"?/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? String(path.split("?")[0]);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
