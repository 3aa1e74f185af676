// The attendance log as files: what every console downloads, also after the end.
import { html } from "../html.js";
import { lang } from "../settings.js";
import { t } from "../i18n.js";
import { Button } from "../parts.js";

/** @typedef {import("../room.js").Room} Room */

/** What can be downloaded. @type {readonly ["sites" | "intervals" | "xlsx" | "pdf", string][]} */
const FILES = [
  ["xlsx", "attendance.xlsx?table=sites"],
  ["pdf", "attendance.pdf?table=sites"],
  ["sites", "attendance.csv?table=sites"],
  ["intervals", "attendance.csv?table=intervals"],
];

/** The attendance log as files; also after the session has ended. @param {{room: Room}} props */
export function Downloads({ room }) {
  if (!room.session.value && !room.claims) return null;
  return html`<section class="downloads" aria-label=${t("secretary.download")}>
    <h2>${t("secretary.download")}</h2>
    <div class="downloads__files">
      ${FILES.map(
        ([name, file]) => html`<${Button} key=${name} action=${`download-${name}`} icon="download"
        onClick=${() => void download(room, `${file}&lang=${lang.value}`)}>${t(`secretary.${name}`)}<//>`,
      )}
    </div>
  </section>`;
}

/**
 * @param {Room} room
 * @param {string} path below the session
 * @param {RequestInit} [init]
 */
export function request(room, path, init = {}) {
  const id = room.session.value?.id ?? room.claims?.sid ?? "";
  return fetch(`/api/v1/sessions/${encodeURIComponent(id)}/${path}`, {
    ...init,
    headers: { ...(init.body ? { "Content-Type": "application/json" } : {}), Authorization: `Bearer ${room.token}` },
  });
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
    link.download =
      /filename="?([^";]+)"?/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ??
      String(path.split("?")[0]);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch {
    room.toast("error", "download");
  }
}
