// What every address shows at which there is no page: the way back, and the field for a printed code.
import { html } from "../app/html.js";
import { render } from "../vendor/preact.js";
import { t } from "../app/i18n.js";
import { Header, Preferences } from "../app/parts.js";
import { CodeForm, OfficeLink } from "../app/home.js";
import { Icon } from "../app/icons.js";

function Lost() {
  document.title = `${t("lost.title")} · ${t("brand")}`;
  return html`<${Header}><${Preferences} /><//>
  <main class="message"><div class="message__body">
    <span class="message__icon message__icon--warn"><${Icon} name="warn" /></span>
    <h1>${t("lost.title")}</h1>
    <p class="message__text">${t("lost.text")}</p>
    <${CodeForm} />
    <div class="message__actions"><a class="button button--primary" data-action="home" href="/">${t("lost.home")}</a><${OfficeLink} /></div>
  </div></main>`;
}

render(html`<${Lost} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
