// The attendance report: its texts, its requests and the forms of its data.
import { useEffect, useState } from "../../vendor/hooks.js";
import vi from "../../i18n/report.vi.js";
import { formatTime, translator } from "../i18n.js";
import { askSession, tellRefusal } from "../api.js";

/** @typedef {import("../room.js").Room} Room */
/** @typedef {keyof typeof vi} Key */
/** @typedef {"" | "on_time" | "late" | "partial" | "absent"} Verdict */
/** @typedef {{convened: number, present: number, on_time: number, late: number, partial: number, absent: number, headcount: number}} Counts */
/** @typedef {{endpoint: string, from: string, to: string, end_reason: string, entries: number[], device?: string, evidence?: string}} Interval */
/** @typedef {{loss_pct?: number, high_s: number, medium_s: number, low_s: number, no_picture_s: number, frames: number, sound_s: number}} Quality */
/** @typedef {{verdict: Verdict, by: string, reason: string, at: string, after_seal: boolean, entry: number}} Override */
/** @typedef {{from: string, to: string, means: string, by: string, reason: string, entry: number}} Declared */
/**
 * @typedef {{endpoint: string, unit: string, name: string, parents: string, phone?: string, total_s: number, received_s: number,
 *   interruptions: number, devices?: string[], quality?: Quality,
 *   pictures?: {at: string, entry: number}[],
 *   verdict: Verdict, computed: Verdict, override?: Override, declared?: Declared[], headcount: number,
 *   delegates?: {name: string, title: string, attending_for: string}[]}} SiteRow
 */
/** @typedef {{unit: string, name: string, level: string, depth: number} & Counts} Group */
/**
 * @typedef {object} Report
 * @property {{id: string, title: string, time_zone: string, rules: {grace_s: number, late_after_s: number, partial_pct: number, receiving_only?: boolean},
 *   opened_at?: string, started_at?: string, ended_at?: string, sealed_at?: string, as_of: string, entries: number, head_hash: string}} session
 * @property {Counts} total
 * @property {Group[]} groups
 * @property {SiteRow[]} sites
 * @property {Interval[]} intervals
 * @property {Interval[]} receiving
 * @property {{at: string, present: number}[]} over_time
 */

/** What of the report is shown. @typedef {{unit: string, verdict: Verdict, offset: number, asOf: string, name: string}} Choice */

/** Sites on a page. */
export const PAGE = 50;
const EVERY_MS = 4000;

export const { text: r, maybe: rMaybe } = await translator(vi, () => import("../../i18n/report.en.js"));

/** @param {Verdict} verdict */
export function verdictText(verdict) {
  return rMaybe(`verdict.${verdict}`, "verdict.none");
}

/** Time of day of the session, with the day if it is not the one on which it began.
 * @param {string | undefined} at RFC 3339 @param {Report} report @param {boolean} [seconds] */
export function clock(at, report, seconds = false) {
  if (!at) return "";
  const { opened_at, started_at, as_of } = report.session;
  const time = formatTime(Date.parse(at), report.session.time_zone, seconds);
  // All times are of the session's zone, so their first ten characters are its days.
  const day = at.slice(0, 10);
  return day === (started_at ?? opened_at ?? as_of).slice(0, 10) ? time : `${time} ${day.slice(8)}/${day.slice(5, 7)}`;
}

/** @param {{from: string, to: string}} interval @param {Report} report */
export function span({ from, to }, report) {
  return to
    ? r("strip.span", { from: clock(from, report, true), to: clock(to, report, true) })
    : r("strip.open", { from: clock(from, report, true) });
}

/**
 * Makes a correction; a refusal is told to the person.
 * @param {Room} room
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<boolean>}
 */
export async function correct(room, method, path, body) {
  const answer = await askSession(room, path, { method, body });
  if (!answer.ok) tellRefusal(room, answer);
  return answer.ok;
}

/** The part of a request that says what is shown. @param {Choice} choice */
export function query({ unit, verdict, offset, asOf, name }) {
  const q = new URLSearchParams({ limit: String(PAGE), offset: String(offset) });
  if (unit) q.set("unit", unit);
  if (verdict) q.set("verdict", verdict);
  if (name.trim()) q.set("q", name.trim());
  if (asOf) q.set("as_of", asOf);
  return q.toString();
}

/**
 * The report that a choice asks for, asked for again while it can change.
 * @param {Room} room
 * @param {Choice} choice
 * @param {number} version asks at once when it changes
 */
export function useReport(room, choice, version) {
  const [state, setState] = useState(
    /** @type {{report?: Report, matching: number, failed: boolean}} */ ({ matching: 0, failed: false }),
  );
  const wanted = query(choice);
  useEffect(() => {
    let over = false;
    let timer = 0;
    const load = async () => {
      if (document.visibilityState === "visible") {
        const { ok, data, headers } = await askSession(room, `attendance.json?${wanted}`);
        if (over) return;
        setState((old) =>
          ok
            ? { report: data, matching: Number(headers.get("X-Total-Count")), failed: false }
            : { ...old, failed: true },
        );
        if (ok && (choice.asOf || data.session.sealed_at)) return;
      }
      timer = window.setTimeout(load, EVERY_MS);
    };
    void load();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [wanted, version]);
  return state;
}

/**
 * The groups that are shown: nation and provinces, and below the chosen unit and those above it, one level more.
 * @param {readonly Group[]} groups parents before their children
 * @param {string} chosen
 */
export function shownGroups(groups, chosen) {
  /** @type {string[]} */
  let path = [];
  /** @type {string[]} */
  let open = [];
  for (const g of groups) {
    path = [...path.slice(0, g.depth), g.unit];
    if (g.unit === chosen) open = path;
  }
  path = [];
  return groups.filter((g) => {
    path = [...path.slice(0, g.depth), g.unit];
    return g.depth <= 1 || open.includes(/** @type {string} */ (path[g.depth - 1]));
  });
}
