// The main job as people live it: one host, three communes, a secretary, in browser processes of their own.
// Each site has its own colour and tone, so that a test can tell whose picture and sound arrive where.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { parseCSV } from "./lib/csv.mjs";
import { framesShown, nameColour, readColour, readTone } from "./lib/media.mjs";
import { Netns } from "./lib/netns.mjs";
import { People } from "./lib/people.mjs";
import { Server } from "./lib/server.mjs";
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
const TONES = [500, 800, 1250, 2000];
const SHOTS = "test-results/story";

let server, session, netns;
const people = new People();
const times = {};

async function sees(person, slot, colour, ms = 10000) {
  return until(
    `${person.name} sees ${colour} in ${slot}`,
    async () => {
      const got = nameColour(await readColour(person.page, slot));
      return got === colour || Promise.reject(new Error(`sees ${got}`));
    },
    ms,
  );
}

async function hears(person, slot, tone, ms = 20000) {
  return until(
    `${person.name} hears ${tone} Hz in ${slot}`,
    async () => {
      const got = await readTone(person.page, slot, TONES);
      return got === tone || Promise.reject(new Error(`hears ${got} Hz`));
    },
    ms,
  );
}

const silent = async (person, slot) =>
  assert.equal(await readTone(person.page, slot, TONES), 0, `${person.name} hears something in ${slot}`);

async function moves(person, slot) {
  let last = await framesShown(person.page, slot);
  let seen = 0; // the counter starts anew with a new connection
  await until(`${slot} of ${person.name} moves`, async () => {
    const now = await framesShown(person.page, slot);
    seen += now >= last ? now - last : now;
    last = now;
    return seen > 5;
  });
}

async function shot(person, name) {
  await person.page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

const state = (code, want, ms = 15000) =>
  until(`the host sees ${code} ${want}`, async () => (await people.host.stateOf(code)) === want, ms);

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  netns = Netns.create(); // before the server, which announces the addresses that it finds
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
      "P58/*",
      "--start",
      "now",
      "--json",
    ),
  );
  const behind = netns && {
    flags: [`--unsafely-treat-insecure-origin-as-secure=http://${netns.host}:${server.port}`],
    wrapper: netns.wrapper(server.dir),
  };
  people.add(server.dir, "host", { colour: "red", tone: TONES[0] });
  people.add(server.dir, "c1", { colour: "green", tone: TONES[1] });
  people.add(server.dir, "c2", { colour: "blue", tone: TONES[2] });
  people.add(server.dir, "c3", { colour: "yellow", tone: TONES[3], ...behind });
  people.add(server.dir, "secretary");
  for (const c of ["C1", "C2", "C3"]) {
    const link = session.endpoints.find((e) => e.code === c).link;
    people[c.toLowerCase()].url = c === "C3" && netns ? link.replace("127.0.0.1", netns.host) : link;
  }
});

afterEach(async (t) => {
  if (t.passed === false) await people.shoot(SHOTS);
});

after(async () => {
  await people.kill();
  await server?.kill();
  netns?.remove();
});

test("the host opens the link, checks picture and sound, and starts", async () => {
  const { host } = people;
  await host.open(session.links.host);
  assert.equal(await host.phase(), "preview");
  await shot(host, "1-host-preview");
  await host.enter();
  await host.press("start");
  times.live = Date.now();
  await until("the session is live", async () => (await host.phase()) === "live");
});

test("three communes enter and see and hear the host; the host sees them by unit", async () => {
  const { host, c1, c2, c3 } = people;
  for (const p of [c1, c2, c3]) {
    await p.open(p.url);
    await p.enter();
    times[p.name] = Date.now();
    const { ms } = await sees(p, "main", "red");
    console.log(`# ${p.name} sees the host ${ms} ms after entering`);
    await moves(p, "main");
  }
  for (const p of [c1, c2, c3]) await hears(p, "main", TONES[0]);
  for (const c of ["C1", "C2", "C3"]) await state(c, "present");
  assert.equal(await host.stateOf("C4"), "absent");
  await shot(host, "2-host-present");
  await shot(c1, "2-c1-live");
});

test("the host shares a screen beside the picture", async () => {
  const { host, c1, c2 } = people;
  await host.press("share-screen");
  for (const p of [c1, c2]) {
    await until(`${p.name} gets the screen`, async () => (await framesShown(p.page, "presentation")) > 2);
    await sees(p, "main", "red");
  }
  await shot(c1, "3-c1-presentation");
  await host.press("share-screen");
  await until("the presentation ends", () =>
    c1.page.evaluate(() => !document.querySelector('video[data-slot="presentation"]')?.checkVisibility()),
  );
});

test("a commune gets the floor after a countdown, and gives it back", async () => {
  const { host, c1, c2 } = people;
  await c1.press("raise-hand");
  await until("the host sees the hand", () =>
    host.page.evaluate(() => document.querySelector('[data-endpoint="C1"]').hasAttribute("data-hand")),
  );
  await shot(host, "4-host-hand");
  await host.press("grant-floor", "C1");
  await until("the countdown shows", () => c1.page.evaluate(() => /[123]/.test(document.body.innerText)));
  await shot(c1, "4-c1-countdown");
  await sees(c2, "floor", "green");
  await sees(host, "floor", "green");
  await hears(c2, "floor", TONES[1]);
  await hears(host, "floor", TONES[1]);
  const arrives = await c1.inbound(); // a speaker never hears himself: not even packets come
  assert.equal(arrives["a-floor"]?.packetsReceived ?? 0, 0);
  assert.ok(arrives["a-main"].packetsReceived > 0);
  await silent(c1, "floor");
  await hears(c1, "main", TONES[0]);
  await state("C1", "on-floor");
  await shot(c1, "4-c1-on-air");
  await shot(c2, "4-c2-floor");
  await shot(host, "4-host-floor");
  await host.press("revoke-floor", "C1");
  await state("C1", "present");
  await until("the sound was cut", async () => (await readTone(c2.page, "floor", TONES)) === 0, 5000); // what was on the way still plays
  assert.notEqual(nameColour(await readColour(c2.page, "floor")), "green", "the picture was cut");
});

test("another commune speaks next", async () => {
  const { host, c1 } = people;
  await host.press("grant-floor", "C2");
  await sees(c1, "floor", "blue");
  await hears(c1, "floor", TONES[2]);
  await sees(c1, "main", "red");
});

test("a killed browser comes back and is not unmuted", async () => {
  const { host, c1, c2 } = people;
  await c2.kill();
  await state("C2", "lost");
  await c2.open(c2.url);
  await c2.enter();
  await sees(c2, "main", "red");
  await hears(c2, "main", TONES[0]);
  await silent(c1, "floor");
  await shot(c2, "5-c2-back");
  await c2.press("confirm");
  await hears(c1, "floor", TONES[2]);
  await host.press("revoke-floor", "C2");
  await state("C2", "present");
});

test("a site without network for 10 s resumes by itself", async (t) => {
  if (!netns) return t.skip(`no network namespaces here: ${Netns.why}`);
  const { c3 } = people;
  netns.cut();
  const cut = Date.now();
  await state("C3", "lost");
  await until("10 s pass", () => Date.now() - cut > 10000, 12000);
  await shot(c3, "5-c3-cut");
  netns.mend();
  await state("C3", "present", 30000);
  await moves(c3, "main");
  await sees(c3, "main", "red");
  await hears(c3, "main", TONES[0]);
});

test("the killed host comes back to a session that went on", async () => {
  const { host, c1, c3 } = people;
  await c3.press("raise-hand");
  await until("the hand is up", () =>
    host.page.evaluate(() => document.querySelector('[data-endpoint="C3"]').hasAttribute("data-hand")),
  );
  await host.press("grant-floor", "C1");
  await sees(c3, "floor", "green");
  await host.kill();
  await hears(c3, "floor", TONES[1]); // the floor goes on
  assert.equal(await c1.phase(), "live");
  await host.open(session.links.host);
  await host.enter();
  await until("the host is in the live session", async () => (await host.phase()) === "live");
  await state("C1", "on-floor");
  assert.ok(
    await host.page.evaluate(() => document.querySelector('[data-endpoint="C3"]').hasAttribute("data-hand")),
    "the queue is unchanged",
  );
  await sees(c3, "main", "red", 15000);
  await moves(c3, "main");
});

test("kill -9 of the server: every page comes back, nobody is unmuted", async () => {
  const { host, c1, c2, c3 } = people;
  await server.kill("SIGKILL");
  await until("c1 notices", () => c1.page.evaluate(() => document.body.dataset.link === "reconnecting"));
  await shot(c1, "6-c1-server-gone");
  await server.start();
  for (const c of ["C2", "C3"]) await state(c, "present", 40000);
  for (const p of [host, c1, c2, c3]) assert.equal(await p.phase(), "live", p.name);
  for (const p of [c1, c2, c3]) {
    await sees(p, "main", "red", 30000);
    await moves(p, "main");
  }
  await silent(c2, "main");
  await silent(c2, "floor");
  assert.notEqual(nameColour(await readColour(c2.page, "floor")), "green", "the floor came back on air by itself");
  await c1.press("confirm");
  await hears(c3, "floor", TONES[1]);
  await host.press("mute");
  await hears(c2, "main", TONES[0]);
});

test("a second device asks, takes over, and the first is told", async () => {
  const { c2 } = people;
  const second = await people.enter(server.dir, "c2b", c2.url, { colour: "magenta", tone: TONES[2] });
  await until("the second is asked", () =>
    second.page.evaluate(() => !!document.querySelector('[data-action="take-over"]')?.checkVisibility()),
  );
  await shot(second, "7-take-over");
  await second.press("take-over");
  await until("the second is in", async () => (await second.phase()) === "live");
  await until(
    "the first is told",
    async () => (await c2.page.evaluate(() => document.body.dataset.error)) === "taken_over",
  );
  await shot(c2, "7-taken-over");
  await sees(second, "main", "red");
  await second.close();
  await state("C2", "absent");
});

test("the end reaches everyone, and the secretary downloads who was there", async () => {
  const { host, c1, c3, secretary } = people;
  await secretary.open(session.links.secretary);
  await secretary.enter();
  await until("the secretary is in", async () => (await secretary.phase()) === "live");
  await shot(secretary, "8-secretary-live");
  await host.press("end");
  await host.press("confirm");
  times.ended = Date.now();
  for (const p of [host, c1, c3, secretary])
    await until(`${p.name} is told`, async () => (await p.phase()) === "ended");
  await shot(c1, "8-c1-ended");
  await shot(host, "8-host-ended");
  await shot(secretary, "8-secretary-ended");

  const token = new URL(session.links.secretary).hash.slice(1);
  const get = async (path) => {
    const r = await fetch(`${server.url}/api/v1/sessions/${session.id}/${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(r.status, 200, path);
    return Buffer.from(await r.arrayBuffer()).toString();
  };
  const sites = parseCSV(await get("attendance.csv"));
  assert.deepEqual(Object.keys(sites[0]), [
    "endpoint",
    "unit",
    "name",
    "level",
    "parents",
    "first_joined",
    "last_left",
    "total_s",
    "interruptions",
    "status",
    "computed_status",
    "headcount",
    "late_s",
    "receiving_s",
    "phone",
    "reason",
    "level_name",
    "connected_only_s",
    "convened_at",
    "withdrawn_at",
  ]);
  const by = Object.fromEntries(sites.map((r) => [r.endpoint, r]));
  assert.equal(sites.length, 5, "every unit below P58: a district and four communes");
  assert.equal(by.C1.name, "Phường Đô Vinh");
  assert.match(by.C1.parents, /Phan Rang.*Ninh Thuận.*Trung ương/);
  assert.match(by.C1.first_joined, /\+07:00$/);
  near(by.C1.first_joined, times.c1, 5);
  near(by.C1.last_left, times.ended, 5);
  near(by.C3.first_joined, times.c3, 5);
  assert.equal(by.C4.first_joined, "");
  assert.equal(by.C4.total_s, "0");
  assert.equal(by.C1.interruptions, "1", "the server was killed once");
  assert.equal(by.C2.interruptions, "2", "browser killed, server killed");
  assert.equal(by.C3.interruptions, netns ? "2" : "1", "network cut, server killed");
  const whole = (times.ended - times.c1) / 1000;
  assert.ok(Math.abs(Number(by.C1.total_s) - whole) < 5, `total ${by.C1.total_s} s of ${whole}`);

  const intervals = parseCSV(await get("attendance.csv?table=intervals"));
  assert.deepEqual(Object.keys(intervals[0]), [
    "endpoint",
    "from",
    "to",
    "end_reason",
    "name",
    "length_s",
    "interruptions",
    "device",
  ]);
  assert.equal(intervals.filter((r) => r.endpoint === "C1").at(-1).end_reason, "ended");
  assert.equal(intervals.filter((r) => r.endpoint === "C2").at(-1).end_reason, "left");
  assert.equal(
    await server.cli("attendance", "export", "--session", session.id, "--format", "csv", "--out", "-"),
    await get("attendance.csv"),
  );
});

function near(text, ms, seconds) {
  const got = Date.parse(text);
  assert.ok(Math.abs(got - ms) <= seconds * 1000, `${text} is ${(got - ms) / 1000} s from the test's clock`);
}

test("no page met a fault", () => {
  for (const p of people) {
    const faults = (p.faults ?? []).filter((f) => !/WebSocket|ERR_CONNECTION|Failed to load resource/.test(f));
    assert.deepEqual(faults, [], p.name);
  }
});
