// What a page says in every state: phase, role, connection and place on the stage in, keys of the catalogue out. Pure, so that
// a test can go through all of them; pages only draw what is decided here.

/** @typedef {import("./protocol.js").StageSlot} StageSlot */
/** @typedef {keyof typeof import("../i18n/vi.js").default} Key */

/**
 * Who the link is for.
 * @param {string} role
 * @returns {Key}
 */
export function roleWord(role) {
  switch (role) {
    case "host":
      return "preview.role.host";
    case "operator":
      return "preview.role.operator";
    case "secretary":
      return "preview.role.secretary";
    case "room":
      return "preview.role.room";
    default:
      return "preview.role.endpoint";
  }
}

/**
 * When it begins, as who waits is told: a time that is over is no announcement.
 * @param {{phase: string, startsAt?: number, now: number}} facts times in ms
 * @returns {{key: Key, at: number} | null} the text takes {time} and {day} of at
 */
export function whenWord({ phase, startsAt = 0, now }) {
  if (!startsAt || phase === "ended" || phase === "sealed") return null;
  return { key: phase === "live" ? "when.live" : startsAt > now ? "waiting.when" : "when.planned", at: startsAt };
}

/**
 * The waiting page: opening and start are two times, and both are told as what they are.
 * @param {{welcomed: boolean, stop?: {code: string, atMs?: number} | null, startsAt?: number, now: number}} facts
 * @returns {{state: Key, opensAt: number, when: {key: Key, at: number} | null, left: number}} times in ms, 0 = not told
 */
export function waitingWords({ welcomed, stop, startsAt = 0, now }) {
  const closed = stop?.code === "not_open";
  const opensAt = closed ? (stop?.atMs ?? 0) : 0;
  return {
    state: welcomed ? "waiting.state" : closed ? "waiting.notopen" : "waiting.connecting",
    opensAt: opensAt > now ? opensAt : 0,
    when: whenWord({ phase: "open", startsAt, now }),
    left: Math.max(0, startsAt - now),
  };
}

/**
 * The page after the end.
 * @param {{left: boolean, known: boolean, calledOff: boolean, reason?: string, took: boolean}} facts left: by the person; known: how
 *   it ended is told; took: it has a beginning and an end
 * @returns {{title: Key, texts: Key[], warns: boolean, declares: boolean}} the texts take {reason}, {from} and {to}; declares: a site
 *   may still say who was there
 */
export function endingWords({ left, known, calledOff, reason = "", took }) {
  if (calledOff)
    return { title: "calledoff.title", texts: reason ? ["calledoff.reason"] : [], warns: true, declares: false };
  if (left) return { title: "left.title", texts: ["left.text"], warns: false, declares: false };
  // No thanks before it is sure that there was a session.
  if (!known) return { title: "ended.title", texts: [], warns: false, declares: false };
  return {
    title: "ended.title",
    texts: took ? ["ended.text", "ended.times"] : ["ended.text"],
    warns: false,
    declares: true,
  };
}

/** @type {Record<string, {title: Key, text: Key, act: "" | "take-over" | "retry" | "reload"}>} */
const ERRORS = {
  bad_token: { title: "error.bad_token.title", text: "error.bad_token.text", act: "" },
  occupied: { title: "error.occupied.title", text: "error.occupied.text", act: "take-over" },
  taken_over: { title: "error.taken_over.title", text: "error.taken_over.text", act: "take-over" },
  removed: { title: "error.removed.title", text: "error.removed.text", act: "retry" },
  withdrawn: { title: "error.withdrawn.title", text: "error.withdrawn.text", act: "retry" },
  locked: { title: "error.locked.title", text: "error.locked.text", act: "retry" },
  bad_version: { title: "error.bad_version.title", text: "error.bad_version.text", act: "reload" },
  broken: { title: "error.broken.title", text: "error.broken.text", act: "retry" },
  unrecorded: { title: "error.unrecorded.title", text: "error.unrecorded.text", act: "" },
};

/**
 * Why a page cannot go on, and what a person can do about it there. The words hold for every role: chairs, operators and
 * secretaries come here too.
 * @param {{code: string, atMs?: number}} facts
 * @returns {{title: Key, text: Key, act: "" | "take-over" | "retry" | "reload"}} the text takes {time}
 */
export function errorWords({ code, atMs }) {
  const words = ERRORS[code] ?? { title: "error.other.title", text: "error.other.text", act: "reload" };
  return code === "occupied" && !atMs ? { ...words, text: "error.occupied.text.notime" } : words;
}

/**
 * What a console says in place of a stage before the start.
 * @param {{welcomed: boolean, phase: string, stop?: {code: string} | null}} facts
 * @returns {Key}
 */
export function deskWaitingWord({ welcomed, phase, stop }) {
  if (!welcomed) return stop?.code === "not_open" ? "waiting.notopen" : "waiting.connecting";
  return phase === "draft" ? "console.draft" : "console.waiting";
}

/**
 * What the line does to a site, or its browser: "good" when there is nothing to say.
 * @param {{link: string, reach: string, noVP8: boolean, off: boolean, quality: string}} facts off: the site wants no pictures
 * @returns {"good" | "weak" | "audio-only" | "silent" | "chosen" | "novp8"}
 */
export function lineWord({ link, reach, noVP8, off, quality }) {
  if (link === "online" && (reach !== "ok" || quality === "silent")) return "silent";
  if (noVP8) return "novp8";
  if (off) return "chosen";
  return link === "online" ? /** @type {"weak"} */ (quality) : "good";
}

/**
 * What stands in a place of the stage that shows no picture.
 * @param {Pick<StageSlot, "slot" | "state" | "away" | "video" | "muted">} grant
 * @param {{own: boolean, off: boolean}} here own: it is one's own place; off: this page wants no pictures
 * @returns {Key}
 */
export function plateWord(grant, { own, off }) {
  if (grant.state === "held" || grant.away === "lost") return "tile.held";
  if (grant.away) return "tile.away";
  if (grant.state === "countdown") return "tile.countdown";
  if (grant.slot === "presentation") return off && !own ? "tile.off" : "tile.presenting";
  if (off && !own && grant.video) return "tile.off";
  if (grant.video) return "tile.coming";
  return grant.muted ? "tile.neither" : "tile.nopicture";
}

/**
 * Whether the place is marked as muted: who is not there has muted nothing.
 * @param {Pick<StageSlot, "state" | "away" | "muted">} grant
 */
export function saysMuted({ state, away, muted }) {
  return Boolean(muted) && !away && state !== "held";
}

/**
 * What who holds a place on the stage is told of it.
 * @param {{onAir: boolean, held: boolean, muted: boolean}} facts onAir: seen now, over a connection that is there; held: the place waits
 *   for a press of the person's
 * @returns {Key | ""}
 */
export function ownWord({ onAir, held, muted }) {
  if (onAir) return muted ? "onair.muted" : "onair.text";
  return held ? "held.text" : "";
}

/**
 * What is said while the connection is made again, while the network keeps messages or the stage from this page, and to a
 * console when something is wrong with the record.
 * @param {{link: string, blocked: boolean, reach: string, phase: string, speaking: boolean, record: import("./protocol.js").Recording}} facts
 * @returns {Key | ""}
 */
export function linkWord({ link, blocked, reach, phase, speaking, record }) {
  if (blocked && (link === "reconnecting" || link === "connecting")) return "link.blocked";
  if (link === "reconnecting") return phase === "live" && speaking ? "link.speaking" : "link.reconnecting";
  if (reach === "unreached" && link === "online") return "link.unreached";
  if (record.since_ms) return "link.unrecorded";
  if (record.contradiction) return "link.contradiction";
  return record.clock_behind_ms ? "link.clock" : "";
}
