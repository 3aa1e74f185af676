// What may still be changed of a session that was convened, and how its changes are asked for.

/** @typedef {import("./draft.js").Rules} Rules */

/**
 * What a phase lets change: all but the list until the seal, the list of sites until the end (withdrawing until the seal).
 * @param {string} phase
 * @returns {{heading: boolean, sites: boolean}} sites: further ones can be convened
 */
export function changeable(phase) {
  return { heading: phase !== "sealed", sites: phase !== "sealed" && phase !== "ended" };
}

/**
 * The body of a change of rules: those by which attendance is judged are always named, those of the course only when they change,
 * since not everybody may change them.
 * @param {Rules} before @param {Rules} after @param {string} reason
 */
export function changedRules(before, after, reason) {
  return {
    grace_s: after.grace_s,
    late_after_s: after.late_after_s,
    partial_pct: after.partial_pct,
    receiving_only: after.receiving_only ?? false,
    ...(after.countdown_s !== before.countdown_s && { countdown_s: after.countdown_s }),
    ...(after.open_before_s !== before.open_before_s && { open_before_s: after.open_before_s }),
    reason,
  };
}

/**
 * What a refusal names as wrong: the problems of an addition, or the one place of a bad value such as agenda.2.title.
 * @param {import("./http.js").Answer} answer
 * @returns {{place: number | null, code: string, value: string}[]} place: which one of a list, from 1
 */
export function problemsOf({ ok, code, data }) {
  if (ok) return [];
  const nth = (/** @type {string} */ field) => {
    const found = /\.(\d+)/.exec(field);
    return found ? Number(found[1]) + 1 : null;
  };
  if (Array.isArray(data?.problems))
    return data.problems.map((/** @type {any} */ p) => ({
      place: nth(p.field ?? ""),
      code: p.code ?? "",
      value: p.value ?? "",
    }));
  if (code === "bad_value") return [{ place: nth(String(data?.detail ?? "")), code: "bad_value", value: "" }];
  return [];
}
