// The attendance log as files, for the moment that is shown.
import { html } from "../html.js";
import { Button } from "../parts.js";
import { download } from "../api.js";
import { lang } from "../settings.js";
import { r } from "./report-data.js";

/** @typedef {import("../room.js").Room} Room */

/** @type {readonly ["xlsx" | "pdf" | "csv" | "json" | "jsonl", string][]} */
const FILES = [
  ["xlsx", "attendance.xlsx"],
  ["pdf", "attendance.pdf"],
  ["csv", "attendance.csv"],
  ["json", "attendance.json"],
  ["jsonl", "ledger.jsonl"],
];

/** @param {{room: Room, asOf: string}} props */
export function Files({ room, asOf }) {
  return html`<div class="files" role="group" aria-label=${r("download")}><strong>${r("download")}</strong>
    ${FILES.map(
      ([name, file]) => html`<${Button} key=${name} action=${`report-${name}`} icon="download"
      onClick=${() => void download(room, `${file}?${new URLSearchParams({ lang: lang.value, ...(asOf ? { as_of: asOf } : {}) })}`)}>${r(`file.${name}`)}<//>`,
    )}
  </div>`;
}
