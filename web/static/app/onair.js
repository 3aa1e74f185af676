// What who speaks has and must know: countdown, microphone and screen, that the connection came back with a
// closed microphone, and that nobody hears what is said.
import { html } from "./html.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { t } from "./i18n.js";
import { Asking, Button } from "./parts.js";
import { Icon } from "./icons.js";
import { canShareScreen } from "./media.js";
import { DevicesDialog } from "./devices.js";

/** @typedef {import("./room.js").Room} Room */

/** After a reconnection, or a page that was opened again: one large button brings picture and sound back. @param {{room: Room}} props */
export function BackOnAir({ room }) {
  const held = room.held.value;
  if (!held && !room.cameBackMuted.value) return null;
  return html`<div class="held" role="alertdialog" aria-labelledby="held-title">
    <${Asking} id="held-title">${t("held.title")}<//><p>${t(held ? "held.text" : "held.muted")}</p>
    <${Button} action="confirm" tone="onair" icon="play" onClick=${() => void room.backOnAir()}>${t("held.confirm")}<//>
    ${!held && html`<${Button} action="stay-muted" icon="mic-off" onClick=${() => room.stayMuted()}>${t("held.stay")}<//>`}
  </div>`;
}

/** Said loudly while somebody speaks and nobody hears it. @param {{room: Room}} props */
export function Unheard({ room }) {
  const [open, setOpen] = useState(false);
  const problem = room.cameBackMuted.value ? "" : room.unheard.value;
  return html`<div role="alert">
    ${
      problem &&
      html`<div class="unheard" data-unheard=${problem}><p><${Icon} name="mic-off" /><span>
        ${t(problem === "talking" ? "unheard.talking" : "unheard.system")}</span></p>
      ${
        problem === "talking"
          ? html`<${Button} action="mute" tone="onair" icon="mic" keys="F8" onClick=${() => void room.ask("mute", { muted: false })}>${t("mute.open")}<//>`
          : html`<${Button} action="unheard-devices" icon="gear" onClick=${() => setOpen(true)}>${t("lost.choose")}<//>`
      }</div>`
    }
  </div>
  ${open && html`<${DevicesDialog} room=${room} onClose=${() => setOpen(false)} />`}`;
}

/** "On air in 3 … 2 … 1", over everything. @param {{room: Room}} props */
export function Countdown({ room }) {
  const grant = room.mine.value.find((slot) => slot.state === "countdown");
  const end = grant?.on_air_ms ?? 0;
  const [left, setLeft] = useState(0);
  useEffect(() => {
    if (!end) return setLeft(0);
    const look = () => setLeft(Math.max(0, Math.ceil((end - room.now()) / 1000)));
    look();
    const timer = setInterval(look, 100);
    return () => clearInterval(timer);
  }, [end]);
  if (!grant) return null;
  return html`<div class="countdown" role="alert" data-countdown=${left}>
    <p>${t("countdown.text")}</p>
    <p class="countdown__number" key=${left}>${left || "•"}</p>
    <p class="countdown__hint">${t(room.media.microphone.value ? "countdown.hint" : "countdown.nomicrophone")}</p>
  </div>`;
}

/** @param {{room: Room, disabled?: boolean}} props */
export function MuteButton({ room, disabled }) {
  const muted = room.self.value?.muted ?? false;
  const none = !room.media.microphone.value;
  return html`<${Button} action="mute" keys="F8" tone=${muted ? "danger" : "plain"} icon=${muted ? "mic-off" : "mic"}
    pressed=${muted} disabled=${none || disabled}
    onClick=${() => void room.ask("mute", { muted: !muted })}>${t(none ? "mute.none" : muted ? "mute.open" : "mute.close")}<//>`;
}

/** @param {{room: Room, disabled?: boolean}} props */
export function ScreenButton({ room, disabled }) {
  if (!canShareScreen) return null;
  const sharing = Boolean(room.media.screen.value);
  return html`<${Button} action="share-screen" tone=${sharing ? "attention" : "plain"} icon="screen" pressed=${sharing} disabled=${disabled}
    onClick=${() => void room.toggleScreen()}>${t(sharing ? "screen.stop" : "screen.share")}<//>`;
}
