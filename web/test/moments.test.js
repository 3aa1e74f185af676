import test from "node:test";
import assert from "node:assert/strict";
import vi from "../static/i18n/vi.js";
import { momentFault, clockText, dayField, dayOf, partsOf, readClock, readDay } from "../static/lib/moments.js";
import { isChosen } from "../static/lib/unitchoice.js";
import { weakness } from "../static/lib/sites.js";

const ZONE = "Asia/Ho_Chi_Minh";
const AT = Date.parse("2026-12-01T00:05:09+07:00");

test("a day is written alike whatever the browser's language, with midnight as 00", () => {
  assert.equal(clockText(AT, ZONE), "00:05");
  assert.equal(clockText(AT, ZONE, true), "00:05:09");
  assert.equal(clockText(AT + 13 * 3_600_000, ZONE), "13:05");
  assert.deepEqual(dayOf(AT, ZONE), { weekday: 2, day: "01", month: "12", year: "2026" });
  assert.deepEqual(dayOf(AT, "UTC"), { weekday: 1, day: "30", month: "11", year: "2026" });
  assert.match(vi["day.full"], /ngày \{day\} tháng \{month\} năm \{year\}/);
  assert.equal(vi["day.weekdays"].split("|")[2], "Thứ Ba");
  // A browser of Thailand counts years by another calendar, one of Egypt writes other digits.
  for (const value of Object.values(partsOf(AT, ZONE)).filter((part) => !/^[/:, ]+$/.test(part)))
    assert.match(value, /^[0-9]+$/);
});

test("a day and a time are read as people write them", () => {
  for (const typed of ["1/12/2026", "01/12/2026", " 01-12-2026 ", "1.12.2026", "1 12 2026", "01122026", "2026-12-01"])
    assert.equal(readDay(typed), "2026-12-01", typed);
  for (const bad of ["", "31/11/2026", "12/31/2026", "1/12/26", "0/1/2026", "29/2/2026", "hôm nay", "1/12/2026 8:00"])
    assert.equal(readDay(bad), "", bad);
  assert.equal(readDay("29/2/2028"), "2028-02-29");
  for (const typed of ["8:00", "08:00", "8h", "8h00", "8 giờ", "8 giờ 00", "0800", "8.00", "8g00"])
    assert.equal(readClock(typed), "08:00", typed);
  assert.equal(readClock("23:59"), "23:59");
  for (const bad of ["", "24:00", "8:60", "8", "8:00 PM", "sáng"]) assert.equal(readClock(bad), "", bad);
  assert.equal(dayField("2026-12-01T08:00"), "01/12/2026");
  assert.equal(dayField(""), "");
});

test("a weak line is told by what is wrong with it", () => {
  assert.equal(weakness({ state: "present", rtt_ms: 100, loss_pct: 0 }), null);
  assert.deepEqual(weakness({ state: "present", rtt_ms: 620, loss_pct: 0 }), { kind: "delay", n: 620 });
  assert.deepEqual(weakness({ state: "present", rtt_ms: 620, loss_pct: 8 }), { kind: "loss", n: 8 });
  assert.equal(weakness({ state: "lost", rtt_ms: 620, loss_pct: 8 }), null);
});

test("what is chosen already is known, by itself or with those above it", () => {
  const commune = { code: "C1", parent: "P58", level: "commune" };
  assert.ok(isChosen(["C1"], commune));
  assert.ok(isChosen(["P58/*"], commune));
  assert.ok(isChosen(["P58/commune"], commune));
  assert.ok(!isChosen(["P58", "P58/district", "P59/*"], commune));
});

test("a moment of which only a part can be read is wrong, not absent", () => {
  for (const [day, time, want] of [
    ["", "", ""],
    [" ", "", ""],
    ["02/03/2026", "08:15", ""],
    ["02/03/2026", "", "half"],
    ["", "08:15", "half"],
    ["02/03", "08:15", "badday"],
    ["02/03/2026", "8 giờ mấy", "badtime"],
    ["31/02/2026", "", "badday"],
  ])
    assert.equal(momentFault(day, time), want, `${day} ${time}`);
});
