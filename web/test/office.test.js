import test from "node:test";
import assert from "node:assert/strict";
import { merge, same } from "../static/lib/merge.js";
import { fromInput, toInput } from "../static/lib/localtime.js";

test("changes of different parts are put together, those of the same part are named", () => {
  const base = { title: "A", units: ["P1/*"], minutes: 60, note: "" };
  assert.deepEqual(merge(base, { ...base, title: "B" }, { ...base, minutes: 90 }), {
    merged: { ...base, title: "B", minutes: 90 },
    both: [],
  });
  assert.deepEqual(merge(base, { ...base, title: "B" }, { ...base, title: "C" }), {
    merged: { ...base, title: "B" },
    both: ["title"],
  });
  assert.deepEqual(
    merge(base, { ...base, title: "B" }, { ...base, title: "B" }).both,
    [],
    "the same change twice is no conflict",
  );
  assert.deepEqual(merge({}, { agenda: [{ title: "x" }] }, { help_phone: "1" }), {
    merged: { agenda: [{ title: "x" }], help_phone: "1" },
    both: [],
  });
  assert.deepEqual(merge({ note: "x" }, {}, { note: "x" }).merged, {}, "what I took away stays away");
  assert.deepEqual(merge({ units: ["a", "b"] }, { units: ["a"] }, { units: ["a", "b", "c"] }).both, ["units"]);
});

test("what is left out equals what is empty, order counts in lists only", () => {
  assert.ok(same({ a: 1, b: [] }, { a: 1 }));
  assert.ok(same({ a: 1, b: 2 }, { b: 2, a: 1 }));
  assert.ok(!same([1, 2], [2, 1]));
  assert.ok(!same({ a: true }, {}));
});

test("times are of the session's zone, whatever that of the computer", () => {
  assert.equal(toInput("2026-03-02T01:00:00Z", "Asia/Ho_Chi_Minh"), "2026-03-02T08:00");
  assert.equal(fromInput("2026-03-02T08:00", "Asia/Ho_Chi_Minh"), "2026-03-02T01:00:00Z");
  assert.equal(fromInput("2026-03-02T00:30", "Asia/Ho_Chi_Minh"), "2026-03-01T17:30:00Z");
  assert.equal(fromInput("2026-07-01T08:00", "Europe/Berlin"), "2026-07-01T06:00:00Z");
  assert.equal(fromInput("", "Asia/Ho_Chi_Minh"), "");
  assert.equal(toInput(undefined, "Asia/Ho_Chi_Minh"), "");
});
