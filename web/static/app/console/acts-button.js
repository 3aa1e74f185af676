// Opens the list of what was done.
import { html } from "../html.js";
import { useState } from "../../vendor/hooks.js";
import { t } from "../i18n.js";
import { Button } from "../parts.js";
import { Fetched } from "./fetched.js";

const acts = async () => (await import("./acts.js")).Acts;

/** @param {{room: import("../room.js").Room}} props */
export function ActsButton({ room }) {
  const [open, setOpen] = useState(false);
  return html`<${Button} action="acts" icon="clock" onClick=${() => setOpen(true)}>${t("acts.short")}<//>
    ${open && html`<${Fetched} load=${acts} room=${room} onClose=${() => setOpen(false)} />`}`;
}
