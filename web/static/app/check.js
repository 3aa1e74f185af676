// The technical check before a session: camera, microphone, loudspeaker and line, told in plain words and kept by the
// server for the operators' board.
import { html } from "./html.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { recorded } from "../lib/devices.js";
import { deviceName } from "../lib/device.js";
import { testLine } from "../lib/linetest.js";
import { tryEveryWay } from "../lib/reach.js";
import { t, tMaybe } from "./i18n.js";
import { meter, testLoudspeaker } from "./media.js";
import { Button, Dialog } from "./parts.js";
import { formatRate } from "./rate.js";
import { Icon } from "./icons.js";
import { Video } from "./stage.js";
import { ask, tellRefusal } from "./api.js";
import { rehearsal } from "./rehearsals.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("../lib/linetest.js").Line} Line */

/** Level from which a voice counts as heard. */
const HEARD = 0.35;
const LISTEN_MS = 12_000;

/**
 * The guided check.
 * @param {{room: Room, onClose: () => void}} props
 */
export function Check({ room, onClose }) {
  const { media } = room;
  const [heard, setHeard] = useState(false);
  const [silent, setSilent] = useState(false);
  const [speaker, setSpeaker] = useState(/** @type {"" | "ok" | "silent"} */ (""));
  const [line, setLine] = useState(/** @type {Line | null} */ (null));
  const [person, setPerson] = useState({ contact: "", phone: "" });
  const [sent, setSent] = useState(false);
  const level = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const timer = setTimeout(() => setSilent(true), LISTEN_MS);
    const stop = meter(media.microphone, (value) => {
      if (value >= HEARD) setHeard(true);
      level.current?.style.setProperty("--level", String(Math.max(0, value)));
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, []);
  const run = async () => {
    setLine(null);
    const call = (/** @type {string} */ path, /** @type {import("../lib/http.js").Options | undefined} */ options) =>
      ask(room, `/rehearsal${path}`, options);
    const noise = noisePicture();
    try {
      const ways = await tryEveryWay({ call, socket: room.socketURL });
      setLine({ ...(await testLine({ call, picture: noise.track }).catch(() => ({ connected: false }))), ...ways });
    } catch {
      setLine({ connected: false });
    } finally {
      noise.stop();
    }
  };
  useEffect(() => void run(), []);
  const { problems } = media;
  const camera = media.camera.value ? "ok" : recorded(problems.value.camera ?? "none");
  const microphone = media.microphone.value
    ? heard
      ? "ok"
      : silent
        ? "silent"
        : ""
    : recorded(problems.value.microphone ?? "none");
  const ready = microphone !== "" && speaker !== "" && line !== null;
  const send = async () => {
    const body = { camera, microphone, loudspeaker: speaker, line, ...person, device: deviceName(navigator) };
    const answer = await ask(room, "/rehearsal", { method: "PUT", body });
    if (!answer.ok) return tellRefusal(room, answer);
    rehearsal.value = { ...rehearsal.value, ...answer.data };
    setSent(true);
  };
  const last = rehearsal.value;
  return html`<${Dialog} title=${t("rehearsal.title")} onClose=${onClose} wide>
    ${
      sent && last
        ? html`<div class="verdict" role="status">
      <p class=${`light light--${last.light}`}><span aria-hidden="true" />${tMaybe(`rehearsal.${last.light}`, "rehearsal.untested")}</p>
      <ul class="reasons">${(last.reasons ?? []).map((reason) => html`<li key=${reason}>${tMaybe(`reason.${reason}`, "reason.other")}</li>`)}</ul>
      ${last.help_phone && last.light !== "green" && html`<p>${t("rehearsal.phone")} <a href=${`tel:${last.help_phone}`}>${last.help_phone}</a></p>`}
      <div class="dialog__actions"><${Button} tone="primary" action="rehearsal-done" onClick=${onClose}>${t("close")}<//></div>
    </div>`
        : html`<ol class="checks">
      <${Step} state=${camera} title=${t("devices.camera")}
        text=${camera === "ok" ? t("check.camera.ok") : t(`problem.camera.${/** @type {"none"} */ (camera)}`)}>
        ${media.camera.value && html`<div class="checks__picture"><${Video} stream=${media.picture.value} mirrored label=${t("devices.picture")} /></div>`}<//>
      <${Step} state=${microphone} title=${t("devices.microphone")} text=${microphoneText(microphone)}>
        ${media.microphone.value && html`<span ref=${level} class="level__bar" aria-hidden="true"><span class="level__fill" /></span>`}<//>
      <${Step} state=${speaker} title=${t("devices.loudspeaker")}
        text=${t(speaker === "ok" ? "check.speaker.ok" : speaker === "silent" ? "check.speaker.silent" : "check.speaker.ask")}>
        <div class="checks__buttons"><${Button} action="test-sound" icon="sound" onClick=${() => void testLoudspeaker()}>${t("devices.test")}<//>
          <${Button} action="sound-heard" pressed=${speaker === "ok"} onClick=${() => setSpeaker("ok")}>${t("check.heard")}<//>
          <${Button} action="sound-not-heard" pressed=${speaker === "silent"} onClick=${() => setSpeaker("silent")}>${t("check.notheard")}<//></div><//>
      <${Step} state=${line ? (line.connected && !line.blocked?.includes("socket") ? "ok" : "none") : ""} title=${t("sheet.line")} text=${lineText(line)}>
        ${line ? html`<${Button} action="retry-line" onClick=${() => void run()}>${t("retry")}<//>` : html`<span class="spinner" />`}<//>
    </ol>
    <div class="checks__person">
      ${[
        ["contact", t("check.contact")],
        ["phone", t("sheet.phone")],
      ].map(
        ([name, label]) => html`<label class="field" key=${name}><span>${label}</span>
        <input type=${name === "phone" ? "tel" : "text"} maxlength="200" value=${person[/** @type {"phone"} */ (name)]}
          onInput=${(/** @type {Event} */ e) => setPerson({ ...person, [name]: /** @type {HTMLInputElement} */ (e.target).value })} /></label>`,
      )}
    </div>
    <div class="dialog__actions">
      <${Button} onClick=${onClose}>${t("cancel")}<//>
      <${Button} action="rehearsal-send" tone="primary" icon="check" disabled=${!ready} onClick=${() => void send()}>${t("check.send")}<//>
    </div>`
    }
  <//>`;
}

/**
 * One thing that is checked.
 * @param {{state: string, title: string, text: string, children?: import("./html.js").Children}} props state: "" while it runs, ok, or what is wrong
 */
function Step({ state, title, text, children }) {
  const mark = state === "" ? "wait" : state === "ok" ? "ok" : "bad";
  return html`<li class=${`check check--${mark}`}>
    <span class="check__mark" aria-hidden="true">${mark !== "wait" && html`<${Icon} name=${mark === "ok" ? "check" : "warn"} />`}</span>
    <div><strong>${title}</strong><p role="status">${text}</p>${children}</div>
  </li>`;
}

/** @param {string} state */
function microphoneText(state) {
  if (state === "") return t("check.microphone.speak");
  if (state === "ok") return t("check.microphone.ok");
  return state === "silent"
    ? t("check.microphone.silent")
    : tMaybe(`problem.microphone.${state}`, "problem.microphone.none");
}

/** @param {Line | null} line */
function lineText(line) {
  if (!line) return t("check.line.running");
  const ways = (line.blocked ?? []).map((way) => t(`check.way.${way}`)).join(", ");
  return [
    line.blocked?.includes("socket") && t("reason.no_socket"),
    ways && t("check.line.blocked", { ways }),
    measuredText(line),
  ]
    .filter(Boolean)
    .join(" ");
}

/** @param {Line} line */
function measuredText(line) {
  if (!line.connected) return t("reason.no_line");
  if (line.no_vp8) return t("reason.no_vp8");
  const { up_kbps = 0, down_kbps = 0, rtt_ms = 0, loss_up_pct = 0, loss_down_pct = 0 } = line;
  return t("check.line.result", {
    up: formatRate(up_kbps),
    down: formatRate(down_kbps),
    rtt: rtt_ms,
    loss: Math.max(loss_up_pct, loss_down_pct),
  });
}

/** A moving picture that is hard to compress, so that the line is really loaded. */
function noisePicture() {
  const [width, height, block] = [1280, 720, 8];
  const noise = document.createElement("canvas");
  noise.width = width / block;
  noise.height = height / block;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const small = /** @type {CanvasRenderingContext2D} */ (noise.getContext("2d"));
  const large = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  large.imageSmoothingEnabled = false;
  const image = small.createImageData(noise.width, noise.height);
  const words = new Uint32Array(image.data.buffer);
  const timer = setInterval(() => {
    for (let i = 0; i < words.length; i++) words[i] = (Math.random() * 0xffffff) | 0xff000000;
    small.putImageData(image, 0, 0);
    large.drawImage(noise, 0, 0, width, height);
  }, 66);
  const track = canvas.captureStream(15).getVideoTracks()[0];
  return {
    track,
    stop: () => {
      clearInterval(timer);
      track.stop();
    },
  };
}
