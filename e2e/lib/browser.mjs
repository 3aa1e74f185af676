// Browser processes, one for each person: the flags of fake devices hold for a whole process.
import { chromium } from "playwright-core";
import { join } from "node:path";
import { writeTone, writeVideo } from "./media.mjs";

const EXECUTABLE = process.env.DIEMCAU_CHROMIUM ?? "/usr/bin/chromium";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-device-for-media-stream",
  "--auto-accept-this-tab-capture",
];

/** Says yes to every question for a device. */
const ALLOW = "--use-fake-ui-for-media-stream";
const DEVICES = ["camera", "microphone"];

/** One person with a colour, a tone, a browser process and a page, who refuses the devices named. */
export class Person {
  constructor(dir, name, { colour, size, tone, flags = [], wrapper, init, phone, refuses = [] } = {}) {
    Object.assign(this, { dir, name, colour, tone, flags, wrapper, init, phone, refuses });
    if (colour) writeVideo(join(dir, `${name}.y4m`), colour, size);
    if (tone) writeTone(join(dir, `${name}.wav`), tone);
  }

  /** Starts the browser (again) with an empty profile and opens a link. */
  async open(link, { viewport = { width: 1366, height: 768 } } = {}) {
    const args = [...FLAGS.filter((f) => !this.noDevices || f !== "--use-fake-device-for-media-stream"), ...this.flags];
    if (!this.refuses.length) args.push(ALLOW);
    if (this.colour) args.push(`--use-file-for-fake-video-capture=${join(this.dir, `${this.name}.y4m`)}`);
    if (this.tone) args.push(`--use-file-for-fake-audio-capture=${join(this.dir, `${this.name}.wav`)}`);
    this.link = link;
    this.server = await chromium.launchServer({ executablePath: this.wrapper ?? EXECUTABLE, args, headless: true });
    this.browser = await chromium.connect(this.server.wsEndpoint());
    const context = await this.browser.newContext(
      this.phone
        ? { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }
        : { viewport, permissions: [] },
    );
    // The browser itself refuses what is not granted.
    if (this.refuses.length) await context.grantPermissions(DEVICES.filter((d) => !this.refuses.includes(d)));
    // The page's peer connections, for tests that read their statistics.
    await context.addInitScript(() => {
      const peers = (window.testPeers = []);
      const Native = window.RTCPeerConnection;
      window.RTCPeerConnection = class extends Native {
        constructor(...args) {
          super(...args);
          peers.push(this);
        }
      };
    });
    if (this.init) await context.addInitScript(this.init);
    this.page = await context.newPage();
    this.faults = [];
    this.page.on("pageerror", (e) => this.faults.push(String(e)));
    this.page.on("console", (m) => m.type() === "error" && this.faults.push(m.text()));
    await this.page.goto(link);
    return this.page;
  }

  /** Presses a button by its action, inside a site's row when a code is given. */
  async press(action, code) {
    const scope = code ? `[data-endpoint="${code}"] ` : "";
    await this.page.locator(`${scope}[data-action="${action}"]`).first().click();
  }

  /** Statistics of what arrives, by mid, over all open peer connections. */
  async inbound() {
    return this.page.evaluate(async () => {
      const byMid = {};
      for (const pc of window.testPeers.filter((p) => p.connectionState === "connected")) {
        for (const s of (await pc.getStats()).values()) if (s.type === "inbound-rtp") byMid[s.mid] = s;
      }
      return byMid;
    });
  }

  /** How much sound energy has arrived by the m-lines of this mid, on all open peer connections. */
  async energy(mid) {
    return this.page.evaluate(async (mid) => {
      let sum = 0;
      for (const pc of window.testPeers.filter((p) => p.connectionState === "connected")) {
        for (const s of (await pc.getStats()).values())
          if (s.type === "inbound-rtp" && s.mid === mid) sum += s.totalAudioEnergy ?? 0;
      }
      return sum;
    }, mid);
  }

  async enter() {
    await this.press("preview-ok");
  }

  async phase() {
    return this.page.evaluate(() => document.body.dataset.phase);
  }

  async stateOf(code) {
    return this.page.evaluate((c) => document.querySelector(`[data-endpoint="${c}"]`)?.dataset.state, code);
  }

  /** Kills the whole browser as a power cut would. */
  async kill() {
    await this.server?.kill();
    this.server = undefined;
  }

  /** Closes the page as its person would. */
  async close() {
    await this.page.close({ runBeforeUnload: false });
  }
}
