import test from "node:test";
import assert from "node:assert/strict";
import { isCode, searched, unitMeant } from "../static/lib/unitchoice.js";

const UNITS = [
  { code: "C1", name: "Phường Đô Vinh", parents: ["Thành phố Phan Rang", "Tỉnh Ninh Thuận"] },
  { code: "C2", name: "Xã Tân Lập", parents: ["Huyện Mộc Châu", "Tỉnh Sơn La"] },
  { code: "C3", name: "Xã Tân Lập", parents: ["Huyện Vũ Thư", "Tỉnh Thái Bình"] },
  { code: "C4", name: "Xã Tân Lạp", parents: ["Huyện X", "Tỉnh Y"] },
];

test("a unit is meant by its code, its name, or its name without diacritics, when only one is called so", () => {
  for (const [text, want] of [
    ["Phường Đô Vinh", "C1"],
    ["  phường  đô vinh ", "C1"],
    ["phuong do vinh", "C1"],
    ["Phường Đô Vinh".normalize("NFD"), "C1"],
    ["c1", "C1"],
    ["Phường Đô Vinh · C1", "C1"],
    ["C1 · Phường Đô Vinh", "C1"],
    ["Phường Đô Vinh, Tỉnh Ninh Thuận", "C1"],
    ["Phường Đô Vinh, Tỉnh Sơn La", ""],
    ["Phường Đô", ""],
    ["", ""],
    [" , ", ""],
    ["Xã Tân Lập", ""],
    ["Xã Tân Lập, Tỉnh Thái Bình", "C3"],
    ["xa tan lap, thai binh", ""],
    ["xa tan lap, tinh thai binh", "C3"],
    ["Xã Tân Lập · C2", "C2"],
    ["Xã Tân Lạp", "C4"],
    ["xa tan lap", ""],
  ])
    assert.equal(unitMeant(text, UNITS), want, text);
});

test("a search looks for the name alone", () => {
  assert.equal(searched("  Phường   Đô Vinh, Tỉnh Ninh Thuận"), "Phường Đô Vinh");
  assert.equal(searched("Phường Đô Vinh · C1"), "Phường Đô Vinh");
  assert.equal(searched("  "), "");
});

test("codes are told from names", () => {
  for (const code of ["P58", "c22879", "P58C1-2", " 00123 "]) assert.ok(isCode(code), code);
  for (const name of ["Phường 1", "Vinh", "", "xã"]) assert.ok(!isCode(name), name);
});
