// What an office keeps, as it is made in the browser: particulars of its documents, its own template of minutes, the notes of
// two secretaries through the death of the server, messages marked for the minutes, figures over sessions, single units.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { assertWell, look as lookAt } from "./lib/look.mjs";
import { People } from "./lib/people.mjs";
import { BINARY, Server } from "./lib/server.mjs";
import { type } from "./lib/typing.mjs";
import { until } from "./lib/until.mjs";
import { wordText } from "./lib/word.mjs";

const SHOTS = "test-results/papers";
const PASSWORD = "con meo cua toi";
const ROSTER = `code,parent_code,level,name
TW,,central,Trung ương
P58,TW,province,Tỉnh Ninh Thuận
C1,P58,commune,Xã Phước Dân
C2,P58,commune,Xã Phước Hậu
P67,TW,province,Tỉnh Đắk Nông
C3,P67,commune,Xã Quảng Khê
`;

let server, an;
let files = 0;
const people = new People();

const look = async (page, name) => assertWell(await lookAt(page, SHOTS, name, undefined, { fullPage: true }));
const says = (page, wanted, ms) =>
  until(
    `the page says ${wanted}`,
    async () =>
      (await page.locator("body").innerText()).includes(wanted)
        ? true
        : Promise.reject(new Error(await page.locator("body").innerText())),
    ms,
  );

/** A file that a press brings. */
async function downloaded(page, press) {
  const [file] = await Promise.all([page.waitForEvent("download"), press()]);
  const path = join(server.dir, `download-${++files}`);
  await file.saveAs(path);
  return readFileSync(path);
}

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  server = await Server.create();
  const roster = join(server.dir, "roster.csv");
  writeFileSync(roster, ROSTER);
  await server.cli("roster", "import", roster);
  const p = spawn(BINARY, ["admin", "create", "--name", "an", "--full-name", "Nguyễn Văn An", "--data", server.data], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  p.stdin.end(PASSWORD + "\n");
  assert.equal((await once(p, "exit"))[0], 0);
  an = people.add(server.dir, "an");
  await an.open(`${server.url.replace("localhost", "127.0.0.1")}/office`);
  await until("the login page is there", async () => (await an.phase()) === "login");
  await type(an.page.locator('input[name="username"]'), "an");
  await type(an.page.locator('input[name="password"]'), PASSWORD);
  await an.press("login");
  await until("the office is there", async () => (await an.phase()) === "office");
});

afterEach(async (t) => {
  if (t.passed === false) await people.shoot(SHOTS);
});

after(async () => {
  await people.kill();
  await server?.kill();
});

test("the office says what its documents begin with, and a draft begins with it", async () => {
  const { page } = an;
  await page.click('nav a[href="#/documents"]');
  for (const [name, text] of [
    ["authority", "Ủy ban nhân dân tỉnh"],
    ["body", "Văn phòng Ban Chỉ đạo"],
    ["place", "Ninh Thuận"],
    ["chair-name", "Nguyễn Văn A"],
    ["chair-title", "Trưởng ban"],
    ["secretary-name", "Trần Thị Bé"],
    ["secretary-title", "Chuyên viên"],
  ]) {
    await type(page.locator(`input[name="${name}"]`), text);
  }
  await type(page.locator('textarea[name="recipients"]'), "Như trên;\nLưu: VT.");
  await an.press("save-particulars");
  await says(page, "Đã lưu");
  await page.click('nav a[href="#/"]');
  await an.press("new-draft");
  await until("the draft begins with them", async () =>
    (await page.inputValue('input[name="body"]').catch(() => "")).includes("Văn phòng"),
  );
  assert.equal(await page.inputValue('input[name="chair-title"]'), "Trưởng ban");
  assert.equal(await page.inputValue('textarea[name="recipients"]'), "Như trên;\nLưu: VT.");
  await type(page.locator('input[name="minutes_number"]'), "5/BB-VP");
  await type(page.locator('input[name="number"]'), "12/BC-VP");
  await type(page.locator('input[name="title"]'), "Phiên họp thứ nhất");
  await an.press("save");
  await says(page, "Bản thứ 2");
  const saved = await page.evaluate(() => fetch(`/api/v1/drafts/${location.hash.split("/")[2]}`).then((r) => r.json()));
  assert.deepEqual(saved.draft.particulars, {
    authority: "Ủy ban nhân dân tỉnh",
    body: "Văn phòng Ban Chỉ đạo",
    number: "12/BC-VP",
    minutes_number: "5/BB-VP",
    place: "Ninh Thuận",
    recipients: ["Như trên;", "Lưu: VT."],
    chair: { name: "Nguyễn Văn A", title: "Trưởng ban" },
    secretary: { name: "Trần Thị Bé", title: "Chuyên viên" },
  });
  await look(page, "1-draft");
});

test("the template is downloaded and replaced by the office’s own; what is none is refused with the reason", async () => {
  const { page } = an;
  await page.click('nav a[href="#/documents"]');
  await says(page, "mẫu kèm theo chương trình");
  const shipped = await downloaded(page, () => an.press("template-download"));
  assert.match(wordText(shipped), /\{\{dien_bien\}\}/);
  const bad = join(server.dir, "bad.docx");
  writeFileSync(bad, "not a Word file");
  await page.setInputFiles('input[name="template"]', bad);
  await an.press("template-set");
  await says(page, "không phải tệp Word");
  await look(page, "2-documents");
  const own = join(server.dir, "own.docx");
  writeFileSync(own, shipped);
  await page.setInputFiles('input[name="template"]', own);
  await an.press("template-set");
  await says(page, "Đang dùng mẫu riêng");
  await an.press("template-reset");
  await says(page, "mẫu kèm theo chương trình");
});

let session;
const link = (code) => session.endpoints.find((e) => e.code === code).link;
const notes = (person) => person.page.locator("[data-note]");
const saved = (person) =>
  until(`${person.name} has saved`, async () => person.page.locator('[data-notes="saved"]').count(), 30000);

test("two secretaries write at once; the server is killed meanwhile, and nothing is lost", async () => {
  session = JSON.parse(
    await server.cli(
      "session",
      "create",
      "--title",
      "Phiên họp thứ hai",
      "--units",
      "C1,C2,C3",
      "--start",
      "now",
      "--json",
    ),
  );
  await people.enter(server.dir, "host", session.links.host, { colour: "red", tone: 500 });
  await people.enter(server.dir, "c1", link("C1"));
  await until("C1 is there", async () => (await people.host.stateOf("C1")) === "present");
  await people.host.press("start");
  await until("the session is live", async () => (await people.host.phase()) === "live");
  await people.enter(server.dir, "secretary", session.links.secretary);
  await people.secretary.press("notes");
  const second = people.add(server.dir, "second");
  await second.open(session.links.secretary);
  await second.press("notes-alone");
  await until(
    "both have a field",
    async () => (await notes(people.secretary).count()) && (await notes(second).count()),
  );
  await notes(people.secretary).last().click();
  await people.secretary.page.keyboard.type("Trưởng ban phát biểu khai mạc");
  await notes(second).last().click();
  await second.page.keyboard.type("Xã Phước Dân báo cáo");
  await saved(people.secretary);
  await saved(second);
  await until("each reads the other", async () => (await notes(second).count()) === 3, 20000);
  // A site writes what has to stand in the minutes.
  await people.c1.press("messages");
  await type(people.c1.page.locator(".messages__text textarea"), "Đề nghị bổ sung kinh phí");
  await people.c1.press("send");
  await people.secretary.press("messages");
  await people.secretary.page.locator('[data-action="mark-message"]').first().click();
  await people.secretary.page.screenshot({ path: join(SHOTS, "3-message.png") });
  await people.secretary.press("notes");
  await until("the message is a note", async () =>
    (await notes(people.secretary).evaluateAll((all) => all.map((f) => f.value))).includes(
      "Xã Phước Dân: Đề nghị bổ sung kinh phí",
    ),
  );
  await saved(people.secretary);
  // The server dies while both type.
  const typed = async (person, text) => {
    await notes(person).last().click();
    await person.page.keyboard.type(text, { delay: 25 });
  };
  const typing = [
    typed(people.secretary, "một hai ba bốn năm sáu bảy tám"),
    typed(second, "chín mười mười một mười hai"),
  ];
  await server.kill();
  await Promise.all(typing);
  await says(second.page, "Chưa lưu được");
  await second.page.screenshot({ path: join(SHOTS, "3-waiting.png") });
  await server.start();
  await saved(second);
  await saved(people.secretary);
  const kept = JSON.parse(await server.cli("session", "notes", session.id)).notes.map((n) => n.text);
  assert.deepEqual(kept.sort(), [
    "Trưởng ban phát biểu khai mạc",
    "Xã Phước Dân báo cáo",
    "Xã Phước Dân: Đề nghị bổ sung kinh phí",
    "chín mười mười một mười hai",
    "một hai ba bốn năm sáu bảy tám",
  ]);
  await second.page.screenshot({ path: join(SHOTS, "3-notes-alone.png"), fullPage: true });
  await until("the secretary’s line is back", async () => (await people.secretary.phase()) === "live", 60000);
  await look(people.secretary.page, "3-notes");
});

test("the secretary downloads the minutes with the notes at their place", async () => {
  const { secretary, host } = people;
  await until("the host is back", async () => (await host.phase()) === "live", 60000);
  await secretary.press("panel-close");
  const minutes = wordText(await downloaded(secretary.page, () => secretary.press("download-minutes")));
  for (const text of ["BIÊN BẢN", "Phiên họp thứ hai", "Trưởng ban phát biểu khai mạc", "Đề nghị bổ sung kinh phí"])
    assert.ok(minutes.includes(text), `${text} in\n${minutes}`);
  const printed = await downloaded(secretary.page, () => secretary.press("download-province"));
  assert.equal(printed.subarray(0, 5).toString(), "%PDF-");
  await host.press("end");
  await host.press("confirm");
  await until("the session is over", async () => (await host.phase()) === "ended");
});

test("figures over sessions: by unit, by session, who is absent, a session beside the one before", async () => {
  const { page } = an;
  const first = JSON.parse(
    await server.cli(
      "session",
      "create",
      "--title",
      "Phiên họp thứ ba",
      "--units",
      "C1,C2,C3",
      "--start",
      "now",
      "--json",
    ),
  );
  const third = people.add(server.dir, "host3", { colour: "blue", tone: 700 });
  await third.open(first.links.host);
  await third.enter();
  await until("it can start", async () => third.page.locator('[data-action="start"]').count());
  await third.press("start");
  await until("it is live", async () => (await third.phase()) === "live");
  await third.press("end");
  await third.press("confirm");
  await until("it is over", async () => (await third.phase()) === "ended");
  await page.click('nav a[href="#/figures"]');
  await until(
    "both sessions are summed up",
    async () => {
      await page.reload();
      return until("rows", async () => (await page.locator('[data-action="compare"]').count()) === 2, 3000).catch(
        () => 0,
      );
    },
    60000,
  );
  await page.locator('[data-action="compare"]').first().click();
  await until("the comparison is there", async () => page.locator("[data-compare]").count());
  await says(page, "Hay vắng");
  await look(page, "4-figures");
  await page.locator('[data-action="figures-unit"][data-unit="P58"]').click();
  await until("the communes are listed", async () =>
    page.locator('[data-action="figures-unit"][data-unit="C1"]').count(),
  );
  const file = await downloaded(page, () => an.press("figures-xlsx"));
  assert.equal(file.subarray(0, 2).toString(), "PK");
  await look(page, "5-figures-province");
});

test("single units are added, renamed, moved and merged with a date", async () => {
  const { page } = an;
  await page.click('nav a[href="#/roster"]');
  const form = page.locator('[data-form="unit"]');
  const unit = async (n, code) => {
    await type(form.locator('[role="combobox"]').nth(n), code);
    await page.keyboard.press("Tab");
  };
  const apply = async () => {
    await an.press("change-unit");
    await says(page, "Đã ghi. Cơ cấu có");
    await page.locator(".toast button").click(); // so that the next one is not taken for this one
    await until("the notice is gone", async () => !(await page.locator(".toast").count()));
  };
  await form.locator("select").first().selectOption("add");
  await type(form.locator('input[name="unit-code"]'), "C4");
  await type(form.locator('input[name="unit-name"]'), "Xã Công Hải");
  await unit(0, "P58");
  await apply();
  await until("it is listed", async () => (await page.locator("[data-changes] tbody tr").count()) === 1);
  await form.locator("select").first().selectOption("rename");
  await unit(0, "C4");
  await type(form.locator('input[name="unit-name"]'), "Xã Công Hải mới");
  await apply();
  await until("two are listed", async () => (await page.locator("[data-changes] tbody tr").count()) === 2);
  await form.locator("select").first().selectOption("move");
  await unit(0, "C4");
  await unit(1, "P67");
  await type(form.locator('input[name="since"]'), "01/07/2026");
  await look(page, "6-unit-form");
  await apply();
  await until("three are listed", async () => (await page.locator("[data-changes] tbody tr").count()) === 3);
  await form.locator("select").first().selectOption("merge");
  await unit(0, "C4");
  await unit(1, "C3");
  await apply();
  await until("four are listed", async () => (await page.locator("[data-changes] tbody tr").count()) === 4);
  const changes = JSON.parse(await server.cli("roster", "changes")).changes;
  assert.deepEqual(
    changes
      .map((c) => [c.kind, c.code, c.in_force])
      .reverse()
      .map(([kind, code]) => `${kind} ${code}`),
    ["add C4", "rename C4", "move C4", "merge C4"],
  );
  assert.equal(changes[1].in_force, "2026-07-01");
  const file = await downloaded(page, () => an.press("roster-template"));
  assert.equal(file.subarray(0, 2).toString(), "PK");
  await look(page, "7-roster");
});
