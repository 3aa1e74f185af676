import test from "node:test";
import assert from "node:assert/strict";
import { NoteBook, markId, textOf } from "../static/lib/notes.js";

/** A server with versions, as /notes is; down: no answer comes; lost: it takes what is sent and the answer is lost. */
function server() {
  /** @type {Map<string, any>} */ const notes = new Map();
  const s = {
    notes,
    mode: /** @type {"up" | "down" | "lost" | "sealed"} */ ("up"),
    /** @param {string} id @param {any} body */
    write: async (id, { base, about, text }) => {
      await Promise.resolve();
      if (s.mode === "down") return { ok: false, status: 0, code: "offline", retryS: 0, data: {} };
      if (s.mode === "sealed") return { ok: false, status: 409, code: "wrong_phase", retryS: 0, data: {} };
      const version = notes.get(id)?.version ?? 0;
      if (base !== version) return { ok: false, status: 409, code: "conflict", retryS: 0, data: {} };
      notes.set(id, { id, version: version + 1, about, text, by: "@secretary" });
      if (s.mode === "lost") return { ok: false, status: 0, code: "offline", retryS: 0, data: {} };
      return { ok: true, status: 204, code: "", retryS: 0, data: {} };
    },
    read: async () => {
      await Promise.resolve();
      if (s.mode === "down") return { ok: false, status: 0, code: "offline", retryS: 0, data: {} };
      return { ok: true, status: 200, code: "", retryS: 0, data: { notes: [...notes.values()] } };
    },
  };
  return s;
}

let ids = 0;

/** @param {ReturnType<typeof server>} s @param {object} [more] */
function book(s, more = {}) {
  const kept = { now: {} };
  /** @type {(() => void)[]} */ const waiting = [];
  const b = new NoteBook(
    /** @type {any} */ ({
      read: s.read,
      write: s.write,
      newId: () => `n${++ids}`,
      now: () => 1000,
      kept: {},
      keep: (/** @type {string} */ id, /** @type {any} */ left) => {
        if (left) /** @type {any} */ (kept.now)[id] = structuredClone(left);
        else delete (/** @type {any} */ (kept.now)[id]);
      },
      wait: () => new Promise((done) => waiting.push(() => done(undefined))),
      onChange: () => {},
      ...more,
    }),
  );
  return { b, kept, again: () => waiting.splice(0).forEach((go) => go()) };
}

/** Lets everything happen that waits for nothing outside. */
const settle = async () => {
  for (let i = 0; i < 50; i++) await Promise.resolve();
};
const texts = (/** @type {NoteBook} */ b) => b.list().map(textOf);

test("a note is saved as it is typed, and nothing is kept beside once it is", async () => {
  const s = server();
  const { b, kept } = book(s);
  const id = b.blank;
  for (const text of ["T", "Tr", "Trưởng ban"]) b.type(id, text);
  assert.equal(b.state, "saving");
  assert.deepEqual(Object.keys(kept.now), [id], "what is not acknowledged survives the page");
  await settle();
  assert.equal(b.state, "saved");
  assert.deepEqual(kept.now, {});
  assert.equal(s.notes.get(id).text, "Trưởng ban");
  assert.equal(s.notes.get(id).about, new Date(1000).toISOString());
  assert.notEqual(b.blank, id);
});

test("a cut of the line loses nothing, nor does an answer that is lost, nor the end of the page", async () => {
  const s = server();
  const { b, kept, again } = book(s);
  const id = b.blank;
  s.mode = "down";
  b.type(id, "một");
  await settle();
  assert.equal(b.state, "waiting");
  b.type(id, "một hai");
  s.mode = "lost"; // the server was killed after it had written
  again();
  await settle();
  assert.equal(s.notes.get(id).text, "một hai");
  b.type(id, "một hai ba");
  s.mode = "up";
  again();
  await settle();
  assert.equal(s.notes.get(id).text, "một hai ba", "its own text is no conflict");
  assert.equal(b.list().length, 1);
  s.mode = "down";
  b.type(id, "một hai ba bốn");
  await settle();
  s.mode = "up";
  const next = book(s, { kept: kept.now });
  await settle();
  assert.equal(s.notes.get(id).text, "một hai ba bốn", "the next page sends what this one left");
  assert.equal(next.b.state, "saved");
});

test("who takes a note out does not take out what somebody else has just added to it", async () => {
  const s = server();
  const one = book(s);
  const id = one.b.blank;
  one.b.type(id, "chung");
  await settle();
  const two = book(s);
  await two.b.refresh();
  two.b.type(id, "chung, thêm của hai");
  await settle();
  one.b.type(id, "");
  await settle();
  assert.equal(s.notes.get(id).text, "chung, thêm của hai");
  assert.deepEqual(texts(one.b), ["chung, thêm của hai"], "and it is seen");
  assert.equal(one.b.state, "saved");
  one.b.type(id, "");
  await settle();
  assert.equal(s.notes.get(id).text, "", "now they have seen it");
  await two.b.refresh();
  assert.deepEqual(texts(two.b), []);
});

test("a note that was taken out before the page was torn away stays out", async () => {
  const s = server();
  const { b, kept } = book(s);
  const id = b.blank;
  b.type(id, "nhầm");
  await settle();
  s.mode = "down";
  b.type(id, "");
  await settle();
  s.mode = "up";
  const next = book(s, { kept: structuredClone(kept.now) });
  await next.b.refresh();
  await settle();
  assert.equal(s.notes.get(id).text, "");
  await next.b.refresh();
  assert.deepEqual(texts(next.b), []);
});

test("a page torn away between a text and its answer makes no second note", async () => {
  for (const more of ["", " hai"]) {
    const s = server();
    const { b, kept } = book(s);
    const id = b.blank;
    b.type(id, "một");
    const left = structuredClone(kept.now); // what a page leaves that ends here: the text is on its way
    await settle();
    if (more) /** @type {any} */ (left)[id].typed += more; // typed before the end
    const next = book(s, { kept: left });
    await settle();
    assert.deepEqual(texts(next.b), ["một" + more]);
    assert.equal(s.notes.size, 1);
    assert.equal(s.notes.get(id).text, "một" + more);
  }
});

test("any of several texts without an answer may have arrived", async () => {
  const s = server();
  const { b, again } = book(s);
  const id = b.blank;
  s.mode = "lost";
  b.type(id, "một");
  await settle();
  s.mode = "down";
  b.type(id, "một hai");
  again();
  await settle();
  s.mode = "up";
  b.type(id, "một hai ba");
  again();
  await settle();
  assert.deepEqual(texts(b), ["một hai ba"]);
  assert.equal(s.notes.size, 1);
});

test("a text that is taken back while its answer is awaited is not left on record", async () => {
  const s = server();
  const { b, again } = book(s);
  const id = b.blank;
  b.type(id, "một");
  await settle();
  s.mode = "lost";
  b.type(id, "một hai");
  await settle();
  s.mode = "up";
  b.type(id, "một");
  again();
  await settle();
  assert.equal(s.notes.get(id).text, "một");
});

test("a book leaves alone what another page keeps", async () => {
  const s = server();
  /** @type {string[]} */ const touched = [];
  const { b } = book(s, { keep: (/** @type {string} */ id) => touched.push(id) });
  const id = b.blank;
  s.notes.set("other", { id: "other", version: 1, about: new Date(0).toISOString(), text: "của trang khác", by: "x" });
  await b.refresh();
  b.type(id, "của trang này");
  await settle();
  assert.deepEqual([...new Set(touched)], [id]);
});

test("a look at the server that brings nothing new wakes nobody", async () => {
  const s = server();
  let changes = 0;
  const { b } = book(s, { onChange: () => void changes++ });
  b.type(b.blank, "một");
  await settle();
  changes = 0;
  await b.refresh();
  assert.equal(changes, 0);
});

test("two who write to the same note keep both texts", async () => {
  const s = server();
  const one = book(s);
  const id = one.b.blank;
  one.b.type(id, "chung");
  await settle();
  /** @type {string[]} */ let split = [];
  const two = book(s, { onSplit: (/** @type {string} */ from, /** @type {string} */ to) => (split = [from, to]) });
  await two.b.refresh();
  one.b.type(id, "chung, thêm của một");
  two.b.type(id, "chung, thêm của hai");
  await settle();
  await one.b.refresh();
  await two.b.refresh();
  assert.deepEqual(texts(one.b).sort(), ["chung, thêm của hai", "chung, thêm của một"]);
  assert.deepEqual(texts(two.b).sort(), texts(one.b).sort());
  assert.equal(split[0], id);
});

test("a message is marked and taken out by whoever does it first", async () => {
  const s = server();
  const one = book(s);
  const two = book(s);
  const message = { at_ms: 5000, from: "C13999", text: "Xin bổ sung kinh phí" };
  one.b.mark(message, "Xã A");
  two.b.mark(message, "Xã A");
  await settle();
  assert.equal(s.notes.get(markId(message)).text, "Xã A: Xin bổ sung kinh phí");
  await two.b.refresh();
  assert.ok(two.b.marked(message));
  assert.equal(two.b.list().length, 1);
  two.b.mark(message, "Xã A");
  await settle();
  await one.b.refresh();
  assert.ok(!one.b.marked(message));
  assert.deepEqual(texts(one.b), []);
});

test("what the server refuses is said, and what was typed stays", async () => {
  const s = server();
  const { b } = book(s);
  s.mode = "sealed";
  b.type(b.blank, "muộn");
  await settle();
  assert.equal(b.state, "refused");
  assert.deepEqual(texts(b), ["muộn"]);
  const [{ id }] = b.list();
  b.drop(id);
  assert.equal(b.state, "saved", "the page can be left");
  assert.deepEqual(texts(b), []);
  s.mode = "up";
  b.type(b.blank, "đúng lúc");
  await settle();
  const own = b.list()[0].id;
  s.mode = "sealed";
  b.type(own, "đúng lúc, thêm");
  await settle();
  b.drop(own);
  assert.deepEqual(texts(b), ["đúng lúc"], "what is on record stays");
});

test("nothing is sent of a note that was begun and emptied at once", async () => {
  const s = server();
  const { b } = book(s);
  const id = b.blank;
  b.type(id, "x");
  b.type(id, "");
  await settle();
  assert.deepEqual(texts(b), []);
  assert.equal(s.notes.get(id)?.text ?? "", "");
});
