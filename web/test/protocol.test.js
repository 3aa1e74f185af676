// The JSDoc types of lib/protocol.js are the twin of the Go structs of signaling/protocol.
import test from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { Close, VERSION, decode, encode } from "../static/lib/protocol.js";

const goDir = new URL("../../signaling/protocol/", import.meta.url);
const go = readdirSync(goDir)
  .filter((name) => name.endsWith(".go") && !name.endsWith("_test.go"))
  .map((name) => readFileSync(new URL(name, goDir), "utf8"))
  .join("\n");
const js = readFileSync(new URL("../static/lib/protocol.js", import.meta.url), "utf8");

/** @type {Record<string, string>} */
const TYPES = { int: "number", int64: "number", string: "string", bool: "boolean" };

/** @param {string} type a Go type */
function jsType(type) {
  const list = type.startsWith("[]");
  const name = list ? type.slice(2) : type;
  return (TYPES[name] ?? name) + (list ? "[]" : "");
}

/** Fields of every struct with JSON tags: "name: type", "?" for optional. @returns {Map<string, Set<string>>} */
function goStructs() {
  const structs = new Map();
  for (const [, name, body] of go.matchAll(/^\t?(?:type )?(\w+) struct \{(\}|[^}]*\n\t?\})/gm)) {
    const fields = new Set();
    for (const line of body.split("\n")) {
      const field = /^\s*\w+\s+(\S+)\s+`json:"(\w+)(,omitempty)?"`/.exec(line);
      const embedded = /^\s*([A-Z]\w+)\s*$/.exec(line);
      if (field) fields.add(`${field[2]}${field[3] ? "?" : ""}: ${jsType(field[1])}`);
      else if (embedded) fields.add(embedded[1]);
    }
    structs.set(name, fields);
  }
  for (const fields of structs.values()) {
    for (const entry of [...fields]) {
      if (!structs.has(entry)) continue;
      fields.delete(entry);
      for (const inner of structs.get(entry)) fields.add(inner);
    }
  }
  return structs;
}

/** The same of the typedefs. @returns {Map<string, Set<string>>} */
function jsTypedefs() {
  const types = new Map();
  let fields;
  for (const line of js.split("\n")) {
    const start = /@typedef \{object\} (\w+)/.exec(line);
    const property = /@property \{([^}]+)\} (\[?)(\w+)\]?/.exec(line);
    if (start) types.set(start[1], (fields = new Set()));
    else if (property) fields?.add(`${property[3]}${property[2] ? "?" : ""}: ${property[1]}`);
    else if (line.includes("*/")) fields = undefined;
  }
  return types;
}

const structs = goStructs();
const typedefs = jsTypedefs();
const messages = [...go.matchAll(/^func \((\w+)\) MessageType\(\) Type\s+\{ return "(\w+)" \}/gm)].map(
  ([, name, type]) => ({ name, type }),
);

test("every message of the server's protocol has its twin here, with the same fields", () => {
  assert.ok(messages.length >= 30, `only ${messages.length} messages were found in Go`);
  const shapes = new Set(messages.map(({ name }) => name));
  // What the messages are made of belongs to them.
  for (const name of shapes) {
    for (const field of structs.get(name) ?? []) {
      const part = field.split(": ")[1]?.replace("[]", "") ?? "";
      if (structs.has(part)) shapes.add(part);
    }
  }
  for (const name of shapes) {
    assert.ok(typedefs.has(name), `${name} is missing`);
    assert.deepEqual([...(typedefs.get(name) ?? [])].sort(), [...(structs.get(name) ?? [])].sort(), name);
  }
});

test("messages are sent and read under the same names", () => {
  for (const { name, type } of messages) {
    const sent = new RegExp(`@property \\{${name}\\} ${type}$`, "m").test(js);
    const read = js.includes(`{type: "${type}"} & ${name}`);
    assert.ok(sent || read, `${type} (${name}) is neither sent nor read`);
  }
});

test("version and close codes are the server's", () => {
  assert.equal(VERSION, Number(/^const Version = (\d+)/m.exec(go)?.[1]));
  const codes = Object.fromEntries(
    [...go.matchAll(/^\tClose(\w+)\s+= (\d+)/gm)].map(([, name, code]) => [name, Number(code)]),
  );
  assert.deepEqual({ ...Close }, codes);
});

test("encode writes type, id and fields", () => {
  assert.deepEqual(JSON.parse(encode("grant", { endpoint: "C1" }, 7)), { type: "grant", id: 7, endpoint: "C1" });
  assert.deepEqual(JSON.parse(encode("pong", { t: 3 })), { type: "pong", t: 3 });
});

test("decode gives nothing for what is no message", () => {
  for (const bad of ["", "{", "null", "[]", "3", '{"type":3}', "{}", new ArrayBuffer(2)])
    assert.equal(decode(bad), null);
  assert.deepEqual(decode('{"type":"ping","t":1}'), { type: "ping", t: 1 });
});
