import test from "node:test";
import assert from "node:assert/strict";
import { kindOf, withPage } from "../static/lib/auditlog.js";

test("an act is called by what was given, and by whether it was put on or off", () => {
  const of = (/** @type {object} */ act) => kindOf(/** @type {any} */ ({ seq: 1, ...act }));
  assert.equal(of({ kind: "granted", slot: "floor" }), "granted");
  assert.equal(of({ kind: "granted", slot: "main" }), "granted.main");
  assert.equal(of({ kind: "granted", slot: "presentation" }), "granted.presentation");
  assert.equal(of({ kind: "locked", on: true }), "locked");
  assert.equal(of({ kind: "locked", on: false }), "locked.off");
});

test("pages are put together, and each act stands once", () => {
  const acts = (/** @type {number[]} */ ...seqs) => seqs.map((seq) => ({ seq, kind: "x" }));
  const seqs = (/** @type {{seq: number}[]} */ list) => list.map((act) => act.seq);
  const first = withPage([], acts(9, 8, 7), 0);
  assert.deepEqual(seqs(first), [9, 8, 7]);
  assert.deepEqual(seqs(withPage(first, acts(11, 10, 9, 8), 0)), [11, 10, 9, 8, 7], "the latest again");
  assert.deepEqual(seqs(withPage(first, acts(6, 5), 7)), [9, 8, 7, 6, 5], "older ones");
  assert.deepEqual(seqs(withPage(first, [], 7)), [9, 8, 7]);
});
