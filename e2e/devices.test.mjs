// Cameras and microphones that are pulled out and come back, in Chromium; a microphone really, in unplug.test.mjs. Its fake devices cannot be pulled out from
// outside, so the page is given a bench of them: one that is pulled out ends its track as a real one does (stopped, event
// "ended"), is listed no more and told of by "devicechange"; what another page then sees and hears is real.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { convene } from "./lib/convene.mjs";
import { framesShown } from "./lib/media.mjs";
import { People } from "./lib/people.mjs";
import { Seat } from "./lib/seat.mjs";
import { Server } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

const SHOTS = "test-results/devices";
let server, session, host, c1, operator;
const people = new People();

/** Runs in the page before its own code: puts the browser's devices on a bench. */
function bench() {
  const media = navigator.mediaDevices;
  const [listAll, open] = [media.enumerateDevices.bind(media), media.getUserMedia.bind(media)];
  const pulled = new Set(["fake_device_1"]); // a depth camera (16 bits of grey), which nothing encodes
  const tracks = new Set();
  const list = async () => (await listAll()).filter((d) => !pulled.has(d.label));
  media.enumerateDevices = list;
  media.getUserMedia = async (wish) => {
    const wanted = {};
    for (const [kind, of] of [
      ["video", "videoinput"],
      ["audio", "audioinput"],
    ]) {
      if (!wish[kind]) continue;
      const all = await listAll();
      const there = (await list()).filter((d) => d.kind === of);
      const id = wish[kind].deviceId?.exact ?? wish[kind].deviceId?.ideal;
      const found = there.find((d) => d.deviceId === id) ?? (wish[kind].deviceId?.exact ? undefined : there[0]);
      if (!found && all.some((d) => d.kind === of && d.label)) throw new DOMException("pulled out", "NotFoundError");
      wanted[kind] = found?.deviceId ? { ...wish[kind], deviceId: { exact: found.deviceId } } : wish[kind];
    }
    const stream = await open(wanted);
    for (const track of stream.getTracks()) tracks.add(track);
    return stream;
  };
  window.pull = async (...labels) => {
    for (const label of labels) pulled.add(label);
    for (const track of tracks) {
      if (!labels.includes(track.label) || track.readyState === "ended") continue;
      track.stop();
      track.dispatchEvent(new Event("ended"));
    }
    media.dispatchEvent(new Event("devicechange"));
  };
  window.plug = (...labels) => {
    for (const label of labels) pulled.delete(label);
    media.dispatchEvent(new Event("devicechange"));
  };
  window.inUse = (kind) => [...tracks].filter((t) => t.kind === kind && t.readyState === "live").map((t) => t.label);
}

const link = (code) => session.endpoints.find((e) => e.code === code).link;
const inUse = (kind) => c1.page.evaluate((k) => window.inUse(k), kind);
const labels = (kind) =>
  c1.page.evaluate(
    async (k) => (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === k).map((d) => d.label),
    kind,
  );
const pull = (...names) => c1.page.evaluate((n) => window.pull(...n), names);
const plug = (...names) => c1.page.evaluate((n) => window.plug(...n), names);
const holds = () => operator.state.stage.find((s) => s.slot === "floor");
const muted = (want) => until(`the stage says muted: ${want}`, () => Boolean(holds()?.muted) === want);
const text = (selector) => c1.page.locator(selector).innerText();
/** Pictures of the floor go on arriving at the host. */
async function pictures() {
  await until(
    "the host gets pictures",
    async () => {
      const before = await framesShown(host.page, "floor");
      return (
        (await until("more frames", async () => (await framesShown(host.page, "floor")) > before + 5, 8000).catch(
          () => null,
        )) !== null
      );
    },
    30000,
  );
}
/** How much sound energy of the floor has arrived at the host. */
const energy = () => host.energy("a-floor");
const heard = async (why) => {
  const before = await energy();
  await until(`the host hears the floor ${why}`, async () => (await energy()) > before, 20000);
};

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  server = await Server.create();
  session = await convene(server, { countdown_s: 0 });
  c1 = people.add(server.dir, "c1", { flags: ["--use-fake-device-for-media-stream=device-count=3"], init: bench });
  host = await people.enter(server.dir, "host", session.links.host, { colour: "red", tone: 500 });
  operator = await Seat.enter(session.links.operator);
  await host.press("start");
  await c1.open(link("P58C1"));
});

after(async () => {
  operator?.drop();
  await people.kill();
  await server?.kill();
});

test("in the preview, a device that is pulled out is replaced, and another can be chosen", async () => {
  await until(
    "camera and microphone are open",
    async () => (await inUse("video")).length === 1 && (await inUse("audio")).length === 1,
  );
  const cameras = await labels("videoinput");
  assert.ok(cameras.length >= 2, String(cameras));
  const [first] = await inUse("video");
  await pull(first);
  await until("another camera is open", async () => (await inUse("video")).some((l) => l !== first));
  await until(
    "it is named",
    async () =>
      (await c1.page
        .locator(".devices select")
        .first()
        .evaluate((e) => e.selectedOptions[0].label)) !== first,
  );
  await plug(first);
  await until("the first can be chosen again", async () =>
    (await c1.page.locator(".devices select").first().locator("option").allInnerTexts()).includes(first),
  );
  await c1.page.locator(".devices select").first().selectOption({ label: first });
  await until("it is open", async () => String(await inUse("video")) === first);
  await pull(...cameras);
  await until("the page says what is missing", async () => (await text(".problems")).includes("máy quay"));
  await c1.page.screenshot({ path: join(SHOTS, "preview.png") });
  await plug(...cameras);
  await until(
    "the camera is back by itself",
    async () => (await inUse("video")).length === 1 && !(await c1.page.locator(".problem").count()),
  );
});

test("on air, the next camera and the next microphone take over and the site is told", async () => {
  await c1.enter();
  await until("the site is there", async () => (await host.stateOf("P58C1")) === "present");
  await host.press("grant-floor", "P58C1");
  await pictures();
  await heard("first");
  const [camera, microphone] = [(await inUse("video"))[0], (await inUse("audio"))[0]];
  await pull(camera);
  await until("the site is told of the camera", async () => /Đã chuyển sang máy quay: ./.test(await text(".toasts")));
  await c1.page.screenshot({ path: join(SHOTS, "replaced.png") });
  assert.notEqual((await inUse("video"))[0], camera);
  await pictures();
  await pull(microphone);
  await until("the site is told of the microphone", async () => /Đã chuyển sang micro: ./.test(await text(".toasts")));
  assert.notEqual((await inUse("audio"))[0], microphone);
  await heard("from the next microphone");
  assert.equal(holds().state, "on_air");
  await muted(false);
  await plug(camera, microphone);
});

test("on air without any, it says what to do; the microphone is closed until a person opens it", async () => {
  const [cameras, microphones] = [await labels("videoinput"), await labels("audioinput")];
  await pull(...microphones);
  await muted(true);
  await until("it is told", async () => /Micro đã mất kết nối/.test(await text(".device-notice")));
  await pull(...cameras);
  await until("and of the camera", async () => /Máy quay và micro đã mất kết nối/.test(await text(".device-notice")));
  await until("everyone sees a plate", async () => !holds().video);
  assert.equal(await c1.page.locator('[data-action="mute"]').isDisabled(), true);
  await c1.page.screenshot({ path: join(SHOTS, "lost.png") });
  await plug(...cameras, ...microphones);
  await until("both are back", async () => (await inUse("video")).length === 1 && (await inUse("audio")).length === 1);
  await until("the notice is gone", async () => !(await c1.page.locator(".device-notice").count()));
  await pictures();
  assert.equal(holds().muted, true, "nobody opened the microphone");
  assert.deepEqual(
    await c1.page.evaluate(() =>
      window.testPeers
        .flatMap((p) => p.getSenders())
        .flatMap((s) => (s.track?.kind === "audio" ? s.track.enabled : [])),
    ),
    [false],
  );
  await c1.press("mute");
  await muted(false);
  await heard("after the press");
});

test("a person picks another device on air", async () => {
  await c1.press("devices");
  const select = c1.page.locator("dialog .devices select").first();
  const now = (await inUse("video"))[0];
  const other = (await labels("videoinput")).find((l) => l !== now);
  await select.selectOption({ label: other });
  await until("it is open", async () => String(await inUse("video")) === other);
  await c1.page.keyboard.press("Escape");
  await pictures();
});

test("what comes and goes off air puts nobody on air", async () => {
  await host.press("revoke-floor", "P58C1");
  await until("the floor is empty", () => !holds());
  const all = [...(await labels("videoinput")), ...(await labels("audioinput"))];
  for (let i = 0; i < 5; i++) {
    await pull(...all);
    await plug(...all);
  }
  await until("both are back", async () => (await inUse("video")).length === 1 && (await inUse("audio")).length === 1);
  assert.equal(holds(), undefined);
  assert.equal(await c1.page.evaluate(() => document.body.dataset.onAir), "false");
  for (const p of people)
    assert.deepEqual(
      p.faults.filter((f) => !/WebSocket|Failed to load resource/.test(f)),
      [],
      p.name,
    );
});
