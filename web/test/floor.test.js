import test from "node:test";
import assert from "node:assert/strict";
import { actsOfKey, nextUp, otherHands, registeredFor, takingBack } from "../static/lib/floor.js";
import { HOST } from "../static/lib/protocol.js";

/** @param {string} code @param {object} [more] */
const site = (code, more = {}) => /** @type {any} */ ({ code, state: "present", ...more });
/** @param {string} slot @param {string} [endpoint] */
const grant = (slot, endpoint = "C1") => /** @type {any} */ ({ slot, endpoint });

test("who registered waits in order, but for who speaks or is next already", () => {
  const sites = new Map(
    [site("A"), site("B", { state: "on-floor" }), site("C", { stand_by: true }), site("D", { state: "lost" })].map(
      (one) => [one.code, one],
    ),
  );
  const of = (/** @type {any} */ item) => registeredFor(item, (code) => sites.get(code)).map((one) => one.code);
  assert.deepEqual(of({ speakers: ["D", "C", "B", "A", "not convened"] }), ["D", "A"]);
  assert.deepEqual(of({}), []);
  assert.deepEqual(of(undefined), []);
});

test("a hand stands in one list only", () => {
  const [a, b, c] = [site("A"), site("B", { stand_by: true }), site("C")];
  assert.deepEqual(otherHands([a, b, c], [a]), [c]);
});

test("the next is the first who is there: stand-by before registered before hands", () => {
  const lost = site("L", { state: "lost" });
  assert.equal(nextUp([lost, site("S")], [site("R")], [site("H")])?.code, "S");
  assert.equal(nextUp([lost], [site("R")], [site("H")])?.code, "R");
  assert.equal(nextUp([], [], [lost, site("H")])?.code, "H");
  assert.equal(nextUp([lost], [], []), undefined);
});

test("the main place goes back to the chair, any other is given up", () => {
  assert.deepEqual(takingBack(grant("main")), { type: "grant", fields: { endpoint: HOST, slot: "main" } });
  assert.deepEqual(takingBack(grant("floor2")), { type: "revoke", fields: { endpoint: "C1", slot: "floor2" } });
});

test("keys do what they say, in a live session and never for somebody who is not there", () => {
  const stage = [grant("main", HOST), grant("floor", "C1"), grant("floor2", "C2"), grant("presentation", "C3")];
  const facts = { live: true, next: site("N"), stage, microphone: true, muted: false };
  assert.deepEqual(actsOfKey("F2", facts), [{ type: "grant", fields: { endpoint: "N" } }]);
  assert.deepEqual(actsOfKey("F4", facts), [
    { type: "revoke", fields: { endpoint: "C1", slot: "floor" } },
    { type: "revoke", fields: { endpoint: "C2", slot: "floor2" } },
  ]);
  assert.deepEqual(
    actsOfKey("F4", { ...facts, stage: [] }),
    [],
    "the key is ours, though there is nothing to take back",
  );
  assert.deepEqual(actsOfKey("F8", facts), [{ type: "mute", fields: { muted: true } }]);
  assert.deepEqual(actsOfKey("F8", { ...facts, live: false, muted: true }), [
    { type: "mute", fields: { muted: false } },
  ]);
  for (const [key, change] of /** @type {[string, object][]} */ ([
    ["F2", { live: false }],
    ["F2", { next: undefined }],
    ["F4", { live: false }],
    ["F8", { microphone: false }],
    ["Enter", {}],
  ]))
    assert.equal(actsOfKey(key, { ...facts, ...change }), null, `${key} ${JSON.stringify(change)}`);
});
