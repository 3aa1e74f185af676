// Who speaks, who is next, and who asks to, in order.
import { html } from "../html.js";
import { t, formatDuration } from "../i18n.js";
import { Button, tick } from "../parts.js";
import { Icon } from "../icons.js";
import { SpeakingTime } from "../stage.js";

/** @typedef {import("../room.js").Room} Room */
/** @typedef {import("../../lib/sites.js").Site} Site */
/** @typedef {import("../../lib/protocol.js").StageSlot} StageSlot */

/** @param {{room: Room}} props */
export function FloorPanel({ room }) {
  const host = room.identity.value?.code;
  const onFloor = (room.state.value?.stage ?? []).filter((s) => s.slot !== "presentation" && s.endpoint !== host && room.sites.get(s.endpoint));
  const next = room.sites.standingBy();
  const hands = room.sites.hands().filter((site) => !site.stand_by);
  return html`<section class="floor" aria-label=${t("floor.label")}>
    <h2>${t("floor.now")}</h2>
    ${onFloor.length === 0 && html`<p class="quiet">${t("floor.nobody")}</p>`}
    ${onFloor.map((slot) => html`<${Speaker} key=${slot.slot} room=${room} grant=${slot} />`)}
    ${next.length > 0 && html`<h2>${t("floor.next")}</h2>
      <ul class="queue">${next.map((site) => html`<${Waiting} key=${site.code} room=${room} site=${site} />`)}</ul>`}
    <h2>${t("floor.hands")} <span class="count">${hands.length}</span></h2>
    ${hands.length === 0 && html`<p class="quiet">${t("floor.nohands")}</p>`}
    <ol class="queue" aria-live="polite" aria-relevant="additions">
      ${hands.map((site) => html`<${Waiting} key=${site.code} room=${room} site=${site} />`)}
    </ol>
  </section>`;
}

/** @param {{room: Room, grant: StageSlot}} props */
function Speaker({ room, grant }) {
  const { endpoint, slot } = grant;
  return html`<article class=${`speaker speaker--${grant.state}`}>
    <div class="speaker__who">
      <strong>${grant.name}</strong>
      <span>${grant.parents?.join(" · ")}</span>
      <span class="speaker__state">${grant.state === "on_air" ? html`<${SpeakingTime} room=${room} since=${grant.on_air_ms ?? 0} />` : t(grant.state === "held" ? "tile.held" : "tile.countdown")}
        ${grant.muted && html` <${Icon} name="mic-off" /> ${t("tile.muted")}`}</span>
    </div>
    ${!grant.muted && html`<${Button} compact action="mute-speaker" icon="mic" label=${t("row.mute", { name: grant.name })} onClick=${() => void room.ask("mute", { endpoint, muted: true })} />`}
    <${Button} action="revoke-floor" tone="danger" icon="stop" onClick=${() => void room.ask("revoke", { endpoint, slot })}>${t("floor.revoke")}<//>
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
      <span>${[...site.parents, ...(site.hand_at_ms ? [t("floor.waits", { time: formatDuration(room.now() - site.hand_at_ms) })] : [])].join(" · ")}</span>
    </div>
    <${Button} compact action="stand-by" icon="next" pressed=${Boolean(site.stand_by)} disabled=${!here} label=${t(site.stand_by ? "row.standby.off" : "row.standby", { name: site.name })}
      onClick=${() => void room.ask("stand_by", { endpoint, on: !site.stand_by })} />
    ${site.hand_at_ms && html`<${Button} compact action="lower-hand" icon="close" label=${t("row.lower", { name: site.name })} onClick=${() => void room.ask("lower_hand", { endpoint })} />`}
    <${Button} action="grant-floor" tone="primary" disabled=${!here || room.phase.value !== "live"} onClick=${() => void room.ask("grant", { endpoint })}>${t("floor.grant")}<//>
  </li>`;
}
