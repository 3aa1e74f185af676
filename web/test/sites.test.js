import test from "node:test";
import assert from "node:assert/strict";
import { SiteList, isBlind, isWeak } from "../static/lib/sites.js";

const UNITS = [
  { code: "TW", level: "central", name: "Trung ương" },
  { code: "P1", parent: "TW", level: "province", name: "Tỉnh Ninh Thuận" },
  { code: "D1", parent: "P1", level: "district", name: "Huyện Ninh Phước" },
  { code: "C1", parent: "D1", level: "commune", name: "Xã An Hải" },
  { code: "C2", parent: "D1", level: "commune", name: "Xã Phước Hữu" },
  { code: "P2", parent: "TW", level: "province", name: "Tỉnh Đắk Lắk" },
  { code: "C3", parent: "P2", level: "commune", name: "Xã Ea Kao" },
  { code: "LOOP", parent: "LOOP", level: "commune", name: "Vòng" },
];

function list() {
  const sites = new SiteList();
  sites.load(UNITS, [
    { code: "P1", unit: "P1", name: "Tỉnh Ninh Thuận", state: "present" },
    { code: "C1", unit: "C1", name: "Xã An Hải", phone: "0912", state: "present", headcount: 12 },
    { code: "C1-2", unit: "C1", name: "Xã An Hải 2", state: "absent" },
    { code: "C2", unit: "C2", name: "Xã Phước Hữu", state: "lost" },
    { code: "C3", unit: "C3", name: "Xã Ea Kao", state: "connecting" },
    { code: "G1", name: "Khách mời", state: "absent" },
    { code: "X1", unit: "LOOP", name: "Cây hỏng", state: "absent" },
  ]);
  return sites;
}

const codes = (/** @type {{code: string}[]} */ sites) => sites.map((site) => site.code);

test("sites know their province and the units above them", () => {
  const sites = list();
  assert.deepEqual(sites.get("C1")?.parents, ["Huyện Ninh Phước", "Tỉnh Ninh Thuận"]);
  assert.equal(sites.get("C1")?.province, "P1");
  assert.equal(sites.get("P1")?.province, "P1");
  assert.deepEqual(sites.get("P1")?.parents, []);
  assert.equal(sites.get("G1")?.province, "");
  assert.equal(sites.get("X1")?.province, "");
  assert.deepEqual(
    sites.provinces().map((p) => [p.code, p.name, p.convened]),
    [
      ["P1", "Tỉnh Ninh Thuận", 4],
      ["P2", "Tỉnh Đắk Lắk", 1],
      ["", "", 2],
    ],
  );
});

test("counts follow every change, whole and by province", () => {
  const sites = list();
  assert.equal(sites.total.convened, 7);
  assert.equal(sites.total.present, 3, "who enters is present as well");
  assert.equal(sites.total.blind, 3, "and nothing arrives there yet");
  assert.equal(sites.total.present + sites.total.lost + sites.total.absent, sites.total.convened);
  assert.equal(sites.total.lost, 1);
  assert.equal(sites.total.headcount, 12);
  sites.apply([
    { code: "C2", state: "on-floor", headcount: 3, answered: true },
    { code: "C1", state: "lost" },
    { code: "nobody", state: "present" },
  ]);
  const ninhThuan = sites.provinces()[0];
  assert.deepEqual(
    { ...ninhThuan },
    {
      code: "P1",
      name: "Tỉnh Ninh Thuận",
      convened: 4,
      present: 2,
      blind: 2,
      lost: 1,
      absent: 1,
      weak: 0,
      hands: 0,
      answered: 1,
      headcount: 3,
    },
  );
  assert.equal(sites.total.headcount, 3);
  assert.equal(sites.total.convened, 7);
});

test("a change replaces the whole changing part and keeps the names", () => {
  const sites = list();
  sites.apply([{ code: "C1", state: "present", hand_at_ms: 5, slots: ["floor"] }]);
  sites.apply([{ code: "C1", state: "present" }]);
  assert.equal(sites.get("C1")?.hand_at_ms, undefined);
  assert.equal(sites.get("C1")?.headcount, undefined);
  assert.equal(sites.get("C1")?.name, "Xã An Hải");
  assert.equal(sites.get("C1")?.phone, "0912");
});

test("counts after thousands of random changes equal a count from scratch", () => {
  const sites = list();
  let seed = 7;
  const random = (/** @type {number} */ n) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % n;
  const all = ["P1", "C1", "C1-2", "C2", "C3", "G1", "X1"];
  for (let i = 0; i < 5_000; i++) {
    sites.apply([
      {
        code: all[random(7)],
        state: ["absent", "connecting", "present", "lost", "on-floor"][random(5)],
        loss_pct: random(9),
        hand_at_ms: random(2) ? i : undefined,
        headcount: random(30),
        receiving: random(2) === 1,
        answered: random(2) === 1,
      },
    ]);
  }
  const every = sites.view().slice();
  assert.deepEqual(
    codes(sites.hands()),
    codes(every.filter((s) => s.hand_at_ms).sort((a, b) => (a.hand_at_ms ?? 0) - (b.hand_at_ms ?? 0))),
  );
  for (const counts of [sites.total, ...sites.provinces()]) {
    const own = every.filter((s) => counts === sites.total || s.province === counts.code);
    assert.equal(counts.convened, own.length);
    assert.equal(counts.present, own.filter((s) => ["connecting", "present", "on-floor"].includes(s.state)).length);
    assert.equal(counts.blind, own.filter(isBlind).length);
    assert.equal(counts.present + counts.lost + counts.absent, counts.convened, "sums add up");
    assert.equal(counts.lost, own.filter((s) => s.state === "lost").length);
    assert.equal(counts.absent, own.filter((s) => s.state === "absent").length);
    assert.equal(counts.weak, own.filter(isWeak).length);
    assert.equal(counts.hands, own.filter((s) => s.hand_at_ms).length);
    assert.equal(counts.answered, own.filter((s) => s.answered).length);
    assert.equal(
      counts.headcount,
      own.reduce((sum, s) => sum + (s.headcount ?? 0), 0),
    );
  }
});

test("the list begins with what wants attention", () => {
  const sites = list();
  sites.apply([
    { code: "C1", state: "present", hand_at_ms: 20 },
    { code: "C1-2", state: "present", hand_at_ms: 10 },
    { code: "C3", state: "on-floor", hand_at_ms: 1 },
  ]);
  assert.deepEqual(codes(sites.view().slice()), ["C3", "C1-2", "C1", "C2", "P1", "G1", "X1"]);
  assert.deepEqual(codes(sites.hands()), ["C3", "C1-2", "C1"]);
});

test("views after thousands of random changes equal views made anew", () => {
  const sites = list();
  const all = ["P1", "C1", "C1-2", "C2", "C3", "G1", "X1"];
  /** @type {import("../static/lib/siteview.js").Wish[]} */
  const wishes = [
    {},
    { filter: "present", order: "place" },
    { filter: "hand", province: "P1" },
    { query: "xa", filter: "unanswered" },
  ];
  const views = wishes.map((wish) => sites.view(wish));
  let seed = 11;
  const random = (/** @type {number} */ n) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % n;
  for (let i = 0; i < 3_000; i++) {
    sites.apply([
      {
        code: all[random(7)],
        state: ["absent", "connecting", "present", "lost", "on-floor"][random(5)],
        hand_at_ms: random(3) ? undefined : 1 + random(4),
        answered: random(2) === 1,
      },
    ]);
    const anew = list();
    anew.apply(all.map((code) => ({ .../** @type {any} */ (sites.get(code)) })));
    wishes.forEach((wish, n) => {
      assert.equal(sites.view(wish), views[n], "it is kept");
      assert.deepEqual(
        codes(views[n].slice()),
        codes(anew.view(wish).slice()),
        `after ${i} changes: ${JSON.stringify(wish)}`,
      );
      assert.equal(views[n].length, views[n].slice().length);
      assert.deepEqual(codes(views[n].slice(1, 3)), codes(views[n].slice()).slice(1, 3));
      for (const site of views[n].slice()) assert.equal(site, sites.get(site.code), "it shows the site as it is now");
    });
  }
});

test("filters, province and search narrow the list together", () => {
  const sites = list();
  sites.apply([{ code: "C1", state: "present", loss_pct: 9 }]);
  assert.deepEqual(codes(sites.view({ filter: "weak" }).slice()), ["C1"]);
  assert.deepEqual(codes(sites.view({ filter: "lost" }).slice()), ["C2"]);
  assert.deepEqual(codes(sites.view({ province: "P2" }).slice()), ["C3"]);
  assert.deepEqual(codes(sites.view({ province: "" }).slice()), ["G1", "X1"]);
  assert.deepEqual(codes(sites.view({ query: "ninh phuoc an hai" }).slice()), ["C1", "C1-2"]);
  assert.deepEqual(codes(sites.view({ query: "dak lak" }).slice()), ["C3"]);
  assert.deepEqual(codes(sites.view({ query: "an hai", filter: "absent" }).slice()), ["C1-2"]);
});

test("stand-by is listed", () => {
  const sites = list();
  sites.apply([{ code: "C1", state: "present", stand_by: true }]);
  assert.deepEqual(codes(sites.standingBy()), ["C1"]);
  sites.apply([{ code: "C1", state: "present" }]);
  assert.deepEqual(codes(sites.standingBy()), []);
});
