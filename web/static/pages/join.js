// The page of a linked site.
import { html } from "../app/html.js";
import { render } from "../vendor/preact.js";
import { effect, signal } from "../vendor/signals.js";
import { part } from "../lib/part.js";
import { roleWord } from "../lib/words.js";
import { Room } from "../app/room.js";
import { t } from "../app/i18n.js";
import { markBody, useHeadingFocus, Toasts, LinkNotice } from "../app/parts.js";
import { Preview } from "../app/preview.js";
import { EndedPage, ErrorPage } from "../app/endings.js";
import { DeclareAfter } from "../app/declare.js";
import { SitePage } from "../app/site.js";
import { pictures } from "../app/settings.js";
import { stayAwake, postSnapshots } from "../app/presence.js";
import { loadRehearsal } from "../app/rehearsals.js";

const room = new Room();
room.peers.line.expected = () => {
  if (pictures.value === "none") return [];
  const own = room.identity.value?.code;
  return room.stage.value.filter((s) => s.video && s.endpoint !== own).map((s) => s.slot);
};

/** The console, fetched when this site is given the chair. @type {import("@preact/signals").Signal<Function | null>} */
const chairConsole = signal(null);
effect(() => {
  if (!room.chairs.value || chairConsole.value) return;
  void part(() => import("../app/console/console.js")).then(({ Console }) => {
    chairConsole.value = Console;
  });
});

function App() {
  const phase = room.phase.value;
  useHeadingFocus(phase);
  const session = room.session.value?.title;
  document.title = [session, t("brand")].filter(Boolean).join(" · ");
  switch (phase) {
    case "preview":
      return html`<${Preview} room=${room} publishes=${true} heading=${t(roleWord(room.role))} enter=${t("preview.enter")} />`;
    case "error":
      return html`<${ErrorPage} room=${room} />`;
    case "ended":
      return html`<${EndedPage} room=${room}><${DeclareAfter} room=${room} /><//><${Toasts} room=${room} />`;
    default:
      return html`<${room.chairs.value && chairConsole.value ? chairConsole.value : SitePage} room=${room} publishes=${true} /><${LinkNotice} room=${room} />`;
  }
}

markBody(room);
stayAwake(room);
postSnapshots(room);
void loadRehearsal(room);
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
