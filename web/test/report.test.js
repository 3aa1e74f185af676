import test from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import vi from "../static/i18n/report.vi.js";
import en from "../static/i18n/report.en.js";

const folder = new URL("../static/app/console/", import.meta.url);

test("both catalogues of the report hold the same keys with the same variables, and each is used", () => {
  assert.deepEqual(Object.keys(en).sort(), Object.keys(vi).sort());
  const variables = (/** @type {string} */ text) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
  const used = readdirSync(folder)
    .map((name) => readFileSync(new URL(name, folder), "utf8"))
    .join("\n");
  const prefixes = [...used.matchAll(/`([a-z]+\.)\$\{/g)].map((m) => /** @type {string} */ (m[1]));
  for (const [key, text] of Object.entries(vi)) {
    assert.deepEqual(variables(/** @type {Record<string, string>} */ (en)[key] ?? ""), variables(text), key);
    assert.ok(used.includes(`"${key}"`) || prefixes.some((prefix) => key.startsWith(prefix)), `${key} is not used`);
  }
});
