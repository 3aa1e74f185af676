// The desk of the chair: the stage is large and always in sight, nothing moves or covers a button, a chair who comes back is told
// that the microphone is closed, and the wall shows twelve sites with their names.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Person } from "./lib/browser.mjs";
import { convene } from "./lib/convene.mjs";
import { SIZES } from "./lib/look.mjs";
import { People } from "./lib/people.mjs";
import { Seat } from "./lib/seat.mjs";
import { Server } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

const SHOTS = "test-results/desk";
const SITES = 14;
let server, session, host, phone, operator;
const people = new People();
const seats = [];

/** Lets a test say that the system mutes the microphone, as a headset's button does. */
function mutable() {
  const Native = window.WebSocket;
  window.testSockets = [];
  window.WebSocket = class extends Native {
    constructor(...args) {
      super(...args);
      window.testSockets.push(this);
    }
  };
  const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.testTracks = [];
  navigator.mediaDevices.getUserMedia = async (wish) => {
    const stream = await get(wish);
    for (const track of stream.getAudioTracks()) {
      let muted = false;
      Object.defineProperty(track, "muted", { get: () => muted });
      track.testMute = (now) => {
        muted = now;
        track.dispatchEvent(new Event(now ? "mute" : "unmute"));
      };
      window.testTracks.push(track);
    }
    return stream;
  };
}

const link = (code) => session.endpoints.find((e) => e.code === code).link;
const shown = (p, selector, ms) => until(`${p.name} shows ${selector}`, () => p.page.locator(selector).count(), ms);
const gone = (p, selector, ms) =>
  until(`${p.name} no longer shows ${selector}`, async () => !(await p.page.locator(selector).count()), ms);
const boxes = (p, selector) =>
  p.page.locator(selector).evaluateAll((list) =>
    list
      .filter((e) => e.checkVisibility())
      .map((e) => {
        const { left, top, right, bottom } = e.getBoundingClientRect();
        return {
          name: e.dataset.action ?? e.className,
          left: Math.round(left),
          top: Math.round(top),
          right: Math.round(right),
          bottom: Math.round(bottom),
        };
      }),
  );
const apart = (a, b) =>
  a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  server = await Server.create();
  session = await convene(server, {
    countdown_s: 0,
    guests: Array.from({ length: SITES }, (_, i) => ({
      name: `Điểm cầu số ${i + 1} của phường Phước Mỹ, thành phố Phan Rang - Tháp Chàm`,
    })),
  });
  host = await people.enter(server.dir, "host", session.links.host, { colour: "red", tone: 500, init: mutable });
  operator = await Seat.enter(session.links.operator);
  seats.push(operator);
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

test("the stage takes a third of the window and stays in sight, and the toolbar is fixed", async () => {
  for (const [size, [width, height]] of Object.entries(SIZES)) {
    await host.page.setViewportSize({ width, height });
    await until(`drawn at ${size}`, async () => {
      const { share, inside } = await host.page.evaluate(() => {
        const { width: w, height: h, top, bottom } = document.querySelector(".console__stage").getBoundingClientRect();
        return {
          share: (w * h) / (innerWidth * innerHeight),
          inside: top >= 0 && bottom <= innerHeight && document.documentElement.scrollHeight <= innerHeight,
        };
      });
      return (share > (size === "phone" ? 0.2 : 0.32) && inside) || Promise.reject(new Error(`${share} ${inside}`));
    });
    await until("every button of the bar is in the window", async () =>
      (await boxes(host, ".host-controls > .button")).every(
        (b) => b.bottom <= height && b.right <= width && b.left >= 0,
      ),
    );
  }
  await host.page.setViewportSize({ width: 1366, height: 768 });
  const still = await boxes(host, ".host-controls > .button");
  await host.press("roll-call");
  await shown(host, '[data-action="roll-call"][aria-pressed="true"]');
  assert.deepEqual(await boxes(host, ".host-controls > .button"), still, "a roll call moves no button");
  await host.press("roll-call");
  await shown(host, '[data-action="roll-call"][aria-pressed="false"]');
});

test("messages and log stand beside the stage: the chair steers on while they are open", async () => {
  const c1 = await Seat.enter(link("P58C1"));
  seats.push(c1);
  for (const name of ["messages", "auditlog"]) {
    await host.press(name);
    await shown(host, ".side-panel");
    await host.page.locator(".side-panel :is(textarea, input)").last().pressSequentially("abc xyz");
    const [panel] = await boxes(host, ".side-panel");
    for (const b of [...(await boxes(host, ".host-controls > .button")), ...(await boxes(host, ".console__stage"))])
      assert.ok(apart(panel, b), `${name} covers ${b.name}`);
    await c1.ask("raise_hand");
    await shown(host, ".queue .waiter");
    await host.page.locator('.queue [data-action="lower-hand"]').click();
    await gone(host, ".queue .waiter");
    assert.equal(await host.page.evaluate(() => document.querySelectorAll("dialog:modal").length), 0);
    await host.press(name);
    await gone(host, ".side-panel");
  }
  await c1.ask("send_message", { to: "@secretariat", text: "xin hỏi ".repeat(60) });
  await shown(host, ".new-message");
  const [card] = await boxes(host, ".new-message");
  for (const b of await boxes(host, ":is(.host-controls, .floor, .sites) .button"))
    assert.ok(apart(card, b), `a message covers ${b.name}`);
  await host.press("message-seen");
});

test("twelve sites stand on the wall apart from each other, each with its name, and no picture is asked for that is not there", async () => {
  const refused = [];
  host.page.on("response", (r) => r.status() === 404 && refused.push(r.url()));
  for (let i = 1; i <= SITES; i++) {
    const { link: url } = session.endpoints.find((e) => e.name.startsWith(`Điểm cầu số ${i} `));
    seats.push(await Seat.enter(url));
  }
  await host.press("wall");
  await until("twelve are on the wall", async () => (await host.page.locator(".wall__site").count()) === 12);
  const apartAll = async () => {
    const tiles = await boxes(host, ".wall__site");
    for (const [i, a] of tiles.entries())
      for (const b of tiles.slice(0, i))
        if (!apart(a, b)) throw new Error(`${JSON.stringify(a)} over ${JSON.stringify(b)}`);
    return tiles.every((tile) => tile.right - tile.left > 90 && tile.bottom - tile.top > 50);
  };
  await until("they stand apart", apartAll);
  for (const name of await host.page.locator(".wall__name").all()) assert.match(await name.innerText(), /\p{L}/u);
  const hidden = await host.page
    .locator(".wall__name span")
    .evaluateAll((list) => list.filter((e) => e.getBoundingClientRect().height < 10).length);
  assert.equal(hidden, 0, "names are seen");
  await host.page.screenshot({ path: join(SHOTS, "wall.png") });
  await host.page.setViewportSize({ width: 390, height: 844 });
  await host.page.locator(".desk__views .tab").last().click();
  await until("they stand apart on a phone", apartAll);
  await host.page.screenshot({ path: join(SHOTS, "wall-phone.png") });
  await host.page.locator(".desk__views .tab").first().click();
  await host.page.setViewportSize({ width: 1366, height: 768 });
  assert.deepEqual(refused, []);
  await host.press("wall");
});

test("who is connected is present, and a tab names those to whom nothing arrives", async () => {
  const number = async (filter) => Number(await host.page.locator(`[data-filter="${filter}"] strong`).innerText());
  await until("the sums add up", async () => {
    const [all, present, lost, absent, blind] = await Promise.all(
      ["all", "present", "lost", "absent", "blind"].map(number),
    );
    return (
      (all === present + lost + absent && present === SITES + 1 && blind === present) ||
      Promise.reject(new Error([all, present, lost, absent, blind].join()))
    );
  });
});

const muted = async () => operator.state.stage.find((s) => s.slot === "main")?.muted ?? false;

test("a chair who comes back is told that the microphone is closed, and one press opens it", async () => {
  for (const way of ["reload", "offline"]) {
    if (way === "reload") {
      await host.page.reload();
      await host.enter();
    } else {
      await host.page.evaluate(() => window.testSockets.at(-1).close());
    }
    await shown(host, '.held [data-action="confirm"]', 30000);
    assert.equal(await muted(), true, "nobody hears the chair yet");
    await host.page.screenshot({ path: join(SHOTS, `back-${way}.png`) });
    await host.page.locator('.held [data-action="confirm"]').click();
    await until("the chair is heard again", async () => !(await muted()));
    await gone(host, ".held");
  }
});

test("who speaks into a closed microphone is warned, and so is the operator", async () => {
  await host.press("mute");
  await shown(host, '[data-unheard="talking"]', 20000);
  await until(
    "the operator knows",
    () => operator.state.stage.find((s) => s.slot === "main")?.microphone === "talking",
  );
  await host.page.screenshot({ path: join(SHOTS, "talking.png") });
  await host.page.locator('[data-unheard] [data-action="mute"]').click();
  await gone(host, "[data-unheard]");
  await until(
    "the operator knows that it is over",
    () => !operator.state.stage.find((s) => s.slot === "main")?.microphone,
  );
});

test("a headset that mutes its microphone is told to who speaks and to the operator", async () => {
  await host.page.evaluate(() => window.testTracks.at(-1).testMute(true));
  await shown(host, '[data-unheard="system"]');
  await until("the operator knows", () => operator.state.stage.find((s) => s.slot === "main")?.microphone === "system");
  await host.page.evaluate(() => window.testTracks.at(-1).testMute(false));
  await gone(host, "[data-unheard]");
  await until(
    "the operator knows that it is over",
    () => !operator.state.stage.find((s) => s.slot === "main")?.microphone,
  );
});

test("a screen of the central room enters by itself, shows who speaks and who is there, and comes back by itself", async () => {
  const screen = new Person(server.dir, "screen");
  people.push(screen);
  await screen.open(session.links.room, { viewport: { width: 1920, height: 1080 } });
  const says = (text) =>
    until(
      `the screen says ${text}`,
      async () =>
        (await screen.page.locator("body").innerText()).includes(text) ||
        Promise.reject(new Error(await screen.page.locator("body").innerText())),
      30000,
    );
  await says("Chủ trì");
  await until(
    "it counts as the console does",
    async () =>
      (await screen.page.locator("[data-present]").first().getAttribute("data-present")) ===
      (await host.page.locator('[data-filter="present"] strong').innerText()),
  );
  assert.equal(await screen.page.locator("button, input, select").count(), 0, "it steers nothing");
  const present = operator.state.present;
  const c4 = await Seat.enter(link("P58C4"));
  seats.push(c4);
  await operator.ask("grant", { endpoint: "P58C4" });
  await says("Xã Công Hải");
  await says("Tỉnh Ninh Thuận");
  const size = await screen.page
    .locator(".screen__name")
    .first()
    .evaluate((e) => parseFloat(getComputedStyle(e).fontSize));
  assert.ok(size >= 1080 / 20, `a name of ${size} px is not read at ten metres`);
  await operator.ask("roll_call", { open: true });
  await says("Điểm danh");
  await operator.ask("roll_call", { open: false });
  await screen.page.screenshot({ path: join(SHOTS, "screen.png") });
  await screen.page.keyboard.press("2");
  await shown(screen, ".screen__mosaic [data-picture]");
  await screen.page.screenshot({ path: join(SHOTS, "screen-country.png") });
  await screen.page.keyboard.press("1");
  await screen.page.reload();
  await says("Xã Công Hải");
  assert.equal(operator.state.present, present + 1, "the screen counts nowhere");
  await operator.ask("revoke", { endpoint: "P58C4" });
  await screen.kill();
});

test("on a phone that is on air no card covers the microphone button, whatever is asked and told", async () => {
  phone = await people.enter(server.dir, "phone", link("P58C2"), { colour: "green", tone: 800, phone: true });
  await until("it is there", () => operator.sites.endpoints.find((e) => e.code === "P58C2").state === "present");
  await operator.ask("grant", { endpoint: "P58C2" });
  await until("it is on air", () => operator.state.stage.some((s) => s.endpoint === "P58C2" && s.state === "on_air"));
  await operator.ask("send_message", { to: "P58C2", text: "Đề nghị điểm cầu chỉnh lại máy quay. ".repeat(8) });
  await operator.ask("roll_call", { open: true });
  await shown(phone, ".rollcall");
  await shown(phone, ".new-message");
  for (const [width, height] of [
    [390, 844],
    [360, 640],
    [844, 390],
    [1366, 768],
  ]) {
    await phone.page.setViewportSize({ width, height });
    await until(`all buttons can be pressed at ${width}`, () =>
      phone.page.evaluate(() => {
        const hidden = [...document.querySelectorAll(".controls > div > .button")]
          .filter((b) => b.checkVisibility())
          .filter((b) => {
            const { left, top, width: w, height: h } = b.getBoundingClientRect();
            return !b.contains(document.elementFromPoint(left + w / 2, top + h / 2));
          });
        if (hidden.length) throw new Error(`covered: ${hidden.map((b) => b.dataset.action)}`);
        return true;
      }),
    );
    await phone.page.screenshot({ path: join(SHOTS, `cards-${width}.png`) });
  }
  await phone.page.setViewportSize({ width: 1366, height: 768 });
  const before = (await boxes(phone, ".controls"))[0];
  await phone.page.locator('[data-action="answer-roll-call"]').click();
  await phone.press("share-screen");
  await shown(phone, '[data-action="share-screen"][aria-pressed="true"]');
  const bar = (await boxes(phone, ".controls"))[0];
  assert.equal(bar.bottom - bar.top, before.bottom - before.top, "the bar does not grow when a screen is shared");
  await phone.page.screenshot({ path: join(SHOTS, "sharing.png") });
});
