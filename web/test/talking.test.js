import test from "node:test";
import assert from "node:assert/strict";
import { Talking } from "../static/lib/talking.js";

/** Hears levels, one every 66 ms, and says what it made of each. @param {Talking} ear @param {number[]} levels @param {number} [from] */
const hear = (ear, levels, from = 0) => levels.map((level, i) => ear.hear(level, from + i * 66));
const of = (/** @type {number} */ level, /** @type {number} */ ms) => Array(Math.round(ms / 66)).fill(level);

test("speech is told from silence, noise and a cough", () => {
  const ear = new Talking();
  assert.ok(!hear(ear, of(0, 3_000)).includes(true), "silence");
  assert.ok(!hear(ear, of(0.3, 3_000), 3_000).includes(true), "the noise of a room");
  assert.ok(!hear(ear, [...of(0.9, 300), ...of(0, 3_000)], 6_000).includes(true), "a cough");
  assert.ok(hear(ear, of(0.6, 1_000), 10_000).at(-1), "a sentence");
});

test("a pause between sentences is part of speech, a long silence ends it", () => {
  const ear = new Talking();
  assert.ok(hear(ear, of(0.6, 1_000)).at(-1));
  assert.ok(hear(ear, of(0, 3_000), 1_000).at(-1));
  assert.ok(!hear(ear, of(0, 2_000), 4_000).at(-1));
});

test("a level that says nothing, while the browser waits for a press, is no speech", () => {
  assert.ok(!hear(new Talking(), of(-1, 3_000)).includes(true));
});
