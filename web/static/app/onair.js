// What who speaks must know: that the connection came back with a closed microphone, and that nobody hears what is said.
import { html } from "./html.js";
import { useState } from "../vendor/hooks.js";
import { t } from "./i18n.js";
import { Asking, Button } from "./parts.js";
import { Icon } from "./icons.js";
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
    ${problem && html`<div class="unheard" data-unheard=${problem}><p><${Icon} name="mic-off" /><span>${t(problem === "talking" ? "unheard.talking" : "unheard.system")}</span></p>
      ${problem === "talking"
        ? html`<${Button} action="mute" tone="onair" icon="mic" keys="F8" onClick=${() => void room.ask("mute", { muted: false })}>${t("mute.open")}<//>`
        : html`<${Button} action="unheard-devices" icon="gear" onClick=${() => setOpen(true)}>${t("lost.choose")}<//>`}</div>`}
  </div>
  ${open && html`<${DevicesDialog} room=${room} onClose=${() => setOpen(false)} />`}`;
}
