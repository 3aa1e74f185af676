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
import { ReportButton } from "./console/report-button.js";

const room = new Room();

/** The report, while it is shown after the session has ended. */
const report = signal(/** @type {Function | null} */ (null));

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
      if (report.value) return html`<${report.value} room=${room} onClose=${() => (report.value = null)} />`;
      return html`<${EndedPage} room=${room}><${ReportButton} onOpen=${(/** @type {Function} */ view) => (report.value = view)} /><${ActsButton} room=${room} /><${Downloads} room=${room} /><//><${Toasts} room=${room} />`;
    default:
      return html`<${Secretariat} room=${room} /><${LinkNotice} room=${room} />`;
  }
}

markBody(room);
stayAwake(room);
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
