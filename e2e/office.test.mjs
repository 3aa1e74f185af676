// The days before a session, as an office and one of its sites live them: log in, import the organisation, prepare and
// convene a session, print the links, rehearse, move it and call it off. Each page is looked at in both languages and at
// the sizes it is used at, and checked for accessibility.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { Person } from "./lib/browser.mjs";
import { WHOLE, assertWell, look as lookAt } from "./lib/look.mjs";
import { BINARY, Server } from "./lib/server.mjs";
import { paste, type, typeAtOnce } from "./lib/typing.mjs";
import { until } from "./lib/until.mjs";

const SHOTS = "test-results/office";
const PASSWORD = "con meo cua toi";

const units = ["code,parent_code,level,name", "TW,,central,Trung ương"];
for (const [code, name] of [
  ["P58", "Tỉnh Ninh Thuận"],
  ["P67", "Tỉnh Đắk Nông"],
]) {
  units.push(`${code},TW,province,${name}`);
  for (let i = 1; i <= 6; i++) units.push(`${code}C${i},${code},commune,Xã ${name.split(" ").slice(1).join(" ")} ${i}`);
}
const ROSTER = units.join("\n") + "\n";

let server, an, binh;
const others = [];

/** Answers the password prompt of the command line. */
async function createAdmin(name) {
  const p = spawn(BINARY, ["admin", "create", "--name", name, "--full-name", "Nguyễn Văn An", "--data", server.data], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  p.stdin.end(PASSWORD + "\n");
  const [code] = await once(p, "exit");
  assert.equal(code, 0);
}

async function login(person, name, password = PASSWORD) {
  const { page } = person;
  await type(page.locator('input[name="username"]'), name);
  await type(page.locator('input[name="password"]'), password);
  await person.press("login");
}

const text = (person) => person.page.locator("main").innerText();
const says = (person, wanted, ms) =>
  until(
    `${person.name} reads ${wanted}`,
    async () =>
      (await person.page.locator("body").innerText()).includes(wanted)
        ? true
        : Promise.reject(new Error(await text(person))),
    ms,
  );
const address = (person) => person.page.evaluate(() => location.hash);

const look = async (person, name, looks) =>
  assertWell(await lookAt(person.page, SHOTS, name, looks, { fullPage: true }));

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  server = await Server.create();
  await createAdmin("an");
  an = new Person(server.dir, "an");
  binh = new Person(server.dir, "binh");
  others.push(an, binh);
});

afterEach(async (t) => {
  if (t.passed !== false) return;
  for (const p of others)
    if (p.server)
      await p.page
        .screenshot({ path: join(SHOTS, `failed-${p.name}.png`), fullPage: true, timeout: 5000 })
        .catch(() => {});
});

after(async () => {
  await Promise.all(others.map((p) => p.kill().catch(() => {})));
  await server?.kill();
});

test("an administrator logs in; a wrong password is told", async () => {
  await an.open(`${server.url.replace("localhost", "127.0.0.1")}/office`);
  await until("the login page is there", async () => (await an.phase()) === "login");
  await login(an, "an", "khong phai the");
  await says(an, "Tên hoặc mật khẩu không đúng");
  await look(an, "1-login");
  await login(an, "an");
  await until("the office is there", async () => (await an.phase()) === "office");
  const cookies = await an.page.context().cookies();
  assert.ok(
    cookies.some((c) => c.name === "diemcau_login" && c.httpOnly && c.sameSite === "Strict"),
    JSON.stringify(cookies),
  );
});

test("the organisation is imported after a preview; a bad file is refused with its rows", async () => {
  const { page } = an;
  await page.click('nav a[href="#/roster"]');
  const bad = join(server.dir, "bad.csv");
  writeFileSync(bad, ROSTER + "P58C1,P58,commune,Hai lần\nX,P99,commune,Mồ côi\n");
  await page.setInputFiles("input[type=file]", bad);
  await an.press("preview-roster");
  await says(an, "mã trùng");
  await says(an, "P99");
  await look(an, "2-roster-errors");
  const good = join(server.dir, "good.csv");
  writeFileSync(good, ROSTER);
  await page.setInputFiles("input[type=file]", good);
  await an.press("preview-roster");
  await says(an, "sau khi nhập có 15: thêm 15");
  await look(an, "2-roster-preview");
  await an.press("apply-roster");
  await says(an, "Đã nhập 15 đơn vị");
});

test("an account is made for a second person, who must change the password", async () => {
  await an.page.click('nav a[href="#/accounts"]');
  await type(an.page.locator('input[name="new-name"]'), "binh");
  await an.page.selectOption("form select", "host");
  const password = an.page.locator('input[autocomplete="new-password"]');
  await type(password, "ngan");
  await an.press("create-account");
  await until("the fault stands at its field", async () => (await password.getAttribute("aria-invalid")) === "true");
  assert.match(await an.page.locator("[data-new-account] .field__fault").innerText(), /ít nhất 10 ký tự/);
  assert.equal(await an.page.locator(".toast").count(), 0, "and nowhere else");
  await until("it has the focus", () => password.evaluate((f) => f === document.activeElement));
  await type(password, "mat khau tam thoi");
  await an.press("create-account");
  await until("binh is in the list", () => an.page.locator('[data-account="binh"]').count());
  await an.page.locator('[data-account="binh"] .table__actions button').first().click();
  await type(an.page.locator("dialog:modal input"), "ngan");
  await an.press("confirm");
  await until("a dialog tells it at the field too", () =>
    an.page.locator("dialog:modal .field__fault", { hasText: "ít nhất 10 ký tự" }).count(),
  );
  await an.page.keyboard.press("Escape");
  await look(an, "3-accounts");
  await binh.open(`${server.url.replace("localhost", "127.0.0.1")}/office`);
  await until("the login page is there", async () => (await binh.phase()) === "login");
  await login(binh, "binh", "mat khau tam thoi");
  await says(binh, "Mật khẩu này do người khác đặt");
  await type(binh.page.locator('input[name="old"]'), "mat khau tam thoi");
  await type(binh.page.locator('input[name="new"]'), PASSWORD);
  await look(binh, "3-me");
  await binh.press("change-password");
  await says(binh, "Đã đổi mật khẩu");
});

test("a session is drafted: units found without diacritics, guests, operators, an agenda", async () => {
  const { page } = an;
  await page.click('nav a[href="#/"]');
  await an.press("new-draft");
  await type(page.locator('input[name="title"]'), "Phiên họp thứ nhất của Ban Chỉ đạo");
  await type(page.locator('input[name="start-day"]'), "2/1/2030");
  await typeAtOnce(page.locator('input[name="start-time"]'), "9h30");
  await type(page.locator('input[name="start-time"]'), "8h");
  await type(page.locator('input[name="minutes"]'), "120");
  await type(page.locator('input[name="help_phone"]'), "024 3333 4444");
  await type(page.locator('[data-action="search-units"]'), "ninh thuan");
  await until(
    "Ninh Thuận alone is found",
    async () => (await page.locator('[data-unit="P58"]').count()) && !(await page.locator('[data-unit="TW"]').count()),
  );
  await page.click('[data-unit="P58"] [data-action="add-below"]');
  await type(page.locator('[data-action="search-units"]'), "dak nong 2");
  await until("a commune is found", () => page.locator('[data-unit="P67C2"]').count());
  await page.click('[data-unit="P67C2"] [data-action="add-unit"]');
  await an.press("add-seat");
  const seat = page.locator(".panel", { hasText: "khách mời" }).locator(".rowline");
  await type(seat.locator("input").nth(1), "Bộ Y tế");
  await an.press("add-phone");
  const phone = page.locator("[data-contact]").first();
  await type(phone.locator("input").nth(0), "P58C6");
  await typeAtOnce(phone.locator("input").nth(1), "0259 3888 998");
  await type(phone.locator("input").nth(1), "0259 3888 999");
  await phone.locator("input").nth(2).check();
  await page.locator(".paste summary").click();
  await paste(page.locator('[name="numbers"]'), "Mã\tSố\nP58C1\t0259 3111 111\nP67C2;0261 3222 222");
  await an.press("paste-numbers");
  await says(an, "Đã nhận 2 số. Không hiểu dòng 1.");
  await type(page.locator('[name="late_after_s"]'), "10");
  await page.locator('[name="receiving_only"]').click();
  await type(page.locator('[name="grace_s"]'), "45");
  await an.press("add-operator");
  const operator = page.locator(".panel", { has: page.locator('[data-action="add-operator"]') }).locator(".rowline");
  await type(operator.locator("input").nth(0), "Kỹ thuật Ninh Thuận");
  await type(operator.locator("input").nth(1), "P58");
  await an.press("add-item");
  await type(page.locator(".agenda__item input").first(), "Khai mạc, tuyên bố lý do");
  // Speakers by name, as people type: with spaces and diacritics, without them, from the list by keyboard, and pasted.
  const chosen = (field, code) =>
    until(
      `${code} is chosen`,
      async () =>
        (await field.getAttribute("data-unit-code")) === code ||
        Promise.reject(new Error(`${await field.inputValue()}: ${await field.getAttribute("data-unit-code")}`)),
    );
  const speaker = async (n) => {
    await page.locator(".speakers > .button").click();
    const field = page.locator('.speakers [role="combobox"]').nth(n);
    await field.click();
    return field;
  };
  const [first, second, third] = [await speaker(0), await speaker(1), await speaker(2)];
  await first.pressSequentially("Xã Ninh Thuận 1");
  assert.equal(await first.inputValue(), "Xã Ninh Thuận 1", "what is typed stays as it is typed");
  await chosen(first, "P58C1");
  await second.click();
  await second.pressSequentially("xa ninh thuan");
  await until("the list is open", async () => (await page.getByRole("option").count()) === 6);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.screenshot({ path: join(SHOTS, "4-combobox.png") });
  assert.match(await page.getByRole("option").nth(1).innerText(), /Tỉnh Ninh Thuận/, "the units above are shown");
  await page.keyboard.press("Enter");
  await chosen(second, "P58C2");
  await third.click();
  await page.keyboard.insertText("  Xã Đắk Nông 2 ");
  await chosen(third, "P67C2");
  await page.keyboard.press("Tab");
  assert.equal(await third.inputValue(), "Xã Đắk Nông 2 · P67C2");
  await third.click();
  await third.pressSequentially("Xã không có");
  await page.keyboard.press("Tab");
  await says(an, "Chưa rõ “Xã không có” là đơn vị nào");
  assert.equal(await third.getAttribute("data-unit-code"), "", "the code of before is not kept in secret");
  await type(third, "P67C2");
  await an.press("save");
  await says(an, "Bản thứ 2");
  await says(an, "8 điểm cầu");
  // What was typed over another code on the way did not take its number.
  const saved = await page.evaluate(() => fetch(`/api/v1/drafts/${location.hash.split("/")[2]}`).then((r) => r.json()));
  assert.deepEqual(saved.draft.contacts, {
    P58C6: { phone: "0259 3888 999", by_phone: true },
    P58C1: { phone: "0259 3111 111" },
    P67C2: { phone: "0261 3222 222" },
  });
  assert.deepEqual(saved.draft.rules, {
    countdown_s: 3,
    open_before_s: 3600,
    grace_s: 45,
    late_after_s: 600,
    partial_pct: 80,
    receiving_only: true,
  });
  assert.deepEqual(saved.draft.agenda[0].speakers, ["P58C1", "P58C2", "P67C2"]);
  await look(an, "4-draft", WHOLE);
});

test("two people edit the draft: the later sees it, and nothing is lost", async () => {
  await binh.page.goto(an.page.url());
  await binh.page.reload();
  await until("binh sees the draft", async () =>
    (await binh.page.inputValue('input[name="title"]').catch(() => "")).startsWith("Phiên họp thứ nhất"),
  );
  await type(an.page.locator('input[name="title"]'), "Phiên họp thứ nhất, đã sửa");
  await type(an.page.locator('input[name="minutes"]'), "150");
  await an.press("save");
  await says(an, "Bản thứ 3");
  await type(binh.page.locator('input[name="title"]'), "Phiên họp của Bình");
  await type(binh.page.locator('input[name="help_phone"]'), "024 5555 6666");
  await binh.press("save");
  await says(binh, "Người khác vừa sửa bản này");
  assert.equal(await binh.page.inputValue('input[name="minutes"]'), "150", "what the other changed alone is taken");
  assert.equal(
    await binh.page.inputValue('input[name="help_phone"]'),
    "024 5555 6666",
    "what one changed alone is kept",
  );
  assert.equal(
    await binh.page.inputValue('input[name="title"]'),
    "Phiên họp của Bình",
    "what both changed is one’s own until chosen",
  );
  await look(binh, "5-conflict");
  await binh.page.check('[data-conflict] input[value="theirs"]');
  assert.equal(await binh.page.inputValue('input[name="title"]'), "Phiên họp thứ nhất, đã sửa");
  await binh.press("save");
  await says(binh, "Bản thứ 4");
});

let session;

test("the draft is convened and its links are printed with QR codes", async () => {
  const { page } = an;
  await page.reload();
  await says(an, "Bản thứ 4");
  await an.press("convene");
  await an.press("confirm");
  await until("the session is there", async () => (await address(an)).startsWith("#/session/"));
  session = (await address(an)).split("/")[2];
  await says(an, "8 điểm cầu được triệu tập");
  await look(an, "6-session");
  await an.press("sheet");
  // Of a nation, slips of the whole list would be ten thousand, drawn for a moment and thrown away.
  await page.evaluate(() => {
    window.testSlips = 0;
    const count = () => (window.testSlips = Math.max(window.testSlips, document.querySelectorAll(".slip").length));
    new MutationObserver(count).observe(document.body, { childList: true, subtree: true });
  });
  await page.selectOption('[data-action="province"]', "P58");
  await until("slips are there", async () => (await page.locator(".slip").count()) === 6);
  assert.equal(await page.evaluate(() => window.testSlips), 6, "no others were drawn on the way");
  assert.equal(await page.locator(".slip__qr").count(), 5, "a site by telephone has no link");
  await look(an, "7-sheet");
  await page.emulateMedia({ media: "print" });
  await page.screenshot({ path: join(SHOTS, "7-sheet-print.png"), fullPage: true });
  await page.emulateMedia({ media: null });
  const csv = await page.evaluate(() =>
    fetch(document.querySelector('[data-action="csv"]').href).then((r) => r.text()),
  );
  assert.match(csv, /P58C1,Xã Ninh Thuận 1/);
  // Guests without a unit have a sheet as well.
  await page.selectOption('[data-action="province"]', "-");
  await until("the guest has a slip", async () => (await page.locator(".slip").count()) === 1);
  assert.match(await page.locator(".slip").innerText(), /Bộ Y tế[^]*\/j#/);
  await page.selectOption('[data-action="province"]', "P58");
  await until("slips are there again", async () => (await page.locator(".slip").count()) === 6);
  // Rules and telephone numbers have reached the session: its report shows them, also of who never came.
  const report = JSON.parse(await server.cli("attendance", "show", "--session", session, "--format", "json"));
  assert.deepEqual([report.session.rules.grace_s, report.session.rules.late_after_s], [45, 600]);
  assert.deepEqual(
    Object.fromEntries(report.sites.filter((site) => site.phone).map((site) => [site.endpoint, site.phone])),
    { P58C1: "0259 3111 111", P58C6: "0259 3888 999", P67C2: "0261 3222 222" },
  );
});

async function shortLink(code) {
  return `http://${await an.page.locator(`[data-endpoint="${code}"] .slip__link`).innerText()}`;
}

test("a site opens its printed link, waits, and the office sees that it has not rehearsed", async () => {
  const site = new Person(server.dir, "site", { colour: "green", tone: 800 });
  others.push(site);
  const link = await shortLink("P58C1");
  assert.match(link, /\/j#[0-9a-z]{4}(-[0-9a-z]{4}){3}$/);
  await site.open(link);
  await until("the site is on its own page", async () => site.page.url().includes("/join#"));
  await says(site, "Xã Ninh Thuận 1");
  await site.page.screenshot({ path: join(SHOTS, "8-site.png") });
  // A link that was reissued leads nowhere.
  await an.page.click('[data-endpoint="P58C2"] [data-action="reissue"]');
  const old = await shortLink("P58C2");
  await an.press("confirm");
  await until("there is another link", async () => (await shortLink("P58C2")) !== old);
  await site.page.goto(old);
  await until("the old link says so", async () => (await site.phase()) === "error");
  await site.page.screenshot({ path: join(SHOTS, "8-old-link.png") });
});

const put = (link, body) =>
  fetch(`${server.url}/api/v1/rehearsal`, {
    method: "PUT",
    headers: { Authorization: `Bearer ${link.split("#")[1]}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

test("the rehearsal board shows red, amber and green by province, the untested and those to call", async () => {
  const links = await an.page.evaluate((id) => fetch(`/api/v1/sessions/${id}/links`).then((r) => r.json()), session);
  const linkOf = (code) => links.endpoints.find((e) => e.code === code).link;
  const good = {
    camera: "ok",
    microphone: "ok",
    loudspeaker: "ok",
    contact: "Chị Lan",
    phone: "0259 1",
    line: { connected: true, protocol: "udp", rtt_ms: 35, up_kbps: 1800, down_kbps: 2400 },
  };
  for (const [code, change] of [
    ["P58C1", {}],
    ["P58C3", { camera: "refused" }],
    ["P58C4", { microphone: "silent" }],
    ["P67C2", { line: { ...good.line, up_kbps: 190, down_kbps: 200 } }],
  ]) {
    assert.equal((await put(linkOf(code), { ...good, ...change })).status, 200);
  }
  await an.page.goto(`${an.page.url().split("#")[0]}#/session/${session}/board`);
  await until(
    "the board is there",
    async () => (await an.page.locator('[data-light="red"] strong').first().innerText()) === "2",
  );
  assert.equal(await an.page.locator('.lights [data-light="green"] strong').innerText(), "1");
  assert.equal(await an.page.locator('.lights [data-light="phone"] strong').innerText(), "1");
  assert.deepEqual(
    (await an.page.locator("tr[data-endpoint]").evaluateAll((rows) => rows.map((r) => r.dataset.endpoint))).sort(),
    ["K1", "P58C2", "P58C4", "P58C5", "P67C2"],
    "those to call",
  );
  await an.page.click('[data-province="P67"]');
  assert.deepEqual(
    await an.page.locator("tr[data-endpoint]").evaluateAll((rows) => rows.map((r) => r.dataset.endpoint)),
    ["P67C2"],
  );
  await an.page.click(".lampcard >> nth=0");
  await an.page.selectOption('[data-action="filter"]', "all");
  await look(an, "9-board", WHOLE);
});

test("the session is moved, then called off, and the links say so", async () => {
  await an.page.goto(`${an.page.url().split("#")[0]}#/session/${session}`);
  await says(an, "08:00 02/01/2030");
  const moveTo = async (time) => {
    await an.press("move");
    const [day, clock] = time.split("T");
    await type(an.page.locator('dialog input[name="moment-day"]'), day.split("-").reverse().join("/"));
    await type(an.page.locator('dialog input[name="moment-time"]'), clock);
    await an.press("confirm");
  };
  await moveTo("2020-01-03T14:30"); // a slip in the year is asked about
  await says(an, "14:30 03/01/2020 đã qua");
  await an.page.screenshot({ path: join(SHOTS, "10-past.png") });
  await an.page.keyboard.press("Escape");
  await says(an, "08:00 02/01/2030");
  await moveTo("2020-01-03T14:30"); // and may be meant
  await says(an, "Vẫn dời");
  await an.press("confirm");
  await until("it is moved there", async () => (await an.page.textContent(".facts-line")).includes("14:30 03/01/2020"));
  await moveTo("2030-01-03T14:30");
  await says(an, "14:30 03/01/2030");
  await an.press("call-off");
  await type(an.page.locator("dialog input"), "Bão số 3");
  await an.page.screenshot({ path: join(SHOTS, "10-call-off.png") });
  await an.press("confirm");
  await says(an, "Phiên họp đã huỷ. Bão số 3");
  await an.press("copy-session");
  await until("the copy is open", async () => (await address(an)).startsWith("#/draft/"));
  assert.equal(await an.page.inputValue('input[name="title"]'), "Phiên họp thứ nhất, đã sửa");
  await an.page.click('nav a[href="#/"]');
  await says(an, "Đã triệu tập");
  await look(an, "11-sessions");
  // What the list says against a ledger stands in its row; that the server finds it is tested where it does.
  const told = "[data-session] [data-doubt]";
  assert.equal(await an.page.locator(told).count(), 0);
  await an.page.route("**/api/v1/sessions", async (route) => {
    const answer = await route.fetch();
    const list = await answer.json();
    list.sessions[0].contradiction = 'the list had the phase "sealed", the ledger "open"';
    await route.fulfill({ response: answer, json: list });
  });
  await an.page.reload();
  await says(an, "Danh mục trong cơ sở dữ liệu khác với sổ điểm danh");
  assert.equal(await an.page.locator(told).count(), 1);
  await look(an, "11-doubt");
  await an.page.unroute("**/api/v1/sessions");
});

test("all of it by keyboard, and without a request to another host", async () => {
  const { page } = an;
  const foreign = [];
  page.on(
    "request",
    (r) => new URL(r.url()).host !== new URL(page.url()).host && !r.url().startsWith("blob:") && foreign.push(r.url()),
  );
  await page.reload();
  await says(an, "Đang chuẩn bị");
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement?.dataset.action === "new-draft")) break;
  }
  await page.keyboard.press("Enter");
  await until("a new draft is open", async () => (await address(an)).startsWith("#/draft/"));
  assert.deepEqual(foreign, []);
  for (const p of [an, binh])
    assert.deepEqual(
      p.faults.filter((f) => !/status of 40[19]|status of 400/.test(f)),
      [],
      p.name,
    );
});
