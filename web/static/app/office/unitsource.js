// Where units are looked up by name and by code: the map of the office, or the sites of a session.
import { signal } from "../../vendor/signals.js";

/** @typedef {import("./api.js").Unit} Unit */

/**
 * @param {(query: string) => Promise<readonly Unit[] | null>} get asks with a query string (q and limit, or codes); null = no answer
 */
export function unitSource(get) {
  /** Units by code, asked for once. @type {import("../../vendor/signals.js").Signal<ReadonlyMap<string, Unit>>} */
  const names = signal(new Map());
  const remember = (/** @type {readonly Unit[]} */ units) => {
    const known = new Map(names.value);
    for (const unit of units) known.set(unit.code, unit);
    names.value = known;
  };
  return {
    names,
    remember,
    load: async (/** @type {readonly string[]} */ codes) => {
      const missing = [...new Set(codes)].filter((code) => code && !names.value.has(code)).slice(0, 200);
      if (missing.length === 0) return;
      const units = await get(`codes=${encodeURIComponent(missing.join(","))}`);
      if (units) remember(units);
    },
    find: async (/** @type {string} */ text, /** @type {number} */ most) => {
      const units = await get(`q=${encodeURIComponent(text)}&limit=${most}`);
      if (units) remember(units);
      return units;
    },
    nameOf: (/** @type {string} */ code) => names.value.get(code)?.name ?? code,
  };
}

/** @typedef {ReturnType<typeof unitSource>} UnitSource */
