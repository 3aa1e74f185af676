import test from "node:test";
import assert from "node:assert/strict";
import { ALL, SECRETARIAT, firstRecipient, recipientWord, unseen } from "../static/lib/chat.js";
import { HOST } from "../static/lib/protocol.js";

test("new is what others wrote since the person looked", () => {
  const messages = /** @type {any[]} */ ([
    { at_ms: 10, from: "A" },
    { at_ms: 20, from: "me" },
    { at_ms: 30, from: "B" },
  ]);
  const at = (/** @type {number} */ seenAt) => unseen(messages, { own: "me", seenAt }).map((m) => m.at_ms);
  assert.deepEqual(at(0), [10, 30]);
  assert.deepEqual(at(10), [30]);
  assert.deepEqual(at(30), []);
  assert.equal(unseen(messages, { own: undefined, seenAt: 0 }).length, 3, "before the page knows who it is");
});

test("a site writes to the secretariat, a console to all, or to whom was chosen", () => {
  assert.equal(firstRecipient({ site: true }), SECRETARIAT);
  assert.equal(firstRecipient({ site: false }), ALL);
  assert.equal(firstRecipient({ site: false, to: "P58" }), "P58");
});

test("a recipient is called as what it is", () => {
  const known = {
    own: { code: "C1", name: "Phường Đô Vinh" },
    provinces: [{ code: "P58", name: "Tỉnh Ninh Thuận" }],
    find: (/** @type {string} */ code) => (["C2", "P58"].includes(code) ? { name: `seat of ${code}` } : undefined),
  };
  const word = (/** @type {string} */ code) => Object.values(recipientWord(code, known)).join();
  assert.equal(word(ALL), "messages.all,");
  assert.equal(word(SECRETARIAT), "messages.secretariat,");
  assert.equal(word(HOST), "preview.role.host,");
  assert.equal(word("C1"), ",Phường Đô Vinh");
  assert.equal(word("P58"), "messages.province,Tỉnh Ninh Thuận", "not its own seat: it goes to all below");
  assert.equal(word("C2"), ",seat of C2");
  assert.equal(word("gone"), ",gone");
  assert.equal(recipientWord("C1", { ...known, own: undefined }).name, "C1");
});
