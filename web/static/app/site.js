// A site inside the room: the waiting page until the session is live, then the stage with a few large buttons.
import { html } from "./html.js";
import { useState, useEffect } from "../vendor/hooks.js";
import { lineWord, ownWord, waitingWords } from "../lib/words.js";
import { t, formatDay, formatTime, formatDuration } from "./i18n.js";
import { Announcer, Button, Clock, Confirm, Header, KeysHelp, Preferences, Toasts, tick } from "./parts.js";
import { Icon } from "./icons.js";
import { BackOnAir, Countdown, MuteButton, ScreenButton, Unheard } from "./onair.js";
import { Stage, SoundButton, Video } from "./stage.js";
import { DeviceNotice, DevicesDialog } from "./devices.js";
import { pictures } from "./settings.js";
import { Messages, MessagesButton, NewMessage } from "./messages.js";
import { AgendaCard, AgendaList } from "./agendalist.js";
import { AgendaTime } from "./console/agenda.js";
import { RehearsalCard } from "./rehearsal.js";
import { RoomSheet, RollCallQuestion } from "./declare.js";

/** @typedef {import("./room.js").Room} Room */

/**
 * A room without a mouse: F2 raises or lowers the hand, F8 closes or opens the microphone while speaking.
 * @param {Room} room
 */
function useKeys(room) {
  useEffect(() => {
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      if (event.repeat || event.altKey || event.ctrlKey || event.metaKey || document.querySelector("dialog:modal"))
        return;
      const speaks = Boolean(room.speaking.value);
      if (event.key === "F2" && !speaks && room.welcome.value)
        void room.ask(room.self.value?.hand_at_ms ? "lower_hand" : "raise_hand", {});
      else if (event.key === "F8" && speaks && room.media.microphone.value)
        void room.ask("mute", { muted: !room.self.value?.muted });
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

/** @param {{room: Room}} props */
export function SitePage({ room }) {
  useKeys(room);
  const waiting = room.phase.value === "waiting";
  // The bar is one and the same before and after the start: what is open there, and typed, stays.
  return html`
    <div class=${`site site--${waiting ? "waiting" : "live"}`}>
      ${waiting ? html`<${Waiting} room=${room} />` : html`<${Live} room=${room} />`}
      <${Controls} room=${room} />
    </div>
    <${Countdown} room=${room} />
    <${OnAirFrame} room=${room} />
    <${SoundButton} room=${room} />
    <${KeysHelp} keys=${[
      ["F2", t("keys.hand")],
      ["F8", t("keys.mute")],
    ]} />`;
}

/** @param {{room: Room}} props */
function Waiting({ room }) {
  void tick.value;
  const welcome = room.welcome.value;
  const identity = room.identity.value;
  const session = room.session.value;
  const zone = session?.time_zone;
  const { state, opensAt, when, left } = waitingWords({
    welcomed: Boolean(welcome),
    stop: room.stopped.value,
    startsAt: session?.scheduled_at_ms,
    now: room.now(),
  });
  const moment = (/** @type {number} */ at) => ({ time: formatTime(at, zone), day: formatDay(at, zone) });
  return html`<${Header}><${Clock} room=${room} /><${Preferences} /><//>
    <main class="waiting" tabindex="0">
      <div class="waiting__words">
        <p class="waiting__site">${identity?.name ?? ""}</p>
        ${identity?.parents?.length ? html`<p class="waiting__parents">${identity.parents.join(" · ")}</p>` : null}
        <h1>${session?.title ?? ""}</h1>
        <p class="waiting__state" role="status">${t(state)}</p>
        ${opensAt > 0 && html`<p class="waiting__opens">${t("waiting.opens", moment(opensAt))}</p>`}
        ${when && html`<p class="waiting__when">${t(when.key, moment(when.at))}</p>`}
        ${left > 0 && html`<p class="waiting__countdown"><span>${t("waiting.left")}</span> <strong>${formatDuration(left)}</strong></p>`}
        <p class="waiting__hint">${t("waiting.hint")}</p>
        <${AgendaList} room=${room} />
        <${RehearsalCard} room=${room} />
      </div>
      <div class="waiting__picture">
        <${Video} stream=${room.media.picture.value} mirrored label=${t("devices.picture")} />
        <p>${t(!room.media.camera.value ? "devices.nocamera" : room.self.value?.publish || welcome?.snapshot_s ? "waiting.seen" : "waiting.picture")}</p>
      </div>
    </main>`;
}

/** @param {{room: Room}} props */
function Live({ room }) {
  const title = room.session.value?.title ?? "";
  return html`<header class="site__top">
      <p class="site__who"><strong>${room.identity.value?.name ?? ""}</strong><span>${room.agendaItem.value?.title ?? title}</span></p>
      <${AgendaTime} room=${room} />
      <${LineNotice} room=${room} />
      <${Clock} room=${room} />
    </header>
    <main class="site__main">
      <h1 class="visually-hidden">${title}</h1>
      <${Stage} room=${room} />
      <${OwnPicture} room=${room} />
    </main>`;
}

/** A small mirror while the site is about to be seen but is not yet on the stage, and a word whenever a console looks in. @param {{room: Room}} props */
function OwnPicture({ room }) {
  const { stand_by: next, publish } = room.self.value ?? {};
  if (!publish || room.speaking.value) return null;
  if (!next) return html`<p class="watched" role="status"><${Icon} name="camera" /> ${t("watched.text")}</p>`;
  return html`<aside class="own">
    <${Video} stream=${room.media.picture.value} mirrored label=${t("devices.picture")} />
    <p role="status">${t("standby.text")}</p>
  </aside>`;
}

/** What a weak line does to this site. @param {{room: Room}} props */
function LineNotice({ room }) {
  const said = lineWord({
    link: room.link.value,
    reach: room.peers.reach.value,
    noVP8: room.peers.noVP8.value,
    off: pictures.value === "none",
    quality: room.peers.line.quality.value,
  });
  const off = said === "chosen" || (said !== "novp8" && pictures.value === "none");
  return html`<div class="line-live">
    <div role="status" aria-live="polite">
      ${said !== "good" && html`<p class=${`line line--${said}`}><${Icon} name=${said === "chosen" ? "sound" : "warn"} /><span>${t(`line.${said}`)}</span></p>`}
    </div>
    ${
      said !== "good" &&
      said !== "novp8" &&
      html`<${Button} action=${off ? "pictures-on" : "pictures-off"}
      onClick=${() => (pictures.value = off ? "all" : "none")}>${t(off ? "pictures.on" : "pictures.off")}<//>`
    }
  </div>`;
}

/** @param {{room: Room}} props */
function OnAirFrame({ room }) {
  const speaking = room.speaking.value;
  const held = room.held.value;
  const onAir = room.onAir.value && speaking?.state === "on_air";
  const muted = room.self.value?.muted ?? false;
  const word = ownWord({ onAir, held, muted });
  const text = word && t(word);
  const others = room.stage.value
    .filter((slot) => slot.state === "on_air" && slot.slot.startsWith("floor") && !room.mine.value.includes(slot))
    .map((slot) => slot.name);
  return html`<${Announcer} text=${text} />
    <${Announcer} calm text=${others.length ? t("stage.speaking", { names: others.join(", ") }) : ""} />
    ${onAir && html`<div class="onair" aria-hidden="true"><p class=${muted ? "onair__muted" : ""}>${text}</p></div>`}`;
}

/**
 * What asks for an answer or tells something: over the stage, never over the bar below it.
 * @param {{room: Room, children?: import("./html.js").Children}} props
 */
function Cards({ room, children }) {
  return html`<div class="cards"><div class="cards__place">
    <div class="cards__left">${children}</div>
    <div class="cards__middle"><${DeviceNotice} room=${room} /><${Unheard} room=${room} /><${RollCallQuestion}
      room=${room} /><${BackOnAir} room=${room} /></div>
    <div class="cards__right"><${Toasts} room=${room} /></div>
  </div></div>`;
}

/** @param {{room: Room}} props */
function Controls({ room }) {
  const [open, setOpen] = useState(/** @type {"" | "devices" | "people" | "leave" | "messages" | "agenda"} */ (""));
  const self = room.self.value;
  const speaking = room.speaking.value;
  const live = room.phase.value === "live";
  const close = () => setOpen("");
  const planned = live && Boolean(room.session.value?.agenda?.length);
  return html`<${Cards} room=${room}>
    ${open === "agenda" && planned && html`<${AgendaCard} room=${room} onClose=${close} />`}
    ${open !== "messages" && html`<${NewMessage} room=${room} onOpen=${() => setOpen("messages")} />`}
  <//>
  <nav class="controls" aria-label=${t("controls.label")}>
    <div class="controls__speak">
      ${
        !speaking &&
        !self?.hand_at_ms &&
        html`<${Button} action="raise-hand" keys="F2" tone="primary" icon="hand" disabled=${!room.welcome.value}
        onClick=${() => void room.ask("raise_hand", {})}>${t("hand.raise")}<//>`
      }
      ${
        !speaking &&
        self?.hand_at_ms &&
        html`
        <${Button} action="lower-hand" keys="F2" tone="attention" icon="hand" pressed=${true}
          onClick=${() => void room.ask("lower_hand", {})}>${t("hand.lower")}<//>`
      }
      ${speaking && html`<${MuteButton} room=${room} />`}
      ${speaking && live && html`<${ScreenButton} room=${room} />`}
      ${
        speaking &&
        speaking.slot !== "main" &&
        html`<${Button} action="revoke-floor" icon="stop"
        onClick=${() => void room.ask("revoke", {})}>${t("floor.return")}<//>`
      }
      <p class="controls__queue" role="status" aria-live="polite">${!speaking && self?.hand_at_ms ? queueText(self.hand_position ?? 0) : ""}</p>
    </div>
    <div class="controls__rest">
      ${
        planned &&
        html`<${Button} action="agenda" icon="list" pressed=${open === "agenda"}
        onClick=${() => setOpen(open === "agenda" ? "" : "agenda")}>${t("agenda.title")}<//>`
      }
      <${MessagesButton} room=${room} onClick=${() => setOpen("messages")} />
      <${Button} action="people" icon="people" onClick=${() => setOpen("people")}>
        ${self?.headcount ? t("people.count", { n: self.headcount }) : t("people.declare")}<//>
      <${Button} action="devices" icon="gear" onClick=${() => setOpen("devices")}>${t("devices.short")}<//>
      ${document.fullscreenEnabled && html`<${Button} action="full-screen" icon="full" onClick=${toggleFullScreen}>${t("fullscreen")}<//>`}
      <${Button} action="leave" icon="leave" onClick=${() => setOpen("leave")}>${t("leave")}<//>
    </div>
    ${open === "devices" && html`<${DevicesDialog} room=${room} onClose=${close} />`}
    ${open === "messages" && html`<${Messages} room=${room} onClose=${close} />`}
    ${open === "people" && html`<${RoomSheet} room=${room} onClose=${close} />`}
    ${open === "leave" && html`<${Confirm} title=${t("leave.title")} text=${t("leave.text")} yes=${t("leave")} onYes=${() => room.leave()} onClose=${close} />`}
  </nav>`;
}

/** @param {number} position */
function queueText(position) {
  if (position === 1) return t("hand.next");
  return position > 1 ? t("hand.position", { n: position }) : t("hand.waiting");
}

function toggleFullScreen() {
  if (document.fullscreenElement) void document.exitFullscreen();
  else void document.documentElement.requestFullscreen?.().catch(() => undefined);
}
