// What was convened is changed: by the office on its page, by the chair beside the stage. Open pages follow, links of others stay,
// a site that is withdrawn is told why.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { convene } from "./lib/convene.mjs";
import { assertWell, look } from "./lib/look.mjs";
import { People } from "./lib/people.mjs";
import { Seat } from "./lib/seat.mjs";
import { BINARY, Server } from "./lib/server.mjs";
import { type } from "./lib/typing.mjs";
import { until } from "./lib/until.mjs";
import { wordText } from "./lib/word.mjs";

const SHOTS = "test-results/change";
const PASSWORD = "con meo cua toi";
let server, session, office, host, site;
const people = new People();
const seats = [];

const link = (code) => session.endpoints.find((e) => e.code === code).link;
const shown = (p, selector, ms) => until(`${p.name} shows ${selector}`, () => p.page.locator(selector).count(), ms);
const says = (p, text) =>
  until(`${p.name} reads ${text}`, async () => {
    const all = await p.page.locator("body").innerText();
    return all.includes(text) || Promise.reject(new Error(all));
  });
/** The part of the form that is about something has been recorded. */
const saved = (p, part) => shown(p, `[data-change="${part}"] [data-outcome="true"]`);

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  server = await Server.create();
  session = await convene(server, { countdown_s: 0, units: "P58/*" });
  const admin = spawn(BINARY, ["admin", "create", "--name", "an", "--data", server.data], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  admin.stdin.end(PASSWORD + "\n");
  assert.deepEqual(await once(admin, "exit"), [0, null]);
  host = await people.enter(server.dir, "host", session.links.host, { colour: "red", tone: 500 });
  site = await people.enter(server.dir, "site", link("P58C1"));
  seats.push(await Seat.enter(link("P58C2")));
  await host.press("start");
  await until("live", async () => (await host.phase()) === "live");
});

afterEach(async (t) => {
  if (t.passed === false) await people.shoot(SHOTS);
});

after(async () => {
  for (const s of seats) s.drop();
  await people.kill();
  await server?.kill();
});

test("the office gives another title, help phone and agenda, and open pages follow", async () => {
  office = people.add(server.dir, "office");
  await office.open(`${server.url.replace("localhost", "127.0.0.1")}/office`);
  await type(office.page.locator('input[name="username"]'), "an");
  await type(office.page.locator('input[name="password"]'), PASSWORD);
  await office.press("login");
  await office.page.locator(`[data-session="${session.id}"] a`).first().click();
  await office.press("change");
  const { page } = office;
  await type(page.locator('input[name="change-title"]'), "Họp khẩn phòng chống bão");
  await office.press("save-title");
  await saved(office, "title");
  await says(host, "Họp khẩn phòng chống bão");
  await says(site, "Họp khẩn phòng chống bão");
  await type(page.locator('input[name="change-help_phone"]'), "0259 3333 444");
  await office.press("save-help_phone");
  await saved(office, "help_phone");

  await office.press("add-item");
  const agenda = page.locator('[data-change="agenda"]');
  await type(agenda.locator(".agenda__item input").first(), "Báo cáo nhanh");
  await agenda.locator(".speakers > button").click();
  const speaker = agenda.locator('[role="combobox"]');
  await speaker.click();
  await speaker.pressSequentially("phuoc my");
  await until("it is found among the sites", () => agenda.locator('[data-unit-option="P58C2"]').count());
  await speaker.press("Enter");
  await office.press("save-agenda");
  await saved(office, "agenda");
  await until("the chair can choose the item", () =>
    host.page
      .locator('[data-action="agenda"] option')
      .allInnerTexts()
      .then((all) => all.some((text) => text.includes("Báo cáo nhanh"))),
  );
  await until("the site can open it", () => site.page.locator('[data-action="agenda"]').count());
  assertWell(await look(page, SHOTS, "office", undefined, { fullPage: true }));
});

test("two who change the agenda: the second is told and loses nothing unasked", async () => {
  const second = people.add(server.dir, "second");
  await second.open(`${server.url.replace("localhost", "127.0.0.1")}/office`);
  await type(second.page.locator('input[name="username"]'), "an");
  await type(second.page.locator('input[name="password"]'), PASSWORD);
  await second.press("login");
  await second.page.evaluate((id) => (location.hash = `#/session/${id}/change`), session.id);
  await shown(second, ".agenda__item");
  await type(office.page.locator(".agenda__item input").first(), "Báo cáo nhanh tình hình");
  await office.press("save-agenda");
  await saved(office, "agenda");
  const mine = second.page.locator(".agenda__item input").first();
  await type(mine, "Của tôi");
  await second.press("save-agenda");
  await shown(second, '[data-action="take-agenda"]');
  assert.equal(await mine.inputValue(), "Của tôi");
  await second.press("take-agenda");
  await until("it has the other's", async () => (await mine.inputValue()) === "Báo cáo nhanh tình hình");
  await second.kill();
});

test("the chair adds a guest and a unit beside the stage, and withdraws a site, which is told why", async () => {
  const { page } = host;
  await host.press("change");
  await shown(host, '.side-panel [data-change="add"]');
  assert.equal(await page.evaluate(() => document.querySelectorAll("dialog:modal").length), 0, "the chair steers on");
  const unit = page.locator('.side-panel [data-change="add"] [role="combobox"]');
  await unit.click();
  await unit.pressSequentially("Xã Đắk Som");
  await until("it is found on the map", () => page.locator('[data-unit-option="P67C2"]').count());
  await unit.press("Enter");
  await type(page.locator('input[name="guest"]'), "Bộ Y tế");
  await host.press("add-sites");
  await shown(host, '[data-added] [data-added-site="P67C2"]');
  await shown(host, '.rows [data-endpoint="P67C2"]');
  const short = await page.locator('[data-added-site="K1"] .quiet').innerText();
  const joined = await fetch(`${server.url}/api/v1/join`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code: short.split("#")[1].trim() }),
  });
  const { link: longLink, ...refused } = await joined.json();
  assert.ok(longLink, `${short}: ${joined.status} ${JSON.stringify(refused)}`);
  seats.push(await Seat.enter(new URL(longLink, server.url).href)); // the guest comes in by what the page shows
  assertWell(await look(page, SHOTS, "console"));
  await host.press("change");
  await host.press("change");

  await page.locator('.side-panel input[name="find-site"]').pressSequentially("do vinh");
  await page.locator('.side-panel [data-site="P58C1"] [data-action="withdraw"]').click();
  await page.locator("dialog:modal input").pressSequentially("sáp nhập vào phường Phước Mỹ");
  await page.locator('dialog:modal [data-action="confirm"]').click();
  await saved(host, "sites");
  await until("the site is out", async () => (await site.phase()) === "error");
  await says(site, "sáp nhập vào phường Phước Mỹ");
  assertWell(await look(site.page, SHOTS, "withdrawn"));
  await until("it is in no row", async () => !(await page.locator('.rows [data-endpoint="P58C1"]').count()));
  await page.locator('.side-panel [data-site="P58C1"] [data-action="restore"]').click();
  await until("it is there again", () => page.locator('.rows [data-endpoint="P58C1"]').count());
  await site.press("retry");
  await until("by its old link", async () => (await site.phase()) === "live");
  assert.equal(seats[0].closed, null, "others were left alone");
});

test("what is typed outlives its panel, and a colleague's rule is not set back", async () => {
  const { page } = host;
  const title = page.locator('.side-panel input[name="change-title"]');
  const late = page.locator('.side-panel input[name="late_after_s"]');
  const before = await title.inputValue();
  await title.press("End");
  await title.pressSequentially(" (dở)");
  await late.press("End");
  await late.pressSequentially("1");
  const typed = await late.inputValue();
  await host.press("auditlog");
  await until("another panel is there", async () => !(await title.count()));
  await server.cli("session", "change", "rules", session.id, "--grace", "77", "--reason", "x");
  await host.press("change");
  await until("what was typed is there", async () => (await title.inputValue()) === `${before} (dở)`);
  assert.equal(await late.inputValue(), typed);
  await until(
    "the colleague's is there",
    async () => (await page.locator('input[name="grace_s"]').inputValue()) === "77",
  );
  await type(page.locator('input[name="rules-reason"]'), "theo giấy mời");
  await host.press("save-rules");
  await saved(host, "rules");
  const { rules } = JSON.parse(await server.cli("session", "change", "show", session.id));
  assert.deepEqual([rules.grace_s, rules.late_after_s], [77, Number(typed) * 60]);
  await type(title, before);
});

test("rules are changed with a reason, and connected time in which nothing arrived no longer counts", async () => {
  const { page } = host;
  await page.locator('.side-panel input[name="receiving_only"]').click();
  assert.ok(await page.locator('[data-action="save-rules"]').isDisabled(), "a reason is wanted");
  await type(page.locator('input[name="rules-reason"]'), "theo giấy mời");
  await host.press("save-rules");
  await saved(host, "rules");
  const stored = JSON.parse(await server.cli("session", "change", "show", session.id));
  assert.equal(stored.rules.receiving_only, true);
  assert.equal(stored.title, "Họp khẩn phòng chống bão");
  assert.equal(stored.help_phone, "0259 3333 444");
  await host.press("change");
});

test("after the end no site is added, after the seal only its documents can be changed", async () => {
  await server.cli("session", "change", "title", session.id, "Họp khẩn");
  await says(host, "Họp khẩn");
  await host.press("end");
  await host.press("confirm");
  await until("it is over", async () => (await host.phase()) === "ended");
  await office.page.evaluate((id) => (location.hash = `#/session/${id}/change`), session.id);
  await office.page.reload();
  await shown(office, '[data-change="title"]');
  assert.equal(await office.page.locator('[data-change="add"]').count(), 0, "whom to convene is over");
  await office.page.evaluate(() => (location.hash = "#/"));
  await shown(office, `[data-reports="${session.id}"]`);
  const [file] = await Promise.all([
    office.page.waitForEvent("download"),
    office.page.locator(`[data-reports="${session.id}"] [data-action="report-xlsx"]`).click(),
  ]);
  assert.match(file.suggestedFilename(), /^diem-danh_hop-khan_\d{4}-\d\d-\d\d\.xlsx$/);
  await office.press("open-report");
  await until("the secretary's page", () => office.page.url().includes("/secretary"));
  await office.press("report");
  await office.press("seal");
  await office.press("confirm");
  await until("it is sealed", async () => {
    const refused = await server.cli("session", "change", "title", session.id, "Sau niêm phong").catch(() => "refused");
    return refused === "refused";
  });
  await office.page.goto(`${server.url.replace("localhost", "127.0.0.1")}/office#/session/${session.id}/change`);
  await says(office, "Phiên họp đã niêm phong.");
  await shown(office, '[data-change="particulars"]');
  assert.equal(await office.page.locator("[data-change]").count(), 1, "only what its documents say is left");
});

test("the number is given after the seal; what a colleague gave meanwhile is kept, and the minutes say both", async () => {
  const { page } = office;
  const field = (name) => page.locator(`[data-change="particulars"] input[name="${name}"]`);
  await type(field("minutes_number"), "5/BB-VP");
  await type(field("chair-name"), "Nguyễn Văn A");
  await office.press("save-particulars");
  await saved(office, "particulars");
  await type(field("number"), "12/BC-VP");
  await server.cli(
    "session",
    "change",
    "particulars",
    session.id,
    "--chair-name",
    "Lê Thị B",
    "--chair-title",
    "Trưởng ban",
  );
  await office.press("save-particulars");
  await says(office, "vừa được người khác sửa"); // and now it is heard of
  await until("the colleague's is there", async () => (await field("chair-name").inputValue()) === "Lê Thị B");
  assert.equal(await field("number").inputValue(), "12/BC-VP");
  await office.press("save-particulars");
  await saved(office, "particulars");
  const { version, particulars } = JSON.parse(await server.cli("session", "particulars", session.id));
  assert.equal(version, 3);
  assert.deepEqual(particulars, {
    number: "12/BC-VP",
    minutes_number: "5/BB-VP",
    chair: { name: "Lê Thị B", title: "Trưởng ban" },
  });
  assertWell(await look(page, SHOTS, "sealed", undefined, { fullPage: true }));
  const minutes = join(server.dir, "minutes.docx");
  await server.cli("session", "minutes", session.id, "--out", minutes);
  const text = wordText(readFileSync(minutes));
  assert.match(text, /5\/BB-VP/);
  assert.match(text, /Lê Thị B/);
});
