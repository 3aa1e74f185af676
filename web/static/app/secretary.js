// The page of the secretariat: attendance as it happens, and the log to take home.
import { html } from "./html.js";
import { render } from "../vendor/preact.js";
import { Room } from "./room.js";
import { t } from "./i18n.js";
import { markBody, useHeadingFocus, Toasts, LinkNotice } from "./parts.js";
import { Preview } from "./preview.js";
import { EndedPage, ErrorPage } from "./endings.js";
import { stayAwake } from "./presence.js";
import { signal } from "../vendor/signals.js";
import { Secretariat } from "./console/secretariat.js";
import { Downloads } from "./console/downloads.js";
import { ActsButton } from "./console/acts-button.js";
import { ReportButton, ReportView } from "./console/report.js";

const room = new Room();

/** Whether the report is shown after the session has ended. */
const reporting = signal(false);

function App() {
  const session = room.session.value?.title;
  document.title = [session, t("brand")].filter(Boolean).join(" · ");
  const phase = room.phase.value;
  useHeadingFocus(phase);
  switch (phase) {
    case "preview":
      return html`<${Preview} room=${room} publishes=${false} heading=${t("preview.role.secretary")} enter=${t("preview.enter.secretary")} />`;
    case "error":
      return html`<${ErrorPage} room=${room} />`;
    case "ended":
      if (reporting.value) return html`<${ReportView} room=${room} onClose=${() => (reporting.value = false)} />`;
      return html`<${EndedPage} room=${room}><${ReportButton} onOpen=${() => (reporting.value = true)} /><${ActsButton} room=${room} /><${Downloads} room=${room} /><//><${Toasts} room=${room} />`;
    default:
      return html`<${Secretariat} room=${room} /><${LinkNotice} room=${room} /><${Toasts} room=${room} />`;
  }
}

markBody(room);
stayAwake(room);
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
