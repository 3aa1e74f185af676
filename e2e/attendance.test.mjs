// The secretariat's report as it is used: sites that are there, late and absent, corrections, files, the seal.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertWell, look } from "./lib/look.mjs";
import { People } from "./lib/people.mjs";
import { BINARY, Server } from "./lib/server.mjs";
import { type, typeMoment } from "./lib/typing.mjs";
import { until } from "./lib/until.mjs";

const ROSTER = `code,parent_code,level,name
TW,,central,Trung ương
P58,TW,province,Tỉnh Ninh Thuận
D582,P58,district,Thành phố Phan Rang-Tháp Chàm
C1,D582,commune,Phường Đô Vinh
C2,D582,commune,Phường Phước Mỹ
C3,P58,commune,Xã Vĩnh Hải
C4,P58,commune,Xã Công Hải
`;
const SHOTS = "test-results/attendance";

let server, session;
const people = new People();

const shot = (name, options) => people.secretary.page.screenshot({ path: join(SHOTS, `${name}.png`), ...options });
const count = async (name) => people.secretary.page.locator(`[data-count="${name}"] dd`).innerText();
const verdict = (code) => people.secretary.page.locator(`tr[data-endpoint="${code}"]`).getAttribute("data-verdict");
const judged = (code, want) => until(`${code} is ${want}`, async () => (await verdict(code)) === want);

async function correct(form, fields) {
  const { page } = people.secretary;
  for (const [name, value] of Object.entries(fields)) {
    const field = page.locator(`[data-form="${form}"] [name="${name}"]`);
    if ((await field.evaluate((f) => f.tagName)) === "SELECT") await field.selectOption(value);
    else await type(field, value);
  }
  await page.locator(`[data-form="${form}"] button[data-action="${form}"]`).click();
  await until(`the dialog of ${form} closes`, async () => (await page.locator("dialog").count()) === 0);
}

async function report() {
  const id = session.id;
  const token = session.links.secretary.split("#")[1];
  const response = await fetch(`${server.url}/api/v1/sessions/${id}/attendance.json`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  return response.json();
}

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  server = await Server.create();
  const roster = join(server.dir, "roster.csv");
  writeFileSync(roster, ROSTER);
  await server.cli("roster", "import", roster);
  session = JSON.parse(
    await server.cli(
      "session",
      "create",
      "--title",
      "Phiên họp Ban Chỉ đạo",
      "--units",
      "C1,C2,C3,C4",
      "--start",
      "now",
      "--json",
    ),
  );
  const link = (code) => session.endpoints.find((e) => e.code === code).link;
  await people.enter(server.dir, "host", session.links.host, { colour: "red", tone: 500 });
  await people.enter(server.dir, "c1", link("C1"));
  await until("C1 is there", async () => (await people.host.stateOf("C1")) === "present");
  await people.host.press("start");
  await until("the session is live", async () => (await people.host.phase()) === "live");
  await people.enter(server.dir, "c2", link("C2"));
});

after(async () => {
  await people.kill();
  await server?.kill();
});

test("the report counts the sites by unit while they come", async () => {
  const secretary = people.add(server.dir, "secretary");
  await secretary.open(session.links.secretary, { viewport: { width: 1366, height: 900 } });
  await secretary.enter();
  await secretary.press("report");
  await until(
    "two are there and two absent",
    async () => (await count("present")) === "2" && (await count("absent")) === "2",
  );
  assert.equal(await count("convened"), "4");
  await secretary.page.locator('[data-unit="P58"] button').click();
  await until("the district below the province is shown", () =>
    secretary.page.locator('[data-unit="D582"]').isVisible(),
  );
  await secretary.page.locator('[data-unit="D582"] button').click();
  await until(
    "only its sites are listed",
    async () => (await secretary.page.locator("tr[data-endpoint]").count()) === 2,
  );
  await secretary.page.locator("button.link", { hasText: "Toàn bộ phiên họp" }).click();
  await until("all are listed", async () => (await secretary.page.locator("tr[data-endpoint]").count()) === 4);
  await until(
    "page and receiver reports agree that it arrives",
    async () => (await report()).receiving.some((iv) => iv.endpoint === "C1" && iv.evidence === "decoded"),
    30000,
  );
  await until(
    "the stage is seen to arrive at C1",
    async () => (await secretary.page.locator('tr[data-endpoint="C1"] .strip__receiving').count()) > 0,
    30000,
  );
});

test("rules, attendance by telephone and an override are recorded with their reasons", async () => {
  const { secretary } = people;
  await secretary.press("rules");
  await correct("rules-save", { late: "0", partial: "0", reason: "Chủ trì yêu cầu đúng giờ" });
  await judged("C2", "late");
  await secretary.press("why", "C3");
  assertWell(await look(secretary.page, SHOTS, "dialog"));
  const half = secretary.page.locator('[data-form="attended"] input[name="to-day"]');
  await type(half, "02/03/2026");
  await type(secretary.page.locator('[data-form="attended"] input[name="reason"]'), "Mất điện");
  await secretary.press("attended");
  const blocked = secretary.page.locator('[data-form="attended"] input[name="to-time"]:invalid');
  assert.equal(await blocked.count(), 1, "an end of which the time is missing is not dropped");
  assert.equal(await verdict("C3"), "absent", "nothing was recorded");
  await type(half, "");
  await correct("attended", { means: "phone", reason: "Mất điện, dự qua điện thoại" });
  await until("C3 counts as present", async () => (await verdict("C3")) !== "absent");
  await secretary.press("why", "C3");
  await type(secretary.page.locator('[data-form="declared"] input[name="headcount"]'), "7");
  await secretary.page
    .locator('[data-form="declared"] textarea')
    .pressSequentially("Nguyễn Thị Bé, Phó Chủ tịch, Chủ tịch\nLê Văn C");
  await secretary.press("declared");
  await until("what C3 said on the telephone is in the report", async () => {
    const site = (await report()).sites.find((s) => s.endpoint === "C3");
    return (
      (site.headcount === 7 && site.delegates?.length === 2 && site.delegates[0].attending_for === "Chủ tịch") ||
      Promise.reject(new Error(JSON.stringify(site)))
    );
  });
  await secretary.press("why", "C3");
  assert.ok(await secretary.page.locator('[data-action="declared"]').isDisabled(), "nothing is to be recorded again");
  await secretary.page.keyboard.press("Escape");
  await secretary.press("why", "C4");
  await correct("override", { verdict: "on_time", reason: "Dự cùng xã bên" });
  await judged("C4", "on_time");
  const row = await secretary.page.locator('tr[data-endpoint="C4"]').innerText();
  assert.match(row, /Đúng giờ[\s\S]*Hệ thống tính: Vắng/, "both verdicts are shown");
  await secretary.press("why", "C4");
  assert.match(
    await secretary.page.locator("dialog").innerText(),
    /Thư ký kết luận[\s\S]*Dự cùng xã bên[\s\S]*mục \d+/,
  );
  await secretary.page.keyboard.press("Escape");
});

test("a line that breaks stands in the strip of its site", async () => {
  await people.c2.kill();
  await until(
    "C2 has a lost part",
    async () => (await people.secretary.page.locator('tr[data-endpoint="C2"] .strip__lost').count()) > 0,
    40000,
  );
  await shot("report-vi", { fullPage: true });
  await people.secretary.press("language");
  await until(
    "the page is English",
    async () => (await people.secretary.page.locator("h1").innerText()) === "Attendance report",
  );
  await shot("report-en", { fullPage: true });
});

test("an earlier moment shows what was known then", async () => {
  const { page } = people.secretary;
  const { session: info } = await report();
  await typeMoment(page, "as-of", info.opened_at.slice(0, 16)); // the minute in which it opened began before
  await until("nobody was there", async () => (await count("present")) === "0" && (await count("absent")) === "0");
  assert.ok(Date.parse(await page.locator("[data-as-of]").getAttribute("data-as-of")) <= Date.parse(info.opened_at));
  await people.secretary.press("as-of-now");
  await until("they are back", async () => (await count("present")) === "4");
});

test("the figures of the files are those of the page", async () => {
  const { page } = people.secretary;
  for (const [action, magic] of [
    ["xlsx", "PK"],
    ["pdf", "%PDF"],
    ["jsonl", '{"at"'],
  ]) {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.locator(`[data-action="report-${action}"]`).click(),
    ]);
    const file = join(server.dir, `download.${action}`);
    await download.saveAs(file);
    assert.equal(readFileSync(file, "latin1").slice(0, magic.length), magic, action);
  }
  execFileSync(BINARY, ["attendance", "verify", join(server.dir, "download.jsonl")]);
  const { total } = await report();
  for (const name of ["convened", "present", "late", "absent"])
    assert.equal(await count(name), String(total[name]), name);
});

test("after the end the record is sealed, and later corrections are marked", async () => {
  const { host, secretary } = people;
  await host.press("end");
  await host.page.locator('dialog [data-action="confirm"]').click();
  await until("the secretary sees the end", async () => (await secretary.phase()) === "ended");
  if ((await secretary.page.locator('[data-action="report"]').count()) > 0) await secretary.press("report");
  await secretary.press("seal");
  await secretary.page.locator('dialog [data-action="confirm"]').click();
  await until("the report says that it is sealed", async () => (await report()).session.sealed_at !== undefined);
  await until("the page says so", async () => /Sealed at/.test(await secretary.page.locator(".asof").innerText()));
  assert.equal(await secretary.page.locator('[data-action="rules"]').count(), 0, "no rules are changed after the seal");
  await secretary.press("why", "C1");
  assert.equal(await secretary.page.locator('[data-form="attended"]').count(), 0);
  await correct("override", { verdict: "partial", reason: "Rời phòng khi đang nối" });
  await judged("C1", "partial");
  await secretary.press("why", "C1");
  assert.match(await secretary.page.locator("dialog").innerText(), /a correction after the seal/);
  assert.match(await secretary.page.locator("dialog [data-devices]").innerText(), /^Chrome \d+, Linux$/);
  await secretary.page.locator("dialog [data-quality]").scrollIntoViewIfNeeded();
  const { quality } = (await report()).sites.find((s) => s.endpoint === "C1");
  assert.ok(
    quality.frames > 0 && quality.sound_s > 0 && quality.high_s + quality.medium_s + quality.low_s > 0,
    JSON.stringify(quality),
  );
  await shot("sealed-en");
  assert.deepEqual(secretary.faults, []);
});
