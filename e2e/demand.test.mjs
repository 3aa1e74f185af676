// Only what somebody is shown is sent: layers that nobody watches rest at the sender, a site may do with less, and a site
// that only listens sends nothing. Who speaks is told from audio levels.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Person } from './lib/browser.mjs';
import { convene } from './lib/convene.mjs';
import { framesShown, nameColour, readColour } from './lib/media.mjs';
import { Seat } from './lib/seat.mjs';
import { Server } from './lib/server.mjs';
import { until } from './lib/until.mjs';

const SHOTS = 'test-results/demand';
let server, session, host, c1, k1;
const people = [];

const link = (code) => session.endpoints.find((e) => e.code === code).link;
async function person(name, url, options) {
  const p = new Person(server.dir, name, options);
  people.push(p);
  await p.open(url);
  await p.enter();
  return p;
}
const sees = (p, slot, colour) => until(`${p.name} sees ${colour} in ${slot}`, async () => nameColour(await readColour(p.page, slot)) === colour, 20000);
const voiceIn = (p, slot) => p.page.locator(`[data-tile="${slot}"].tile--voice`).count();

/** Frames that a page has sent of its camera, by layer, over its open connections. */
const framesSent = (p) => p.page.evaluate(async () => {
  const frames = {};
  for (const pc of window.testPeers.filter((q) => q.connectionState === 'connected')) {
    for (const s of (await pc.getStats()).values()) {
      if (s.type === 'outbound-rtp' && s.kind === 'video' && s.framesSent) frames[s.rid ?? ''] = s.framesSent;
    }
  }
  return frames;
});

/** Which layers a page sends, looked at over a second and a half. */
async function sending(p) {
  const earlier = await framesSent(p);
  await new Promise((r) => setTimeout(r, 1500));
  const later = await framesSent(p);
  return Object.keys(later).filter((rid) => later[rid] > (earlier[rid] ?? 0)).sort().join('');
}
const sends = (p, layers, ms = 30000) => until(`${p.name} sends ${layers || 'nothing'}`, async () => {
  const got = await sending(p);
  return got === layers || Promise.reject(new Error(`sends ${got || 'nothing'}`));
}, ms);
const layersOf = (p) => until(`${p.name} sends all its layers`, async () => {
  const got = await sending(p);
  return /^h?lm?$|^hlm$/.test(got) && got.length > 1 ? got : '';
}, 30000);

async function choose(p, pictures) {
  await p.press('devices');
  await p.page.locator('dialog select[data-action="pictures"]').selectOption(pictures);
  await p.page.keyboard.press('Escape');
}

/** How long from now until a slot shows a further frame. */
async function nextFrame(p, slot) {
  return p.page.evaluate((slot) => new Promise((resolve) => {
    const begun = performance.now();
    document.querySelector(`video[data-slot="${slot}"]`).requestVideoFrameCallback((now) => resolve(Math.round(now - begun)));
  }), slot);
}

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  server = await Server.create();
  session = await convene(server, { countdown_s: 0 });
  host = await person('host', session.links.host, { colour: 'red', tone: 500 });
  k1 = await Seat.enter(session.links.operator);
  await host.press('start');
  await until('live', async () => (await host.phase()) === 'live');
  c1 = await person('c1', link('P58C1'), { colour: 'green', tone: 800 });
  await sees(c1, 'main', 'red');
});

afterEach(async (t) => {
  if (t.passed !== false) return;
  for (const p of people) await p.page.screenshot({ path: join(SHOTS, `failed-${p.name}.png`), timeout: 5000 }).catch(() => {});
});

after(async () => {
  k1?.drop();
  await Promise.all(people.map((p) => p.kill().catch(() => {})));
  await server?.kill();
});

test('who speaks is shown on every page, in words too', async () => {
  // The tone comes in bursts, which are speech to a meter.
  for (const p of [host, c1]) {
    await until(`${p.name} shows that main speaks`, () => voiceIn(p, 'main'));
    assert.match(await p.page.locator('[data-tile="main"] .caption__voice--on').innerText(), /Đang nói/);
    await p.page.screenshot({ path: join(SHOTS, `voice-${p.name}.png`) });
  }
  await host.press('mute');
  for (const p of [host, c1]) await until(`${p.name} no longer shows it`, async () => !(await voiceIn(p, 'main')));
  await host.press('mute');
  await until('it speaks again', () => voiceIn(c1, 'main'));
});

test('the console shows how the stage reaches a site, slot by slot', async () => {
  await host.press('more', 'P58C1');
  const rows = host.page.locator('[data-line="P58C1"] tbody tr');
  await until('picture and sound of main are there', async () => {
    const text = (await rows.allInnerTexts()).join('|');
    return /Hình: chủ trì\s+[1-9]/.test(text) && /Tiếng: chủ trì\s+[1-9]/.test(text) || Promise.reject(new Error(text));
  });
  console.log(`# ${(await host.page.locator('[data-line="P58C1"]').innerText()).replaceAll(/\s+/g, ' ')}`);
  await host.page.screenshot({ path: join(SHOTS, 'line-vi.png') });
  await host.page.keyboard.press('Escape');
});

test('layers that nobody is shown rest, and come back at once', async () => {
  const all = (await layersOf(host)).value;
  console.log(`# layers that Chromium sends: ${all}`);
  await choose(c1, 'low');
  await sends(host, 'l');
  await until('c1 still sees it', async () => {
    const earlier = await framesShown(c1.page, 'main');
    await new Promise((r) => setTimeout(r, 500));
    return (await framesShown(c1.page, 'main')) > earlier + 2;
  });
  await choose(c1, 'all');
  const back = await sends(host, all);
  console.log(`# the other layers were sent again within ${back.ms} ms, looking every 1.6 s`);
  const small = await c1.page.evaluate(() => document.querySelector('video[data-slot="main"]').videoWidth);
  await until('c1 is shown the large picture', async () => (await c1.page.evaluate(() => document.querySelector('video[data-slot="main"]').videoWidth)) >= small);
});

test('a site that wants sound alone is sent no picture; its choice outlasts the page', async () => {
  await choose(c1, 'none');
  await until('c1 says so', () => c1.page.locator('[data-action="pictures-on"]').count());
  assert.equal(await c1.page.locator('[data-tile="main"].tile--pictures').count(), 0, 'a plate instead of a frozen frame');
  await c1.page.screenshot({ path: join(SHOTS, 'sound-only-vi.png') });
  await c1.press('devices');
  await c1.page.screenshot({ path: join(SHOTS, 'choice-vi.png') });
  await c1.press('language');
  await c1.page.screenshot({ path: join(SHOTS, 'choice-en.png') });
  await c1.press('language');
  await c1.page.keyboard.press('Escape');
  await sends(host, ''); // nobody else watches
  const heard = (await c1.inbound())['a-main'].packetsReceived;
  await until('sound goes on', async () => (await c1.inbound())['a-main'].packetsReceived > heard + 50);

  await c1.page.reload();
  await c1.enter();
  await until('it is asked again', () => c1.page.locator('[data-action="pictures-on"]').count());
  await until('sound comes', async () => (await c1.inbound())['a-main']?.packetsReceived > 50);
  assert.equal((await c1.inbound())['v-main']?.framesDecoded ?? 0, 0, 'not one frame came after the reload');

  const first = nextFrame(c1, 'main');
  await c1.press('pictures-on');
  console.log(`# from the press to the first frame of a camera that was paused altogether: ${await first} ms`);
  await sees(c1, 'main', 'red');
});

test('a site that only listens sends nothing, and sends while the wall looks at it', async () => {
  const connections = () => c1.page.evaluate(() => window.testPeers.filter((p) => p.connectionState !== 'closed' && p.getSenders().some((s) => s.track)).length);
  assert.equal(await connections(), 0);
  await k1.ask('watch', { slot: 'thumb1', endpoint: 'P58C1' });
  await until('c1 publishes', async () => (await connections()) === 1);
  await until('c1 is told that it is seen', () => c1.page.locator('.watched').count());
  await k1.ask('watch', { slot: 'thumb1' });
  const closed = await until('its publisher is closed', async () => (await connections()) === 0, 30000);
  console.log(`# closed ${closed.ms} ms after nobody looked any more`);
});

test('no page met a fault', () => {
  for (const p of people) assert.deepEqual(p.faults.filter((f) => !/WebSocket|Failed to load resource/.test(f)), [], p.name);
});
