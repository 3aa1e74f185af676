// What a page does so that its site is really there: keeps the screen awake, and posts a still picture now and then
// for the consoles' wall.
import { effect } from "../vendor/signals.js";
import { ask } from "./api.js";

/** @typedef {import("./room.js").Room} Room */

const WIDTH = 320;
const HEIGHT = 180;
const QUALITY = 0.6;

/** Keeps the screen on while in the room, where the browser can. @param {Room} room */
export function stayAwake(room) {
  const wake = () => {
    if (room.step.value === "room" && document.visibilityState === "visible")
      void navigator.wakeLock?.request("screen").catch(() => undefined);
  };
  effect(wake);
  document.addEventListener("visibilitychange", wake);
}

/** Posts pictures as often as the server asks. @param {Room} room */
export function postSnapshots(room) {
  const video = document.createElement("video");
  video.muted = true;
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const post = async () => {
    if (room.link.value !== "online" || !video.videoWidth) return;
    canvas.getContext("2d")?.drawImage(video, 0, 0, WIDTH, HEIGHT);
    /** @type {Blob | null} */
    const picture = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    if (!picture) return;
    // One that is lost is no matter: the next one follows.
    await ask(room, "/me/snapshot", { method: "PUT", body: picture });
  };
  effect(() => {
    const stream = room.media.picture.value;
    const seconds = room.welcome.value?.snapshot_s ?? 0;
    video.srcObject = seconds ? stream : null;
    if (!stream || !seconds) return;
    void video.play().catch(() => undefined);
    // The first one soon, but not all sites at once.
    const first = setTimeout(post, 1_000 + Math.random() * 4_000);
    const timer = setInterval(post, seconds * 1_000);
    return () => {
      clearTimeout(first);
      clearInterval(timer);
    };
  });
}
