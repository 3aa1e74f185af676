import { readFileSync } from "node:fs";
import { helpOf } from "../static/lib/help.js";
import test from "node:test";
import assert from "node:assert/strict";
import { fold, matcher } from "../static/lib/fold.js";
import { chooseLayout } from "../static/lib/layout.js";
import { windowOf } from "../static/lib/window.js";
import { claimsOf, codeOf, tokenOf, typedAddress } from "../static/lib/token.js";
import { judge } from "../static/app/line.js";

test("fold takes diacritics away, also from đ, composed or not", () => {
  assert.equal(fold("Ninh Thuận"), "ninh thuan");
  assert.equal(fold("Đắk Lắk"), "dak lak");
  assert.equal(fold("ĐỒNG THÁP".normalize("NFD")), "dong thap");
  assert.equal(fold("Xã Ea H'đing"), "xa ea h'ding");
});

test("every word of a query must be found", () => {
  const folded = fold("Xã An Hải Huyện Ninh Phước Tỉnh Ninh Thuận C22891");
  for (const query of ["ninh thuan", "NINH THUẬN", "thuận an hải", "", "  ", "c22891", "an ninh"])
    assert.ok(matcher(query)(folded), query);
  for (const query of ["ninh binh", "c22892"]) assert.ok(!matcher(query)(folded), query);
});

test("layouts by what is granted", () => {
  for (const [slots, name, large, side] of /** @type {[string[], string, string[], string[]][]} */ ([
    [[], "empty", [], []],
    [["main"], "solo", ["main"], []],
    [["floor"], "solo", ["floor"], []],
    [["main", "floor"], "side", ["floor"], ["main"]],
    [["floor2", "main"], "side", ["floor2"], ["main"]],
    [["main", "presentation"], "side", ["presentation"], ["main"]],
    [["presentation"], "solo", ["presentation"], []],
    [["floor", "floor2"], "dialogue", ["floor", "floor2"], []],
    [["floor2", "floor", "main"], "dialogue", ["floor", "floor2"], ["main"]],
    [["floor2", "floor", "main", "presentation"], "side", ["presentation"], ["floor", "floor2", "main"]],
  ])) {
    assert.deepEqual(chooseLayout(slots), { name, large, side }, slots.join());
  }
});

test("the window of a list covers what is on screen and stays within the list", () => {
  for (const count of [0, 1, 7, 300, 10_600]) {
    for (const top of [0, 59, 60, 3000, 60 * count, 1e7]) {
      const { from, to } = windowOf(count, 60, top, 700);
      assert.ok(from >= 0 && from <= to && to <= count, `${count} ${top}: ${from} ${to}`);
      if (60 * count > top + 700) assert.ok(from * 60 <= top && to * 60 >= top + 700);
      assert.ok(to - from < 40);
    }
  }
});

test("tokens stand in the fragment; anything else is none", () => {
  const payload = Buffer.from(JSON.stringify({ sub: "C1", role: "endpoint", sid: "s", note: "Điểm cầu" })).toString(
    "base64url",
  );
  assert.equal(tokenOf(`#h.${payload}.s`), `h.${payload}.s`);
  for (const bad of ["", "#", "#garbage", "#a.b", "#a.b.c.d", "#a.<b>.c", "#%E0%A4%A"])
    assert.equal(tokenOf(bad), "", bad);
  assert.deepEqual(claimsOf(`h.${payload}.s`), { sub: "C1", role: "endpoint", sid: "s", note: "Điểm cầu" });
  for (const bad of ["", "a.b.c", "a.bnVsbA.c"]) assert.equal(claimsOf(bad), null, bad);
});

test("what chat programs and people put behind a link is no part of it", () => {
  const body = "eyJh.eyJz.";
  const token = body + "s".repeat(86);
  for (const more of [
    ".",
    "...",
    ")",
    ").",
    ",",
    "”",
    '"',
    ">",
    "]",
    "?utm_source=zalo&x=1.2.3",
    "&fbclid=a.b",
    "%20",
    " ",
    "!",
    "/",
    "_",
    "…",
    "\u200b",
    "*",
  ])
    assert.equal(tokenOf(`#${token}${more}`), token, more);
  assert.equal(tokenOf(`#${token}.${"x".repeat(9)}`), "");
  for (const [hash, path, want] of [
    ["#abcd-efgh", "/j", "abcd-efgh"],
    ["#abcd-efgh?utm_source=zalo", "/j", "abcd-efgh"],
    ["#abcd%20efgh.", "/j/", "abcd efgh."],
    ["#abcd%", "/j", "abcd%"],
    ["", "/j/abcd-efgh/", "abcd-efgh/"],
    ["", "/j", ""],
  ])
    assert.equal(codeOf(hash, path), want, hash + path);
  for (const [typed, want] of [
    [" abcd efgh ", "/j#abcd%20efgh"],
    ["https://meet.test/j#abcd-efgh", "/j#abcd-efgh"],
    ["meet.test/j#abcd-efgh.", "/j#abcd-efgh."],
    ["https://meet.test/j/abcd-efgh", "/j#abcd-efgh"],
    [`https://meet.test/join#${token}).`, `/join#${token}`],
    [`https://meet.test/HOST/#${token}`, `/host#${token}`],
    ["", ""],
  ])
    assert.equal(typedAddress(typed), want, typed);
});

test("a line is judged by what arrives", () => {
  assert.equal(judge({ lost: 0, received: 100, stalled: false, audioBytes: 10 }), "good");
  assert.equal(judge({ lost: 4, received: 96, stalled: false, audioBytes: 10 }), "good");
  assert.equal(judge({ lost: 6, received: 94, stalled: false, audioBytes: 10 }), "weak");
  assert.equal(judge({ lost: 0, received: 20, stalled: true, audioBytes: 10 }), "audio-only");
  assert.equal(judge({ lost: 0, received: 0, stalled: true, audioBytes: 0 }), "silent");
  // Retransmissions make the browser's total of losses fall again.
  assert.equal(judge({ lost: -5, received: 100, stalled: false, audioBytes: 10 }), "good");
});

test("every page has its part of the handbook", () => {
  const parts = {
    "/join": "diem-cau",
    "/j": "diem-cau",
    "/j/abcd": "diem-cau",
    "/host": "chu-tri",
    "/secretary": "thu-ky",
    "/office": "van-phong",
    "/room": "man-hinh",
  };
  for (const [path, part] of Object.entries(parts)) {
    assert.equal(helpOf(path, "vi"), `/help#${part}`);
    assert.equal(helpOf(path, "en"), `/help/en#${part}`);
    assert.ok(readFileSync(new URL(`../../docs/huong-dan/${part}.md`, import.meta.url), "utf8"));
    assert.ok(readFileSync(new URL(`../../docs/huong-dan/en/${part}.md`, import.meta.url), "utf8"));
  }
  assert.equal(helpOf("/", "vi"), "/help");
});
