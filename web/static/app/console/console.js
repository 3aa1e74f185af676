// The console of host and operator: the stage large and always in sight, beside it who speaks, who asks to, and every site.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { t, formatNumber, formatDuration } from "../i18n.js";
import { Button, Clock, Confirm, Dialog, Header, KeysHelp, Preferences, Toasts, tick } from "../parts.js";
import { Stage, SoundButton, Video } from "../stage.js";
import { DeviceNotice, DevicesDialog } from "../devices.js";
import { BackOnAir, Countdown, MuteButton, ScreenButton, Unheard } from "../onair.js";
import { MessagesButton, NewMessage } from "../messages.js";
import { Icon } from "../icons.js";
import { HOST } from "../../lib/protocol.js";
import { Fetched } from "./fetched.js";
import { FloorPanel } from "./floor.js";
import { SidePanels, mayChange, panel, togglePanel } from "./panels.js";
import { Provinces } from "./provinces.js";
import { SitesPanel } from "./sites.js";
import { DeskWaiting } from "./waiting.js";

const board = async () => (await import("./board.js")).Board;

/** @typedef {import("../room.js").Room} Room */

/** What a narrow screen shows below the stage. */
const VIEWS = /** @type {const} */ (["floor", "sites"]);

/** @param {{room: Room, publishes: boolean}} props */
export function Console({ room, publishes }) {
  const title = room.session.value?.title ?? "";
  const [province, setProvince] = useState(/** @type {string | undefined} */ (undefined));
  const [wall, setWall] = useState(false);
  const [view, setView] = useState(/** @type {"floor" | "sites"} */ ("floor"));
  const waiting = room.phase.value === "waiting";
  return html`<div class="console desk" data-view=${view} data-wall=${String(wall)}>
    <${Header} title=${title}>
      <${PhaseBadge} room=${room} /><${Clock} room=${room} seconds /><${Preferences} />
    <//>
    <${HostControls} room=${room} publishes=${publishes} />
    <main class="desk__main">
      <h1 class="visually-hidden">${t("console.label")}: ${title}</h1>
      <div class="desk__left">
        <div class="console__stage">
          <${Stage} room=${room} />
          ${
            publishes &&
            waiting &&
            html`<div class="console__self">
            <${Video} stream=${room.media.picture.value} mirrored label=${t("devices.picture")} />
            <${DeskWaiting} room=${room} />
          </div>`
          }
          ${!publishes && waiting && html`<div class="console__self"><${DeskWaiting} room=${room} /></div>`}
        </div>
        <${Cards} room=${room} publishes=${publishes} />
        <${Provinces} room=${room} province=${province} onProvince=${setProvince} />
      </div>
      <div class="desk__right">
        <div class="desk__views" role="group" aria-label=${t("desk.views")}>
          ${VIEWS.map(
            (name) => html`<button type="button" key=${name} class="tab"
            aria-pressed=${String(view === name)} onClick=${() => setView(name)}>${t(`desk.${name}`)}</button>`,
          )}
        </div>
        <${FloorPanel} room=${room} />
        <${SitesPanel} room=${room} province=${province} wall=${wall} onWall=${setWall} />
      </div>
      <${SidePanels} room=${room} />
    </main>
    ${room.role === "endpoint" && html`<${Countdown} room=${room} />`}
    <${SoundButton} room=${room} />
    <${KeysHelp} keys=${[
      ["F2", t("keys.next")],
      ["F4", t("keys.revoke")],
      ["F8", t("keys.mute")],
    ]} />
  </div>`;
}

/** What asks for an answer or tells something stands over the stage: no button of the desk is covered, and none moves.
 * @param {{room: Room, publishes: boolean}} props */
function Cards({ room, publishes }) {
  return html`<div class="cards"><div class="cards__place">
    <div class="cards__left">${panel.value?.name !== "messages" && html`<${NewMessage} room=${room} onOpen=${() => togglePanel("messages")} />`}</div>
    <div class="cards__middle">
      ${publishes && html`<${DeviceNotice} room=${room} /><${Unheard} room=${room} />`}
      <${ChairNotice} room=${room} /><${OthersUnheard} room=${room} />
      <${BackOnAir} room=${room} />
    </div>
    <div class="cards__right"><${Toasts} room=${room} /></div>
  </div></div>`;
}

/** Who speaks and is not heard: the operator can call them. @param {{room: Room}} props */
function OthersUnheard({ room }) {
  const slots = room.stage.value.filter((slot) => slot.microphone && !room.mine.value.includes(slot));
  return html`<div role="alert">${slots.map(
    (slot) => html`<p key=${slot.slot} class="unheard" data-unheard-other=${slot.endpoint}><${Icon} name="mic-off" />
    <strong>${t(slot.microphone === "system" ? "unheard.other.system" : "unheard.other.talking", { name: slot.name })}</strong></p>`,
  )}</div>`;
}

/** @param {{room: Room}} props */
function PhaseBadge({ room }) {
  void tick.value;
  const state = room.state.value;
  const live = room.phase.value === "live";
  const since = live && state?.started_at_ms ? formatDuration(room.now() - state.started_at_ms) : "";
  const { total } = room.sites;
  return html`<p class="badges">
    <span class=${`badge badge--${live ? "live" : "idle"}`} role="status">${t(live ? "phase.live" : "phase.waiting")}
    ${since && html` <time>${since}</time>`}</span>
    ${room.identity.value?.scope && html`<span class="badge badge--scope">${t("scope.badge", { name: room.sites.unitName(room.identity.value.scope) })}</span>`}
    <span class="badge">${t("counts.badge", { present: formatNumber(total.present), convened: formatNumber(total.convened) })}</span>
  </p>`;
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

/**
 * The one toolbar. Every button keeps its place, whatever opens or begins. It stands at the foot of the page and is reached
 * first by keyboard, before the buttons of speakers and sites.
 * @param {{room: Room, publishes: boolean}} props
 */
function HostControls({ room, publishes }) {
  const [open, setOpen] = useState(/** @type {"" | "end" | "devices" | "leave" | "board"} */ (""));
  const live = room.phase.value === "live";
  const rollCall = room.state.value?.roll_call ?? 0;
  const online = room.link.value === "online";
  const close = () => setOpen("");
  const settled = useSettled(live);
  const shown = panel.value?.name;
  return html`<nav class="host-controls" aria-label=${t("controls.label")}>
    ${
      !live &&
      room.steersAll &&
      html`<${Button} action="start" tone="primary" icon="play" disabled=${!online}
      onClick=${() => void room.ask("start", {})}>${t("start")}<//>`
    }
    ${publishes && live && html`<${MuteButton} room=${room} disabled=${!settled} /><${ScreenButton} room=${room} disabled=${!settled} />`}
    ${
      room.steersAll &&
      html`<${Button} action="roll-call" icon="list" pressed=${Boolean(rollCall)} disabled=${!online}
      onClick=${() => void room.ask("roll_call", { open: !rollCall })}>${t(rollCall ? "rollcall.close" : "rollcall.open")}<//>`
    }
    <${MessagesButton} room=${room} pressed=${shown === "messages"} onClick=${() => togglePanel("messages")} />
    <${Button} action="auditlog" icon="clock" pressed=${shown === "auditlog"} onClick=${() => togglePanel("auditlog")}>${t("auditlog.short")}<//>
    ${
      mayChange(room) &&
      html`<${Button} action="change" icon="pencil" pressed=${shown === "change"} onClick=${() => togglePanel("change")}>${t("change.short")}<//>`
    }
    ${!live && html`<${Button} action="board" icon="check" onClick=${() => setOpen("board")}>${t("board.short")}<//>`}
    ${publishes && html`<${Button} action="devices" icon="gear" onClick=${() => setOpen("devices")}>${t("devices.short")}<//>`}
    <span class="host-controls__gap" />
    ${(!live || !room.steersAll) && html`<${Button} action="leave" icon="leave" onClick=${() => setOpen("leave")}>${t("leave")}<//>`}
    ${
      live &&
      room.steersAll &&
      html`<${Button} action="end" tone="danger" icon="stop" disabled=${!online}
      onClick=${() => setOpen("end")}>${t("end.short")}<//>`
    }
    ${open === "board" && html`<${Fetched} load=${board} room=${room} onClose=${close} />`}
    ${open === "end" && html`<${EndDialog} room=${room} onClose=${close} />`}
    ${
      open === "leave" &&
      html`<${Confirm} title=${t("leave.title")} text=${t("leave.console")} yes=${t("leave")}
      onYes=${() => room.leave()} onClose=${close} />`
    }
    ${open === "devices" && html`<${DevicesDialog} room=${room} onClose=${close} />`}
  </nav>`;
}

/** A second after something took another's place: a double press on what was there must not press what came. @param {boolean} changed */
function useSettled(changed) {
  const [settled, setSettled] = useState(changed);
  useEffect(() => {
    if (!changed) return setSettled(false);
    const timer = setTimeout(() => setSettled(true), 1_000);
    return () => clearTimeout(timer);
  }, [changed]);
  return settled;
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
