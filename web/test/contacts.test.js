import assert from "node:assert/strict";
import test from "node:test";
import { contactsOf, readNumbers, rowsOf, withNumbers } from "../static/lib/contacts.js";

test("numbers are read from what a spreadsheet gives", () => {
  const { numbers, bad } = readNumbers("C1\t0259 3333 444\r\nC2;Xã Phước Hòa;(0259) 111-222\n\nC3, +84 24 3333 4444\n");
  assert.deepEqual(numbers, { C1: "0259 3333 444", C2: "(0259) 111-222", C3: "+84 24 3333 4444" });
  assert.deepEqual(bad, []);
});

test("lines that are no pair are named, and the others are taken", () => {
  const { numbers, bad } = readNumbers(
    "Mã\tĐiện thoại\nC1\n\t0259 333 444\nXã Phước Hòa\t0259 333 444\nC2\t12\nC3\t0259333444",
  );
  assert.deepEqual(Object.keys(numbers), ["C3"]);
  assert.deepEqual(bad, [1, 2, 3, 4, 5]);
});

test("the last number of a code counts", () => {
  assert.deepEqual(readNumbers("C1\t0259 333 444\nC1\t0259 555 666").numbers, { C1: "0259 555 666" });
});

test("rows of the form and the draft's contacts are the same but for what is unfinished", () => {
  const contacts = { C1: { phone: "1", by_phone: true }, C2: {} };
  assert.deepEqual(contactsOf(rowsOf(contacts)), contacts);
  assert.deepEqual(contactsOf([{ code: "" }, ...rowsOf(contacts), { code: "", phone: "9" }]), contacts);
  assert.deepEqual(rowsOf(undefined), []);
});

test("pasted numbers change those that are there and add the others, none twice", () => {
  const rows = [{ code: "C1", phone: "1", by_phone: true }, { code: "" }, { code: "C2" }];
  assert.deepEqual(withNumbers(rows, { C2: "22", C3: "33" }), [
    { code: "C1", phone: "1", by_phone: true },
    { code: "" },
    { code: "C2", phone: "22" },
    { code: "C3", phone: "33" },
  ]);
  assert.deepEqual(withNumbers([{ code: "constructor" }], {}), [{ code: "constructor" }]);
});
