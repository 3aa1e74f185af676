// The node that runs a session is killed: the pages go on at the other one by themselves, and nobody is on air who has not said so.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { nameColour, readColour } from "./lib/media.mjs";
import { People } from "./lib/people.mjs";
import { startPostgres } from "./lib/postgres.mjs";
import { Server } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

const SHOTS = "test-results/failover";
const postgres = startPostgres();
const people = new People();
let first, second, session;

const ready = (server, ms = 60_000) =>
  until(
    `${server.url} is ready`,
    async () => (await fetch(`${server.url}/readyz`)).ok || Promise.reject(new Error("not yet")),
    ms,
  );

const node = (name, prepare) =>
  Server.create({ prepare, flags: (port) => ["--cluster", "--node", name, "--node-url", `http://127.0.0.1:${port}`] });

before(async () => {
  if (!postgres) return;
  mkdirSync(SHOTS, { recursive: true });
  process.env.DIEMCAU_DATABASE = postgres.url;
  first = await node("A", (data) => (process.env.DIEMCAU_KEYS = `${data}-keys`));
  await ready(first);
  second = await node("B");
  const roster = join(first.dir, "roster.csv");
  writeFileSync(
    roster,
    "code,parent_code,level,name\nTW,,central,Trung ương\nP58,TW,province,Tỉnh Ninh Thuận\nC1,P58,commune,Xã Vĩnh Hải\n",
  );
  await first.cli("roster", "import", roster);
  const args = ["--title", "Họp", "--units", "P58/*", "--start", "now", "--countdown", "0", "--json"];
  session = JSON.parse(await first.cli("session", "create", ...args));
  const both = async () =>
    (await first.cli("node", "list")).includes("stands by") || Promise.reject(new Error("alone"));
  await until("the nodes know each other", both);
});

afterEach((t) => !t.passed && people.shoot(SHOTS));

after(async () => {
  await people.kill();
  await first?.kill();
  await second?.kill();
  postgres?.stop();
});

test("pages go on at the other node", { skip: !postgres && "needs PostgreSQL" }, async () => {
  const host = await people.enter(first.dir, "host", session.links.host, { colour: "red", tone: 500 });
  const site = await people.enter(first.dir, "site", session.endpoints[0].link, { colour: "blue", tone: 800 });
  await host.press("start");
  const seesHost = () =>
    until(
      "the site sees the host",
      async () => {
        const got = nameColour(await readColour(site.page, "main"));
        return got === "red" || Promise.reject(new Error(`sees ${got}`));
      },
      30_000,
    );
  await seesHost();

  const begun = Date.now();
  await first.kill();
  for (const person of [host, site]) {
    await person.page.waitForURL(
      (url) => url.origin === new URL(second.url).origin || url.port === String(second.port),
      { timeout: 60_000 },
    );
  }
  await until(
    "both are in the session again",
    async () => {
      const phases = await Promise.all([host.phase(), site.phase()]);
      return phases.every((phase) => phase === "live") || Promise.reject(new Error(String(phases)));
    },
    60_000,
  );
  console.log(`both pages were in the session again ${Date.now() - begun} ms after its node was killed`);
  await host.page.screenshot({ path: join(SHOTS, "host.png") });
  await site.page.screenshot({ path: join(SHOTS, "site.png") });
  assert.ok(!new URL(site.page.url()).searchParams.has("moved"), site.page.url());
  assert.equal(new URL(site.page.url()).hash, new URL(session.endpoints[0].link).hash);

  await host.press("confirm");
  await seesHost();
});
