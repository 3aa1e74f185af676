// The reports of a session that is over, or still runs: the secretary's page, and the files that an office keeps.
import { html } from "../html.js";
import { lang } from "../settings.js";
import { Button } from "../parts.js";
import { api } from "./api.js";
import { o } from "./text.js";
import { say, Words } from "./widgets.js";

/** @type {readonly (readonly ["pdf" | "xlsx" | "minutes", string])[]} */
const FILES = [
  ["pdf", "attendance.pdf"],
  ["xlsx", "attendance.xlsx"],
  ["minutes", "minutes.docx"],
];

/** @param {string} phase */
export const hasReport = (phase) => phase === "live" || phase === "ended" || phase === "sealed";

/** @param {{id: string, title: string}} props */
export function ReportLinks({ id, title }) {
  const open = async () => {
    const answer = await api("GET", `/sessions/${encodeURIComponent(id)}/consoles`);
    if (!answer.ok) return;
    const desk = answer.data.consoles.find((/** @type {{role: string}} */ c) => c.role === "secretary");
    if (desk) location.assign(desk.link);
    else say("error", () => o("session.noconsoles"));
  };
  return html`<div class="reports" data-reports=${id}>
    <${Button} action="open-report" onClick=${() => void open()}><${Words} text=${o("reports.open")} of=${title} /><//>
    ${FILES.map(
      ([name, file]) => html`<a key=${name} class="button button--quiet" data-action=${`report-${name}`} download
      href=${`/api/v1/sessions/${encodeURIComponent(id)}/${file}?lang=${lang.value}`}><${Words} text=${o(`reports.${name}`)} of=${title} /></a>`,
    )}
  </div>`;
}
