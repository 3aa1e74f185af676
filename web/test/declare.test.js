import test from "node:test";
import assert from "node:assert/strict";
import { changesOf, correctionOf, headcountOf, namedOf, delegatesText, readDelegates } from "../static/lib/declare.js";

test("a headcount is a whole number that a room can hold", () => {
  for (const [typed, want] of [
    [12, 12],
    [0, 0],
    [-1, 0],
    [2.6, 3],
    [10_000, 9999],
    [NaN, 0],
    [Infinity, 9999],
  ])
    assert.equal(headcountOf(typed), want, String(typed));
});

test("delegates lose the space around them, and those without a name go", () => {
  assert.deepEqual(
    namedOf([
      { name: "  Nguyễn Văn A ", title: " Chủ tịch ", attending_for: "  " },
      { name: " ", title: "nobody" },
      { name: "Trần  Thị B", attending_for: " Sở Y tế" },
    ]),
    [
      { name: "Nguyễn Văn A", title: "Chủ tịch" },
      { name: "Trần  Thị B", attending_for: "Sở Y tế" },
    ],
  );
});

test("only what changed is sent", () => {
  const delegates = [{ name: "A" }];
  assert.deepEqual(changesOf({ headcount: 3, delegates }, { headcount: 3, delegates: [{ name: "A" }] }), {
    headcount: false,
    delegates: false,
  });
  assert.deepEqual(changesOf({ headcount: 3 }, { headcount: 4, delegates: [] }), { headcount: true, delegates: false });
  assert.deepEqual(changesOf({ headcount: 3, delegates }, { headcount: 3, delegates: [] }), {
    headcount: false,
    delegates: true,
  });
  assert.deepEqual(changesOf(null, { headcount: 0, delegates: [] }), { headcount: false, delegates: false });
});

test("delegates are read one a line, apart by commas, semicolons or tabs, and written the same way", () => {
  const read = readDelegates(
    "Nguyễn Thị Bé, Phó Chủ tịch, Chủ tịch\r\n\n  Lê Văn C\nTrần D;Chánh văn phòng\nĐỗ E\tKế toán\n, ,x\n",
  );
  assert.deepEqual(read, [
    { name: "Nguyễn Thị Bé", title: "Phó Chủ tịch", attending_for: "Chủ tịch" },
    { name: "Lê Văn C" },
    { name: "Trần D", title: "Chánh văn phòng" },
    { name: "Đỗ E", title: "Kế toán" },
  ]);
  assert.equal(
    delegatesText(read),
    "Nguyễn Thị Bé, Phó Chủ tịch, Chủ tịch\nLê Văn C\nTrần D, Chánh văn phòng\nĐỗ E, Kế toán",
  );
  assert.deepEqual(readDelegates(delegatesText(read)), read);
});

test("what is written of delegates is read as the same, whatever their titles hold", () => {
  for (const delegates of [
    [{ name: "Trần D", title: "Phó Chủ tịch, Trưởng ban" }],
    [{ name: "Trần D", attending_for: "Chủ tịch, Trưởng ban" }],
    [{ name: "Trần D, PhD" }],
    [{ name: "Trần D; PhD" }],
    [{ name: "Trần D", title: "Chủ tịch; Trưởng ban, Ủy viên", attending_for: "Bí thư" }],
    [{ name: "A" }, { name: "B", title: "x, y", attending_for: "z" }, { name: "C", title: "x" }],
  ])
    assert.deepEqual(readDelegates(delegatesText(delegates)), delegates, delegatesText(delegates));
});

test("a correction names only what was changed", () => {
  const told = {
    headcount: 5,
    delegates: [{ name: "Trần D", title: "Phó Chủ tịch, Trưởng ban" }, { name: "Lê\u00a0E" }],
  };
  const names = delegatesText(told.delegates);
  assert.deepEqual(correctionOf(told, "5", names), {});
  assert.deepEqual(correctionOf(told, "6", names), { headcount: 6 });
  assert.deepEqual(correctionOf(told, "5", `${names}\nVõ F`), {
    delegates: [{ name: "Trần D", title: "Phó Chủ tịch, Trưởng ban" }, { name: "Lê E" }, { name: "Võ F" }],
  });
  assert.deepEqual(correctionOf(told, "", ""), { headcount: 0, delegates: [] });
  assert.deepEqual(correctionOf({}, "", ""), {});
});
