// A site on a phone: everything by touch, upright and on its side.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Person } from "./lib/browser.mjs";
import { convene } from "./lib/convene.mjs";
import { Seat } from "./lib/seat.mjs";
import { Server } from "./lib/server.mjs";
import { type } from "./lib/typing.mjs";
import { until } from "./lib/until.mjs";

const SHOTS = "test-results/phone";
/** The least that a finger hits, in CSS pixels (WCAG 2.2, 2.5.8 asks for 24, Android for 48). */
const FINGER = 44;
let server, session, host, phone;

const tap = (action) => phone.page.locator(`[data-action="${action}"]:visible`).first().tap();
/** What is too small for a finger, and what is out of sight to the right. */
const awkward = () =>
  phone.page.evaluate((least) => {
    const all = [...document.querySelectorAll("button, input, select")].filter(
      (e) => e.checkVisibility() && !e.closest(".toasts"),
    );
    const wrong = all.filter((e) => {
      const { width, height, right } = e.getBoundingClientRect();
      return height < least - 4 || width < least - 4 || right > innerWidth + 1;
    });
    return [
      ...wrong.map((e) => e.outerHTML.slice(0, 120)),
      ...(document.documentElement.scrollWidth > innerWidth ? ["the page is too wide"] : []),
    ];
  }, FINGER);

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  server = await Server.create();
  session = await convene(server, { countdown_s: 0 });
  host = await Seat.enter(session.links.host);
  phone = new Person(server.dir, "phone", { colour: "green", tone: 800, phone: true });
  await phone.open(session.endpoints.find((e) => e.code === "P58C1").link);
});

after(async () => {
  host?.drop();
  await phone?.kill();
  await server?.kill();
});

test("it enters, asks to speak, speaks, mutes and ends by touch", async () => {
  assert.deepEqual(await awkward(), []);
  await tap("preview-ok");
  await host.ask("start");
  await until("live", async () => (await phone.phase()) === "live");
  assert.deepEqual(await awkward(), []);
  await tap("raise-hand");
  await until("the hand is up", () => host.sites.endpoints.find((e) => e.code === "P58C1").hand_at_ms);
  await host.ask("grant", { endpoint: "P58C1" });
  await until("it is on air", () => phone.page.locator(".onair").count());
  assert.deepEqual(await awkward(), []);
  await phone.page.screenshot({ path: join(SHOTS, "on-air.png") });
  const floor = () => host.state.stage.find((s) => s.slot === "floor");
  await tap("mute");
  await until("it is muted", () => floor()?.muted);
  await tap("revoke-floor");
  await until("the floor is empty", () => !floor());
});

test("it answers the roll call and declares its people by touch", async () => {
  await host.ask("roll_call", { open: true });
  await until("it is asked", () => phone.page.locator(".rollcall").count());
  assert.deepEqual(await awkward(), []);
  for (let i = 0; i < 3; i++) await phone.page.locator(".rollcall .number button").last().tap();
  await tap("answer-roll-call");
  await until("it is counted", () => host.sites.endpoints.find((e) => e.code === "P58C1").headcount === 4);
  await tap("people");
  await type(phone.page.locator("dialog .people__row input").first(), "Nguyễn Văn A");
  assert.deepEqual(await awkward(), []);
  await tap("save");
  await until("the dialog is gone", async () => !(await phone.page.locator("dialog").count()));
});

test("on its side the stage and every button are in sight", async () => {
  await phone.page.setViewportSize({ width: 844, height: 390 });
  await until(
    "nothing is awkward",
    async () => (await awkward()).length === 0 || Promise.reject(new Error((await awkward()).join("\n"))),
    3000,
  );
  await phone.page.screenshot({ path: join(SHOTS, "side.png") });
  const { stage, low } = await phone.page.evaluate(() => ({
    stage: document.querySelector(".stage").getBoundingClientRect().height,
    low: [...document.querySelectorAll(".controls button")].filter(
      (e) => e.checkVisibility() && e.getBoundingClientRect().bottom > innerHeight + 1,
    ).length,
  }));
  assert.equal(low, 0);
  assert.ok(stage > 200, `the stage is ${stage} px high`);
  assert.deepEqual(
    phone.faults.filter((f) => !/WebSocket|Failed to load resource/.test(f)),
    [],
  );
});
