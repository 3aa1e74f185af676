// The record goes away for a while: who is in stays and sees on, who reloads the page is told that the server waits to
// record, and comes in by itself when it can. The disk is a file system in memory that something else has filled (root).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync, openSync, writeSync, closeSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Person } from "./lib/browser.mjs";
import { nameColour, readColour } from "./lib/media.mjs";
import { Server } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

const SHOTS = "test-results/outage";
const root = process.getuid?.() === 0;
let server, session, host, stays, reloads, ballast, mounted;

const link = (code) => session.endpoints.find((e) => e.code === code).link;
const says = (p, words) =>
  until(`${p.name} reads ${words}`, async () => {
    const text = await p.page.evaluate(() => document.body.innerText);
    return text.includes(words) || Promise.reject(new Error(text));
  });

/** Fills what is left of the disk. */
function fill() {
  const file = openSync(ballast, "w");
  try {
    for (let size = 1 << 20; size >= 512;) {
      try {
        writeSync(file, Buffer.alloc(size));
      } catch {
        size /= 2;
      }
    }
  } finally {
    closeSync(file);
  }
}

before(async () => {
  if (!root) return;
  mkdirSync(SHOTS, { recursive: true });
  server = await Server.create({
    prepare: (data) => {
      mkdirSync(data, { recursive: true });
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "none", data]);
      mounted = data;
    },
  });
  ballast = join(server.data, "ballast");
  const roster = join(server.dir, "roster.csv");
  writeFileSync(
    roster,
    "code,parent_code,level,name\nTW,,central,Trung ương\nP58,TW,province,Tỉnh Ninh Thuận\nC1,P58,commune,Xã Vĩnh Hải\nC2,P58,commune,Xã Công Hải\n",
  );
  await server.cli("roster", "import", roster);
  const args = ["--title", "Họp", "--units", "P58/*", "--start", "now", "--countdown", "0", "--json"];
  session = JSON.parse(await server.cli("session", "create", ...args));
  [host, stays, reloads] = [
    new Person(server.dir, "host", { colour: "red", tone: 500 }),
    new Person(server.dir, "c1", { colour: "green", tone: 900 }),
    new Person(server.dir, "c2", { colour: "blue", tone: 700 }),
  ];
  await host.open(session.links.host);
  await host.enter();
  await host.press("start");
  for (const [p, code] of [
    [stays, "C1"],
    [reloads, "C2"],
  ]) {
    await p.open(link(code));
    await p.enter();
  }
});

after(async () => {
  for (const p of [host, stays, reloads]) await p?.kill();
  await server?.kill();
  if (mounted) execFileSync("umount", [mounted]);
});

test(
  "a page that reloads while the record is away is told so, and comes in by itself",
  { skip: !root && "needs root" },
  async () => {
    const red = (p) =>
      until(`${p.name} sees the host`, async () => nameColour(await readColour(p.page, "main")) === "red", 30_000);
    await Promise.all([red(stays), red(reloads)]);
    fill();
    await stays.press("raise-hand"); // somebody acts, so that something is to be recorded
    await says(host, "Máy chủ đang chờ ghi");
    await reloads.page.reload();
    await reloads.enter();
    await says(reloads, "Đang chờ máy chủ ghi được trở lại");
    await reloads.page.screenshot({ path: join(SHOTS, "1-reloaded.png") });
    await host.page.screenshot({ path: join(SHOTS, "2-host.png") });
    await red(stays);
    rmSync(ballast);
    await red(reloads); // without a hand
    await reloads.page.screenshot({ path: join(SHOTS, "3-back.png") });
    assert.equal(await reloads.page.evaluate(() => document.body.dataset.error ?? ""), "");
  },
);
