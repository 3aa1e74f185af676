// The boards of technical checks: how many lights of each colour, and whom to call.

/** @typedef {{light: string, province?: string}} Checked */

/**
 * Lights of all provinces together.
 * @template {string} L
 * @param {readonly L[]} lights
 * @param {readonly {lights: Record<string, number>}[]} provinces
 */
export function totalOf(lights, provinces) {
  return /** @type {Record<L, number>} */ (
    Object.fromEntries(lights.map((light) => [light, provinces.reduce((n, p) => n + (p.lights[light] ?? 0), 0)]))
  );
}

/**
 * Sites of a province; null = of all, "" = of none.
 * @template {Checked} S
 * @param {readonly S[]} sites
 * @param {string | null} province
 */
export function within(sites, province) {
  return sites.filter((site) => province === null || (site.province ?? "") === province);
}

/** Whether a site is listed: all, whom to call, or those of one light. @param {string} filter @param {Checked} site */
export function isListed(filter, { light }) {
  if (filter === "all") return true;
  return filter === "call" ? light === "red" || light === "untested" : light === filter;
}
