// The attendance log as files: what every console downloads, also after the end.
import { html } from "../html.js";
import { download } from "../api.js";
import { lang } from "../settings.js";
import { t } from "../i18n.js";
import { Button } from "../parts.js";
import { writesNotes } from "./notebook.js";

/** @typedef {import("../room.js").Room} Room */

/** What can be downloaded. @type {readonly ["minutes" | "sites" | "intervals" | "xlsx" | "pdf" | "province", string][]} */
const FILES = [
  ["minutes", "minutes.docx?"],
  ["xlsx", "attendance.xlsx?table=sites"],
  ["pdf", "attendance.pdf?table=sites"],
  ["province", "attendance.pdf?pages=province"],
  ["sites", "attendance.csv?table=sites"],
  ["intervals", "attendance.csv?table=intervals"],
];

/** The attendance log as files; also after the session has ended. @param {{room: Room}} props */
export function Downloads({ room }) {
  if (!room.session.value && !room.claims) return null;
  return html`<section class="downloads" aria-label=${t("secretary.download")}>
    <h2>${t("secretary.download")}</h2>
    <div class="downloads__files">
      ${FILES.filter(([name]) => name !== "minutes" || writesNotes(room)).map(
        ([name, file]) => html`<${Button} key=${name} action=${`download-${name}`} icon="download"
        onClick=${() => void download(room, `${file}${file.endsWith("?") ? "" : "&"}lang=${lang.value}`)}>${t(`secretary.${name}`)}<//>`,
      )}
    </div>
  </section>`;
}
