// What may be changed of a session that was convened, and how it is asked for.
import test from "node:test";
import assert from "node:assert/strict";
import { changeable, changedRules, problemsOf } from "../static/lib/change.js";
import { accountPart } from "../static/lib/accounts.js";

test("all but the list of sites is changed until the seal", () => {
  for (const [phase, heading, sites] of [
    ["draft", true, true],
    ["open", true, true],
    ["live", true, true],
    ["ended", true, false],
    ["sealed", false, false],
  ])
    assert.deepEqual(changeable(String(phase)), { heading, sites }, String(phase));
});

test("rules of the course are named only when they change", () => {
  const rules = { grace_s: 60, late_after_s: 300, partial_pct: 80, countdown_s: 3, open_before_s: 3600 };
  assert.deepEqual(changedRules(rules, { ...rules, receiving_only: true }, "x"), {
    grace_s: 60,
    late_after_s: 300,
    partial_pct: 80,
    receiving_only: true,
    reason: "x",
  });
  assert.equal(changedRules(rules, { ...rules, countdown_s: 5 }, "x").countdown_s, 5);
});

test("a refusal names the places that are wrong", () => {
  const answer = (/** @type {object} */ more) => ({
    ok: false,
    status: 400,
    code: "bad_draft",
    retryS: 0,
    data: {},
    headers: new Headers(),
    ...more,
  });
  assert.deepEqual(
    problemsOf(
      answer({
        data: {
          problems: [
            { field: "units", code: "double", value: "C1" },
            { field: "seats.1.name", code: "missing" },
          ],
        },
      }),
    ),
    [
      { place: null, code: "double", value: "C1" },
      { place: 2, code: "missing", value: "" },
    ],
  );
  assert.deepEqual(problemsOf(answer({ code: "bad_value", data: { detail: "agenda.2.title" } })), [
    { place: 3, code: "bad_value", value: "" },
  ]);
  assert.deepEqual(problemsOf(answer({ code: "forbidden" })), []);
  assert.deepEqual(problemsOf(answer({ ok: true, data: { problems: [{}] } })), []);
});

test("a refused account names the part of the form that is to be mended", () => {
  for (const [code, detail, part] of [
    ["bad_account", "bad_name", "name"],
    ["bad_account", "weak_password", "password"],
    ["bad_account", "short_password", "password"],
    ["bad_account", "bad_scope", "scope"],
    ["bad_account", "too_long", ""],
    ["conflict", "", "name"],
    ["offline", "", ""],
  ])
    assert.equal(accountPart({ code, data: { detail } }), part, `${code} ${detail}`);
});
