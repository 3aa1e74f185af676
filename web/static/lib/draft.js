// What a draft says: which units it names, and what its rules mean in the units in which people count.

/** @typedef {import("../app/office/draft.js").Draft} Draft */
/**
 * @typedef {{countdown_s: number, open_before_s: number, grace_s: number, late_after_s: number, partial_pct: number,
 *   receiving_only?: boolean}} Rules receiving_only: time in which nothing arrived does not count
 */

/** @typedef {Exclude<keyof Rules, "receiving_only">} RuleName a rule that is a number */

/** Each rule that is a number with what a person counts it in. @type {readonly {name: RuleName, per: number, most: number}[]} per: its unit in the field */
export const RULES = [
  { name: "open_before_s", per: 60, most: 1440 },
  { name: "late_after_s", per: 60, most: 1440 },
  { name: "partial_pct", per: 1, most: 100 },
  { name: "grace_s", per: 1, most: 3600 },
  { name: "countdown_s", per: 1, most: 60 },
];

/** Rules with one that a person typed, in that person's unit. @param {Rules} rules @param {RuleName} name @param {string} typed */
export function withRule(rules, name, typed) {
  const per = RULES.find((rule) => rule.name === name)?.per ?? 1;
  return { ...rules, [name]: Math.round(Number(typed) * per) };
}

/** All codes of units in a draft, whose names are shown. @param {Draft} d */
export function codesOf(d) {
  return [
    ...(d.units ?? []).map((p) => p.split("/")[0]),
    ...(d.except ?? []),
    ...Object.keys(d.contacts ?? {}),
    ...(d.seats ?? []).map((s) => s.unit ?? ""),
    ...(d.operators ?? []).map((s) => s.scope),
    ...(d.agenda ?? []).flatMap((a) => a.speakers ?? []),
  ];
}

const HOUR_MS = 3_600_000;

/** Whether it would begin so long ago that a person is asked, as the server does. @param {string | undefined} start RFC 3339 @param {number} now ms */
export function isPast(start, now) {
  return Boolean(start) && Date.parse(start ?? "") < now - HOUR_MS;
}
