// Every page of a session in every state that people see, looked at in both languages and themes and at all sizes.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { Person } from "./lib/browser.mjs";
import { WHOLE, assertWell, foreignRequests, look } from "./lib/look.mjs";
import { convene } from "./lib/convene.mjs";
import { Server } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

const SHOTS = "test-results/pages";
let server, session, home;
const people = {};
const foreign = [];

async function person(name, link, options) {
  const p = (people[name] = new Person(server.dir, name, options));
  await p.open("about:blank");
  foreign.push(foreignRequests(p.page, link));
  await p.page.goto(link);
  return p;
}

const link = (code) => session.endpoints.find((e) => e.code === code).link;
const see = async (p, name, looks) => assertWell(await look(p.page, SHOTS, name, looks));
const live = (p) => until(`${p.name} is in`, async () => (await p.phase()) === "live");

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  server = await Server.create();
  home = `http://127.0.0.1:${server.port}`;
  session = await convene(server, {
    operators: [{ scope: "P58" }],
    countdown_s: 0,
    agenda: [
      { id: "a", title: "Báo cáo tiến độ giải phóng mặt bằng", minutes: 20, speakers: ["P58C2", "P67C1"] },
      { id: "b", title: "Kết luận" },
    ],
  });
});

after(async () => {
  await Promise.all(Object.values(people).map((p) => p.kill().catch(() => {})));
  await server?.kill();
});

test("the front page and a wrong link", async () => {
  const p = await person("visitor", home);
  await see(p, "home");
  await p.page.goto(`${home}/join#no-link`);
  await until("the page refuses", async () => (await p.phase()) === "error");
  await see(p, "error");
  await p.kill();
});

test("before the start: the check of the devices, and the waiting page", async () => {
  const c1 = await person("c1", link("P58C1"), { colour: "green", tone: 800 });
  await until("the camera is on", () =>
    c1.page.evaluate(() => [...document.querySelectorAll("video")].some((v) => v.videoWidth)),
  );
  await see(c1, "site-preview");
  await c1.enter();
  await until("it waits", async () => (await c1.phase()) === "waiting");
  await see(c1, "site-waiting");
  const host = await person("host", session.links.host, { colour: "red", tone: 500 });
  await see(host, "host-preview");
  await host.enter();
  await until("the host waits", async () => (await host.phase()) === "waiting");
  await see(host, "host-waiting");
});

test("a live session: the site, the roll call, a message, the floor", async () => {
  const { host, c1 } = people;
  const c2 = await person("c2", link("P58C2"), { colour: "blue", tone: 1250 });
  await c2.enter();
  await host.press("start");
  await live(c1);
  await live(c2);
  await until("the site sees the host", () =>
    c1.page.evaluate(() => document.querySelector('video[data-slot="main"]')?.videoWidth),
  );
  await see(c1, "site-live", WHOLE);
  await host.press("roll-call");
  await until("the question is there", () => c1.page.locator(".rollcall").count());
  await see(c1, "site-rollcall");
  await c1.press("answer-roll-call");
  await c1.press("people");
  await see(c1, "site-delegates");
  await c1.page.keyboard.press("Escape");
  await c1.press("raise-hand");
  await c2.press("raise-hand");
  await host.page.locator('[data-action="agenda"]').selectOption("a");
  await until("both hands are up", async () => (await host.page.locator("[data-endpoint][data-hand]").count()) === 2);
  await host.press("grant-floor", "P58C1");
  await until("the commune is on air", () => c1.page.locator(".onair").count());
  await see(c1, "site-on-air");
  await see(c2, "site-floor");
  await see(host, "host-live", WHOLE);
  await host.press("more", "P58C2");
  await see(host, "host-sheet");
  await host.page.keyboard.press("Escape");
  await host.press("messages");
  await see(host, "host-messages");
  await host.page.keyboard.press("Escape");
  await host.press("auditlog");
  await until("what was done is listed", () => host.page.locator('tr[data-act="granted"]').count());
  await see(host, "host-auditlog");
  await host.page.keyboard.press("Escape");
  await host.press("wall");
  await see(host, "host-wall");
});

test("the operator of one province, and the secretary", async () => {
  await people.c2.kill(); // a browser less to draw for
  const operator = await person("operator", session.operators[0].link);
  await operator.enter();
  await live(operator);
  await see(operator, "operator-live");
  await operator.kill();
  const secretary = await person("secretary", session.links.secretary);
  await secretary.enter();
  await live(secretary);
  await see(secretary, "secretary-live");
});

test("a second device, and the end", async () => {
  const { host, c1, secretary } = people;
  const second = await person("second", link("P58C1"));
  await second.enter();
  await until("it is asked", () => second.page.locator('[data-action="take-over"]').count());
  await see(second, "take-over");
  await second.kill();
  await host.press("end");
  await host.page.locator("dialog").waitFor();
  await see(host, "host-end");
  await host.press("confirm");
  for (const p of [host, c1, secretary]) await until(`${p.name} is told`, async () => (await p.phase()) === "ended");
  await see(c1, "site-ended");
  await see(host, "host-ended");
});

test("no page asked another host for anything, and none met a fault", () => {
  assert.deepEqual(foreign.flat(), []);
  for (const p of Object.values(people))
    assert.deepEqual(
      p.faults.filter((f) => !/WebSocket|Failed to load resource/.test(f)),
      [],
      p.name,
    );
});
