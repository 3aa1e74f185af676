// What of the messages is new, and whom one may write to.
import { HOST } from "./protocol.js";

/** @typedef {import("./protocol.js").ChatMessage} ChatMessage */

/** To everybody, and to all consoles. */
export const ALL = "*";
export const SECRETARIAT = "@secretariat";

/**
 * Messages of others that the person has not seen, the oldest first.
 * @param {readonly ChatMessage[]} messages
 * @param {{own: string | undefined, seenAt: number}} person own: the code of the seat; seenAt: ms
 */
export function unseen(messages, { own, seenAt }) {
  return messages.filter((m) => m.at_ms > seenAt && m.from !== own);
}

/** Whom a new message is for at first: a site writes to the secretariat. @param {{to?: string, site: boolean}} facts to: who was chosen elsewhere */
export function firstRecipient({ to, site }) {
  return to ?? (site ? SECRETARIAT : ALL);
}

/**
 * What a recipient is: the groups, the seats that are called in the page's language, and what has a name of its own. A
 * province's own seat has the province's code: a message to it goes to all below.
 * @param {string} code of an endpoint, unit or group
 * @param {{own?: {code: string, name: string}, provinces: readonly {code: string, name: string}[], find: (code: string) => {name: string} | undefined}} known
 * @returns {{key: "messages.all" | "messages.secretariat" | "preview.role.host" | "messages.province" | "", name: string}} key of a text, "" = the name is all
 */
export function recipientWord(code, { own, provinces, find }) {
  if (code === ALL) return { key: "messages.all", name: "" };
  if (code === SECRETARIAT) return { key: "messages.secretariat", name: "" };
  if (code === HOST) return { key: "preview.role.host", name: "" };
  if (own && code === own.code) return { key: "", name: own.name };
  const province = provinces.find((p) => p.code === code);
  if (province) return { key: "messages.province", name: province.name };
  return { key: "", name: find(code)?.name ?? code };
}
