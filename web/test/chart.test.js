import test from "node:test";
import assert from "node:assert/strict";
import { roundTop, stack } from "../static/lib/chart.js";

test("the axis of a chart ends at a number that four lines divide", () => {
  for (const [most, top] of [
    [0, 4],
    [3, 4],
    [5, 8],
    [11, 20],
    [80, 80],
    [81, 100],
    [3321, 4000],
    [10600, 20000],
  ])
    assert.equal(roundTop(most), top, String(most));
});

test("bars stand side by side and their parts on each other", () => {
  const { top, bars } = stack(
    [
      [2, 1, 1],
      [0, 0, 4],
    ],
    { width: 100, height: 40 },
  );
  assert.equal(top, 4);
  assert.deepEqual(bars[0].parts, [
    { y: 20, height: 20 },
    { y: 10, height: 10 },
    { y: 0, height: 10 },
  ]);
  assert.ok(bars[0].x + bars[0].width <= bars[1].x && bars[1].x + bars[1].width <= 100);
  assert.deepEqual(stack([], { width: 100, height: 40 }), { top: 4, bars: [] });
});
