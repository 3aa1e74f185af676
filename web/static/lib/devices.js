// What browsers say of their devices, as the few cases that a page has words for.

/** @typedef {"insecure" | "inapp" | "refused" | "none" | "busy" | "stuck"} Problem */

/** How long a browser may take to answer for camera and microphone, the person's own time to press "Allow" included. */
export const PATIENCE_MS = 25_000;

/** The browser neither gave a device nor refused it. */
export class StuckError extends Error {
  name = "StuckError";
}

/**
 * Why a page may not even ask for devices; "" when it may. A secure page without them is in the browser of another program.
 * @param {{mediaDevices: unknown, secure: boolean}} browser
 * @returns {"" | "insecure" | "inapp"}
 */
export function barrier({ mediaDevices, secure }) {
  const asks = /** @type {{getUserMedia?: unknown} | undefined} */ (mediaDevices);
  if (typeof asks?.getUserMedia === "function") return "";
  return secure ? "inapp" : "insecure";
}

/**
 * Why a device could not be had.
 * @param {unknown} error
 * @returns {Problem}
 */
export function problemOf(error) {
  switch (error instanceof Error ? error.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "refused";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    case "StuckError":
      return "stuck";
    default:
      return "none";
  }
}

/**
 * The same as the record of technical checks names it, which knows fewer.
 * @param {string} problem
 */
export function recorded(problem) {
  return problem === "inapp" ? "insecure" : problem === "stuck" ? "busy" : problem;
}

/**
 * Waits for an answer only so long; what comes later is handed on.
 * @template T
 * @param {Promise<T>} asked
 * @param {number} ms
 * @param {(late: T) => void} onLate
 * @returns {Promise<T>} rejects with a StuckError
 */
export function within(asked, ms, onLate) {
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reject(new StuckError());
    }, ms);
    asked.then(
      (got) => {
        clearTimeout(timer);
        if (late) onLate(got);
        else resolve(got);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/**
 * Whether the browser can share a screen. Those of Android have the function and refuse every call of it.
 * @param {{mediaDevices?: unknown, userAgent: string}} navigator
 */
export function canShare({ mediaDevices, userAgent }) {
  const shares = /** @type {{getDisplayMedia?: unknown} | undefined} */ (mediaDevices);
  return typeof shares?.getDisplayMedia === "function" && !/Android/.test(userAgent);
}

/**
 * Why a screen is not shared, as the code of a message.
 * @param {unknown} error
 */
export function screenProblem(error) {
  const { name, message } = error instanceof Error ? error : { name: "", message: "" };
  switch (name) {
    case "NotAllowedError":
    case "InvalidStateError":
      // The operating system keeps programs from the screen: macOS until it is allowed in its settings.
      return /system/i.test(message) ? "screen_system" : "screen_refused";
    case "NotFoundError":
      return "screen_none";
    case "NotReadableError":
    case "AbortError":
      return "screen_busy";
    default:
      return "screen_impossible";
  }
}

/** @typedef {{kind: string, deviceId: string, label: string}} Listed */

/**
 * What a change of the devices did to the loudspeaker in use: gone with no other left, or another speaks in its place.
 * @param {readonly Listed[]} before
 * @param {readonly Listed[]} after
 * @param {string} chosen deviceId, "" = the system's own choice
 * @returns {{none: boolean, label: string} | null}
 */
export function loudspeakerChange(before, after, chosen) {
  const [was, is] = [before, after].map((list) => list.filter((d) => d.kind === "audiooutput"));
  if (was.length === 0) return null;
  if (is.length === 0) return { none: true, label: "" };
  const standard = is.find((d) => d.deviceId === "default") ?? is[0];
  const label = standard.label.replace(/^[^-]+ - /, "");
  if (chosen && was.some((d) => d.deviceId === chosen))
    return is.some((d) => d.deviceId === chosen) ? null : { none: false, label };
  const of = (/** @type {Listed[]} */ list) => list.find((d) => d.deviceId === "default")?.label;
  // Where the system's choice is named, it counts; else one loudspeaker less is all that can be known.
  const moved = of(was) !== undefined ? of(was) !== of(is) : is.length < was.length;
  return moved ? { none: false, label } : null;
}
