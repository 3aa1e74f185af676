// Who speaks, who is next, and who asks to, in order.
import { html } from "../html.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { actsOfKey, nextUp, otherHands, takingBack } from "../../lib/floor.js";
import { HOST } from "../../lib/protocol.js";
import { t, formatDuration, formatNumber } from "../i18n.js";
import { Button, tick } from "../parts.js";
import { Icon } from "../icons.js";
import { AgendaPanel, registered } from "./agenda.js";
import { SpeakingTime, Video } from "../stage.js";

/** @typedef {import("../room.js").Room} Room */
/** @typedef {import("../../lib/sites.js").Site} Site */
/** @typedef {import("../../lib/protocol.js").StageSlot} StageSlot */

/** Hands that stand in the queue; the list of sites shows them all. */
const QUEUE = 20;

/**
 * Tells a site that it is next, which opens its camera for the console's preview; or takes that back.
 * @param {Room} room
 * @param {Site} site
 */
export async function standBy(room, site) {
  const endpoint = site.code;
  if (!(await room.ask("stand_by", { endpoint, on: !site.stand_by }))) return;
  if (!site.stand_by) await room.ask("watch", { slot: "preview", endpoint });
  else if (room.previewed.value === endpoint) await room.ask("watch", { slot: "preview" });
}

/** The keys of the floor. @param {Room} room */
function useKeys(room) {
  useEffect(() => {
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      if (event.repeat || event.altKey || event.ctrlKey || event.metaKey || document.querySelector("dialog:modal"))
        return;
      const acts = actsOfKey(event.key, {
        live: room.phase.value === "live",
        next: nextUp(room.sites.standingBy(), registered(room), room.sites.hands()),
        stage: room.stage.value,
        microphone: Boolean(room.media.microphone.value),
        muted: room.self.value?.muted ?? false,
      });
      if (!acts) return;
      for (const { type, fields } of acts) void room.ask(type, fields);
      event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

/** @param {{room: Room}} props */
export function FloorPanel({ room }) {
  useKeys(room);
  const speaking = room.stage.value.filter((s) => s.slot !== "presentation" && s.endpoint !== HOST);
  const next = room.sites.standingBy();
  const speakers = registered(room);
  const hands = otherHands(room.sites.hands(), speakers);
  return html`<section class="floor" aria-label=${t("floor.label")}>
    <${AgendaPanel} room=${room} />
    <h2>${t("floor.now")}</h2>
    ${speaking.length === 0 && html`<p class="quiet">${t("floor.nobody")}</p>`}
    ${speaking.map((slot) => html`<${Speaker} key=${slot.slot} room=${room} grant=${slot} />`)}
    ${
      next.length > 0 &&
      html`<h2>${t("floor.next")}</h2>
      <${SitePreview} room=${room} />
      <ul class="queue">${next.map((site) => html`<${Waiting} key=${site.code} room=${room} site=${site} />`)}</ul>`
    }
    ${
      speakers.length > 0 &&
      html`<h2>${t("floor.registered")}</h2>
      <ol class="queue">${speakers.map((site) => html`<${Waiting} key=${site.code} room=${room} site=${site} />`)}</ol>`
    }
    <h2>${t("floor.hands")} <span class="count">${hands.length}</span></h2>
    ${hands.length === 0 && html`<p class="quiet">${t("floor.nohands")}</p>`}
    <ol class="queue" aria-live="polite" aria-relevant="additions">
      ${hands.slice(0, QUEUE).map((site) => html`<${Waiting} key=${site.code} room=${room} site=${site} />`)}
    </ol>
    ${hands.length > QUEUE && html`<p class="quiet">${t("floor.more", { n: formatNumber(hands.length - QUEUE) })}</p>`}
    <p class="floor__keys quiet">${t("floor.keys")}</p>
  </section>`;
}

/**
 * Picture, and on demand sound, of the site that is next. The sound is off at first: the chair's microphone may be open.
 * @param {{room: Room}} props
 */
function SitePreview({ room }) {
  const [heard, setHeard] = useState(false);
  const audio = useRef(/** @type {HTMLAudioElement | null} */ (null));
  const site = room.sites.get(room.previewed.value);
  const streams = room.peers.streams.value.get("preview");
  const sound = streams?.audio ?? null;
  useEffect(() => {
    if (!audio.current) return;
    audio.current.srcObject = sound;
    audio.current.muted = !heard;
    if (sound) void audio.current.play().catch(() => undefined);
  }, [sound, heard, site]);
  if (!site?.stand_by || !streams) return null;
  return html`<div class="site-preview">
    <${Video} slot="preview" stream=${streams.video ?? null} label=${t("tile.video", { name: site.name })} />
    <audio ref=${audio} data-slot="preview" />
    <div><strong>${site.name}</strong>
      <${Button} action="listen" icon="sound" pressed=${heard} onClick=${() => setHeard(!heard)}>${t(heard ? "preview.deaf" : "preview.listen")}<//></div>
  </div>`;
}

/** @param {{room: Room, grant: StageSlot}} props */
function Speaker({ room, grant }) {
  const { endpoint, slot } = grant;
  const { type, fields } = takingBack(grant);
  const revoke = () => void room.ask(type, fields);
  return html`<article class=${`speaker speaker--${grant.state}`}>
    <div class="speaker__who">
      <strong>${grant.name}</strong>
      <span>${[...(slot === "main" ? [t("floor.main")] : []), ...(grant.parents ?? [])].join(" · ")}</span>
      <span class="speaker__state">
      ${
        grant.state === "on_air"
          ? html`<${SpeakingTime} room=${room} since=${grant.on_air_ms ?? 0}
        />`
          : t(grant.state === "held" ? "tile.held" : "tile.countdown")
      }
        ${room.activeSpeakers.value.includes(slot) && html` <${Icon} name="sound" /> ${t("tile.voice")}`}
        ${grant.muted && html` <${Icon} name="mic-off" /> ${t("tile.muted")}`}</span>
    </div>
    ${
      !grant.muted &&
      html`<${Button} compact action="mute-speaker" icon="mic"
      label=${t("row.mute", { name: grant.name })} onClick=${() => void room.ask("mute", { endpoint, muted: true })} />`
    }
    <${Button} action=${slot === "main" ? "take-main" : "revoke-floor"} tone="danger" icon="stop"
      label=${`${t(slot === "main" ? "floor.takemain" : "floor.revoke")}: ${grant.name}`} onClick=${revoke}>
        ${t(slot === "main" ? "floor.takemain" : "floor.revoke.short")}<//>
  </article>`;
}

/** One who waits: asks to speak, or was told to be next. @param {{room: Room, site: Site}} props */
function Waiting({ room, site }) {
  void tick.value;
  const endpoint = site.code;
  const here = site.state === "present";
  return html`<li class=${`waiter ${site.stand_by ? "waiter--next" : ""}`}>
    <div class="waiter__who">
      <strong>${site.name}</strong>
      <span>${[...(site.hand_at_ms ? [t("floor.waits", { time: formatDuration(room.now() - site.hand_at_ms) })] : []), ...site.parents].join(" · ")}</span>
    </div>
    <${Button} action="stand-by" pressed=${Boolean(site.stand_by)} disabled=${!here}
      label=${t(site.stand_by ? "row.standby.off" : "row.standby", { name: site.name })}
      onClick=${() => void standBy(room, site)}>${t("row.standby.short")}<//>
    ${
      site.hand_at_ms &&
      html`<${Button} compact action="lower-hand" icon="close"
      label=${t("row.lower", { name: site.name })} onClick=${() => void room.ask("lower_hand", { endpoint })} />`
    }
    <${Button} action="grant-floor" tone="primary" label=${`${t("floor.grant")}: ${site.name}`}
      disabled=${!here || room.phase.value !== "live"} onClick=${() => void room.ask("grant", { endpoint })}>${t("floor.grant.short")}<//>
  </li>`;
}
