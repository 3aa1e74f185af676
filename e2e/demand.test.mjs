// Only what somebody is shown is sent: layers that nobody watches rest at the sender, a site may do with less, and a site
// that only listens sends nothing. Who speaks is told from audio levels.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { convene } from "./lib/convene.mjs";
import { framesSent, sends, sendsAll, sendsMore, watchPicture } from "./lib/layers.mjs";
import { framesShown, nameColour, readColour, readColourOf } from "./lib/media.mjs";
import { People } from "./lib/people.mjs";
import { Server } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

const SHOTS = "test-results/demand";
const HD = [1280, 720]; // of a smaller picture browsers send two layers
let server, session, host, c1;
const people = new People();

const link = (code) => session.endpoints.find((e) => e.code === code).link;
const person = (name, url, options) => people.enter(server.dir, name, url, options);
const sees = (p, slot, colour) =>
  until(
    `${p.name} sees ${colour} in ${slot}`,
    async () => nameColour(await readColour(p.page, slot)) === colour,
    20000,
  );
const voiceIn = (p, slot) => p.page.locator(`[data-tile="${slot}"].tile--voice`).count();

async function choose(p, pictures) {
  await p.press("devices");
  await p.page.locator('dialog select[data-action="pictures"]').selectOption(pictures);
  await p.page.keyboard.press("Escape");
}

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  server = await Server.create();
  session = await convene(server, { countdown_s: 0 });
  host = await person("host", session.links.host, { colour: "red", size: HD, tone: 500 });
  await host.press("start");
  await until("live", async () => (await host.phase()) === "live");
  c1 = await person("c1", link("P58C1"), { colour: "green", size: HD, tone: 800 });
  await sees(c1, "main", "red");
});

afterEach(async (t) => {
  if (t.passed !== false) return;
  await people.shoot(SHOTS);
});

after(async () => {
  await people.kill();
  await server?.kill();
});

test("who speaks is shown on every page, in words too", async () => {
  // The tone comes in bursts, which are speech to a meter.
  for (const p of [host, c1]) {
    await until(`${p.name} shows that main speaks`, () => voiceIn(p, "main"));
    assert.match(await p.page.locator('[data-tile="main"] .caption__voice--on').innerText(), /Đang nói/);
    await p.page.screenshot({ path: join(SHOTS, `voice-${p.name}.png`) });
  }
  await host.press("mute");
  for (const p of [host, c1]) await until(`${p.name} no longer shows it`, async () => !(await voiceIn(p, "main")));
  await host.press("mute");
  await until("it speaks again", () => voiceIn(c1, "main"));
});

test("the console shows how the stage reaches a site, slot by slot", async () => {
  await host.press("more", "P58C1");
  const rows = host.page.locator('[data-line="P58C1"] tbody tr');
  await until("picture and sound of main are there", async () => {
    const text = (await rows.allInnerTexts()).join("|");
    return (
      (/Hình: chủ trì\s+[1-9]/.test(text) && /Tiếng: chủ trì\s+[1-9]/.test(text)) || Promise.reject(new Error(text))
    );
  });
  console.log(`# ${(await host.page.locator('[data-line="P58C1"]').innerText()).replaceAll(/\s+/g, " ")}`);
  await host.page.screenshot({ path: join(SHOTS, "line-vi.png") });
  await host.page.keyboard.press("Escape");
});

test("layers that nobody is shown rest, and come back at once", async () => {
  await sendsAll(host); // once the browser knows what its line carries
  await choose(c1, "low");
  await sends(host, "l");
  await until("c1 still sees it", async () => {
    const earlier = await framesShown(c1.page, "main");
    await new Promise((r) => setTimeout(r, 500));
    return (await framesShown(c1.page, "main")) > earlier + 2;
  });
  const width = () => c1.page.evaluate(() => document.querySelector('video[data-slot="main"]').videoWidth);
  const small = await width();
  const earlier = await framesSent(host);
  await choose(c1, "all");
  const middle = await sendsMore(host, "m", earlier);
  await sendsAll(host);
  const larger = await until(
    "c1 is shown a larger picture",
    async () => (await width()) > small || Promise.reject(new Error(`${await width()}`)),
    30000,
  );
  console.log(
    `# m sent again ${middle.ms} ms after the choice was made; c1 saw ${small} pixels, and more ${larger.ms} ms later`,
  );
});

test("a site that wants sound alone is sent no picture; its choice outlasts the page", async () => {
  await choose(c1, "none");
  await until("c1 says so", () => c1.page.locator('[data-action="pictures-on"]').count());
  assert.equal(
    await c1.page.locator('[data-tile="main"].tile--pictures').count(),
    0,
    "a plate instead of a frozen frame",
  );
  await c1.page.screenshot({ path: join(SHOTS, "sound-only-vi.png") });
  await c1.press("devices");
  await c1.page.screenshot({ path: join(SHOTS, "choice-vi.png") });
  await c1.press("language");
  await c1.page.screenshot({ path: join(SHOTS, "choice-en.png") });
  await c1.press("language");
  await c1.page.keyboard.press("Escape");
  await sends(host, ""); // nobody else watches
  const heard = (await c1.inbound())["a-main"].packetsReceived;
  await until("sound goes on", async () => (await c1.inbound())["a-main"].packetsReceived > heard + 50);

  await c1.page.reload();
  await c1.enter();
  await until("it is asked again", () => c1.page.locator('[data-action="pictures-on"]').count());
  await until("sound comes", async () => (await c1.inbound())["a-main"]?.packetsReceived > 50);
  assert.equal((await c1.inbound())["v-main"]?.framesDecoded ?? 0, 0, "not one frame came after the reload");

  const shown = await watchPicture(c1, "main");
  const pressed = Date.now();
  await c1.press("pictures-on");
  console.log(
    `# from the press to the first frame of a camera that was paused altogether: ${Math.round(await shown()) - pressed} ms`,
  );
  await sees(c1, "main", "red");
});

test("a site that only listens sends nothing, and sends what a console shows while it shows it", async () => {
  const connections = () =>
    c1.page.evaluate(
      () =>
        window.testPeers.filter((p) => p.connectionState !== "closed" && p.getSenders().some((s) => s.track)).length,
    );
  const shows = (what, selector) =>
    until(
      `the operator sees c1 ${what}`,
      async () => nameColour(await readColourOf(operator.page, selector)) === "green",
      20000,
    );
  const operator = await person("operator", session.links.operator);
  await until("its console is there", () => operator.page.locator('[data-endpoint="P58C1"]').count());
  assert.equal(await connections(), 0);

  const wall = operator.page.locator('[data-action="wall"]');
  await wall.focus();
  const opened = Date.now();
  await operator.page.keyboard.press("Enter");
  await until("c1 publishes", async () => (await connections()) === 1);
  await until("c1 is told that it is seen", () => c1.page.locator(".watched").count());
  await shows("in the wall", ".wall__site video");
  console.log(`# from the key to the living picture in the wall: ${Date.now() - opened} ms`);
  for (const language of ["vi", "en"]) {
    await operator.page.screenshot({ path: join(SHOTS, `wall-${language}.png`) });
    await operator.press("language");
  }
  await sends(c1, "l"); // no console shows more of it
  await c1.page.screenshot({ path: join(SHOTS, "watched-vi.png") });

  await wall.click();
  await until("the wall is closed", async () => !(await operator.page.locator(".wall").count()));
  const closed = await until("its publisher is closed", async () => (await connections()) === 0, 30000);
  console.log(`# closed ${closed.ms} ms after nobody looked any more`);
  await until("c1 is told so", async () => !(await c1.page.locator(".watched").count()));

  await operator.press("stand-by", "P58C1");
  await shows("in the preview", 'video[data-slot="preview"]');
  await sendsAll(c1);
  await operator.page.screenshot({ path: join(SHOTS, "preview-vi.png") });
  await operator.press("stand-by", "P58C1");
  await until("it is closed again", async () => (await connections()) === 0, 30000);
});

test("no page met a fault", () => {
  for (const p of people)
    assert.deepEqual(
      p.faults.filter((f) => !/WebSocket|Failed to load resource/.test(f)),
      [],
      p.name,
    );
});
