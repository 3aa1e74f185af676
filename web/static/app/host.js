// The page of host and operator.
import { html } from "./html.js";
import { render } from "../vendor/preact.js";
import { Room } from "./room.js";
import { t } from "./i18n.js";
import { markBody, useHeadingFocus, Toasts, LinkNotice } from "./parts.js";
import { Preview } from "./preview.js";
import { EndedPage, ErrorPage } from "./endings.js";
import { stayAwake } from "./presence.js";
import { ActsButton } from "./console/acts-button.js";
import { Downloads } from "./console/downloads.js";
import { Console } from "./console/console.js";

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
      return html`<${EndedPage} room=${room}><${Downloads} room=${room} /><${ActsButton} room=${room} /><//><${Toasts} room=${room} />`;
    default:
      return html`<${Console} room=${room} publishes=${publishes} /><${LinkNotice} room=${room} />`;
  }
}

markBody(room);
stayAwake(room);
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
