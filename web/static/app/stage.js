// The stage: what everyone sees and hears. Every slot has its video and audio element from the start, so that a
// change of layout never touches what plays.
import { html } from "./html.js";
import { useEffect, useRef } from "../vendor/hooks.js";
import { SLOTS } from "../lib/protocol.js";
import { chooseLayout } from "../lib/layout.js";
import { plateWord, saysMuted } from "../lib/words.js";
import { t, formatDuration } from "./i18n.js";
import { device, pictures as wanted } from "./settings.js";
import { routeToLoudspeaker } from "./media.js";
import { Icon } from "./icons.js";
import { tick } from "./parts.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("../lib/protocol.js").StageSlot} StageSlot */

/**
 * A video element that shows a stream, silent: sound has its own element.
 * @param {{slot?: string, stream: MediaStream | null, mirrored?: boolean, label: string}} props
 */
export function Video({ slot, stream, mirrored, label }) {
  const ref = useRef(/** @type {HTMLVideoElement | null} */ (null));
  useEffect(() => {
    const video = ref.current;
    if (!video) return;
    video.muted = true;
    if (video.srcObject !== stream) video.srcObject = stream;
    if (stream) void video.play().catch(() => undefined);
  }, [stream]);
  return html`<video ref=${ref} class=${mirrored ? "mirrored" : ""} data-slot=${slot} muted playsinline autoplay aria-label=${label} />`;
}

/**
 * The sound of a slot. One's own is never played.
 * @param {{room: Room, slot: string, own: boolean, deaf: boolean}} props
 */
function Sound({ room, slot, own, deaf }) {
  const ref = useRef(/** @type {HTMLAudioElement | null} */ (null));
  const stream = room.peers.streams.value.get(slot)?.audio ?? null;
  const sink = device.audiooutput.value;
  useEffect(() => {
    const audio = ref.current;
    if (!audio) return;
    if (audio.srcObject !== stream) audio.srcObject = stream;
    if (!stream || deaf) return;
    void routeToLoudspeaker(audio);
    audio.play().catch((error) => {
      if (error.name === "NotAllowedError") room.soundBlocked.value = true;
    });
  }, [stream, sink, room.media.outputs.value, room.soundBlocked.value, deaf]);
  useEffect(() => {
    if (ref.current) ref.current.muted = own || deaf;
  }, [own, deaf]);
  return html`<audio ref=${ref} data-slot=${slot} autoplay />`;
}

/** @param {{room: Room, deaf?: boolean, mute?: string}} props deaf: seen and not heard; mute: an endpoint that is heard in the room itself */
export function Stage({ room, deaf = false, mute }) {
  const stage = room.stage.value;
  const bySlot = new Map(stage.map((slot) => [slot.slot, slot]));
  const layout = chooseLayout(stage.map((slot) => slot.slot));
  const own = room.identity.value?.code;
  const place = (/** @type {string} */ slot) => {
    const large = layout.large.indexOf(slot);
    if (large >= 0) return `large${large + 1}`;
    const side = layout.side.indexOf(slot);
    return side >= 0 ? `side${side + 1}` : "";
  };
  return html`<section class=${`stage stage--${layout.name} stage--sides${layout.side.length}`} aria-label=${t("stage.label")}>
    ${SLOTS.map(
      (slot) => html`<${Tile} key=${slot} room=${room} slot=${slot} grant=${bySlot.get(slot)} place=${place(slot)}
      own=${bySlot.get(slot)?.endpoint === own} />`,
    )}
    ${layout.name === "empty" && html`<p class="stage__empty">${t("stage.empty")}</p>`}
    <div hidden>
    ${SLOTS.map(
      (slot) =>
        html`<${Sound} key=${slot} room=${room} slot=${slot}
          deaf=${deaf || (mute !== undefined && bySlot.get(slot)?.endpoint === mute)} own=${bySlot.get(slot)?.endpoint === own} />`,
    )}
      </div>
  </section>`;
}

/**
 * One place on the stage.
 * @param {{room: Room, slot: string, grant: StageSlot | undefined, place: string, own: boolean}} props
 */
function Tile({ room, slot, grant, place, own }) {
  const local = slot === "presentation" ? room.media.screen.value : room.media.picture.value;
  // Until it is on air, and when others see nothing of it, one's own place says so too.
  // A slot that nobody holds keeps no last frame of who held it.
  const stream = !grant ? null : own ? local : (room.peers.streams.value.get(slot)?.video ?? null);
  const live = (grant?.state === "on_air" && !grant.away) || (own && grant?.state === "countdown");
  const off = (wanted.value === "none" || room.peers.noVP8.value) && !own;
  const pictures = Boolean(live && stream && (own || (grant?.video && !off)));
  const voice = Boolean(grant && room.activeSpeakers.value.includes(slot));
  const name = grant?.name ?? "";
  return html`<figure
    class=${`tile tile--${place || "off"} ${pictures ? "tile--pictures" : ""} ${voice ? "tile--voice" : ""}`} hidden=${!grant} data-tile=${slot}>
    <${Video} slot=${slot} stream=${stream} label=${t(slot === "presentation" ? "tile.presentation" : "tile.video", { name })} />
    ${
      grant &&
      !pictures &&
      html`<div class="plate">
      <p class="plate__name">${name}</p>
      ${grant.parents?.length ? html`<p class="plate__parents">${grant.parents.join(" · ")}</p>` : null}
      <p class="plate__state">${t(plateWord(grant, { own, off }))}</p>
    </div>`
    }
    ${grant && html`<${Caption} room=${room} slot=${slot} grant=${grant} named=${pictures} voice=${voice} />`}
  </figure>`;
}

/**
 * Who it is, and how long they have been speaking. The plate bears the names itself.
 * @param {{room: Room, slot: string, grant: StageSlot, named: boolean, voice: boolean}} props
 */
function Caption({ room, slot, grant, named, voice }) {
  // Words over slides would hide what is on them.
  if (slot === "presentation") return null;
  const muted = saysMuted(grant);
  const timed = (slot === "floor" || slot === "floor2") && grant.state === "on_air";
  if (!named && !muted && !timed && !voice) return null;
  return html`<figcaption class="caption">
    ${
      muted
        ? html`<span class="caption__muted"><${Icon} name="mic-off" /><span class="visually-hidden">${t("tile.muted")}</span></span>`
        : html`<span class=${`caption__voice ${voice ? "caption__voice--on" : ""}`}><${Icon} name="sound" />
          ${voice && html`<span class="visually-hidden">${t("tile.voice")}</span>`}</span>`
    }
    ${named && html`<span class="caption__name">${grant.name}</span>`}
    ${named && grant.parents?.length ? html`<span class="caption__parents">${grant.parents.join(" · ")}</span>` : null}
    ${timed && html`<${SpeakingTime} room=${room} since=${grant.on_air_ms ?? 0} />`}
  </figcaption>`;
}

/** How long somebody speaks. @param {{room: Room, since: number}} props */
export function SpeakingTime({ room, since }) {
  void tick.value;
  return since ? html`<time class="speaking-time">${formatDuration(room.now() - since)}</time>` : null;
}

/** Where the browser refused to play sound: one press starts it. @param {{room: Room}} props */
export function SoundButton({ room }) {
  if (!room.soundBlocked.value) return null;
  return html`<button type="button" class="sound-button" data-action="play-sound" onClick=${() => (room.soundBlocked.value = false)}>
    <${Icon} name="sound" /><span>${t("sound.start")}</span>
  </button>`;
}
