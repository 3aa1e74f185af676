// The page of the secretariat: attendance as it happens, and the log to take home.
import { html } from "../app/html.js";
import { render } from "../vendor/preact.js";
import { part } from "../lib/part.js";
import { Room } from "../app/room.js";
import { t } from "../app/i18n.js";
import { Button, markBody, useHeadingFocus, Toasts, LinkNotice } from "../app/parts.js";
import { Preview } from "../app/preview.js";
import { EndedPage, ErrorPage } from "../app/endings.js";
import { stayAwake } from "../app/presence.js";
import { signal } from "../vendor/signals.js";
import { Secretariat } from "../app/console/secretariat.js";
import { Downloads } from "../app/console/downloads.js";
import { AuditLogButton } from "../app/console/auditlog-button.js";
import { ReportButton } from "../app/console/report-button.js";

const room = new Room();

/** The notes, while they are all that is shown: for who is not in the room. */
const notes = signal(/** @type {Function | null} */ (null));

function NotesButton() {
  const open = async () => (notes.value = (await part(() => import("../app/console/notes.js"))).NotesPage);
  return html`<${Button} action="notes-alone" icon="list" onClick=${() => void open()}>${t("notes.alone")}<//>`;
}

/** The report, while it is shown after the session has ended. */
const report = signal(/** @type {Function | null} */ (null));

function App() {
  const session = room.session.value?.title;
  document.title = [session, t("brand")].filter(Boolean).join(" · ");
  const phase = room.phase.value;
  useHeadingFocus(phase);
  if (notes.value && phase !== "live" && phase !== "waiting")
    return html`<${notes.value} room=${room} onClose=${() => (notes.value = null)} />`;
  switch (phase) {
    case "preview":
      return html`<${Preview} room=${room} publishes=${false} heading=${t("preview.role.secretary")}
        enter=${t("preview.enter.secretary")}><${NotesButton} /><//>`;
    case "error":
      return html`<${ErrorPage} room=${room} />`;
    case "ended":
      if (report.value) return html`<${report.value} room=${room} onClose=${() => (report.value = null)} />`;
      return html`<${EndedPage} room=${room}><${ReportButton}
        onOpen=${(/** @type {Function} */ view) => (report.value = view)} /><${AuditLogButton} room=${room} /><${NotesButton} />
          <${Downloads} room=${room} /><//><${Toasts} room=${room} />`;
    default:
      return html`<${Secretariat} room=${room} /><${LinkNotice} room=${room} />`;
  }
}

markBody(room);
stayAwake(room);
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
