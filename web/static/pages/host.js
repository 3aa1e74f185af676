// The page of host and operator.
import { html } from "../app/html.js";
import { render } from "../vendor/preact.js";
import { Room } from "../app/room.js";
import { t } from "../app/i18n.js";
import { markBody, useHeadingFocus, Toasts, LinkNotice } from "../app/parts.js";
import { Preview } from "../app/preview.js";
import { EndedPage, ErrorPage } from "../app/endings.js";
import { stayAwake } from "../app/presence.js";
import { AuditLogButton } from "../app/console/auditlog-button.js";
import { Downloads } from "../app/console/downloads.js";
import { Console } from "../app/console/console.js";

const room = new Room();

function App() {
  const publishes = room.role !== "operator";
  const session = room.session.value?.title;
  document.title = [session, t("brand")].filter(Boolean).join(" · ");
  const phase = room.phase.value;
  useHeadingFocus(phase);
  switch (phase) {
    case "preview":
      return html`<${Preview} room=${room} publishes=${publishes} heading=${t(publishes ? "preview.role.host" : "preview.role.operator")}
        enter=${t(publishes ? "preview.enter" : "preview.enter.console")} />`;
    case "error":
      return html`<${ErrorPage} room=${room} />`;
    case "ended":
      return html`<${EndedPage} room=${room}><${Downloads} room=${room} /><${AuditLogButton} room=${room} /><//><${Toasts} room=${room} />`;
    default:
      return html`<${Console} room=${room} publishes=${publishes} /><${LinkNotice} room=${room} />`;
  }
}

markBody(room);
stayAwake(room);
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
