// What is typed into a form while others change the same.
import test from "node:test";
import assert from "node:assert/strict";
import { Edits, accepted, begin, follow, followVersion, isDirty, isStale, typed } from "../static/lib/edited.js";

test("what others say is taken as long as nothing is typed, and what is typed stays", () => {
  const e = follow(begin("một"), "hai");
  assert.equal(e.mine, "hai");
  const mine = follow(typed(e, "ba"), "bốn");
  assert.deepEqual([mine.mine, mine.base, mine.both], ["ba", "bốn", [""]], "and it is said");
  assert.deepEqual(typed(mine, "bốn").both, []);
  assert.deepEqual(follow(typed(e, "ba"), "ba").both, [], "both say the same");
  assert.equal(follow(mine, "bốn"), mine);
});

test("a rule that a colleague changes is not set back by who changes another one", () => {
  const rules = { grace_s: 60, late_after_s: 300, partial_pct: 80 };
  const mine = follow(typed(begin(rules), { ...rules, late_after_s: 600 }), { ...rules, grace_s: 90 });
  assert.deepEqual(mine.mine, { grace_s: 90, late_after_s: 600, partial_pct: 80 });
  assert.deepEqual(mine.both, []);
  const both = follow(mine, { ...rules, grace_s: 90, late_after_s: 900 });
  assert.deepEqual(both.mine, { grace_s: 90, late_after_s: 600, partial_pct: 80 });
  assert.deepEqual(both.both, ["late_after_s"]);
  const later = follow(both, { ...rules, grace_s: 90, late_after_s: 900, partial_pct: 70 });
  assert.deepEqual(later.both, ["late_after_s"], "it is said until it is saved or taken");
  assert.equal(later.mine.partial_pct, 70);
  assert.deepEqual(accepted(later, later.mine).both, []);
});

test("one's own save is nobody else's change", () => {
  const e = typed(begin("một"), "hai ");
  const saved = accepted(e, "hai");
  assert.ok(!isDirty(saved));
  assert.equal(follow(saved, "hai").mine, "hai");
});

test("what was saved stays shown when the session cannot be read again, and is taken with its ids when it can", () => {
  const old = [{ id: "v1.1", title: "Một" }];
  const sent = [...old, { id: "", title: "Hai" }];
  const saved = accepted(typed(begin(old, 1), sent), sent);
  assert.deepEqual(saved.mine, sent);
  assert.ok(!isStale(saved, 1));
  const back = [...old, { id: "v2.2", title: "Hai" }];
  assert.deepEqual(followVersion(saved, back, 2).mine, back);
  assert.ok(!isStale(typed(saved, []), 2), "its own version is not somebody else's");
  assert.equal(followVersion(saved, old, 1).version, 1, "a change that was none made no version");
});

test("an agenda that somebody else changes is taken, or what is typed is stale", () => {
  const e = begin([{ title: "Một" }], 1);
  assert.deepEqual(followVersion(e, [{ title: "Hai" }], 2), begin([{ title: "Hai" }], 2));
  const mine = typed(e, [{ title: "Ba" }]);
  assert.equal(followVersion(mine, [{ title: "Hai" }], 2), mine);
  assert.ok(isStale(mine, 2));
  assert.ok(!isStale(e, 2));
});

test("what is typed is kept by part, until it is saved or can be changed no more", () => {
  const edits = new Edits();
  edits.set("title", begin("một"));
  assert.ok(!edits.dirty);
  edits.set("add.guest", typed(begin(""), "Bộ Y tế"));
  assert.ok(edits.dirty);
  edits.drop((part) => part.startsWith("add."));
  assert.ok(!edits.dirty);
  assert.ok(edits.get("title"));
  edits.drop();
  assert.equal(edits.get("title"), undefined);
});
