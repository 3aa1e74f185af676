// Microphones that are really pulled out: Chromium without fake devices on a sound server of the test's own.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Person } from "./lib/browser.mjs";
import { convene } from "./lib/convene.mjs";
import { Pulse } from "./lib/pulse.mjs";
import { Seat } from "./lib/seat.mjs";
import { Server } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

let server, pulse, operator;
const people = [];

after(async () => {
  operator?.drop();
  await Promise.all(people.map((p) => p.kill().catch(() => {})));
  pulse?.stop();
  await server?.kill();
});

test("a microphone pulled out on air is replaced; without any the site is told, and it is on air again only by a press", async (t) => {
  server = await Server.create();
  pulse = await Pulse.start(server.dir);
  if (!pulse) return t.skip(Pulse.why);
  const first = pulse.plug(440);
  const second = pulse.plug(880);
  const session = await convene(server, { countdown_s: 0 });
  const host = new Person(server.dir, "host", { colour: "red", tone: 500 });
  const site = new Person(server.dir, "site");
  people.push(host, site);
  await host.open(session.links.host);
  await host.enter();
  operator = await Seat.enter(session.links.operator);
  await host.press("start");
  site.noDevices = true; // no fake ones
  process.env.PULSE_SERVER = pulse.server;
  await site.open(session.endpoints.find((e) => e.code === "P58C1").link);
  delete process.env.PULSE_SERVER;

  const holds = () => operator.state.stage.find((s) => s.slot === "floor");
  const energy = () => host.energy("a-floor");
  const heard = async (why) => {
    const before = await energy();
    await until(`the host hears the site ${why}`, async () => (await energy()) > before + 1e-4, 20000);
  };

  // Without a device monitor of the system (udev), Chromium notices what is gone when it is asked for the list.
  await site.page.evaluate(() => void setInterval(() => navigator.mediaDevices.enumerateDevices(), 500));
  const choice = site.page.locator(".devices select").filter({ hasText: "880 Hz" });
  await until("the microphones are listed", () => choice.count());
  await choice.selectOption({ label: "Sine source at 440 Hz" });
  await site.enter();
  await until("the site is there", async () => (await host.stateOf("P58C1")) === "present");
  await host.press("grant-floor", "P58C1");
  await heard("at first");
  pulse.unplug(first);
  await until("the site is told", async () =>
    /Đã chuyển sang micro: ./.test(await site.page.locator(".toasts").innerText()),
  );
  await heard("from the second microphone");
  assert.ok(!holds().muted && holds().state === "on_air");
  pulse.unplug(second);
  await until("it is told what to do", async () =>
    /Micro đã mất kết nối/.test(await site.page.locator(".device-notice").innerText()),
  );
  await until("everyone knows", () => holds().muted === true);
  pulse.plug(660);
  await until(
    "the notice is gone",
    async () => !/Micro đã mất kết nối/.test((await site.page.locator(".device-notice").allInnerTexts()).join()),
  );
  assert.equal(holds().muted, true, "nobody opened the microphone");
  await site.press("mute");
  await until("it is open", () => !holds().muted);
  await heard("after the press");
});
