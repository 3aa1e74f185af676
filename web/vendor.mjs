// Refreshes web/static/vendor from node_modules: the published ES modules of the pinned versions in package.json,
// unchanged but for their bare imports, which become relative so that no import map (an inline script) is needed.
// With --check it changes nothing and fails if the folder differs.
import { readFile, writeFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "..", "node_modules");
const out = join(here, "static", "vendor");

/** Bare import → file name in vendor, and where the package keeps it. */
const files = {
  preact: { file: "preact.js", from: "preact/dist/preact.mjs" },
  "preact/hooks": { file: "hooks.js", from: "preact/hooks/dist/hooks.mjs" },
  "@preact/signals-core": { file: "signals-core.js", from: "@preact/signals-core/dist/signals-core.mjs" },
  "@preact/signals": { file: "signals.js", from: "@preact/signals/dist/signals.mjs" },
  htm: { file: "htm.js", from: "htm/dist/htm.mjs" },
};

/** Builds every file of the folder. @returns {Promise<Map<string, string>>} */
export async function build() {
  const built = new Map();
  const versions = [];
  for (const [name, { file, from }] of Object.entries(files)) {
    let code = await readFile(join(modules, from), "utf8");
    code = code.replace(/\/\/# sourceMappingURL=.*\s*$/, "");
    for (const [bare, target] of Object.entries(files)) {
      code = code.replaceAll(`from"${bare}"`, `from"./${target.file}"`);
    }
    const left = code.match(/from"(?!\.\/)[^"]+"/);
    if (left) throw new Error(`${name} imports ${left[0]}, which is not vendored`);
    built.set(file, code);
    // The types come from the package itself, which only the type checker reads.
    const types = name === "htm" ? `import htm from "htm";\nexport default htm;\n` : `export * from "${name}";\n`;
    built.set(file.replace(/\.js$/, ".d.ts"), types);
  }
  for (const pkg of ["preact", "@preact/signals-core", "@preact/signals", "htm"]) {
    const meta = JSON.parse(await readFile(join(modules, pkg, "package.json"), "utf8"));
    versions.push(`${pkg} ${meta.version} (${meta.license})`);
    built.set(
      `LICENSE-${pkg.replace(/^@/, "").replace("/", "-")}`,
      await readFile(join(modules, pkg, "LICENSE"), "utf8"),
    );
  }
  built.set("VERSIONS", versions.join("\n") + "\n");
  return built;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const check = process.argv.includes("--check");
  await mkdir(out, { recursive: true });
  for (const [file, text] of await build()) {
    const path = join(out, file);
    const old = await readFile(path, "utf8").catch(() => "");
    if (old === text) continue;
    if (check) throw new Error(`${file} differs from the pinned package: run npm run vendor`);
    await writeFile(path, text);
    console.error("wrote", path);
  }
}
