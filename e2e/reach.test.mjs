// doctor --reach: the ports of a server that is being set up, tried by a real browser.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync } from "node:fs";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { People } from "./lib/people.mjs";
import { BINARY, freePort } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

const dir = mkdtempSync(join(tmpdir(), "diemcau-e2e-reach-"));
const people = new People();
let command;
after(async () => {
  command?.kill("SIGKILL");
  await people.kill();
});

test("a helper's browser says which ways lead to the server", async () => {
  const [http, media, relay] = [await freePort(), await freePort(), await freePort()];
  command = spawn(
    BINARY,
    [
      ...["doctor", "--reach", "serve", "--data", join(dir, "data"), "--http", `127.0.0.1:${http}`],
      ...["--udp", String(media), "--turn-tcp", String(relay), "--turn-host", "127.0.0.1"],
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = once(command, "exit");
  const lines = [];
  createInterface({ input: command.stdout }).on("line", (line) => lines.push(line));
  await until("it names its page", () => lines.length);
  const address = lines[0].match(/http\S+/)[0];

  const stranger = people.add(dir, "stranger");
  await stranger.open(address.replace(/#.*/, "#another"));
  await until("another link is told so", () => stranger.page.locator('[data-action="again"]').count());

  const helper = people.add(dir, "helper", { phone: true });
  await helper.open(address);
  await until("every way was tried", () => helper.page.locator('[data-state="over"]').count(), 60000);
  const reached = await helper.page
    .locator("[data-way]")
    .evaluateAll((list) => list.map((e) => [e.dataset.way, e.dataset.reached]));
  assert.deepEqual(reached, [
    ["udp", "true"],
    ["tcp", "true"],
    ["turn", "true"],
  ]);
  mkdirSync("test-results/reach", { recursive: true });
  await helper.page.screenshot({ path: "test-results/reach/phone-vi.png" });
  assert.equal((await ended)[0], 0, lines.join("\n"));
  assert.match(lines.join("\n"), /UDP +reached.*\nTCP +reached.*\nTURN reached/);
});
