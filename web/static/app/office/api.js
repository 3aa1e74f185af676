// The office's requests. The login is a cookie that scripts cannot read.
import { signal } from "../../vendor/signals.js";
import { request } from "../../lib/http.js";
import { o, oMaybe } from "./text.js";
import { unitSource } from "./unitsource.js";

/**
 * @typedef {object} Account
 * @property {string} name
 * @property {string} full_name
 * @property {string} role
 * @property {string} [scope]
 * @property {string} [phone]
 * @property {boolean} [disabled]
 * @property {boolean} [must_change]
 * @property {string[]} [rights]
 * @property {{id: string, device: string, created_at: string, seen_at: string, current?: boolean}[]} [logins]
 *
 * @typedef {{code: string, parent?: string, level: string, name: string, parents?: string[], below?: number, levels?: Record<string, number>}} Unit
 * @typedef {import("../../lib/http.js").Answer} Answer
 */

/** Who is logged in; null = nobody, undefined = not asked yet. @type {import("@preact/signals").Signal<Account | null | undefined>} */
export const me = signal(undefined);

/** What a person is told at the bottom of the page, in the language of the moment.
 * @type {import("@preact/signals").Signal<{kind: "info" | "error", text: () => string} | null>} */
export const notice = signal(null);

/** @param {string} right */
export function may(right) {
  return me.value?.rights?.includes(right) ?? false;
}

/**
 * Makes a request; a refusal is told to the person unless quiet.
 * @param {string} method
 * @param {string} path below /api/v1
 * @param {object | Blob} [body]
 * @param {{quiet?: boolean}} [options]
 * @returns {Promise<Answer>}
 */
export async function api(method, path, body, { quiet = false } = {}) {
  const answer = await request(path, { method, body });
  if (answer.status === 401 && answer.data.code === "bad_token") me.value = null;
  if (!answer.ok && !quiet) notice.value = { kind: "error", text: () => faultText(answer) };
  return answer;
}

/** @param {Answer} answer */
export function faultText({ code, retryS, data }) {
  if (code === "bad_account") return oMaybe(`fault.${data.detail}`, "fault.other");
  if (code === "unavailable" && retryS) return o("fault.unavailable_until", { s: retryS });
  return oMaybe(`fault.${code}`, "fault.other");
}

export async function loadMe() {
  const answer = await api("GET", "/account", undefined, { quiet: true });
  me.value = answer.ok ? answer.data : null;
}

/** The map of units. */
export const roster = unitSource(async (query) => {
  const answer = await api("GET", `/units?${query}`, undefined, { quiet: true });
  return answer.ok ? answer.data.units : null;
});

export const { names: unitNames, load: loadUnits, remember: rememberUnits, nameOf: unitName } = roster;
