import test from "node:test";
import assert from "node:assert/strict";
import { isListed, totalOf, within } from "../static/lib/board.js";

test("lights of provinces are added up, also where one has none", () => {
  /** @type {{lights: Record<string, number>}[]} */
  const provinces = [{ lights: { green: 2, red: 1 } }, { lights: { green: 3 } }, { lights: { odd: 9 } }];
  assert.deepEqual(totalOf(["green", "red", "amber"], provinces), { green: 5, red: 1, amber: 0 });
  assert.deepEqual(totalOf(["green"], []), { green: 0 });
});

test("sites of a province, of none, and of all", () => {
  const sites = [{ light: "red", province: "P58" }, { light: "red" }, { light: "green", province: "P67" }];
  assert.equal(within(sites, null).length, 3);
  assert.deepEqual(within(sites, "P58"), [sites[0]]);
  assert.deepEqual(within(sites, ""), [sites[1]]);
  assert.deepEqual(within(sites, "P1"), []);
});

test("to be called are the red and those who never checked, not who takes part by telephone", () => {
  const listed = (/** @type {string} */ filter) =>
    ["green", "amber", "red", "untested", "phone"].filter((light) => isListed(filter, { light }));
  assert.deepEqual(listed("call"), ["red", "untested"]);
  assert.deepEqual(listed("all"), ["green", "amber", "red", "untested", "phone"]);
  assert.deepEqual(listed("amber"), ["amber"]);
});
