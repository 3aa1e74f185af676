// What a killed test leaves of its network does not outlive the next one.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { test } from "node:test";
import { Netns, sweep } from "./lib/netns.mjs";
import { until } from "./lib/until.mjs";

const names = () => execFileSync("ip", ["netns", "list"]).toString();
const links = () => execFileSync("ip", ["-o", "link"]).toString();

/** Another process that makes a namespace, with something running in it. */
async function another() {
  const code = `const { Netns } = await import(${JSON.stringify(new URL("lib/netns.mjs", import.meta.url).href)});
    const { spawn } = await import("node:child_process");
    const ns = Netns.create();
    const inside = spawn("ip", ["netns", "exec", ns.name, "sleep", "600"], { detached: true, stdio: "ignore" });
    console.log(JSON.stringify({ ...ns, inside: inside.pid }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  return { child, ...JSON.parse(String(line)) };
}

test("a namespace is of its process alone, and goes with it", async (t) => {
  const own = Netns.create();
  if (!own) return t.skip(`no network namespaces here: ${Netns.why}`);
  t.after(() => own.remove());
  const killed = await another();
  t.after(() => killed.child.kill("SIGKILL"));
  const asked = await another();
  t.after(() => asked.child.kill("SIGKILL"));
  assert.equal(new Set([own, killed, asked].map((ns) => ns.host)).size, 3, "each has addresses of its own");
  const server = createServer().listen(0, own.host);
  await once(server, "listening");
  const reach = `require("net").connect(${server.address().port}, "${own.host}", () => process.exit(0))`;
  own.inside(process.execPath, "-e", reach); // throws where nothing answers
  server.close();

  sweep();
  for (const ns of [own, killed, asked]) assert.ok(names().includes(ns.name), "those of the living stay");

  const gone = [once(killed.child, "exit"), once(asked.child, "exit")];
  killed.child.kill("SIGKILL");
  asked.child.kill("SIGTERM");
  await Promise.all(gone);
  const status = `/proc/${killed.inside}/status`;
  assert.ok(!names().includes(asked.name), "who is asked to end takes it away");
  assert.ok(names().includes(killed.name), "who is killed cannot");
  sweep();
  assert.ok(!names().includes(killed.name), "the next one does");
  assert.ok(!links().includes(`${killed.link}@`));
  await until(
    "what ran in it is dead",
    () => !existsSync(status) || /^State:\s+[ZX]/m.test(readFileSync(status, "latin1")),
  );
  assert.ok(names().includes(own.name));
});
