// Who is next, and what a key or a button of the floor does.
import { HOST } from "./protocol.js";

/** @typedef {import("./sites.js").Site} Site */
/** @typedef {import("./protocol.js").StageSlot} StageSlot */
/**
 * @typedef {{type: "grant", fields: {endpoint: string, slot?: "main"}}
 *   | {type: "revoke", fields: {endpoint: string, slot: StageSlot["slot"]}}
 *   | {type: "mute", fields: {muted: boolean}}} Act
 */

/**
 * Sites registered for the present item, in their order, that do not speak now and are not next already.
 * @param {{speakers?: readonly string[]} | undefined} item of the agenda
 * @param {(code: string) => Site | undefined} find
 */
export function registeredFor(item, find) {
  return (item?.speakers ?? [])
    .flatMap((code) => find(code) ?? [])
    .filter((site) => site.state !== "on-floor" && !site.stand_by);
}

/**
 * Hands that are shown as such: who is next or registered stands in another list.
 * @param {readonly Site[]} hands
 * @param {readonly Site[]} registered
 */
export function otherHands(hands, registered) {
  return hands.filter((site) => !site.stand_by && !registered.includes(site));
}

/** Who gets the floor next, of lists in the order of their right to it: only who is there. @param {readonly Site[][]} lists */
export function nextUp(...lists) {
  return lists.flat().find((site) => site.state === "present");
}

/** What takes a place back: the main one is never left empty, the chair takes it. @param {Pick<StageSlot, "endpoint" | "slot">} grant @returns {Act} */
export function takingBack({ endpoint, slot }) {
  if (slot === "main") return { type: "grant", fields: { endpoint: HOST, slot } };
  return { type: "revoke", fields: { endpoint, slot } };
}

/**
 * One key for what must go at once: F2 gives the floor to who is next, F4 takes it back, F8 is one's own microphone.
 * @param {string} key
 * @param {{live: boolean, next: Site | undefined, stage: readonly StageSlot[], microphone: boolean, muted: boolean}} facts
 * @returns {Act[] | null} null = the key is not ours now
 */
export function actsOfKey(key, { live, next, stage, microphone, muted }) {
  if (key === "F2" && live && next) return [{ type: "grant", fields: { endpoint: next.code } }];
  if (key === "F4" && live) return stage.filter(({ slot }) => slot === "floor" || slot === "floor2").map(takingBack);
  if (key === "F8" && microphone) return [{ type: "mute", fields: { muted: !muted } }];
  return null;
}
