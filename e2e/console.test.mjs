// The consoles at work: what the host and operators do during a session, in Chromium, and what happens when two things
// happen at once. Sites whose picture matters are browsers, the others are seats without one.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { convene } from "./lib/convene.mjs";
import { framesShown, nameColour, readColour } from "./lib/media.mjs";
import { People } from "./lib/people.mjs";
import { Seat } from "./lib/seat.mjs";
import { Server } from "./lib/server.mjs";
import { type } from "./lib/typing.mjs";
import { until } from "./lib/until.mjs";

const SHOTS = "test-results/console";
let server, session, host, c1, c2, c3, k1;
const people = new People();
const seats = [];

const link = (code) => session.endpoints.find((e) => e.code === code).link;
const seat = async (url) => {
  const s = await Seat.enter(url);
  seats.push(s);
  return s;
};
const person = (name, url, options) => people.enter(server.dir, name, url, options);
const state = (code, want, ms) =>
  until(
    `the host sees ${code} ${want}`,
    async () => (await host.stateOf(code)) === want || Promise.reject(new Error(await host.stateOf(code))),
    ms,
  );
const sees = (p, slot, colour) =>
  until(
    `${p.name} sees ${colour} in ${slot}`,
    async () => nameColour(await readColour(p.page, slot)) === colour,
    20000,
  );
const shown = (p, selector, ms) => until(`${p.name} shows ${selector}`, () => p.page.locator(selector).count(), ms);
const gone = (p, selector) =>
  until(`${p.name} no longer shows ${selector}`, async () => !(await p.page.locator(selector).count()));
const holds = (slot, code) =>
  until(`${code} holds ${slot}`, () => (k1.state.stage.find((s) => s.slot === slot)?.endpoint ?? "") === code);
const sheet = async (code, action) => {
  await host.press("more", code);
  await host.page.locator(`dialog [data-action="${action}"]`).click();
};
/** The console shows the floor as the server has it, answers, and no dialogue is left open. */
async function wellAfter() {
  await until("the console shows what the server knows", async () => {
    const floor = k1.state.stage
      .filter((s) => s.slot.startsWith("floor"))
      .map((s) => s.endpoint)
      .sort();
    const rows = await host.page
      .locator('[data-endpoint][data-state="on-floor"]')
      .evaluateAll((list) => list.map((e) => e.dataset.endpoint).sort());
    return JSON.stringify(rows) === JSON.stringify(floor) || Promise.reject(new Error(`${rows} instead of ${floor}`));
  });
  assert.equal(await host.page.locator("dialog[open]").count(), 0);
  assert.equal(await host.page.evaluate(() => document.body.dataset.link), "online");
}
async function clearFloor() {
  // Of every site: the state comes a little after the answers, and may not name the last speaker yet.
  for (const endpoint of ["P58C1", "P58C2", "P58C3"]) await k1.outcome("revoke", { endpoint });
  await until("the floor is empty", () => !k1.state.stage.some((s) => s.slot.startsWith("floor")));
}

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  server = await Server.create();
  session = await convene(server, { operators: [{ scope: "P58" }], countdown_s: 0 });
  host = await person("host", session.links.host, { colour: "red", tone: 500 });
  k1 = await seat(session.links.operator);
  await host.press("start");
  await until("live", async () => (await host.phase()) === "live");
  c1 = await person("c1", link("P58C1"), { colour: "green", tone: 800 });
  c2 = await person("c2", link("P58C2"), { colour: "blue", tone: 1250 });
  c3 = await seat(link("P58C3"));
  await sees(c2, "main", "red");
});

afterEach(async (t) => {
  if (t.passed !== false) return;
  await people.shoot(SHOTS);
});

after(async () => {
  for (const s of seats) s.drop();
  await people.kill();
  await server?.kill();
});

test("a site is put on stand-by, previewed, and given the floor by one key", async () => {
  await c1.page.keyboard.press("F2");
  await until("the hand is up", () => host.page.locator('[data-endpoint="P58C1"][data-hand]').count());
  await host.press("stand-by", "P58C1");
  await shown(c1, ".own");
  await sees(host, "preview", "green");
  assert.notEqual(nameColour(await readColour(c2.page, "floor")), "green", "nobody else sees the preview");
  await host.page.screenshot({ path: join(SHOTS, "stand-by.png") });
  await host.page.keyboard.press("F2");
  await sees(c2, "floor", "green");
  await until("how long it speaks shows everywhere", async () =>
    (await Promise.all([host, c1, c2].map((p) => p.page.locator(".speaking-time").count()))).every((n) => n > 0),
  );
});

test("two sites in a dialogue; the host mutes one, which opens its microphone itself", async () => {
  await sheet("P58C2", "grant-floor2");
  await sees(c1, "floor2", "blue");
  await holds("floor", "P58C1");
  await host.press("mute", "P58C1");
  await shown(c1, ".onair__muted");
  await until("the host sees it muted", () =>
    host.page.locator('[data-endpoint="P58C1"] [data-action="mute"][disabled]').count(),
  );
  await c1.page.keyboard.press("F8");
  await gone(c1, ".onair__muted");
});

test("a site on the floor shows its screen", async () => {
  await c2.press("share-screen");
  await until("the other site gets it", async () => (await framesShown(c1.page, "presentation")) > 1, 20000);
  await holds("presentation", "P58C2");
  await c2.press("share-screen");
  await holds("presentation", "");
  await host.page.keyboard.press("F4");
  await state("P58C1", "present");
  await state("P58C2", "present");
});

test("a site feeds the main picture, such as the machine of the central room, and the chair takes it back", async () => {
  await sheet("P58C2", "grant-main");
  await holds("main", "P58C2");
  await sees(c1, "main", "blue");
  await host.press("take-main");
  await holds("main", "@host");
  await sees(c1, "main", "red");
});

test("messages reach whom they are for and nobody else", async () => {
  const c4 = await seat(link("P58C4"));
  const q1 = await seat(link("P67C1"));
  const write = async (to, text) => {
    await host.press("messages");
    await host.page.locator("dialog select").selectOption(to);
    await type(host.page.locator("dialog textarea"), text);
    await host.page.locator('dialog [data-action="send"]').click();
    await until("it is written", async () =>
      (await host.page.locator("dialog .message-item__text").allInnerTexts()).includes(text),
    );
    await host.page.keyboard.press("Escape");
  };
  await write("P67", "cho Đắk Nông");
  await write("*", "cho tất cả");
  await sheet("P58C3", "message");
  await type(host.page.locator("dialog textarea"), "cho Vĩnh Hải");
  await host.page.locator('dialog [data-action="send"]').click();
  await until("c3 has it", () => c3.messages.length === 2);
  await host.page.keyboard.press("Escape");
  await gone(host, "dialog[open]");
  await c1.press("messages");
  await type(c1.page.locator("dialog textarea"), "xin hỏi thư ký");
  await c1.page.locator('dialog [data-action="send"]').click();
  await until("the console has it", async () =>
    (await host.page.locator(".new-message__text").allInnerTexts()).includes("xin hỏi thư ký"),
  );
  await c1.page.keyboard.press("Escape");
  await host.page.screenshot({ path: join(SHOTS, "message.png") });
  await host.press("message-seen");
  const texts = (s) => s.messages.map((m) => m.text).sort();
  assert.deepEqual(texts(q1), ["cho tất cả", "cho Đắk Nông"].sort());
  assert.deepEqual(texts(c3), ["cho tất cả", "cho Vĩnh Hải"].sort());
  assert.deepEqual(texts(c4), ["cho tất cả"]);
  assert.equal(
    await c3.outcome("send_message", { to: "P58C4", text: "x" }),
    "forbidden",
    "sites do not write to each other",
  );
  for (const s of [c4, q1]) s.drop();
});

test("a locked session admits nobody new; a removed site is out until it is readmitted", async () => {
  await host.press("lock");
  await until("it is locked", () => k1.state.locked);
  await assert.rejects(Seat.enter(link("P67C2")), { code: "locked" });
  await host.press("lock");
  await until("it is open", () => !k1.state.locked);
  await sheet("P58C3", "remove");
  await host.press("confirm");
  await until("it is told", () => c3.closed?.code === 4411);
  await assert.rejects(Seat.enter(link("P58C3")), { code: "removed" });
  await until("its row says so", () => host.page.locator('[data-endpoint="P58C3"][data-removed]').count());
  await sheet("P58C3", "remove");
  await until(
    "it is readmitted",
    async () => !(await host.page.locator('[data-endpoint="P58C3"][data-removed]').count()),
  );
  c3 = await seat(link("P58C3"));
  await state("P58C3", "connecting"); // a seat without a browser takes no picture
  await wellAfter();
});

test("the chair is handed over without a gap, and back", async () => {
  await sheet("P58C2", "hand-over");
  await shown(c2, ".console .sites", 20000);
  assert.equal(k1.state.phase, "live");
  await c2.press("grant-floor", "P58C1");
  await sees(c2, "floor", "green");
  await c2.page.screenshot({ path: join(SHOTS, "site-chairs.png") });
  await host.press("hand-over");
  await until("the host chairs", () => k1.state.chair === "@host");
  await gone(c2, ".console");
  assert.equal(await c2.page.evaluate(() => document.body.dataset.phase), "live");
  await holds("floor", "P58C1");
  await clearFloor();
});

test("a site declares its delegates, and answers the roll call by one press", async () => {
  await c1.press("people");
  const form = c1.page.locator("dialog form.people");
  await type(form.locator("#headcount"), "12");
  for (const [i, text] of ["Nguyễn Văn A", "Chủ tịch", "Trần Thị B"].entries())
    await type(form.locator(".people__row input").nth(i), text);
  await c1.press("save");
  await until("the server has them", async () => {
    const me = await (
      await fetch(`http://127.0.0.1:${server.port}/api/v1/me`, {
        headers: { authorization: `Bearer ${link("P58C1").split("#")[1]}` },
      })
    ).json();
    return me.headcount === 12 && me.delegates?.[0]?.attending_for === "Trần Thị B";
  });
  await host.press("roll-call");
  await shown(c1, ".rollcall");
  assert.equal(await c1.page.locator(".rollcall #headcount").inputValue(), "12", "what was declared stands there");
  await c1.press("answer-roll-call");
  await gone(c1, ".rollcall");
  await until(
    "the console counts it",
    async () => (await host.page.locator('[data-filter="unanswered"] strong').innerText()) === "5",
  );
  await host.page.locator('[data-filter="unanswered"]').click();
  await until(
    "who has not answered is listed",
    async () => (await host.page.locator(".row[data-endpoint]").count()) === 5,
  );
  await host.page.locator('[data-filter="all"]').click();
});

test("a roll call is closed while answers arrive: each is counted or refused", async () => {
  const all = await Promise.all(["P58C4", "P67C1", "P67C2"].map((code) => seat(link(code))));
  const roll_call = k1.state.roll_call;
  const answers = [c3, ...all].map((s, i) => s.outcome("roll_call_answer", { roll_call, headcount: 1 + i }));
  const [outcomes] = await Promise.all([Promise.all(answers), host.press("roll-call")]);
  await until("it is closed", () => !k1.state.roll_call);
  assert.ok(
    outcomes.every((o) => o === "ok" || o === "roll_call_closed"),
    String(outcomes),
  );
  assert.equal(await c3.outcome("roll_call_answer", { roll_call, headcount: 1 }), "roll_call_closed");
  const counted = outcomes.filter((o) => o === "ok").length + 1;
  await until(
    "the console shows those that were counted",
    async () => (await host.page.locator(".row[data-endpoint] .tag--done").count()) === counted,
  );
  await wellAfter();
});

test("the wall shows the still pictures that sites post", async () => {
  await host.press("wall");
  await until(
    "the pictures of both browsers are there",
    async () =>
      (await host.page
        .locator(".wall__site img")
        .evaluateAll((list) => list.filter((i) => i.naturalWidth === 320).length)) === 2,
    30000,
  );
  await until(
    "they come alive",
    async () => {
      const seen = await host.page
        .locator(".wall__site")
        .evaluateAll((list) => list.map((e) => `${e.innerText.trim()} ${e.querySelector("video").videoWidth}`));
      return seen.filter((s) => !s.endsWith(" 0")).length === 2 || Promise.reject(new Error(seen.join(", ")));
    },
    20000,
  );
  await host.page.screenshot({ path: join(SHOTS, "wall.png") });
  await host.press("wall");
});

test("two operators act at once: both see the same afterwards", async () => {
  for (let i = 0; i < 5; i++) {
    const [mine, other] = await Promise.all([
      host.press("grant-floor", "P58C1").then(() => "ok"),
      k1.outcome("grant", { endpoint: "P58C3" }),
    ]);
    assert.deepEqual([mine, other], ["ok", "ok"]);
    await until("one of them speaks", () =>
      ["P58C1", "P58C3"].includes(k1.state.stage.find((s) => s.slot === "floor")?.endpoint),
    );
    await wellAfter();
    await clearFloor();
    await wellAfter();
  }
});

test("the floor given twice is given once; a site that has just dropped does not get it", async () => {
  await k1.ask("grant", { endpoint: "P58C3" });
  const floor = () => k1.state.stage.find((s) => s.slot === "floor" && s.endpoint === "P58C3"); // told a little after the answer
  const since = (await until("the stage is told", floor)).value.on_air_ms;
  assert.equal(await k1.outcome("grant", { endpoint: "P58C3" }), "already_done");
  assert.equal(floor().on_air_ms, since);
  await clearFloor();
  const [outcome] = await Promise.all([k1.outcome("grant", { endpoint: "P58C3" }), c3.drop()]);
  assert.ok(["ok", "not_connected"].includes(outcome), outcome);
  await state("P58C3", "lost");
  assert.equal(await k1.outcome("grant", { endpoint: "P67C9" }), "unknown_endpoint");
  c3 = await seat(link("P58C3"));
  assert.ok(
    !k1.state.stage.some((s) => s.endpoint === "P58C3" && s.state === "on_air"),
    "it does not come back on air by itself",
  );
  await clearFloor();
  await state("P58C3", "connecting"); // a seat without a browser takes no picture
  await wellAfter();
});

test("the host reloads in the middle of each of these", async () => {
  const reload = async () => {
    await host.page.reload();
    await host.enter();
    await until(
      "the host is back",
      async () => (await host.phase()) === "live" && (await host.page.locator(".row[data-endpoint]").count()) === 6,
    );
  };
  const middles = {
    "a grant": () => host.press("grant-floor", "P58C1"),
    "a stand-by": () => host.press("stand-by", "P58C2"),
    "a roll call": () => host.press("roll-call"),
    "its close": () => host.press("roll-call"),
    "a lock": () => host.press("lock"),
    "a revoke": () => host.page.keyboard.press("F4"),
  };
  for (const [what, act] of Object.entries(middles)) {
    await act();
    await reload();
    await wellAfter();
    assert.equal(k1.state.chair, "@host", what);
  }
  await k1.outcome("lock", { locked: false });
  await clearFloor();
});

test("rows hold still under the mouse, and go to their places when it leaves", async () => {
  const s = seats.find((one) => one.welcome.self.code === "P67C2" && !one.closed);
  const order = () =>
    host.page.locator(".row[data-endpoint]").evaluateAll((list) => list.map((e) => e.dataset.endpoint));
  await host.page.mouse.move(5, 5);
  await until("nobody asks", async () => !(await host.page.locator(".row[data-hand]").count()));
  await host.page.locator('.row[data-endpoint="P58C1"]').hover();
  const before = await order();
  await s.ask("raise_hand");
  await until("its hand is seen", () => host.page.locator('.row[data-endpoint="P67C2"][data-hand]').count());
  assert.deepEqual(await order(), before);
  await shown(host, ".sites__held");
  const { y, height } = await host.page.locator(".sites__held").boundingBox();
  assert.ok(y + height <= 768, "the console fits the window");
  await host.page.screenshot({ path: join(SHOTS, "held.png") });
  await host.page.mouse.move(5, 5);
  await until("it comes first", async () => (await order())[0] === "P67C2");
  await s.ask("lower_hand");
});

test("a delegated operator sees and steers its province only", async () => {
  const operator = session.operators[0].link;
  const s = await seat(operator);
  assert.deepEqual(s.sites.endpoints.map((e) => e.code).sort(), ["P58C1", "P58C2", "P58C3", "P58C4"]);
  for (const [type, fields] of [
    ["grant", { endpoint: "P67C1" }],
    ["remove", { endpoint: "P67C1", removed: true }],
    ["mute", { endpoint: "P67C1", muted: true }],
    ["stand_by", { endpoint: "P67C1", on: true }],
    ["send_message", { to: "P67", text: "x" }],
  ]) {
    assert.equal(await s.outcome(type, fields), "forbidden", type);
  }
  assert.equal(await s.outcome("grant", { endpoint: "P58C1" }), "ok");
  await state("P58C1", "on-floor");
  await clearFloor();
});

test("a link that strangers open again and again is shown in its row, and reissued there", async () => {
  const old = link("P58C4");
  await seat(old).catch((e) => assert.equal(e.code, "occupied", "whoever answered the roll call may sit there still"));
  await state("P58C4", "connecting");
  const tag = host.page.locator('[data-endpoint="P58C4"] [data-contested]');
  assert.equal(await tag.count(), 0);
  // More than a link may ask for in a second: those that are refused as too many are no strangers at the door.
  await until("ten were refused the seat", async () => {
    for (let i = 0; i < 3; i++) await Seat.enter(old).catch((e) => assert.match(e.code, /occupied|too_many/));
    return tag.count();
  });
  assert.match(await tag.innerText(), /^Mở nơi khác \d\d lần$/);
  assert.match(await tag.getAttribute("title"), /^Đường dẫn bị mở ở nơi khác \d\d lần, giành chỗ 0 lần$/);
  const { width } = await tag.boundingBox();
  assert.ok(width > 100, "the words are there to read");
  await host.page.screenshot({ path: join(SHOTS, "contested.png") });
  await host.press("reissue", "P58C4");
  await host.page.locator('dialog [data-action="confirm"]').click();
  const shownLink = host.page.locator("dialog [data-link]");
  await until("the new link", () => shownLink.count());
  const fresh = await shownLink.innerText();
  assert.match(fresh, /^http.*\/j#/);
  await host.page.screenshot({ path: join(SHOTS, "reissued.png") });
  await host.page.keyboard.press("Escape");
  await until("it is over", async () => !(await tag.count()));
  await until("the old link is void", () =>
    Seat.enter(old).then(
      () => Promise.reject(new Error("it opens")),
      (e) => e.code === "bad_token" || Promise.reject(e),
    ),
  );
  await state("P58C4", "absent");
});

test("each act stands in the record with who did it, and no page met a fault", async () => {
  const response = await fetch(`http://127.0.0.1:${server.port}/api/v1/sessions/${session.id}/ledger.jsonl`, {
    headers: { authorization: `Bearer ${session.links.secretary.split("#")[1]}` },
  });
  const entries = (await response.text())
    .trim()
    .split("\n")
    .map((l) => JSON.parse(l));
  const by = (kind) => new Set(entries.filter((e) => e.kind === kind).map((e) => e.by));
  const kinds = new Set(entries.map((e) => e.kind));
  for (const kind of [
    "granted",
    "returned",
    "stand_by",
    "removal",
    "lock",
    "chair",
    "roll_call_opened",
    "roll_call_closed",
    "message",
    "delegates",
    "mute",
  ]) {
    assert.ok(kinds.has(kind) && !by(kind).has(undefined), `${kind}: ${[...by(kind)]}; there are ${[...kinds]}`);
  }
  assert.ok(by("granted").has("@host") && by("granted").has("@operator"));
  for (const p of people)
    assert.deepEqual(
      p.faults.filter((f) => !/WebSocket|Failed to load resource|ERR_/.test(f)),
      [],
      p.name,
    );
});
