// The console of host and operator: the stage, who speaks, who asks to, and every site.
import { html } from "../html.js";
import { useState } from "../../vendor/hooks.js";
import { t, formatNumber, formatDuration } from "../i18n.js";
import { Button, Clock, Confirm, Dialog, Header, Preferences, tick } from "../parts.js";
import { Stage, SoundButton, Video } from "../stage.js";
import { DeviceNotice, DevicesDialog } from "../devices.js";
import { Countdown, MuteButton, ScreenButton } from "../site.js";
import { Messages, MessagesButton, NewMessage } from "../messages.js";
import { Icon } from "../icons.js";
import { HOST } from "../../lib/protocol.js";
import { ActsButton } from "./acts-button.js";
import { Fetched } from "./fetched.js";
import { FloorPanel } from "./floor.js";
import { SitesPanel } from "./sites.js";

const board = async () => (await import("./board.js")).Board;

/** @typedef {import("../room.js").Room} Room */

/** @param {{room: Room, publishes: boolean}} props */
export function Console({ room, publishes }) {
  const title = room.session.value?.title ?? "";
  const [province, setProvince] = useState(/** @type {string | undefined} */ (undefined));
  return html`<div class="console">
    <${Header} title=${title}>
      <${PhaseBadge} room=${room} /><${Clock} room=${room} seconds /><${Preferences} />
    <//>
    <main class="console__main">
      <h1 class="visually-hidden">${t("console.label")}: ${title}</h1>
      <div class="console__left">
        <div class="console__stage">
          <${Stage} room=${room} />
          ${publishes && room.phase.value === "waiting" && html`<div class="console__self">
            <${Video} stream=${room.media.picture.value} mirrored label=${t("devices.picture")} />
            <p>${t("console.waiting")}</p>
          </div>`}
          ${!publishes && room.phase.value === "waiting" && html`<div class="console__self"><p>${t("console.waiting")}</p></div>`}
        </div>
        <${HeldNotice} room=${room} />
        <${ChairNotice} room=${room} />
        <${HostControls} room=${room} publishes=${publishes} />
        <${FloorPanel} room=${room} />
      </div>
      <${SitesPanel} room=${room} province=${province} onProvince=${setProvince} />
    </main>
    ${room.role === "endpoint" && html`<${Countdown} room=${room} />`}
    ${publishes && html`<${DeviceNotice} room=${room} />`}
    <${SoundButton} room=${room} />
  </div>`;
}

/** @param {{room: Room}} props */
function PhaseBadge({ room }) {
  void tick.value;
  const state = room.state.value;
  const live = room.phase.value === "live";
  const since = live && state?.started_at_ms ? formatDuration(room.now() - state.started_at_ms) : "";
  const { total } = room.sites;
  return html`<p class="badges">
    <span class=${`badge badge--${live ? "live" : "idle"}`} role="status">${t(live ? "phase.live" : "phase.waiting")}${since && html` <time>${since}</time>`}</span>
    ${room.identity.value?.scope && html`<span class="badge badge--scope">${t("scope.badge", { name: room.sites.unitName(room.identity.value.scope) })}</span>`}
    <span class="badge">${t("counts.badge", { present: formatNumber(total.present), convened: formatNumber(total.convened) })}</span>
  </p>`;
}

/** After a reconnection the host, too, comes back with a closed microphone. @param {{room: Room}} props */
function HeldNotice({ room }) {
  const held = room.phase.value === "live" && room.mine.value.some((slot) => slot.state === "held");
  if (!held) return null;
  return html`<div class="notice notice--attention" role="alert">
    <p>${t("held.text")}</p>
    <${Button} action="confirm" tone="onair" icon="play" onClick=${() => void room.ask("confirm", {})}>${t("held.confirm")}<//>
  </div>`;
}

/** Who chairs, when it is not the host, and the way back. @param {{room: Room}} props */
function ChairNotice({ room }) {
  const chair = room.state.value?.chair ?? HOST;
  if (chair === HOST) return null;
  const own = room.chairs.value;
  const mayReturn = own || room.role === "host";
  return html`<div class="notice notice--attention" role="status">
    <p><${Icon} name="chair" /> ${own ? t("chair.own") : t("chair.other", { name: room.sites.get(chair)?.name ?? chair })}</p>
    ${mayReturn && html`<${Button} action="hand-over" onClick=${() => void room.ask("hand_over", { to: HOST })}>${t(own ? "chair.return" : "chair.take")}<//>`}
  </div>`;
}

/** @param {{room: Room, publishes: boolean}} props */
function HostControls({ room, publishes }) {
  const [open, setOpen] = useState(/** @type {"" | "end" | "devices" | "leave" | "messages" | "board"} */ (""));
  const live = room.phase.value === "live";
  const rollCall = room.state.value?.roll_call ?? 0;
  const online = room.link.value === "online";
  const close = () => setOpen("");
  return html`<nav class="host-controls" aria-label=${t("controls.label")}>
    ${!live && room.steersAll && html`<${Button} action="start" tone="primary" icon="play" disabled=${!online} onClick=${() => void room.ask("start", {})}>${t("start")}<//>`}
    ${publishes && live && html`<${MuteButton} room=${room} /><${ScreenButton} room=${room} />`}
    ${room.steersAll && html`<${Button} action="roll-call" icon="list" pressed=${Boolean(rollCall)} disabled=${!online}
      onClick=${() => void room.ask("roll_call", { open: !rollCall })}>${t(rollCall ? "rollcall.close" : "rollcall.open")}<//>`}
    <${MessagesButton} room=${room} onClick=${() => setOpen("messages")} />
    ${publishes && html`<${Button} compact action="devices" icon="gear" label=${t("devices.label")} onClick=${() => setOpen("devices")} />`}
    <${ActsButton} room=${room} />
    ${!live && html`<${Button} action="board" icon="check" onClick=${() => setOpen("board")}>${t("board.short")}<//>`}
    ${(!live || !room.steersAll) && html`<${Button} compact action="leave" icon="leave" label=${t("leave")} onClick=${() => setOpen("leave")} />`}
    ${live && room.steersAll && html`<${Button} action="end" tone="danger" icon="stop" disabled=${!online} onClick=${() => setOpen("end")}>${t("end.short")}<//>`}
    ${open === "messages" ? html`<${Messages} room=${room} onClose=${close} />` : html`<${NewMessage} room=${room} onOpen=${() => setOpen("messages")} />`}
    ${open === "board" && html`<${Fetched} load=${board} room=${room} onClose=${close} />`}
    ${open === "end" && html`<${EndDialog} room=${room} onClose=${close} />`}
    ${open === "leave" && html`<${Confirm} title=${t("leave.title")} text=${t("leave.console")} yes=${t("leave")} onYes=${() => room.leave()} onClose=${close} />`}
    ${open === "devices" && html`<${DevicesDialog} room=${room} onClose=${close} />`}
  </nav>`;
}

/**
 * Ending is for everyone and for good, so it is asked; who only wants to go can do that instead.
 * @param {{room: Room, onClose: () => void}} props
 */
function EndDialog({ room, onClose }) {
  const end = () => {
    onClose();
    void room.ask("end", {});
  };
  return html`<${Dialog} title=${t("end.title")} onClose=${onClose}>
    <p>${t("end.text", { n: formatNumber(room.sites.total.present) })}</p>
    <div class="dialog__actions">
      <${Button} onClick=${onClose} autofocus>${t("cancel")}<//>
      <${Button} action="leave" icon="leave" onClick=${() => room.leave()}>${t("end.leave")}<//>
      <${Button} action="confirm" tone="onair" onClick=${end}>${t("end.yes")}<//>
    </div>
  <//>`;
}
