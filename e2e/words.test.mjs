// The right words at the right time: before the opening, when a session is called off, and when the host's computer sleeps.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Person } from "./lib/browser.mjs";
import { convene } from "./lib/convene.mjs";
import { Seat } from "./lib/seat.mjs";
import { Server } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

const HOUR = 3_600_000;
let server;
const people = [];

async function person(name, link, options) {
  const p = new Person(server.dir, name, options);
  people.push(p);
  await p.open(link);
  return p;
}

const linkOf = (session, code) => session.endpoints.find((e) => e.code === code).link;
const text = (p) => p.page.locator("main").innerText();
const whole = (p) => p.page.locator("body").innerText();
const clock = (ms) =>
  new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: "Asia/Ho_Chi_Minh",
  }).format(ms);

before(async () => {
  server = await Server.create();
});

after(async () => {
  await Promise.all(people.map((p) => p.kill().catch(() => {})));
  await server?.kill();
});

test("before the opening both times are told, and calling off is told with its reason", async () => {
  const start = Math.ceil(Date.now() / 60_000) * 60_000 + 2 * HOUR;
  const session = await convene(server, { start: new Date(start).toISOString(), operators: [{ scope: "P58" }] });
  const site = await person("site", linkOf(session, "P58C1"));
  await site.enter();
  const others = {
    chair: session.links.host,
    operator: session.operators[0].link,
    secretary: session.links.secretary,
    screen: session.links.room,
  };
  for (const [name, link] of Object.entries(others)) {
    others[name] = await person(name, link);
    if (name !== "screen") await others[name].enter(); // which enters by itself
    await until(`${name} is told when it begins`, async () => (await whole(others[name])).includes(clock(start)));
    // Nobody but a site is called one, and a time is told as what it is.
    assert.doesNotMatch(await whole(others[name]), /điểm cầu này|điểm cầu của quý vị/i, name);
    assert.doesNotMatch(await whole(others[name]), new RegExp(`Bắt đầu lúc ${clock(start - HOUR)}`), name);
  }
  await until("the room is told to be closed", () => site.page.locator(".waiting__opens").count());
  assert.match(await text(site), new RegExp(`Phòng mở lúc ${clock(start - HOUR)}`));
  assert.match(await text(site), new RegExp(`Bắt đầu lúc ${clock(start)}`));
  await server.cli("session", "call-off", "--session", session.id, "--reason", "Bão số 3");
  await site.page.evaluate(() => dispatchEvent(new Event("online"))); // it asks again at once
  await until("the end is told", async () => (await site.phase()) === "ended");
  await until("and why", async () => (await text(site)).includes("Lý do: Bão số 3"));
  assert.match(await text(site), /Phiên họp đã huỷ/);
  assert.doesNotMatch(await text(site), /cảm ơn/);
  for (const [name, p] of Object.entries(others)) {
    await p.page.evaluate(() => dispatchEvent(new Event("online")));
    await until(`${name} reads the same`, async () => (await whole(p)).includes("Bão số 3"));
    assert.match(await whole(p), /Phiên họp đã huỷ/, name);
    assert.doesNotMatch(await whole(p), /cảm ơn/, name);
    await p.kill();
  }
});

test("the host's computer that is gone is told as gone, not as muted", async () => {
  const session = await convene(server, { countdown_s: 0 });
  const host = await person("host", session.links.host, { colour: "red", tone: 500 });
  const site = await person("seer", linkOf(session, "P58C1"));
  await host.enter();
  await site.enter();
  await until("the host is in", async () => (await host.phase()) === "waiting");
  await host.press("start");
  await until("the stage is seen", () =>
    site.page.evaluate(() => document.querySelector('video[data-slot="main"]')?.videoWidth),
  );
  await host.kill();
  const tile = site.page.locator('[data-tile="main"]');
  await until("it is told", async () => (await tile.innerText()).includes("Mất kết nối, đang chờ trở lại"));
  assert.doesNotMatch(await tile.innerText(), /Chỉ có tiếng|Đã tắt micro/);
});

/** A computer whose clock can be set while its page is open. */
function settable() {
  const Native = Date;
  window.testShift = 0;
  window.Date = class extends Native {
    constructor(...args) {
      if (args.length) super(...args);
      else super(Native.now() + window.testShift);
    }
    static now() {
      return Native.now() + window.testShift;
    }
  };
}

test("a clock that is set back by an hour while the page is open moves no countdown", async () => {
  const start = Date.now() + HOUR - 18_000;
  const session = await convene(server, { start: new Date(start).toISOString(), countdown_s: 20 });
  const operator = await Seat.enter(session.links.operator);
  const site = await person("clock", linkOf(session, "P58C1"), { init: settable });
  await site.enter();
  const left = async () => {
    const parts = (await site.page.locator(".waiting__countdown strong").innerText()).split(":").map(Number);
    return parts.reduce((sum, part) => 60 * sum + part, 0);
  };
  await until("it waits", async () => (await left()) > 0);
  for (const hours of [-1, 1]) {
    await site.page.evaluate((ms) => (window.testShift = ms), hours * HOUR);
    const before = await left();
    await until("the clock goes on", async () => (await left()) < before);
    assert.ok(Math.abs((await left()) - (start - Date.now()) / 1000) < 30, `${await left()} s are left, it says`);
  }
  await site.page.evaluate((ms) => (window.testShift = ms), -HOUR);
  await operator.ask("start");
  await until("the session runs", async () => (await site.phase()) === "live");
  await operator.ask("grant", { endpoint: "P58C1" });
  const { value } = await until("it is counted down", () =>
    site.page.evaluate(() => Number(document.querySelector("[data-countdown]")?.dataset.countdown)),
  );
  assert.ok(value <= 21, `counts from ${value}`); // the two clocks may differ by a second
  operator.drop();
});
