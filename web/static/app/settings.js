// What a person chose on this computer: language, theme, devices. Storage may be refused; then it lasts for the page.
import { signal, effect } from "../vendor/signals.js";

/**
 * A signal kept in localStorage.
 * @template {string} T
 * @param {string} key
 * @param {T} initial
 * @param {readonly T[]} [allowed]
 */
export function stored(key, initial, allowed) {
  const name = `diemcau.${key}`;
  /** @type {string | null} */
  let saved = null;
  try {
    saved = localStorage.getItem(name);
  } catch {
    // A browser in its strictest mode.
  }
  const value = signal(
    saved !== null && (!allowed || allowed.includes(/** @type {T} */ (saved))) ? /** @type {T} */ (saved) : initial,
  );
  effect(() => {
    const next = value.value;
    try {
      if (next === initial) localStorage.removeItem(name);
      else localStorage.setItem(name, next);
    } catch {
      // As above.
    }
  });
  return value;
}

/** @type {import("@preact/signals").Signal<"vi" | "en">} */
export const lang = stored("lang", "vi", ["vi", "en"]);

/** @type {import("@preact/signals").Signal<"auto" | "light" | "dark">} */
export const theme = stored("theme", "auto", ["auto", "light", "dark"]);

/** Pictures of the others: all, small ones, or none on a weak or costly line. @type {import("@preact/signals").Signal<"all" | "low" | "none">} */
export const pictures = stored("pictures", "all", ["all", "low", "none"]);

/** When this computer last reached the server by a relay, in ms since 1970; "" where it needs none. */
export const relayedAt = stored("relayed", /** @type {string} */ (""));

/** @type {Record<"audioinput" | "videoinput" | "audiooutput", import("@preact/signals").Signal<string>>} */
export const device = {
  audioinput: stored("microphone", /** @type {string} */ ("")),
  videoinput: stored("camera", /** @type {string} */ ("")),
  audiooutput: stored("loudspeaker", /** @type {string} */ ("")),
};
