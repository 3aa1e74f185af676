// The attendance log as files, for the moment that is shown.
import { html } from "../html.js";
import { Button } from "../parts.js";
import { lang } from "../settings.js";
import { r, request } from "./report-data.js";

/** @typedef {import("../room.js").Room} Room */

/** @type {readonly ["xlsx" | "pdf" | "csv" | "json" | "jsonl", string][]} */
const FILES = [["xlsx", "attendance.xlsx"], ["pdf", "attendance.pdf"], ["csv", "attendance.csv"], ["json", "attendance.json"], ["jsonl", "ledger.jsonl"]];

/** @param {{room: Room, asOf: string}} props */
export function Files({ room, asOf }) {
  return html`<div class="files" role="group" aria-label=${r("download")}><strong>${r("download")}</strong>
    ${FILES.map(([name, file]) => html`<${Button} key=${name} action=${`report-${name}`} icon="download"
      onClick=${() => void download(room, `${file}?${new URLSearchParams({ lang: lang.value, ...(asOf ? { as_of: asOf } : {}) })}`)}>${r(`file.${name}`)}<//>`)}
  </div>`;
}

/**
 * Fetches with the link's token, which must stand in no address, and hands the file to the browser.
 * @param {Room} room
 * @param {string} path below the session
 */
export async function download(room, path) {
  try {
    const response = await request(room, path);
    if (!response.ok) throw new Error(String(response.status));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await response.blob());
    link.download = /filename="?([^";]+)"?/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? String(path.split("?")[0]);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch {
    room.toast("error", "download");
  }
}
