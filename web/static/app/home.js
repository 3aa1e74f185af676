// The page of the bare address: it explains that everyone needs the link of their own.
import { html } from "./html.js";
import { render } from "../vendor/preact.js";
import { t } from "./i18n.js";
import { Header, Preferences } from "./parts.js";
import { Mark } from "./icons.js";

function Home() {
  document.title = t("brand");
  return html`<${Header}><${Preferences} /><//>
  <main class="message"><div class="message__body">
    <span class="message__mark"><${Mark} /></span>
    <h1>${t("home.title")}</h1>
    <p class="message__text">${t("home.text")}</p>
    <p class="message__text">${t("home.lost")}</p>
    <p class="message__session">${t("home.advice")}</p>
  </div></main>`;
}

render(html`<${Home} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
