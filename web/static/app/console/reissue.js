// A new link for a site whose old one is in the hands of others.
import { html } from "../html.js";
import { useState } from "../../vendor/hooks.js";
import { askSession, tellRefusal } from "../api.js";
import { t } from "../i18n.js";
import { Button, Dialog } from "../parts.js";

/** @typedef {import("../room.js").Room} Room */
/** @typedef {import("../../lib/sites.js").Site} Site */

/** @param {{room: Room, site: Site, onClose: () => void}} props */
export function ReissueSheet({ room, site, onClose }) {
  const [link, setLink] = useState("");
  const [busy, setBusy] = useState(false);
  const reissue = async () => {
    setBusy(true);
    const answer = await askSession(room, `links/${encodeURIComponent(site.code)}/reissue`, { method: "POST" });
    setBusy(false);
    if (answer.ok) setLink(answer.data.short_link ?? answer.data.link);
    else tellRefusal(room, answer);
  };
  return html`<${Dialog} title=${t("reissue.title", { name: site.name })} onClose=${onClose}>
    <p role="status">${t(link ? "reissue.done" : "reissue.text")}${link && html`<br /><strong data-link>${link}</strong>`}</p>
    <div class="dialog__actions">
      <${Button} onClick=${onClose} autofocus>${t(link ? "close" : "cancel")}<//>
      ${!link && html`<${Button} action="confirm" tone="onair" disabled=${busy} onClick=${() => void reissue()}>${t("row.reissue")}<//>`}
    </div>
  <//>`;
}
