import test from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import vi from "../static/i18n/vi.js";
import en from "../static/i18n/en.js";
import { build } from "../vendor.mjs";

const root = new URL("../static/", import.meta.url);

/** All own scripts, with their text. */
const scripts = readdirSync(root, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith(".js") && !name.startsWith("vendor"))
  .map((name) => ({ name, text: readFileSync(new URL(name, root), "utf8") }));

test("both catalogues hold the same keys with the same variables", () => {
  assert.deepEqual(Object.keys(en).sort(), Object.keys(vi).sort());
  const variables = (/** @type {string} */ text) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
  for (const [key, text] of Object.entries(vi)) {
    assert.deepEqual(variables(/** @type {Record<string, string>} */ (en)[key]), variables(text), key);
    assert.ok(text.trim(), key);
  }
});

test("every text is used, and no text stands outside the catalogue", () => {
  const used = scripts
    .filter(({ name }) => !name.startsWith("i18n"))
    .map(({ text }) => text)
    .join("\n");
  const prefixes = [...used.matchAll(/`([a-z]+(?:\.[a-z]+)?\.)\$\{/g)].map((m) => m[1]);
  for (const key of Object.keys(vi)) {
    assert.ok(used.includes(`"${key}"`) || prefixes.some((prefix) => key.startsWith(prefix)), `${key} is not used`);
  }
  for (const { name, text } of scripts) {
    if (name.startsWith("i18n")) continue;
    const code = text.replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, "").replace('"Tiếng Việt"', "");
    assert.doesNotMatch(code, /[ăâđêôơưạ-ỹ]/i, `${name} holds Vietnamese text`);
  }
});

test("nothing is fetched from another host", () => {
  for (const file of readdirSync(root, { recursive: true })
    .map(String)
    .filter((name) => /\.(js|css|svg)$/.test(name))) {
    const text = readFileSync(new URL(file, root), "utf8").replaceAll("http://www.w3.org/", "");
    if (!file.startsWith("vendor")) assert.doesNotMatch(text, /https?:\/\//, file);
  }
});

test("the vendored modules are the pinned packages", async () => {
  for (const [file, text] of await build())
    assert.equal(readFileSync(new URL(`vendor/${file}`, root), "utf8"), text, file);
});
