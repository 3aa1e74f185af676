// The main paths by keyboard alone, and what a screen reader gets of them, through Chromium's accessibility tree: names and
// roles of all controls, and what live regions say. (No screen reader itself runs here.)
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { controls, heard, said, tabTo } from "./lib/ax.mjs";
import { Person } from "./lib/browser.mjs";
import { convene } from "./lib/convene.mjs";
import { Seat } from "./lib/seat.mjs";
import { Server } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

const OUT = "test-results/reader";
let server, session, host, c1, operator;
const people = [];
const link = (code) => session.endpoints.find((e) => e.code === code).link;
const hears = (p, live, words) =>
  until(`${p.name} hears ${words}`, async () => {
    const all = said(await heard(p.page), live);
    return all.some((s) => words.test(s)) || Promise.reject(new Error(all.join(" | ")));
  });
/** Every control has a name, the page one heading of the first level and a main part; writes down what is read. */
async function wellNamed(p, what) {
  const things = await heard(p.page);
  writeFileSync(
    `${OUT}/${what}.txt`,
    controls(things)
      .map(
        (n) => `${n.role}: ${n.name}${n.pressed ? ` (pressed: ${n.pressed})` : ""}${n.disabled ? " (disabled)" : ""}\n`,
      )
      .join(""),
  );
  assert.ok(controls(things).length > 3, `${what} has controls`);
  assert.deepEqual(
    controls(things).filter((n) => !n.name),
    [],
    what,
  );
  assert.equal(things.filter((n) => n.role === "main").length, 1, `${what}: main`);
  return things;
}

/** Lines break as they do on a weak one: the page believes its statistics. Runs in the page. */
function weakLine() {
  const native = RTCPeerConnection.prototype.getStats;
  let lost = 0;
  RTCPeerConnection.prototype.getStats = async function getStats(...args) {
    const report = await native.apply(this, args);
    if (!window.weak) return report;
    return new Map(
      [...report].map(([id, s]) => [id, s.type === "inbound-rtp" ? { ...s, packetsLost: (lost += 1000) } : s]),
    );
  };
}

before(async () => {
  mkdirSync(OUT, { recursive: true });
  server = await Server.create();
  session = await convene(server, { countdown_s: 3 });
  host = new Person(server.dir, "host", { colour: "red", tone: 500 });
  c1 = new Person(server.dir, "c1", { colour: "green", tone: 800, init: weakLine });
  people.push(host, c1);
  await host.open(session.links.host);
  await c1.open(link("P58C1"));
  operator = await Seat.enter(session.links.operator);
});

after(async () => {
  operator?.drop();
  await Promise.all(people.map((p) => p.kill().catch(() => {})));
  await server?.kill();
});

test("a site enters by keyboard; the preview is named", async () => {
  await wellNamed(c1, "site-preview");
  const passed = await tabTo(c1.page, '[data-action="preview-ok"]');
  assert.deepEqual(passed, ["help", "language", "theme", "preview-ok"], "the header alone stands before the way in");
  await c1.page.keyboard.press("Enter");
  await until("it waits", async () => (await c1.phase()) === "waiting");
  const things = await wellNamed(c1, "site-waiting");
  assert.ok(
    things.some((n) => n.role === "heading" && n.focused),
    "the heading has the focus",
  );
});

test("the host enters and starts by keyboard", async () => {
  await tabTo(host.page, '[data-action="preview-ok"]');
  await host.page.keyboard.press("Enter");
  await tabTo(host.page, '[data-action="start"]');
  await host.page.keyboard.press("Enter");
  await until("live", async () => (await host.phase()) === "live" && (await c1.phase()) === "live");
  await until("the site is there", async () => (await host.stateOf("P58C1")) === "present");
  const things = await wellNamed(host, "console-live");
  for (const region of ["region", "navigation"])
    assert.deepEqual(
      things.filter((n) => n.role === region && !n.name),
      [],
      region,
    );
  await wellNamed(c1, "site-live");
});

test("a site raises its hand by keyboard; the host gives the floor by keyboard; both are told", async () => {
  assert.deepEqual((await tabTo(c1.page, '[data-action="raise-hand"]')).at(-1), "raise-hand");
  await c1.page.keyboard.press("Space");
  await hears(c1, "polite", /đứng đầu|đứng thứ|đang chờ/);
  await hears(host, "polite", /Phường Đô Vinh/);
  await until("the button says what it does now", async () =>
    controls(await heard(c1.page)).some((n) => n.pressed === "true" && /Rút đăng ký/.test(n.name)),
  );
  await tabTo(host.page, '.queue [data-action="grant-floor"]');
  await host.page.keyboard.press("Enter");
  await hears(c1, "assertive", /Lên sóng sau \d/);
  await hears(c1, "assertive", /Đang lên sóng/);
  await wellNamed(c1, "site-on-air");
});

test("a message, a weak line, and the end of the floor are told", async () => {
  await operator.ask("send_message", { to: "P58C1", text: "xin nói gần micro" });
  await hears(c1, "polite", /xin nói gần micro/);
  await c1.press("message-seen");
  await c1.page.evaluate(() => (window.weak = true));
  await hears(c1, "polite", /Đường truyền yếu/);
  await c1.page.evaluate(() => (window.weak = false));
  await tabTo(host.page, '[data-action="revoke-floor"]');
  await host.page.keyboard.press("Enter");
  await hears(c1, "polite", /Đã kết thúc lượt phát biểu/);
  await until(
    "nothing says on air",
    async () => !said(await heard(c1.page), "assertive").some((s) => /Đang lên sóng/.test(s)),
  );
});

test("who else speaks is told", async () => {
  const c2 = await Seat.enter(link("P58C2"));
  await operator.ask("grant", { endpoint: "P58C2" });
  await hears(c1, "polite", /Đang phát biểu: Phường Phước Mỹ/);
  await operator.ask("revoke", { endpoint: "P58C2" });
  c2.drop();
});

test("a roll call is opened and answered by keyboard", async () => {
  await tabTo(host.page, '[data-action="roll-call"]');
  await host.page.keyboard.press("Enter");
  await until("it is asked", () => c1.page.locator(".rollcall").count());
  const things = await wellNamed(c1, "site-roll-call");
  assert.ok(
    things.some((n) => n.role === "alertdialog" && n.name),
    "it is a named dialog",
  );
  assert.ok(
    things.some((n) => n.role === "heading" && n.focused && n.name),
    "whose heading is read",
  );
  await tabTo(c1.page, "#headcount", 2);
  await c1.page.keyboard.press("ControlOrMeta+a");
  await c1.page.keyboard.type("17");
  await tabTo(c1.page, '[data-action="answer-roll-call"]', 2);
  await c1.page.keyboard.press("Enter");
  await until("it is counted", async () => operator.sites.endpoints.find((e) => e.code === "P58C1").headcount === 17);
  await tabTo(host.page, '[data-action="roll-call"]');
  await host.page.keyboard.press("Enter");
  await until("it is closed", () => !operator.state.roll_call);
});

test("a site declares its headcount and delegates by keyboard", async () => {
  await tabTo(c1.page, '[data-action="people"]');
  await c1.page.keyboard.press("Enter");
  await wellNamed(c1, "site-people").catch((e) => (/main/.test(e.message) ? undefined : Promise.reject(e))); // behind a modal dialog there is no main
  await tabTo(c1.page, "dialog #headcount");
  await c1.page.keyboard.press("ControlOrMeta+a");
  await c1.page.keyboard.type("21");
  await tabTo(c1.page, "dialog .people__row input");
  await c1.page.keyboard.type("Nguyễn Văn A");
  await tabTo(c1.page, 'dialog [data-action="save"]');
  await c1.page.keyboard.press("Enter");
  await until(
    "the server has it",
    async () => operator.sites.endpoints.find((e) => e.code === "P58C1").headcount === 21,
  );
  await hears(c1, "polite", /Đã lưu/);
  assert.equal(
    await c1.page.evaluate(() => document.activeElement?.closest("[data-action]")?.dataset.action),
    "people",
    "the focus is where it was",
  );
});

test("the log of control acts is reached by keyboard and reads as a table", async () => {
  await tabTo(host.page, '[data-action="auditlog"]');
  await host.page.keyboard.press("Enter");
  await until("it is filled", () => host.page.locator('tr[data-act="granted"]').count());
  const things = await heard(host.page);
  assert.ok(things.some((n) => n.role === "columnheader" && n.name));
  assert.ok(things.some((n) => n.role === "row" && /Mời Phường Đô Vinh phát biểu/.test(n.text)));
  await host.page.keyboard.press("Escape");
  for (const p of people)
    assert.deepEqual(
      p.faults.filter((f) => !/WebSocket|Failed to load resource/.test(f)),
      [],
      p.name,
    );
});
