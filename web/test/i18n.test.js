import test from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import vi from "../static/i18n/vi.js";
import en from "../static/i18n/en.js";
import officeVi from "../static/i18n/office.vi.js";
import officeEn from "../static/i18n/office.en.js";
import reportVi from "../static/i18n/report.vi.js";
import reportEn from "../static/i18n/report.en.js";
import { translator } from "../static/app/i18n.js";
import { lang } from "../static/app/settings.js";
import { build } from "../vendor.mjs";

const root = new URL("../static/", import.meta.url);

/** All own scripts but the catalogues, with their text. */
const scripts = readdirSync(root, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith(".js") && !name.startsWith("vendor") && !name.startsWith("i18n"))
  .map((name) => ({ name, text: readFileSync(new URL(name, root), "utf8") }));

/** The catalogues, and the names by which scripts ask the translator of each. */
const catalogues = [
  { name: "all pages", vi, en, call: /\b(?:t|tMaybe)\(/g },
  { name: "office", vi: officeVi, en: officeEn, call: /\b(?:o|oMaybe)\(/g },
  { name: "report", vi: reportVi, en: reportEn, call: /\b(?:r|rMaybe)\(/g },
];

for (const { name, vi, en, call } of catalogues) {
  const texts = /** @type {Record<string, string>} */ (vi);

  test(`the catalogues of ${name} hold the same keys with the same variables`, () => {
    assert.deepEqual(Object.keys(en).sort(), Object.keys(texts).sort());
    const variables = (/** @type {string} */ text) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
    for (const [key, text] of Object.entries(texts)) {
      const english = /** @type {Record<string, string>} */ (en)[key];
      assert.deepEqual(variables(english), variables(text), key);
      assert.ok(text.trim() && english.trim(), key);
    }
  });

  test(`every text of ${name} is used, and every text that is used exists`, () => {
    const asked = scripts.flatMap(({ text }) =>
      [...text.matchAll(call)].map((m) => argument(text, m.index + m[0].length)),
    );
    assert.ok(asked.length > 50, "calls were not found");
    const used = scripts.map(({ text }) => text).join("\n");
    const prefixes = [...used.matchAll(/`([a-z_]+(?:\.[a-z_]+)*\.)\$\{/g)].map((m) => m[1]);
    for (const key of Object.keys(texts))
      assert.ok(used.includes(`"${key}"`) || prefixes.some((prefix) => key.startsWith(prefix)), `${key} is not used`);
    for (const argument of asked) {
      // What a choice is made by is no key; keys of the catalogue mostly have a part before a point.
      const literals = [...argument.matchAll(/"([a-z_]+(?:\.[a-z0-9_]+)*)"/g)].map((m) => m[1]);
      for (const literal of literals)
        if (literal.includes(".") || argument.trim() === `"${literal}"`) assert.ok(literal in texts, literal);
      for (const [, prefix] of argument.matchAll(/`([a-z_]+(?:\.[a-z_]+)*\.)\$\{/g))
        assert.ok(
          Object.keys(texts).some((key) => key.startsWith(prefix)),
          `${prefix}… is no text`,
        );
    }
  });
}

/** The first argument of a call. @param {string} text @param {number} from behind the parenthesis that opens it */
function argument(text, from) {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if ("([{".includes(text[i])) depth++;
    else if (")]}".includes(text[i]) && --depth < 0) return text.slice(from, i);
    else if (text[i] === "," && depth === 0) return text.slice(from, i);
  }
  return text.slice(from);
}

test("no text stands outside the catalogues", () => {
  for (const { name, text } of scripts) {
    const code = text.replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, "").replace('"Tiếng Việt"', "");
    assert.doesNotMatch(code, /[ăâđêôơưạ-ỹ]/i, `${name} holds Vietnamese text`);
  }
});

test("a translator speaks the language of the moment, and Vietnamese until the other has come", async () => {
  const words = { hello: "Chào {name}", "kind.one": "Một" };
  /** @type {(catalogue: any) => void} */ let come = () => undefined;
  const english = new Promise((resolve) => (come = resolve));
  const { text, maybe } = await translator(words, () => english);
  assert.equal(text("hello", { name: "Lan" }), "Chào Lan");
  assert.equal(text("hello", {}), "Chào ");
  assert.equal(maybe("kind.one", "hello"), "Một");
  assert.equal(maybe("kind.two", "hello", { name: 7 }), "Chào 7");
  lang.value = "en";
  assert.equal(text("kind.one"), "Một");
  come({ default: { hello: "Hello {name}", "kind.one": "One" } });
  await english;
  await Promise.resolve();
  assert.equal(text("kind.one"), "One");
  const late = await translator(words, async () => ({ default: { hello: "", "kind.one": "One" } }));
  assert.equal(late.text("kind.one"), "One", "the first text of a page in English is English");
  lang.value = "vi";
  assert.equal(text("kind.one"), "Một");
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
