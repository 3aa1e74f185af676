// Camera and microphone inside the room: the dialog to choose them, and what is said when one is pulled out.
import { html } from "./html.js";
import { useState } from "../vendor/hooks.js";
import { t } from "./i18n.js";
import { Button, Dialog, Preferences } from "./parts.js";
import { Icon } from "./icons.js";
import { DeviceCheck, PictureChoice } from "./preview.js";

/** @typedef {import("./room.js").Room} Room */

/** @param {{room: Room, onClose: () => void}} props */
export function DevicesDialog({ room, onClose }) {
  return html`<${Dialog} title=${t("devices.label")} onClose=${onClose} wide>
    <${DeviceCheck} room=${room} /><${PictureChoice} />
    <div class="dialog__actions"><${Preferences} /><${Button} tone="primary" onClick=${onClose}>${t("close")}<//></div>
  <//>`;
}

/** Stays until what was pulled out is there again: what the others miss, and what to do. @param {{room: Room}} props */
export function DeviceNotice({ room }) {
  const [open, setOpen] = useState(false);
  const { camera, microphone, loudspeaker } = room.media.lost.value;
  const text =
    camera && microphone
      ? t("lost.both")
      : microphone
        ? t("lost.microphone")
        : camera
          ? t("lost.camera")
          : loudspeaker
            ? t("lost.loudspeaker")
            : "";
  return html`<div role="alert">
    ${
      text &&
      html`<div class="device-notice"><p><${Icon} name="warn" /><span>${text}</span></p>
      <${Button} action="lost-devices" icon="gear" onClick=${() => setOpen(true)}>${t("lost.choose")}<//></div>`
    }
  </div>
  ${open && html`<${DevicesDialog} room=${room} onClose=${() => setOpen(false)} />`}`;
}
