import test from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("../static/css/", import.meta.url);

/** Style sheets without their comments, by name. */
const sheets = new Map(
  readdirSync(folder).map((name) => [
    name,
    readFileSync(new URL(name, folder), "utf8").replace(/\/\*[\s\S]*?\*\//g, ""),
  ]),
);
const TOKENS = ["tokens.css", "dark.css"];
const text = (/** @type {string} */ name) => /** @type {string} */ (sheets.get(name));

/** Tokens that a sheet sets at its root, with their values. @param {string} name */
const tokensOf = (name) => new Map([...text(name).matchAll(/(--[\w-]+):\s*([^;]+);/g)].map((m) => [m[1], m[2]]));

/** Colours written out: numbers, functions, and the names that anybody would use. */
const FUNCTIONS = "rgba?|hsla?|hwb|lab|lch|oklab|oklch|color";
const NAMES = "white|black|red|green|blue|yellow|orange|gr[ae]y|silver|navy|gold|maroon|purple|teal";
const LITERAL = new RegExp(`#[0-9a-f]{3,8}\\b|\\b(?:${FUNCTIONS})\\(|(?<![-\\w.#])(?:${NAMES})(?![-\\w(])`, "i");

test("colours stand in the token sheets alone", () => {
  for (const [name, css] of sheets) {
    if (TOKENS.includes(name)) continue;
    for (const [, property, value] of css.matchAll(/([\w-]+)\s*:\s*([^;{}]+)[;}]/g))
      assert.doesNotMatch(value.replace(/var\([^)]*\)/g, ""), LITERAL, `${name}: ${property}`);
  }
  for (const colour of ["#fff", "rgb(0 0 0 / 5%)", "1px solid red", "white"]) assert.match(colour, LITERAL);
});

test("every token that is used is set, and every token that is set is used", () => {
  const set = tokensOf("tokens.css");
  assert.ok(set.size > 40);
  const own = /** @type {Set<string>} */ (new Set());
  const used = /** @type {Set<string>} */ (new Set());
  for (const [name, css] of sheets) {
    for (const [, token] of css.matchAll(/var\((--[\w-]+)/g)) used.add(token);
    if (!TOKENS.includes(name)) for (const [, token] of css.matchAll(/[\s{;](--[\w-]+)\s*:/g)) own.add(token);
  }
  const scripts = new URL("../static/", import.meta.url);
  for (const name of readdirSync(scripts, { recursive: true }).map(String)) {
    if (!name.endsWith(".js") || name.startsWith("vendor")) continue;
    // What a script sets on an element is its own.
    for (const [token] of readFileSync(new URL(name, scripts), "utf8").matchAll(/--[a-z][\w-]*(?=["':])/g))
      own.add(token);
  }
  for (const token of used) assert.ok(set.has(token) || own.has(token), `${token} is set nowhere`);
  for (const token of set.keys()) assert.ok(used.has(token), `${token} is used nowhere`);
});

test("the night changes tokens of the day, once", () => {
  const day = tokensOf("tokens.css");
  for (const [token, value] of tokensOf("dark.css")) {
    assert.ok(day.has(token), token);
    assert.notEqual(day.get(token), value, `${token} is the same by day`);
  }
  for (const name of TOKENS) assert.equal(text(name).match(/\{/g)?.length, 1, `${name} has one rule`);
  for (const [name, css] of sheets) assert.doesNotMatch(css, /prefers-color-scheme|data-theme/, name);
});
