// A line that breaks while a page is opening: whatever did not come, the page comes up by itself, at the address that it had.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { convene } from "./lib/convene.mjs";
import { People } from "./lib/people.mjs";
import { Server } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

let server, session, visitor;
const people = new People();

before(async () => {
  server = await Server.create();
  session = await convene(server);
  visitor = people.add(server.dir, "visitor");
  await visitor.open("about:blank");
});

after(async () => {
  await people.kill();
  await server?.kill();
});

/** Opens a link while requests for one file fail, until the line is mended. */
async function openBroken(link, file, answer = (route) => route.abort("connectionreset")) {
  // held: the page looks in vain whether the server answers, so that it is not loaded again meanwhile.
  const line = { broken: true, held: true, failed: 0, asked: 0 };
  await visitor.page.unrouteAll();
  await visitor.page.route(
    (url) => url.pathname === new URL(link).pathname,
    (route) => (line.held && route.request().method() === "HEAD" ? route.abort() : route.continue()),
  );
  await visitor.page.route(`**${file}`, (route) => {
    line.asked++;
    if (!line.broken) return route.continue();
    line.failed++;
    return answer(route);
  });
  await visitor.page.goto("about:blank");
  await visitor.page.goto(link);
  return line;
}

const notice = () => visitor.page.locator("#opening");
const isUp = () => visitor.page.locator('[data-action="preview-ok"]').count();

for (const [what, file] of [
  ["the page's own module", "/static/pages/join.js"],
  ["a module that it imports", "/static/app/parts.js"],
  ["a module at the end of the chain", "/static/vendor/preact.js"],
])
  test(`the page comes up by itself when it lacked ${what}`, async () => {
    const link = session.endpoints.find((e) => e.code === "P58C1").link;
    const line = await openBroken(link, file);
    await until("it is told that it tries again", async () =>
      /Đường truyền bị ngắt/.test(await notice().innerText({ timeout: 1000 })),
    );
    assert.equal(await isUp(), 0);
    assert.ok(await notice().locator("button").isVisible());
    line.broken = line.held = false;
    await until("it is up", isUp, 60_000);
    assert.ok(line.failed >= 1);
    assert.equal(visitor.page.url(), link, "with its link");
    assert.equal(await notice().isVisible(), false);
  });

test("a server that is gone is waited for: no error of the browser takes the place of the page", async () => {
  const line = await openBroken(session.links.host, "/static/app/parts.js");
  await until("it tries again", () => visitor.page.locator('#opening[data-failed="again"]').count());
  const looks = [];
  await visitor.page.route("**/host", (route) => {
    looks.push(route.request().method());
    return line.broken ? route.abort("connectionrefused") : route.continue();
  });
  await until("it has looked twice", () => looks.length >= 2, 60_000);
  assert.deepEqual([...new Set(looks)], ["HEAD"], "the page is not given up for what may not come");
  line.broken = false;
  await until("it is up", isUp, 60_000);
});

test("a person who does not want to wait presses a button", async () => {
  const line = await openBroken(session.links.host, "/static/app/parts.js");
  await notice().locator("button").waitFor();
  line.broken = false;
  await notice().locator("button").press("Enter");
  await until("it is up", isUp, 60_000);
});

test("a page that cannot come is not loaded for ever, and says what to do", async () => {
  const line = await openBroken(session.links.host, "/static/app/parts.js", (route) => route.fulfill({ status: 404 }));
  await until("it tries again", () => visitor.page.locator('#opening[data-failed="again"]').count());
  await visitor.page.evaluate(() => history.replaceState({ reloads: 7 }, "")); // as many as would take minutes
  await visitor.page.reload();
  line.held = false;
  await until("it gives up", () => visitor.page.locator('#opening[data-failed="given-up"]').count(), 60_000);
  assert.match(await notice().innerText(), /gọi số điện thoại hỗ trợ/);
  line.broken = false;
  await notice().locator("button").click();
  await until("it is up", isUp, 60_000);
  assert.equal(await visitor.page.evaluate(() => history.state), null, "the next time it is patient again");
});

test("a style sheet that did not come is put on later, without loading the page again", async () => {
  const line = await openBroken(session.links.host, "/static/css/lobby.css");
  await until("it is up", isUp);
  const columns = () =>
    visitor.page.evaluate(() => getComputedStyle(document.querySelector("main.preview")).display === "grid");
  assert.equal(await columns(), false);
  await visitor.page.evaluate(() => (window.testSame = true));
  line.broken = false;
  await until("it is dressed", columns, 60_000);
  assert.ok(await visitor.page.evaluate(() => window.testSame));
});

test("a page in English comes up when its texts came late, and so does a part that is fetched when it is wanted", async () => {
  await visitor.page.unrouteAll();
  await visitor.page.goto(session.links.secretary);
  await visitor.press("language");
  await until("it is in English", () => visitor.page.evaluate(() => document.documentElement.lang === "en"));
  const line = await openBroken(session.links.secretary, "/static/i18n/en.js");
  await until("its texts were asked for in vain", () => line.failed);
  line.broken = line.held = false;
  await until("it is up", isUp, 60_000);
  assert.match(await visitor.page.locator("main").innerText(), /Secretariat/);
  await visitor.press("language");
  line.broken = true;
  await visitor.page.unrouteAll();
  const notes = { failed: 0 };
  await visitor.page.route("**/static/app/console/notes.js", (route) =>
    notes.failed++ ? route.continue() : route.abort("connectionreset"),
  );
  await visitor.press("notes-alone");
  await until("the notes are open", () => visitor.page.locator(".notes").count(), 60_000);
  assert.ok(notes.failed >= 2);
});
