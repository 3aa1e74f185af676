import test from "node:test";
import assert from "node:assert/strict";
import { orbit, turn } from "../static/lib/orbit.js";

test("what stands still for hours moves every minute, never far, and comes back", () => {
  const places = Array.from({ length: 32 }, (_, minute) => orbit(minute * 60_000, 8));
  for (const [i, { x, y }] of places.entries()) {
    assert.ok(Math.abs(x) <= 8 && Math.abs(y) <= 8);
    if (i) assert.notDeepEqual({ x, y }, places[i - 1], `minute ${i}`);
  }
  assert.deepEqual(places[16], places[0]);
  assert.ok(new Set(places.map(({ x, y }) => `${x},${y}`)).size >= 12);
});

test("pages are shown in turn", () => {
  assert.deepEqual(
    [0, 14_999, 15_000, 30_000, 45_000].map((now) => turn(now, 3, 15_000)),
    [0, 0, 1, 2, 0],
  );
  assert.equal(turn(99_999, 0, 15_000), 0);
});
