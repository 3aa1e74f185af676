// What is typed is not lost by leaving a page, nor to another tab of the same browser, nor by what goes on in a session meanwhile.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, afterEach, before, test } from "node:test";
import { convene } from "./lib/convene.mjs";
import { People } from "./lib/people.mjs";
import { BINARY, Server } from "./lib/server.mjs";
import { type } from "./lib/typing.mjs";
import { until } from "./lib/until.mjs";

const PASSWORD = "con meo cua toi";
let server, session, office;
const people = new People();

before(async () => {
  server = await Server.create();
  session = await convene(server, { units: "P58/*" });
  const admin = spawn(BINARY, ["admin", "create", "--name", "an", "--data", server.data], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  admin.stdin.end(PASSWORD + "\n");
  assert.deepEqual(await once(admin, "exit"), [0, null]);
  office = people.add(server.dir, "office");
  await office.open(`${server.url.replace("localhost", "127.0.0.1")}/office`);
  await type(office.page.locator('input[name="username"]'), "an");
  await type(office.page.locator('input[name="password"]'), PASSWORD);
  await office.press("login");
  await office.page.locator(`[data-session="${session.id}"]`).first().waitFor();
});

afterEach(async (t) => {
  if (t.passed === false) await people.shoot("test-results");
});

after(async () => {
  await people.kill();
  await server?.kill();
});

/** Goes to another address; the answer is the browser's question whether to leave, to which a person says no, or "" when it left. */
async function leave(page) {
  let refuse, follow;
  const answer = await new Promise((done) => {
    refuse = (dialog) => void dialog.dismiss().then(() => done(dialog.type()));
    follow = (frame) => frame.url() === "about:blank" && done("");
    page.on("dialog", refuse);
    page.on("framenavigated", follow);
    page.evaluate(() => setTimeout(() => location.assign("about:blank"))).catch(() => {}); // the page may be gone before it answers
  });
  page.off("dialog", refuse);
  page.off("framenavigated", follow);
  return answer;
}

/** The field in which the keys go, and where in it. */
const caret = (page) =>
  page.evaluate(() => {
    const { name, selectionStart, value } = document.activeElement;
    return { name, selectionStart, value };
  });

test("a draft and a change that are not saved are asked about, what is saved is not", async () => {
  const { page } = office;
  await office.press("new-draft");
  const title = page.locator('input[name="title"]');
  await type(title, "Phiên họp thứ hai");
  assert.equal(await leave(page), "beforeunload", "a draft");
  assert.equal(await title.inputValue(), "Phiên họp thứ hai");
  await office.press("save");
  await until("it is saved", () => page.locator('.button--plain[data-action="save"]:disabled').count());
  await until("a saved draft is left", async () => (await leave(page)) === "");

  await page.goto(`${server.url.replace("localhost", "127.0.0.1")}/office#/session/${session.id}/change`);
  const heading = page.locator('input[name="change-title"]');
  await heading.waitFor();
  await type(heading, "Phiên họp đổi tên");
  await page.evaluate(() => (location.hash = "#/")); // what is typed is kept while another part of the office is shown
  await page.locator('[data-action="new-draft"]').waitFor();
  assert.equal(await leave(page), "beforeunload", "a change");
  await page.evaluate((id) => (location.hash = `#/session/${id}/change`), session.id);
  await until("it is still there", async () => (await heading.inputValue()) === "Phiên họp đổi tên");
  await heading.press("Enter");
  await page.locator('[data-change="title"] [data-outcome="true"]').waitFor();
  await until("a saved change is left", async () => (await leave(page)) === "");
});

test("who types keeps the field and the place in it while others change the session, and after saving", async () => {
  const { page } = office;
  await page.goto(`${server.url.replace("localhost", "127.0.0.1")}/office#/session/${session.id}/change`);
  const heading = page.locator('input[name="change-title"]');
  await heading.waitFor();
  await heading.click();
  await heading.press("End");
  await heading.pressSequentially(" lần hai");
  for (let i = 0; i < 4; i++) await heading.press("ArrowLeft");
  const at = await caret(page);
  assert.equal(at.name, "change-title");
  await server.cli("session", "change", "help-phone", session.id, "0259 1111");
  await type(page.locator('input[name="change-help_phone"]'), "0259 2222"); // and back, as people do
  await heading.click();
  await heading.press("End");
  for (let i = 0; i < 4; i++) await heading.press("ArrowLeft");
  // Another part is saved by a slow server while the person has gone on to the title.
  let answer;
  await page.route(`**/sessions/${session.id}/title`, async (route) => {
    await new Promise((go) => (answer = go));
    await route.continue();
  });
  await heading.press("Enter");
  await until("the form is on its way", () => answer);
  assert.ok(await heading.isDisabled(), "and takes no keys meanwhile");
  answer();
  await page.locator('[data-change="title"] [data-outcome="true"]').waitFor();
  await until("the keys go to the title again", async () => (await caret(page)).name === "change-title");
  await page.keyboard.press("End");
  await page.keyboard.type("!");
  assert.match(await heading.inputValue(), /lần hai!$/);
  await page.unrouteAll();
  await type(page.locator('input[name="change-help_phone"]'), "0259 1111");
});

test("a console that writes and a site that fills in a form keep their field when the session goes live and a roll call opens", async () => {
  const secretary = await people.enter(server.dir, "typist", session.links.secretary);
  const host = await people.enter(server.dir, "host", session.links.host, { colour: "red", tone: 500 });
  const { page } = secretary;
  // A site says who is in its room while it waits.
  const waiter = await people.enter(server.dir, "waiter", session.endpoints[1].link);
  await until("the site waits", async () => (await waiter.phase()) === "waiting");
  await waiter.press("people");
  const delegate = waiter.page.locator(".people__row input").first();
  await delegate.click();
  await delegate.pressSequentially("Nguyễn ");
  await until("the secretary waits", async () => (await secretary.phase()) === "waiting");
  await secretary.press("messages");
  const text = page.locator(".messages__write textarea");
  await text.click();
  await text.pressSequentially("Kính gửi các ");
  await host.press("start");
  await until("it is live", async () => (await secretary.phase()) === "live");
  await page.keyboard.type("điểm ");
  await until("for the site too", async () => (await waiter.phase()) === "live");
  await waiter.page.keyboard.type("Văn An");
  assert.equal(await delegate.inputValue(), "Nguyễn Văn An");
  await waiter.kill();
  await host.press("roll-call");
  await until("the roll call is known", () =>
    host.page.locator('[data-action="roll-call"][aria-pressed="true"]').count(),
  );
  await page.keyboard.type("cầu");
  assert.equal(await text.inputValue(), "Kính gửi các điểm cầu");
  await host.kill();
  await secretary.kill();
});

test("a site that types a message keeps its field when the roll call asks and the floor is given", async () => {
  const site = await people.enter(server.dir, "site", session.endpoints[0].link);
  await until("it is in", async () => (await site.phase()) === "live");
  const host = await people.enter(server.dir, "second-host", session.links.host, { colour: "red", tone: 500 });
  await site.press("messages");
  const text = site.page.locator(".messages__write textarea");
  await text.click();
  await text.pressSequentially("Thưa ");
  await host.press("roll-call"); // closes the first one
  await until("closed", () => host.page.locator('[data-action="roll-call"][aria-pressed="false"]').count());
  await host.press("roll-call");
  await site.page.locator(".rollcall").waitFor();
  await site.page.keyboard.type("Ban ");
  await host.press("grant-floor", session.endpoints[0].code);
  await site.page.locator("[data-countdown], .onair").first().waitFor();
  await site.page.keyboard.type("Thư ký");
  assert.equal(await text.inputValue(), "Thưa Ban Thư ký");
  await host.kill();
  await site.kill();
});

test("notes of a tab that lives are left to it; when it is torn away the other one keeps them", async () => {
  const first = await office.page.context().newPage();
  const second = await office.page.context().newPage();
  const opened = async (page) => {
    await page.goto(session.links.secretary);
    await page.locator('[data-action="notes-alone"]').click();
    await page.locator(".notes-page").waitFor();
  };
  const written = async () => {
    const token = new URL(session.links.secretary).hash.slice(1);
    const answer = await fetch(`${server.url}/api/v1/sessions/${session.id}/notes`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    return JSON.stringify(await answer.json());
  };
  await opened(first);
  // The line of the first tab takes no note any more: what is typed there lies in the browser alone.
  await first.route(`**/sessions/${session.id}/notes/*`, (route) => route.abort("connectionreset"));
  await first.locator("textarea").first().click();
  await first.keyboard.type("Kết luận số một");
  await until("it is kept", () =>
    first.evaluate(() => Object.keys(localStorage).some((key) => key.startsWith("diemcau.notes."))),
  );
  assert.equal(await leave(first), "beforeunload", "and asked about");
  const puts = [];
  second.on("request", (r) => r.method() === "PUT" && puts.push(r.url()));
  await opened(second);
  await second.locator("textarea").first().click();
  await second.keyboard.type("Ghi chú của trang hai");
  await until("the second tab saves its own", async () => (await written()).includes("trang hai"));
  const locks = await second.evaluate(async () => (await navigator.locks.query()).held.length);
  assert.equal(locks, 2, "both pages hold their own");
  assert.equal(new Set(puts).size, 1, "the second page sends nothing but its own note");
  assert.ok(!(await written()).includes("số một"));
  await first.close({ runBeforeUnload: false });
  await until("the second has taken over", async () => (await written()).includes("Kết luận số một"), 30_000);
  await until("and nothing is left in the browser", () =>
    second.evaluate(() => !Object.keys(localStorage).some((key) => key.startsWith("diemcau.notes."))),
  );
  await second.close();
});
