// How the modules hang together.
import test from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";

const root = new URL("../static/", import.meta.url);

/** Own scripts without their comments, by name. @type {Map<string, string>} */
const scripts = new Map(
  readdirSync(root, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".js") && !name.startsWith("vendor"))
    .map((name) => {
      const text = readFileSync(new URL(name, root), "utf8");
      return [name, text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "")];
    }),
);

/** What a script imports, at once or later. @param {string} name */
function imports(name) {
  return [...(scripts.get(name) ?? "").matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g)].map((m) =>
    new URL(m[1], new URL(name, root)).href.slice(root.href.length),
  );
}

test("no import goes in a circle, and each leads somewhere", () => {
  /** @type {Set<string>} */ const done = new Set();
  const walk = (/** @type {string} */ name, /** @type {readonly string[]} */ above) => {
    assert.ok(!above.includes(name), `a circle: ${[...above.slice(above.indexOf(name)), name].join(" > ")}`);
    if (done.has(name) || name.startsWith("vendor/")) return;
    assert.ok(scripts.has(name), `${above.at(-1)} imports ${name}, which is none`);
    for (const next of imports(name)) walk(next, [...above, name]);
    done.add(name);
  };
  for (const name of scripts.keys()) walk(name, []);
  assert.ok(done.size > 80 && [...done].some((name) => imports(name).length > 5), "imports were not found");
});

test("every script is loaded by some page", () => {
  const loaded = new Set([...scripts.keys()].flatMap(imports));
  loaded.add("opening.js"); // by the frame of the pages
  for (const name of scripts.keys()) assert.ok(name.startsWith("pages/") || loaded.has(name), `nobody imports ${name}`);
});

test("lib/ knows no page: it imports its like alone, and touches no document", () => {
  for (const [name, text] of scripts) {
    if (!name.startsWith("lib/")) continue;
    for (const next of imports(name)) assert.match(next, /^lib\//, `${name} imports ${next}`);
    assert.doesNotMatch(text, /\b(document|localStorage|sessionStorage)\b/, name);
  }
});

test("one module asks the server by HTTP", () => {
  const asks = [...scripts].filter(([, text]) => /\bfetch\s*\(|\bXMLHttpRequest\b|\bsendBeacon\b/.test(text));
  assert.deepEqual(
    asks.map(([name]) => name).sort(),
    ["lib/http.js", "opening.js"], // which runs when the modules do not
  );
});
