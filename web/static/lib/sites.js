// The console's copy of all sites: kept up to date by deltas, counted by province, filtered and ordered for the list.
// Its cost per delta does not grow with the number of sites; a new view costs one pass over them.

import { fold } from "./fold.js";
import { SiteView, byHand } from "./siteview.js";

/** @typedef {import("./protocol.js").SiteInfo} SiteInfo */
/** @typedef {import("./protocol.js").SiteState} SiteState */
/** @typedef {import("./protocol.js").UnitInfo} UnitInfo */
/** @typedef {import("./siteview.js").Wish} Wish */

/**
 * A site with what the list needs to know besides.
 * @typedef {SiteInfo & {parents: string[], province: string, folded: string, place: number}} Site
 */

/**
 * @typedef {object} Counts
 * @property {string} code of the province; "" for sites outside any
 * @property {string} name
 * @property {number} convened
 * @property {number} present connected, whether or not anything arrives there
 * @property {number} blind of these, to whom nothing of the stage arrives
 * @property {number} lost
 * @property {number} absent
 * @property {number} weak
 * @property {number} hands
 * @property {number} answered the open roll call
 * @property {number} headcount
 */

/** @typedef {"all" | "present" | "blind" | "absent" | "lost" | "weak" | "hand" | "unanswered"} Filter */

/** Loss in per cent and round trip in ms from which a line counts as weak. */
const WEAK_LOSS_PCT = 5;
const WEAK_RTT_MS = 500;

/** Whether the link of a site is in the hands of others. @param {SiteState} site */
export function isContested(site) {
  return Boolean(site.opened_elsewhere || site.taken_over);
}

/** @param {{state: string, rtt_ms?: number, loss_pct?: number}} site */
export function isWeak(site) {
  return isHere(site) && ((site.loss_pct ?? 0) >= WEAK_LOSS_PCT || (site.rtt_ms ?? 0) >= WEAK_RTT_MS);
}

/**
 * What makes a line weak, the worse for speech first; null = it is not weak.
 * @param {{state: string, rtt_ms?: number, loss_pct?: number}} site
 * @returns {{kind: "loss" | "delay", n: number} | null} n: per cent or ms
 */
export function weakness(site) {
  if (!isWeak(site)) return null;
  const loss = site.loss_pct ?? 0;
  return loss >= WEAK_LOSS_PCT ? { kind: "loss", n: loss } : { kind: "delay", n: site.rtt_ms ?? 0 };
}

/** Present is who is connected: the same in the console, the state that everyone is told, and the attendance log. @param {{state: string}} site */
export function isHere(site) {
  return site.state === "connecting" || isReached(site);
}

/** The stage can reach it: it can be asked to speak. @param {{state: string}} site */
export function isReached(site) {
  return site.state === "present" || site.state === "on-floor";
}

/** Present, and nothing of the stage arrives there: it needs help. @param {{state: string, receiving?: boolean}} site */
export function isBlind(site) {
  return isHere(site) && !site.receiving;
}

/** @type {Record<Filter, (site: Site) => boolean>} */
const FILTERS = {
  all: () => true,
  present: isHere,
  blind: isBlind,
  absent: (site) => site.state === "absent",
  lost: (site) => site.state === "lost",
  weak: isWeak,
  hand: (site) => Boolean(site.hand_at_ms),
  unanswered: (site) => !site.answered,
};

/** Views that are kept up to date: of the list and of the wall, and those that were there just before. */
const MAX_VIEWS = 4;

/** Levels at which counts are kept. */
const PROVINCIAL = new Set(["province", "ministry"]);

export class SiteList {
  /** @type {Map<string, Site>} */ #sites = new Map();
  /** @type {Map<string, Counts>} */ #provinces = new Map();
  /** Codes of sites with a raised hand, and of those told that they are next. @type {Set<string>} */ #hands =
    new Set();
  /** @type {Set<string>} */ #next = new Set();
  /** Names of the units, by code. @type {Map<string, string>} */ #units = new Map();
  /** By wish, the one asked for last at the end. @type {Map<string, SiteView>} */ #views = new Map();
  /** @type {Counts} */ total = emptyCounts("", "");

  /** @param {string} code */
  get(code) {
    return this.#sites.get(code);
  }

  /** The name of a unit, or its code where the list does not have it. @param {string} code */
  unitName(code) {
    return this.#units.get(code) ?? code;
  }

  /** Provinces in the order of the roster. @returns {Counts[]} */
  provinces() {
    return [...this.#provinces.values()];
  }

  /**
   * Replaces everything.
   * @param {readonly UnitInfo[]} units
   * @param {readonly SiteInfo[]} endpoints
   */
  load(units, endpoints) {
    const byCode = new Map(units.map((unit) => [unit.code, unit]));
    this.#units = new Map(units.map((unit) => [unit.code, unit.name]));
    this.#sites.clear();
    this.#provinces.clear();
    this.#hands.clear();
    this.#next.clear();
    this.#views.clear();
    this.total = emptyCounts("", "");
    for (const endpoint of endpoints) {
      const { parents, province } = above(byCode, endpoint.unit);
      const site = { ...endpoint, parents, province: province?.code ?? "", folded: "", place: this.#sites.size };
      this.#sites.set(site.code, site);
      if (!this.#provinces.has(site.province)) {
        this.#provinces.set(site.province, emptyCounts(site.province, province?.name ?? ""));
      }
      this.#count(site, 1);
    }
  }

  /**
   * Applies a delta. A change of a site that is not in the list is passed over.
   * @param {readonly SiteState[]} changes each replaces the whole changing part of its site
   */
  apply(changes) {
    for (const change of changes) {
      const old = this.#sites.get(change.code);
      if (!old) continue;
      this.#count(old, -1);
      const { name, unit, phone, parents, province, folded, place } = old;
      const site = { ...change, name, unit, phone, parents, province, folded, place };
      this.#sites.set(site.code, site);
      this.#count(site, 1);
      for (const view of this.#views.values()) view.replace(old, site);
    }
  }

  /**
   * The sites to list. The view stays up to date, at least as long as few others are asked for.
   * @param {Wish} [wish]
   * @returns {SiteView}
   */
  view({ query = "", filter = "all", province, order = "attention" } = {}) {
    const key = JSON.stringify([query, filter, province, order]);
    const view =
      this.#views.get(key) ?? new SiteView(this.#sites.values(), { query, province, order }, FILTERS[filter], foldedOf);
    this.#views.delete(key);
    this.#views.set(key, view);
    for (const oldest of this.#views.keys()) if (this.#views.size > MAX_VIEWS) this.#views.delete(oldest);
    return view;
  }

  /** Raised hands, the first raised first. @returns {Site[]} */
  hands() {
    return this.#named(this.#hands).sort(byHand);
  }

  /** Sites told that they are next. @returns {Site[]} */
  standingBy() {
    return this.#named(this.#next);
  }

  /** @param {Set<string>} codes */
  #named(codes) {
    return [...codes].flatMap((code) => this.#sites.get(code) ?? []);
  }

  /**
   * @param {Site} site
   * @param {1 | -1} sign
   */
  #count(site, sign) {
    if (site.hand_at_ms) this.#hands[sign > 0 ? "add" : "delete"](site.code);
    if (site.stand_by) this.#next[sign > 0 ? "add" : "delete"](site.code);
    for (const counts of [this.total, this.#provinces.get(site.province)]) {
      if (!counts) continue;
      counts.convened += sign;
      if (isHere(site)) counts.present += sign;
      if (isBlind(site)) counts.blind += sign;
      if (site.state === "lost") counts.lost += sign;
      if (site.state === "absent") counts.absent += sign;
      if (isWeak(site)) counts.weak += sign;
      if (site.hand_at_ms) counts.hands += sign;
      if (site.answered) counts.answered += sign;
      counts.headcount += sign * (site.headcount ?? 0);
    }
  }
}

/** What a search looks through, made at the first search: ten thousand names are not folded for nothing. @param {Site} site */
function foldedOf(site) {
  return (site.folded ||= fold([site.name, ...site.parents, site.code].join(" ")));
}

/**
 * @param {string} code
 * @param {string} name
 * @returns {Counts}
 */
function emptyCounts(code, name) {
  return {
    code,
    name,
    convened: 0,
    present: 0,
    blind: 0,
    lost: 0,
    absent: 0,
    weak: 0,
    hands: 0,
    answered: 0,
    headcount: 0,
  };
}

/**
 * Walks up the tree from a unit: the names above it (the nearest first, without the central one) and its province, which may
 * be the unit itself. A damaged tree ends the walk.
 * @param {Map<string, UnitInfo>} units
 * @param {string | undefined} code
 */
function above(units, code) {
  /** @type {string[]} */
  const parents = [];
  /** @type {UnitInfo | undefined} */
  let province;
  let unit = code ? units.get(code) : undefined;
  for (let depth = 0; unit && depth < 8; depth++) {
    if (!province && PROVINCIAL.has(unit.level)) province = unit;
    const next = unit.parent ? units.get(unit.parent) : undefined;
    if (next && next.level !== "central") parents.push(next.name);
    unit = next;
  }
  return { parents, province };
}
