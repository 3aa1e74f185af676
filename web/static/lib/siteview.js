// A part of the sites in an order, kept up to date at the cost of what changes.

import { matcher } from "./fold.js";

/** @typedef {import("./sites.js").Site} Site */
/** @typedef {import("./sites.js").Filter} Filter */

/**
 * What a view shows, and in which order: "attention" puts first what wants it (on the floor, hands by time, lost,
 * receiving nothing, present, absent), "place" is the roster's.
 * @typedef {{query?: string, filter?: Filter, province?: string, order?: "attention" | "place"}} Wish
 */

/** @type {Record<string, number>} */
const RANK = { "on-floor": 0, lost: 2, connecting: 3, present: 4, absent: 5 };
const HAND_RANK = 1;
const RANKS = 6;

/** @param {Site} site */
function attention(site) {
  const rank = site.state === "present" && !site.receiving ? RANK.connecting : (RANK[site.state] ?? RANKS - 1);
  return rank !== 0 && site.hand_at_ms ? HAND_RANK : rank;
}

/**
 * Raised hands: the first raised first.
 * @param {Site} a
 * @param {Site} b
 */
export function byHand(a, b) {
  return (a.hand_at_ms ?? 0) - (b.hand_at_ms ?? 0) || a.place - b.place;
}

/**
 * @param {Site} a
 * @param {Site} b
 */
function byPlace(a, b) {
  return a.place - b.place;
}

export class SiteView {
  /** One list for each rank, each in order. @type {Site[][]} */ #ranks;
  /** @type {Wish} */ #wish;
  /** @type {(site: Site) => boolean} */ #passes;
  /** @type {(site: Site) => boolean} */ #matches;

  /**
   * @param {Iterable<Site>} sites all of them, by place
   * @param {Wish} wish
   * @param {(site: Site) => boolean} passes the filter
   * @param {(site: Site) => string} folded what a search looks through
   */
  constructor(sites, wish, passes, folded) {
    this.#wish = wish;
    this.#passes = passes;
    const matches = matcher(wish.query ?? "");
    this.#matches = (wish.query ?? "").trim() === "" ? () => true : (/** @type {Site} */ site) => matches(folded(site));
    this.#ranks = Array.from({ length: wish.order === "place" ? 1 : RANKS }, () => []);
    for (const site of sites) if (this.#shows(site)) this.#ranks[this.#rankOf(site)].push(site);
    if (this.#ranks.length > 1) this.#ranks[HAND_RANK].sort(byHand);
  }

  get length() {
    return this.#ranks.reduce((sum, rank) => sum + rank.length, 0);
  }

  /**
   * The sites at these places of the view.
   * @param {number} [from]
   * @param {number} [to] half-open
   * @returns {Site[]}
   */
  slice(from = 0, to = this.length) {
    /** @type {Site[]} */
    const found = [];
    let start = 0;
    for (const rank of this.#ranks) {
      for (let i = Math.max(0, from - start); i < Math.min(rank.length, to - start); i++) found.push(rank[i]);
      start += rank.length;
    }
    return found;
  }

  /**
   * One site changed.
   * @param {Site} old
   * @param {Site} site
   */
  replace(old, site) {
    const was = this.#shows(old);
    const is = this.#shows(site);
    const [from, to] = [this.#rankOf(old), this.#rankOf(site)];
    if (was && is && from === to && (from !== HAND_RANK || old.hand_at_ms === site.hand_at_ms)) {
      const rank = this.#ranks[from];
      rank[this.#find(from, old)] = site;
      return;
    }
    if (was) this.#ranks[from].splice(this.#find(from, old), 1);
    if (is) this.#ranks[to].splice(this.#find(to, site), 0, site);
  }

  /** Where a site is in a rank, or belongs. @param {number} rank @param {Site} site */
  #find(rank, site) {
    const list = this.#ranks[rank];
    const order = rank === HAND_RANK ? byHand : byPlace;
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (order(list[middle], site) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @param {Site} site */
  #rankOf(site) {
    return this.#ranks.length > 1 ? attention(site) : 0;
  }

  /** @param {Site} site */
  #shows(site) {
    const { province } = this.#wish;
    return (province === undefined || site.province === province) && this.#passes(site) && this.#matches(site);
  }
}
