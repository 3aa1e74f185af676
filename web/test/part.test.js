import test from "node:test";
import assert from "node:assert/strict";
import { part } from "../static/lib/part.js";

test("a part that does not come is asked for again, ever less often", async () => {
  const waits = /** @type {number[]} */ ([]);
  let asked = 0;
  const load = async () => {
    if (++asked < 7) throw new TypeError("Failed to fetch dynamically imported module");
    return "here";
  };
  assert.equal(await part(load, async (seconds) => void waits.push(seconds)), "here");
  assert.deepEqual(waits, [1, 3, 8, 20, 20, 20]);
});

test("a part that comes is waited for no longer", async () => {
  assert.equal(
    await part(
      async () => 1,
      async () => assert.fail(),
    ),
    1,
  );
});
