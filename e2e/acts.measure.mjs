// How many presses and how many seconds the ten main acts take, at 588 and at 10,600 convened sites: presses are counted by the
// pages themselves, seconds end when the page shows the outcome. `make acts` prints the table of docs/design-console.md; it fails
// when an act takes more presses than it is allowed. ACTS_SITES=588 measures one size.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { People } from "./lib/people.mjs";
import { Seat } from "./lib/seat.mjs";
import { BINARY, Server } from "./lib/server.mjs";
import { type } from "./lib/typing.mjs";
import { until } from "./lib/until.mjs";

const SIZES = (process.env.ACTS_SITES ?? "588,10600").split(",").map(Number);
const PROVINCES = 63;
const PASSWORD = "con meo cua toi";

/** Counts what a person presses. */
function countPresses() {
  window.testPresses = 0;
  const count = (e) => e.isTrusted && window.testPresses++;
  addEventListener("pointerdown", count, true);
}

/** @type {Map<string, {who: string, most: number, got: {presses: number, seconds: number}[]}>} */
const acts = new Map();
let fault = false;

/** Does an act, whose outcome is a selector or a condition in the page, and notes what it took. */
async function act(name, who, most, p, presses, outcome) {
  const begin = await p.page.evaluate(() => window.testPresses);
  const started = performance.now();
  await presses();
  if (typeof outcome === "string") await p.page.waitForSelector(outcome, { timeout: 60_000 });
  else await p.page.waitForFunction(outcome, undefined, { timeout: 60_000 });
  const seconds = (performance.now() - started) / 1000;
  const made = (await p.page.evaluate(() => window.testPresses)) - begin;
  if (made > most) {
    console.error(`${name}: ${made} presses, ${most} are allowed`);
    fault = true;
  }
  if (!acts.has(name)) acts.set(name, { who, most, got: [] });
  acts.get(name).got.push({ presses: made, seconds });
  console.error(`${name}: ${made} presses, ${seconds.toFixed(1)} s`);
}

async function measure(sites) {
  const server = await Server.create();
  const people = new People();
  const seats = [];
  const init = countPresses;
  try {
    const rows = ["code,parent_code,level,name", "TW,,central,Trung ương"];
    for (let p = 1; p <= PROVINCES; p++) rows.push(`P${p},TW,province,Tỉnh số ${p}`);
    for (let i = 1; i <= sites; i++) rows.push(`C${i},P${(i % PROVINCES) + 1},commune,Xã Vĩnh Phước ${i}`);
    writeFileSync(join(server.dir, "roster.csv"), rows.join("\n") + "\n");
    await server.cli("roster", "import", join(server.dir, "roster.csv"));
    const admin = spawn(BINARY, ["admin", "create", "--name", "an", "--data", server.data], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    admin.stdin.end(PASSWORD + "\n");
    await once(admin, "exit");
    const units = Array.from({ length: PROVINCES }, (_, i) => `P${i + 1}/*`);

    const office = people.add(server.dir, "office", { init });
    await office.open(`${server.url.replace("localhost", "127.0.0.1")}/office`);
    await type(office.page.locator('input[name="username"]'), "an");
    await type(office.page.locator('input[name="password"]'), PASSWORD);
    await office.press("login");
    await office.page.waitForSelector('[data-action="new-draft"]');
    const agenda = [{ id: "a", title: "Khai mạc", minutes: 5 }];
    const id = await office.page.evaluate(
      async (draft) => {
        const made = await fetch("/api/v1/drafts", {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ draft }),
        });
        return (await made.json()).id;
      },
      {
        title: "Phiên họp toàn quốc",
        units,
        agenda,
        start: new Date(Date.now() + 600_000).toISOString(),
        time_zone: "UTC",
      },
    );
    await office.page.evaluate((draft) => (location.hash = `#/draft/${draft}`), id);
    await office.page.waitForSelector('[data-action="convene"]:not(:disabled)', { timeout: 60_000 });
    await act(
      "convene a draft that is saved and whole",
      "office",
      2,
      office,
      async () => {
        await office.press("convene");
        await office.press("confirm");
      },
      '[data-action="sheet"]',
    );
    const session = (await office.page.evaluate(() => location.hash)).split("/").pop();
    await office.press("sheet");
    await office.page.waitForSelector("summary");
    await act(
      "see the link sheets of five provinces, ready to print",
      "office",
      7,
      office,
      async () => {
        await office.page.locator("summary").click();
        for (let i = 0; i < 5; i++) await office.page.locator('input[name="sheet-of"]').nth(i).click();
        await office.press("sheets-show");
      },
      () => document.querySelectorAll("[data-sheet-of]").length === 5,
    );
    const links = await office.page.evaluate(async (s) => (await fetch(`/api/v1/sessions/${s}/links`)).json(), session);
    await office.page.evaluate((s) => (location.hash = `#/session/${s}/change`), session);
    await office.page.waitForSelector('[data-change="sites"]');
    await act(
      "withdraw a site, found by its name, with a reason",
      "office",
      4,
      office,
      async () => {
        await office.page.locator('input[name="find-site"]').click();
        await office.page.locator('input[name="find-site"]').pressSequentially("vinh phuoc 377");
        await office.page.locator('[data-site="C377"] [data-action="withdraw"]').click();
        await office.page.locator("dialog:modal input").click();
        await office.page.locator("dialog:modal input").pressSequentially("sáp nhập");
        await office.page.locator('dialog:modal [data-action="confirm"]').click();
      },
      '[data-sites-withdrawn="1"]',
    );

    const link = (code) => links.endpoints.find((e) => e.code === code).link;
    const host = people.add(server.dir, "host", { init, colour: "red", tone: 500 });
    await host.open(links.links.host);
    await act(
      "come in with camera and microphone",
      "chair",
      1,
      host,
      () => host.enter(),
      '[data-action="start"]:not(:disabled)',
    );
    const site = people.add(server.dir, "site", { init, colour: "green", tone: 800 });
    await site.open(link("C1"));
    await act(
      "come in",
      "site",
      1,
      site,
      () => site.enter(),
      () => document.body.dataset.phase === "waiting",
    );
    await act("begin the session", "chair", 1, host, () => host.press("start"), '.host-controls [data-action="end"]');
    await site.page.waitForFunction(() => document.body.dataset.phase === "live");
    for (let i = 2; i < 22; i++) seats.push(await Seat.enter(link(`C${i}`)));
    await act(
      "ask to speak",
      "site",
      1,
      site,
      () => site.press("raise-hand"),
      '[data-action="raise-hand"][aria-pressed="true"], [data-action="lower-hand"]',
    );
    await host.page.waitForSelector('.queue [data-action="grant-floor"]:not(:disabled)');
    await act(
      "give the floor to who is next",
      "chair",
      1,
      host,
      () => host.page.locator('.queue [data-action="grant-floor"]').first().click(),
      ".speaker:not(.speaker--countdown)",
    );
    await act(
      "take the floor back",
      "chair",
      1,
      host,
      () => host.page.locator('.speaker [data-action="revoke-floor"]').first().click(),
      () => !document.querySelector(".speaker"),
    );
    await act(
      "open a roll call",
      "chair",
      1,
      host,
      () => host.press("roll-call"),
      '[data-action="roll-call"][aria-pressed="true"]',
    );
    await site.page.waitForSelector('[data-action="answer-roll-call"]');
    await act(
      "answer a roll call",
      "site",
      1,
      site,
      () => site.press("answer-roll-call"),
      () => !document.querySelector(".rollcall"),
    );
    await act("see the agenda", "site", 1, site, () => site.press("agenda"), ".agenda-card");
    await act(
      "see which sites receive nothing, and one's telephone",
      "chair",
      2,
      host,
      async () => {
        await host.page.locator('[data-filter="blind"]').click();
        await host.page.locator('.row [data-action="more"]').first().click();
      },
      "dialog:modal .facts",
    );
    await host.page.keyboard.press("Escape");
    const secretary = people.add(server.dir, "secretary", { init });
    await secretary.open(links.links.secretary);
    await secretary.enter();
    await secretary.page.waitForSelector('[data-action="report"]');
    await act(
      "open the attendance report",
      "secretary",
      1,
      secretary,
      () => secretary.press("report"),
      "tr[data-endpoint]",
    );
    await act(
      "find a site in the report and see why it is judged so",
      "secretary",
      2,
      secretary,
      async () => {
        await secretary.page.locator('input[name="site-name"]').click();
        await secretary.page.locator('input[name="site-name"]').pressSequentially("vinh phuoc 401");
        await secretary.page.locator('tr[data-endpoint="C401"] [data-action="why"]').click();
      },
      "dialog:modal .why",
    );
  } finally {
    for (const s of seats) s.drop();
    await people.kill();
    await server.kill();
  }
}

for (const sites of SIZES) await measure(sites);
await until("all acts were done", () => acts.size > 10);
console.log(`| act | who | presses | ${SIZES.map((n) => `seconds at ${n.toLocaleString("en")} sites`).join(" | ")} |`);
console.log(`|---|---|---|${SIZES.map(() => "---|").join("")}`);
for (const [name, { who, got }] of acts)
  console.log(`| ${name} | ${who} | ${got[0].presses} | ${got.map((g) => g.seconds.toFixed(1)).join(" | ")} |`);
process.exit(fault ? 1 : 0);
