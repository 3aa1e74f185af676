import test from "node:test";
import assert from "node:assert/strict";
import { RULES, codesOf, isPast, withRule } from "../static/lib/draft.js";

const rules = { countdown_s: 3, open_before_s: 3600, grace_s: 30, late_after_s: 300, partial_pct: 50 };

test("rules are typed in the units in which people count, and kept in seconds", () => {
  assert.equal(withRule(rules, "open_before_s", "45").open_before_s, 2700);
  assert.equal(withRule(rules, "late_after_s", "2.5").late_after_s, 150);
  assert.equal(withRule(rules, "grace_s", "45").grace_s, 45);
  assert.equal(withRule(rules, "partial_pct", "66.6").partial_pct, 67);
  assert.equal(withRule(rules, "grace_s", "").grace_s, 0, "an empty field");
  assert.deepEqual(withRule(rules, "grace_s", "45"), { ...rules, grace_s: 45 }, "the others stay");
  assert.deepEqual(RULES.map((rule) => rule.name).sort(), Object.keys(rules).sort(), "each rule has its field");
});

test("every unit that a draft names is looked up", () => {
  const draft = /** @type {any} */ ({
    units: ["P58/*", "P67C2", "P1/commune"],
    except: ["P58C1"],
    contacts: { P58C6: {} },
    seats: [{ unit: "BYT" }, { name: "a guest" }],
    operators: [{ scope: "P58" }],
    agenda: [{ speakers: ["C1", "C2"] }, {}],
  });
  assert.deepEqual(codesOf(draft), ["P58", "P67C2", "P1", "P58C1", "P58C6", "BYT", "", "P58", "C1", "C2"]);
  assert.deepEqual(codesOf(/** @type {any} */ ({})), []);
});

test("a start an hour ago is asked about, one of this hour is not", () => {
  const now = Date.parse("2026-03-02T08:00:00Z");
  assert.equal(isPast("2026-03-02T06:59:59Z", now), true);
  assert.equal(isPast("2026-03-02T07:00:00Z", now), false);
  assert.equal(isPast("2027-03-02T07:00:00Z", now), false);
  assert.equal(isPast(undefined, now), false);
  assert.equal(isPast("", now), false);
});
