// Camera, microphone, screen and loudspeaker of this computer.
import { signal, computed, effect } from "../vendor/signals.js";
import { PATIENCE_MS, barrier, canShare, loudspeakerChange, problemOf, screenProblem, within } from "../lib/devices.js";
import { device } from "./settings.js";

/** @typedef {import("../lib/devices.js").Problem} Problem */
/** @typedef {"audioinput" | "videoinput"} InputKind */
/** @typedef {"camera" | "microphone"} Name */

const VIDEO = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 25, max: 30 } };
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

const LOOK_AGAIN = 3000;

const BASE = { audioinput: AUDIO, videoinput: VIDEO };

const KINDS = /** @type {const} */ (["audioinput", "videoinput"]);

/** @param {InputKind} kind @returns {Name} */
const nameOf = (kind) => (kind === "videoinput" ? "camera" : "microphone");

export class LocalMedia {
  /** @type {import("@preact/signals").Signal<MediaStreamTrack | null>} */ camera = signal(null);
  /** @type {import("@preact/signals").Signal<MediaStreamTrack | null>} */ microphone = signal(null);
  /** @type {import("@preact/signals").Signal<MediaStream | null>} */ screen = signal(null);
  /** @type {import("@preact/signals").Signal<{camera?: Problem, microphone?: Problem}>} */ problems = signal({});
  /** @type {import("@preact/signals").Signal<MediaDeviceInfo[]>} */ devices = signal([]);
  /** Which of them were pulled out while in use and could not be replaced.
   * @type {import("@preact/signals").Signal<{camera?: boolean, microphone?: boolean, loudspeaker?: boolean}>} */
  lost = signal({});
  /** The device that took the place of one that was pulled out. @type {import("@preact/signals").Signal<{name: Name | "loudspeaker", label: string} | null>} */
  replaced = signal(null);
  /** The system, or a button of the headset, keeps the microphone silent although it is open here. */
  silenced = signal(false);
  /** Grows when another loudspeaker speaks: what plays is routed again. */
  outputs = signal(0);
  /** True while a person is asked or a device starts. */
  starting = signal(false);
  /** Own picture, for the preview and for one's own place on the stage. */
  picture = computed(() => (this.camera.value ? new MediaStream([this.camera.value]) : null));
  #wanted = false;
  /** One change after the other: a device that is pulled out is told of twice. */
  #changes = Promise.resolve();
  /** While something is lost it is looked for: not every system tells Chromium of what was plugged in. @type {ReturnType<typeof setTimeout> | undefined} */
  #again;

  constructor() {
    navigator.mediaDevices?.addEventListener("devicechange", () => this.#devicesChanged(null));
  }

  /** Asks for camera and microphone, together first, each alone when that fails. */
  async start() {
    this.#wanted = true;
    const barred = barrier({ mediaDevices: navigator.mediaDevices, secure: globalThis.isSecureContext ?? false });
    if (barred) {
      this.problems.value = { camera: barred, microphone: barred };
      return;
    }
    this.starting.value = true;
    try {
      try {
        this.#take(await this.#ask({ video: wishes("videoinput")[0], audio: wishes("audioinput")[0] }));
        this.problems.value = {};
      } catch (error) {
        // Each alone would be left without an answer as well.
        if (problemOf(error) === "stuck") this.problems.value = { camera: "stuck", microphone: "stuck" };
        else for (const kind of KINDS) await this.#startOne(kind, wishes(kind));
      }
      await this.#listDevices();
    } finally {
      this.starting.value = false;
    }
  }

  /**
   * Changes to another device.
   * @param {InputKind} kind
   * @param {string} id
   */
  async choose(kind, id) {
    device[kind].value = id;
    await this.#startOne(kind, wishes(kind));
  }

  /** Asks which screen to share. @returns {Promise<MediaStreamTrack | string>} or why there is none, as the code of a message */
  async startScreen() {
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: true });
      const [video] = stream.getVideoTracks();
      video.contentHint = "detail";
      this.stopScreen();
      this.screen.value = stream;
      return video;
    } catch (error) {
      return screenProblem(error);
    }
  }

  stopScreen() {
    for (const track of this.screen.value?.getTracks() ?? []) track.stop();
    this.screen.value = null;
  }

  stop() {
    this.#wanted = false;
    this.stopScreen();
    this.camera.value?.stop();
    this.microphone.value?.stop();
    this.camera.value = this.microphone.value = null;
    this.lost.value = {};
  }

  /**
   * Opens the first device that can be had.
   * @param {InputKind} kind
   * @param {MediaTrackConstraints[]} wishes in order
   */
  async #startOne(kind, wishes) {
    const name = nameOf(kind);
    // Some cameras open only after they were closed.
    this[name].value?.stop();
    this[name].value = null;
    for (const wished of wishes) {
      try {
        this.#take(await this.#ask(kind === "videoinput" ? { video: wished } : { audio: wished }));
        this.problems.value = { ...this.problems.value, [name]: undefined };
        return;
      } catch (error) {
        const problem = problemOf(error);
        this.problems.value = { ...this.problems.value, [name]: problem };
        if (problem === "stuck") return;
      }
    }
  }

  /**
   * Asks the browser, which may never answer. What it gives later is taken all the same.
   * @param {MediaStreamConstraints} constraints
   */
  #ask(constraints) {
    return within(navigator.mediaDevices.getUserMedia(constraints), PATIENCE_MS, (late) => {
      if (!this.#wanted) return late.getTracks().forEach((track) => track.stop());
      this.#take(late);
      this.problems.value = {
        camera: this.camera.value ? undefined : this.problems.value.camera,
        microphone: this.microphone.value ? undefined : this.problems.value.microphone,
      };
      void this.#listDevices();
    });
  }

  /** @param {MediaStream} stream */
  #take(stream) {
    for (const track of stream.getTracks()) {
      const name = nameOf(track.kind === "video" ? "videoinput" : "audioinput");
      if (track.kind === "video") track.contentHint = "motion";
      this[name].value?.stop();
      this[name].value = track;
      this.lost.value = { ...this.lost.value, [name]: false };
      if (name === "microphone") this.#listenToSystem(track);
      track.onended = () => {
        if (this[name].value !== track) return;
        this[name].value = null;
        this.problems.value = { ...this.problems.value, [name]: "none" };
        this.#devicesChanged(name);
      };
    }
  }

  /** @param {MediaStreamTrack} track */
  #listenToSystem(track) {
    const look = () => {
      if (this.microphone.value === track) this.silenced.value = track.muted;
    };
    track.onmute = track.onunmute = look;
    look();
  }

  /**
   * A device that was pulled out is replaced by another; one that comes back is used again where there is none.
   * @param {Name | null} pulled what has just ended
   */
  #devicesChanged(pulled) {
    this.#changes = this.#changes.then(async () => {
      await this.#listDevices();
      if (!this.#wanted) return;
      for (const kind of KINDS) {
        const name = nameOf(kind);
        const gone = this.#dropGone(name);
        if (this[name].value || this.problems.value[name] === "refused") continue;
        const others = this.devices.value
          .filter((d) => d.kind === kind && d.deviceId)
          .map((d) => ({ ...BASE[kind], deviceId: { exact: d.deviceId } }));
        if (this.devices.value.some((d) => d.kind === kind)) await this.#startOne(kind, [...wishes(kind), ...others]);
        const track = /** @type {MediaStreamTrack | null} */ (this[name].value);
        if (track) this.replaced.value = { name, label: track.label };
        else if (gone || pulled === name) this.lost.value = { ...this.lost.value, [name]: true };
      }
      clearTimeout(this.#again);
      if (this.lost.value.camera || this.lost.value.microphone)
        this.#again = setTimeout(() => this.#devicesChanged(null), LOOK_AGAIN);
    });
  }

  /**
   * Lets go of a track whose device is listed no more: Chromium does not always end it.
   * @param {Name} name
   */
  #dropGone(name) {
    const track = /** @type {MediaStreamTrack | null} */ (this[name].value);
    const id = track?.getSettings().deviceId;
    if (!track || !id || this.devices.value.some((d) => d.deviceId === id)) return false;
    track.stop();
    this[name].value = null;
    this.problems.value = { ...this.problems.value, [name]: "none" };
    return true;
  }

  async #listDevices() {
    const before = this.devices.value;
    const after = await navigator.mediaDevices.enumerateDevices().catch(() => before);
    this.devices.value = after;
    const change = loudspeakerChange(before, after, device.audiooutput.value);
    if (change && !change.none) this.replaced.value = { name: "loudspeaker", label: change.label };
    if (change || after.some((d) => d.kind === "audiooutput"))
      this.lost.value = { ...this.lost.value, loudspeaker: change?.none ?? false };
    if (change) this.outputs.value++;
  }
}

/**
 * What to ask for, in order: the chosen device, then any, for one that is gone must not keep the site from speaking. The
 * choice is exact: Chromium answers a mere wish for a microphone with its default one.
 * @param {InputKind} kind
 * @returns {MediaTrackConstraints[]}
 */
function wishes(kind) {
  const id = device[kind].value;
  return [...(id ? [{ ...BASE[kind], deviceId: { exact: id } }] : []), BASE[kind]];
}

/**
 * Loudness of a track, 0 … 1, on a scale that moves with speech.
 * @param {import("@preact/signals").ReadonlySignal<MediaStreamTrack | null>} track
 * @param {(level: number) => void} onLevel called some 15 times a second; -1 while the browser waits for a press
 * @returns {() => void} ends it
 */
export function meter(track, onLevel) {
  /** @type {AudioContext | undefined} */
  let context;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  const wake = () => void context?.resume();
  const stop = effect(() => {
    clearInterval(timer);
    const source = track.value;
    if (!source || typeof AudioContext === "undefined") {
      onLevel(0);
      return;
    }
    context ??= new AudioContext();
    const input = context.createMediaStreamSource(new MediaStream([source]));
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    input.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    timer = setInterval(() => {
      if (context?.state === "suspended") {
        onLevel(-1);
        return;
      }
      analyser.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const sample of samples) sum += sample * sample;
      const decibels = 10 * Math.log10(sum / samples.length + 1e-10);
      onLevel(Math.min(1, Math.max(0, (decibels + 60) / 50)));
    }, 66);
    return () => {
      clearInterval(timer);
      input.disconnect();
    };
  });
  addEventListener("pointerdown", wake);
  addEventListener("keydown", wake);
  return () => {
    stop();
    removeEventListener("pointerdown", wake);
    removeEventListener("keydown", wake);
    void context?.close();
  };
}

/** Plays two tones through the chosen loudspeaker. */
export async function testLoudspeaker() {
  const context = new AudioContext();
  await context.resume();
  const destination = context.createMediaStreamDestination();
  const gain = context.createGain();
  gain.connect(destination);
  const start = context.currentTime + 0.1;
  for (const [index, frequency] of [523.25, 659.25, 783.99].entries()) {
    const tone = context.createOscillator();
    const at = start + index * 0.35;
    tone.frequency.value = frequency;
    tone.connect(gain);
    tone.start(at);
    tone.stop(at + 0.3);
  }
  gain.gain.setValueAtTime(0.25, start);
  const audio = new Audio();
  audio.srcObject = destination.stream;
  await routeToLoudspeaker(audio);
  await audio.play().catch(() => undefined);
  setTimeout(() => void context.close(), 2_000);
}

/** Whether the browser can share a screen. */
export const canShareScreen = canShare(navigator);

/** Whether the browser lets a page choose the loudspeaker. */
export const canChooseLoudspeaker =
  typeof HTMLMediaElement !== "undefined" && "setSinkId" in HTMLMediaElement.prototype;

/** @param {HTMLMediaElement} element */
export async function routeToLoudspeaker(element) {
  if (!canChooseLoudspeaker || (!device.audiooutput.value && !element.sinkId)) return;
  // One that was pulled out gives way to the system's own.
  await element.setSinkId(device.audiooutput.value).catch(() => element.setSinkId("").catch(() => undefined));
}
