// Drives Firefox inside a network namespace, where its debugging port is: this runs there and takes one JSON command
// a line on standard input, {"id", "goto" | "evaluate"}, and answers one a line.
import { createInterface } from "node:readline";
import puppeteer from "puppeteer-core";

const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath: process.argv[2],
  headless: true,
  extraPrefsFirefox: {
    "media.navigator.streams.fake": true,
    "media.navigator.permission.disabled": true,
    "media.devices.insecure.enabled": true,
    "media.getusermedia.insecure.enabled": true,
    "media.autoplay.default": 0,
    "media.peerconnection.ice.obfuscate_host_addresses": false,
  },
});
const page = await browser.newPage();
await page.setViewport({ width: 1366, height: 768 });
await page.evaluateOnNewDocument(() => {
  const peers = (window.testPeers = []);
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      peers.push(this);
    }
  };
});
console.log(JSON.stringify({ id: 0, value: await browser.version() }));

for await (const line of createInterface({ input: process.stdin })) {
  const { id, goto: url, evaluate, screenshot } = JSON.parse(line);
  try {
    let value = null;
    if (url) await page.goto(url, { waitUntil: "domcontentloaded" });
    if (evaluate) value = await page.evaluate(evaluate);
    if (screenshot) await page.screenshot({ path: screenshot });
    console.log(JSON.stringify({ id, value: value ?? null }));
  } catch (e) {
    console.log(JSON.stringify({ id, error: String(e) }));
  }
}
await browser.close();
