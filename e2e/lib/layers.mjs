// What a page sends of its camera, layer by layer, and when another page shows it.
import { until } from "./until.mjs";

/** Frames that a page has sent of its camera, by layer, over its open connections. */
export const framesSent = (p) =>
  p.page.evaluate(async () => {
    const frames = {};
    for (const pc of window.testPeers.filter((q) => q.connectionState === "connected")) {
      for (const s of (await pc.getStats()).values()) {
        if (s.type === "outbound-rtp" && s.kind === "video" && s.framesSent) frames[s.rid ?? ""] = s.framesSent;
      }
    }
    return frames;
  });

/** Which layers a page sends, looked at over a second and a half: "hlm", "l", or "" for none. */
async function sending(p) {
  const earlier = await framesSent(p);
  await new Promise((r) => setTimeout(r, 1500));
  const later = await framesSent(p);
  return Object.keys(later)
    .filter((rid) => later[rid] > (earlier[rid] ?? 0))
    .sort()
    .join("");
}

/** Which layers of its camera a page has been asked for and lets its browser send: "hlm", "l", or "" for none. */
const allowed = (p) =>
  p.page.evaluate(() =>
    window.testPeers
      .filter((q) => q.connectionState === "connected")
      .flatMap((q) => q.getSenders())
      .filter((sender) => sender.track?.kind === "video")
      .flatMap((sender) => sender.getParameters().encodings)
      .filter((encoding) => encoding.rid && encoding.active)
      .map((encoding) => encoding.rid)
      .sort()
      .join(""),
  );

/**
 * Waits until a page lets its browser send all layers, and more than the lowest of them flows: whether a browser
 * sends the highest as well is its own judgement of its line and its processor.
 */
export const sendsAll = (p, ms = 60000) =>
  until(
    `${p.name} sends all that its browser can`,
    async () => {
      const [may, got] = [await allowed(p), await sending(p)];
      return (may === "hlm" && /l.*m/.test(got)) || Promise.reject(new Error(`may send ${may}, sends ${got}`));
    },
    ms,
  );

/** Waits until a page sends these layers and no others. */
export const sends = (p, layers, ms = 30000) =>
  until(
    `${p.name} sends ${layers || "nothing"}`,
    async () => {
      const got = await sending(p);
      return got === layers || Promise.reject(new Error(`sends ${got || "nothing"}`));
    },
    ms,
  );

/** Waits until a page has sent more frames of a layer than it had. */
export const sendsMore = (p, rid, earlier, ms = 30000) =>
  until(`${p.name} sends ${rid} again`, async () => (await framesSent(p))[rid] > (earlier[rid] ?? 0), ms);

/**
 * Looks from now on for the first new frame that a slot shows as a living picture, not behind a plate. The function
 * that it returns waits for that moment, in ms since 1970: the pages of one machine share that clock.
 */
export async function watchPicture(p, slot, ms = 15000) {
  await p.page.evaluate(
    ({ slot, ms }) => {
      const video = document.querySelector(`video[data-slot="${slot}"]`);
      // The count of frames starts anew with each stream.
      const frames = () => (video.srcObject ? video.getVideoPlaybackQuality().totalVideoFrames : 0);
      const before = frames();
      window.testShown = new Promise((resolve, reject) => {
        const begun = performance.now();
        const look = setInterval(() => {
          const now = frames();
          if (now && now !== before && video.closest(".tile--pictures"))
            resolve(performance.timeOrigin + performance.now());
          else if (performance.now() - begun < ms) return;
          else reject(new Error(`no picture in ${slot}: ${before} and ${now} frames`));
          clearInterval(look);
        }, 5);
      });
      window.testShown.catch(() => undefined); // until it is waited for
    },
    { slot, ms },
  );
  return () => p.page.evaluate(() => window.testShown);
}
