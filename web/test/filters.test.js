import test from "node:test";
import assert from "node:assert/strict";
import { countOf, filtersFor } from "../static/lib/filters.js";

test("filters are there when they mean something", () => {
  const all = ["all", "present", "blind", "lost", "absent", "weak", "hand", "unanswered"];
  const without = (/** @type {string[]} */ ...names) => all.filter((name) => !names.includes(name));
  assert.deepEqual(filtersFor({ live: false, rollCall: false, answered: 0 }), without("blind", "unanswered"));
  assert.deepEqual(filtersFor({ live: true, rollCall: false, answered: 0 }), without("unanswered"));
  assert.deepEqual(filtersFor({ live: true, rollCall: true, answered: 0 }), all);
  assert.deepEqual(filtersFor({ live: true, rollCall: false, answered: 3 }), all, "also after the roll call");
});

test("each filter says how many it leaves", () => {
  const counts = /** @type {any} */ ({
    convened: 100,
    present: 70,
    blind: 5,
    lost: 4,
    absent: 26,
    weak: 9,
    hands: 3,
    answered: 60,
  });
  const wanted = { all: 100, present: 70, blind: 5, lost: 4, absent: 26, weak: 9, hand: 3, unanswered: 40 };
  for (const [name, n] of Object.entries(wanted)) assert.equal(countOf(counts, /** @type {any} */ (name)), n, name);
});
