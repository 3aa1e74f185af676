// What was convened, changed beside the stage while the session goes on.
import { html } from "../html.js";
import { useMemo } from "../../vendor/hooks.js";
import { ask } from "../api.js";
import { SidePanel } from "../parts.js";
import { ChangeSession } from "../office/change.js";
import { editsOf } from "../office/edits.js";
import { o } from "../office/text.js";

/** @param {{room: import("../room.js").Room, onClose: () => void}} props */
export function ChangePanel({ room, onClose }) {
  const server = useMemo(() => {
    const id = room.session.value?.id ?? room.claims?.sid ?? "";
    const path = `/sessions/${encodeURIComponent(id)}`;
    return {
      session: (/** @type {string} */ method, /** @type {string} */ more, /** @type {object | undefined} */ body) =>
        ask(room, path + more, { method, body }),
      units: (/** @type {string} */ query) => ask(room, `/units?${query}`),
      edits: editsOf(id),
    };
  }, []);
  return html`<${SidePanel} title=${o("change.title")} onClose=${onClose}>
    <div class="change-panel"><${ChangeSession} server=${server} rules=${room.role === "host"} documents=${room.role === "host"}
      version=${room.session.value} /></div>
  <//>`;
}
