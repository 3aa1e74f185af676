import test from "node:test";
import assert from "node:assert/strict";
import { clock, query, shownGroups, span, verdictText } from "../static/app/console/report-data.js";

/** A report of a session in Vietnam that began on the second. @param {object} [more] @returns {any} */
const report = (more = {}) => ({
  session: {
    time_zone: "Asia/Ho_Chi_Minh",
    opened_at: "2026-03-02T07:00:00+07:00",
    started_at: "2026-03-02T08:00:00+07:00",
    as_of: "2026-03-02T11:00:00+07:00",
    ...more,
  },
});

test("times are of the session's zone, and bear the day when it is another", () => {
  assert.equal(clock("2026-03-02T08:05:07+07:00", report()), "08:05");
  assert.equal(clock("2026-03-02T08:05:07+07:00", report(), true), "08:05:07");
  assert.equal(clock("2026-03-03T00:05:00+07:00", report()), "00:05 03/03");
  assert.equal(clock(undefined, report()), "");
  const unstarted = report({ started_at: undefined, opened_at: "2026-03-01T23:00:00+07:00" });
  assert.equal(clock("2026-03-01T23:30:00+07:00", unstarted), "23:30", "before the start, the day of opening");
});

test("an interval that goes on has no end", () => {
  const from = "2026-03-02T08:00:00+07:00";
  assert.match(span({ from, to: "2026-03-02T08:30:00+07:00" }, report()), /08:00:00.*08:30:00/);
  assert.doesNotMatch(span({ from, to: "" }, report()), /Invalid|NaN|undefined/);
});

test("what is shown is what is asked for", () => {
  const nothing = { unit: "", verdict: /** @type {const} */ (""), offset: 0, asOf: "", name: "" };
  assert.equal(query(nothing), "limit=50&offset=0");
  assert.equal(
    query({ unit: "P58", verdict: "late", offset: 50, asOf: "2026-03-02T08:00:00Z", name: " ea h'đing " }),
    "limit=50&offset=50&unit=P58&verdict=late&q=ea+h%27%C4%91ing&as_of=2026-03-02T08%3A00%3A00Z",
  );
});

test("groups open along the way to the chosen unit, one level below it", () => {
  const groups = /** @type {any[]} */ ([
    ["TW", 0],
    ["P1", 1],
    ["D11", 2],
    ["C111", 3],
    ["D12", 2],
    ["P2", 1],
    ["D21", 2],
  ]).map(([unit, depth]) => /** @type {any} */ ({ unit, depth }));
  const shown = (/** @type {string} */ chosen) => shownGroups(groups, chosen).map((g) => g.unit);
  assert.deepEqual(shown(""), ["TW", "P1", "P2"]);
  assert.deepEqual(shown("TW"), ["TW", "P1", "P2"]);
  assert.deepEqual(shown("P1"), ["TW", "P1", "D11", "D12", "P2"]);
  assert.deepEqual(shown("D11"), ["TW", "P1", "D11", "C111", "D12", "P2"]);
  assert.deepEqual(shown("gone"), ["TW", "P1", "P2"]);
});

test("a verdict that a newer server knows is no verdict", () => {
  assert.notEqual(verdictText("late"), verdictText("absent"));
  assert.equal(verdictText(/** @type {any} */ ("something new")), verdictText(""));
});
