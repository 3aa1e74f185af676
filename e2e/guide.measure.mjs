// Makes the pictures of the guide (docs/huong-dan/hinh) from the pages themselves, so that they stay true: a session of two provinces
// with its chair, an operator, a secretary, two sites, the screen of the room, and a draft in the office.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, statSync, readdirSync } from "node:fs";
import { Person } from "./lib/browser.mjs";
import { convene } from "./lib/convene.mjs";
import { BINARY, Server } from "./lib/server.mjs";
import { type } from "./lib/typing.mjs";
import { until } from "./lib/until.mjs";

const DIR = "docs/huong-dan/hinh";
const PASSWORD = "con meo cua toi";
const VIEW = { viewport: { width: 1280, height: 720 } };
const server = await Server.create();
const people = [];

async function person(name, link, options) {
  const p = new Person(server.dir, name, options);
  people.push(p);
  await p.open(link, VIEW);
  return p;
}

const shoot = async (p, name) => {
  await p.page.waitForTimeout(1_000); // what moves comes to rest
  await p.page.screenshot({ path: `${DIR}/${name}.jpg`, type: "jpeg", quality: 62, scale: "css" });
  console.log(name);
};
const PATIENCE = 90_000; // nothing is measured here: a busy machine may take its time
const live = (p) => until(`${p.name} is in`, async () => (await p.phase()) === "live", PATIENCE);
const sees = (p, slot) =>
  until(
    `${p.name} sees ${slot}`,
    () => p.page.evaluate((s) => document.querySelector(`video[data-slot="${s}"]`)?.videoWidth, slot),
    PATIENCE,
  );

try {
  mkdirSync(DIR, { recursive: true });
  const session = await convene(server, {
    operators: [{ scope: "P58" }],
    countdown_s: 0,
    agenda: [
      { id: "a", title: "Báo cáo tiến độ giải phóng mặt bằng", minutes: 20, speakers: ["P58C2", "P67C1"] },
      { id: "b", title: "Ý kiến của các địa phương", minutes: 30 },
      { id: "c", title: "Kết luận của Trưởng ban" },
    ],
  });
  const link = (code) => session.endpoints.find((e) => e.code === code).link;

  const site = await person("site", link("P58C1"), { colour: "green", tone: 800 });
  await site.enter();
  await until("it waits", async () => (await site.phase()) === "waiting");
  await until("its camera is on", () => site.page.evaluate(() => document.querySelector("video")?.videoWidth));
  await shoot(site, "diem-cau-cho");

  const host = await person("host", session.links.host, { colour: "red", tone: 500 });
  const speaker = await person("speaker", link("P58C2"), { colour: "blue", tone: 1250 });
  await host.enter();
  await speaker.enter();
  await until("the host is in", async () => (await host.phase()) === "waiting");
  await host.press("start");
  await live(site);
  await live(speaker);
  await sees(site, "main");
  await host.page.locator('[data-action="agenda"]').selectOption("a");
  await site.press("raise-hand");
  await until("the speaker is there", async () => (await host.stateOf("P58C2")) === "present");
  await host.press("grant-floor", "P58C2");
  await sees(host, "floor");
  await sees(site, "floor");
  await shoot(host, "chu-tri");
  await site.press("agenda");
  await until("the agenda is open", () => site.page.locator(".agenda-card [aria-current]").count());
  await shoot(site, "diem-cau-hop");

  const screen = await person("screen", session.links.room);
  await live(screen);
  await sees(screen, "floor");
  await until("the hint is gone", () => screen.page.evaluate(() => !document.querySelector(".screen__hint")), PATIENCE);
  await shoot(screen, "man-hinh");
  await screen.kill();

  const operator = await person("operator", session.operators[0].link);
  await operator.enter();
  await live(operator);
  await sees(operator, "floor");
  await shoot(operator, "ky-thuat");
  await operator.kill();

  const secretary = await person("secretary", session.links.secretary);
  await secretary.enter();
  await live(secretary);
  await until("rows are there", () => secretary.page.locator("[data-endpoint]").count());
  await shoot(secretary, "thu-ky");
  await Promise.all([secretary, host, speaker, site].map((p) => p.kill()));

  const admin = spawn(BINARY, ["admin", "create", "--name", "an", "--data", server.data], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  admin.stdin.end(PASSWORD + "\n");
  await once(admin, "exit");
  const office = await person("office", `${server.url}/office`);
  await type(office.page.locator('input[name="username"]'), "an");
  await type(office.page.locator('input[name="password"]'), PASSWORD);
  await office.press("login");
  await office.press("new-draft");
  await type(office.page.locator('input[name="title"]'), "Phiên họp thứ hai của Ban Chỉ đạo");
  await type(office.page.locator('input[name="start-day"]'), "1/12/2026");
  await type(office.page.locator('input[name="start-time"]'), "8h");
  await type(office.page.locator('[data-action="search-units"]'), "ninh thuan");
  await until("it is found", () => office.page.locator('[data-unit="P58"] [data-action="add-below"]').count());
  await office.page.locator('[data-unit="P58"] [data-action="add-below"]').click();
  await shoot(office, "van-phong");

  const total = readdirSync(DIR).reduce((sum, name) => sum + statSync(`${DIR}/${name}`).size, 0);
  console.log(`${total} bytes in ${DIR}`);
} finally {
  await Promise.all(people.map((p) => p.kill().catch(() => {})));
  await server.kill();
}
