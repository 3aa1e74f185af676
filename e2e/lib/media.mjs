// Known pictures and sounds for fake devices, and how a page that receives them is read: whose colour, whose tone.
import { writeFileSync } from "node:fs";

/** Colours that survive VP8 far apart from each other, in limited-range YUV. */
export const COLOURS = {
  red: { yuv: [81, 90, 240], rgb: [255, 0, 0] },
  green: { yuv: [145, 54, 34], rgb: [0, 255, 0] },
  blue: { yuv: [41, 240, 110], rgb: [0, 0, 255] },
  yellow: { yuv: [210, 16, 146], rgb: [255, 255, 0] },
  magenta: { yuv: [106, 202, 222], rgb: [255, 0, 255] },
};

/** Writes a YUV4MPEG2 file of one colour with a bar that moves, so that no encoder falls asleep. */
export function writeVideo(path, colour, [width, height] = [640, 360], frames = 15) {
  const [y, u, v] = COLOURS[colour].yuv;
  const parts = [Buffer.from(`YUV4MPEG2 W${width} H${height} F15:1 Ip A1:1 C420jpeg\n`)];
  for (let f = 0; f < frames; f++) {
    const luma = Buffer.alloc(width * height, y);
    const x = Math.floor((f * width) / frames);
    for (let row = 0; row < height / 8; row++)
      luma.fill(255 - y, row * width + x, row * width + Math.min(x + 8, width));
    const chroma = (width / 2) * (height / 2);
    parts.push(Buffer.from("FRAME\n"), luma, Buffer.alloc(chroma, u), Buffer.alloc(chroma, v));
  }
  writeFileSync(path, Buffer.concat(parts));
}

/** Writes a WAV file of tone bursts; bursts, because noise suppression takes a steady tone for noise. */
export function writeTone(path, hz, seconds = 4, rate = 48000) {
  const n = seconds * rate;
  const data = Buffer.alloc(44 + n * 2);
  data.write("RIFF", 0);
  data.writeUInt32LE(36 + n * 2, 4);
  data.write("WAVEfmt ", 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(1, 22);
  data.writeUInt32LE(rate, 24);
  data.writeUInt32LE(rate * 2, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write("data", 36);
  data.writeUInt32LE(n * 2, 40);
  const period = Math.floor(rate * 0.4);
  for (let i = 0; i < n; i++) {
    const on = i % period < rate * 0.2;
    data.writeInt16LE(on ? Math.round(12000 * Math.sin((2 * Math.PI * hz * i) / rate)) : 0, 44 + i * 2);
  }
  writeFileSync(path, data);
}

/** The mean colour of the lower half of a slot's picture (the bar is above), or null without a picture. */
export function readColour(page, slot) {
  return readColourOf(page, `video[data-slot="${slot}"]`);
}

/** The same of any video element, by its selector. */
export function readColourOf(page, selector) {
  return page.evaluate((selector) => {
    const video = document.querySelector(selector);
    if (!video || !video.videoWidth || video.readyState < 2) return null;
    const canvas = document.createElement("canvas");
    canvas.width = 32;
    canvas.height = 32;
    const ctx = canvas.getContext("2d", { willReadFrequently: true });
    ctx.drawImage(video, 0, 0, 32, 32);
    const { data } = ctx.getImageData(4, 20, 24, 10);
    const sum = [0, 0, 0];
    for (let i = 0; i < data.length; i += 4) for (let c = 0; c < 3; c++) sum[c] += data[i + c];
    return sum.map((s) => Math.round(s / (data.length / 4)));
  }, selector);
}

/** Which of COLOURS a mean colour is nearest to, or null. */
export function nameColour(rgb) {
  if (!rgb) return null;
  const distance = (name) => Math.hypot(...COLOURS[name].rgb.map((c, i) => c - rgb[i]));
  const [best] = Object.keys(COLOURS).sort((a, b) => distance(a) - distance(b));
  return distance(best) < 150 ? best : null;
}

/** How many frames a slot has shown so far: a picture that stands still is no picture. */
export function framesShown(page, slot) {
  return page.evaluate(
    (slot) => document.querySelector(`video[data-slot="${slot}"]`)?.getVideoPlaybackQuality().totalVideoFrames ?? 0,
    slot,
  );
}

/**
 * Listens to a slot for a while and returns the strongest of the given tones in Hz, or 0 for silence: a tone
 * counts when its bin rises 20 dB over the median of the spectrum and over -75 dB.
 */
export function readTone(page, slot, tones, ms = 1500) {
  return page.evaluate(
    async ({ slot, tones, ms }) => {
      const audio = document.querySelector(`audio[data-slot="${slot}"]`);
      const stream = audio?.srcObject;
      if (!stream || stream.getAudioTracks().length === 0) return 0;
      const ctx = new AudioContext();
      await ctx.resume();
      const analyser = ctx.createAnalyser();
      analyser.fftSize = 4096;
      analyser.smoothingTimeConstant = 0;
      ctx.createMediaStreamSource(stream).connect(analyser);
      const bins = new Float32Array(analyser.frequencyBinCount);
      const peak = new Float32Array(analyser.frequencyBinCount).fill(-200);
      const end = performance.now() + ms;
      while (performance.now() < end) {
        await new Promise((r) => setTimeout(r, 30));
        analyser.getFloatFrequencyData(bins);
        for (let i = 0; i < bins.length; i++) if (bins[i] > peak[i]) peak[i] = bins[i];
      }
      const median = [...peak].sort((a, b) => a - b)[peak.length >> 1];
      const level = (hz) => {
        const bin = Math.round((hz / ctx.sampleRate) * analyser.fftSize);
        return Math.max(...peak.slice(bin - 2, bin + 3));
      };
      const ranked = tones.map((hz) => ({ hz, db: level(hz) })).sort((a, b) => b.db - a.db);
      await ctx.close();
      return ranked[0].db > -75 && ranked[0].db > median + 20 ? ranked[0].hz : 0;
    },
    { slot, tones, ms },
  );
}

/**
 * Writes down ten times a second, from now on, what has come by some m-lines of sound. The function that it returns ends
 * that and tells of each: the longest time in ms without a packet, the longest without energy, and how much the browser
 * made up in all, also in ms.
 */
export async function watchSound(page, mids) {
  await page.evaluate((mids) => {
    const looks = (window.testSound = []);
    window.testSoundTimer = setInterval(async () => {
      for (const pc of window.testPeers.filter((p) => p.connectionState === "connected")) {
        for (const s of (await pc.getStats()).values()) {
          if (s.type !== "inbound-rtp" || !mids.includes(s.mid)) continue;
          const madeUp = (s.concealedSamples - s.silentConcealedSamples) / 48;
          looks.push({ mid: s.mid, at: s.timestamp, packets: s.packetsReceived, energy: s.totalAudioEnergy, madeUp });
        }
      }
    }, 100);
  }, mids);
  return async () => {
    const looks = await page.evaluate(() => {
      clearInterval(window.testSoundTimer);
      return window.testSound;
    });
    return Object.fromEntries(
      mids.map((mid) => {
        const of = looks.filter((l) => l.mid === mid).sort((a, b) => a.at - b.at);
        return [
          mid,
          {
            looks: of.length,
            noPacket: standstill(of, "packets"),
            silent: standstill(of, "energy"),
            madeUp: Math.round(of.at(-1)?.madeUp - of[0]?.madeUp),
          },
        ];
      }),
    );
  };
}

/** The longest time for which a total has not grown. */
function standstill(looks, total) {
  let [longest, since] = [0, looks[0]];
  for (const look of looks) {
    longest = Math.max(longest, look.at - since.at);
    if (look[total] > since[total]) since = look;
  }
  return Math.round(longest);
}

/** Writes a YUV4MPEG2 file of a slide that does not move: lines of dark marks on white, as text is. */
export function writeStill(path, [width, height]) {
  const luma = Buffer.alloc(width * height, 235);
  for (let row = 40; row < height - 40; row += 1)
    for (let x = 60; row % 32 < 16 && x < width - 60; x += 8)
      if ((x * 7 + (row >> 5) * 13) % 11 < 6) luma.fill(16, row * width + x, row * width + x + 5);
  const chroma = Buffer.alloc((width / 2) * (height / 2), 128);
  const frame = Buffer.concat([Buffer.from("FRAME\n"), luma, chroma, chroma]);
  writeFileSync(
    path,
    Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F15:1 Ip A1:1 C420jpeg\n`), frame, frame]),
  );
}
