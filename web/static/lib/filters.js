// By what the list of sites can be narrowed, and how many each leaves.

/** @typedef {import("./sites.js").Filter} Filter */

/** @type {readonly Filter[]} */
const FILTERS = ["all", "present", "blind", "lost", "absent", "weak", "hand", "unanswered"];

/**
 * The filters that mean something now. Before the session is live there is nothing to receive. After a roll call, too, it is
 * seen who did not answer.
 * @param {{live: boolean, rollCall: boolean, answered: number}} facts
 */
export function filtersFor({ live, rollCall, answered }) {
  return FILTERS.filter((name) => (name !== "blind" || live) && (name !== "unanswered" || rollCall || answered > 0));
}

/**
 * @param {import("./sites.js").Counts} counts
 * @param {Filter} filter
 */
export function countOf(counts, filter) {
  switch (filter) {
    case "all":
      return counts.convened;
    case "present":
      return counts.present;
    case "blind":
      return counts.blind;
    case "lost":
      return counts.lost;
    case "absent":
      return counts.absent;
    case "weak":
      return counts.weak;
    case "hand":
      return counts.hands;
    default:
      return counts.convened - counts.answered;
  }
}
