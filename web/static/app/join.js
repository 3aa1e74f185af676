// The page of a linked site.
import { html } from "./html.js";
import { render } from "../vendor/preact.js";
import { Room } from "./room.js";
import { t } from "./i18n.js";
import { markBody, Toasts, LinkNotice } from "./parts.js";
import { Preview } from "./preview.js";
import { EndedPage, ErrorPage } from "./endings.js";
import { SitePage } from "./site.js";

const room = new Room();
room.peers.line.expected = () => {
  const own = room.identity.value?.code;
  return (room.state.value?.stage ?? []).filter((s) => s.video && s.endpoint !== own).map((s) => s.slot);
};

function App() {
  const phase = room.phase.value;
  const session = room.session.value?.title;
  document.title = [session, t("brand")].filter(Boolean).join(" · ");
  switch (phase) {
    case "preview":
      return html`<${Preview} room=${room} publishes=${true} heading=${t("preview.role.endpoint")} enter=${t("preview.enter")} />`;
    case "error":
      return html`<${ErrorPage} room=${room} />`;
    case "ended":
      return html`<${EndedPage} room=${room} />`;
    default:
      return html`<${SitePage} room=${room} /><${LinkNotice} room=${room} /><${Toasts} room=${room} />`;
  }
}

markBody(room);
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
