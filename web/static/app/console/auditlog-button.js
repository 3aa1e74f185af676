// Opens the list of what was done.
import { html } from "../html.js";
import { useState } from "../../vendor/hooks.js";
import { t } from "../i18n.js";
import { Button } from "../parts.js";
import { Fetched } from "./fetched.js";

const auditLog = async () => (await import("./auditlog.js")).AuditLog;

/** @param {{room: import("../room.js").Room}} props */
export function AuditLogButton({ room }) {
  const [open, setOpen] = useState(false);
  return html`<${Button} action="auditlog" icon="clock" onClick=${() => setOpen(true)}>${t("auditlog.short")}<//>
    ${open && html`<${Fetched} load=${auditLog} room=${room} onClose=${() => setOpen(false)} />`}`;
}
