// The page of a printed link: it exchanges the short code for the site's own link and goes there.
import { html } from "../app/html.js";
import { render } from "../vendor/preact.js";
import { signal } from "../vendor/signals.js";
import { codeOf } from "../lib/token.js";
import { request } from "../lib/http.js";
import { t, tMaybe } from "../app/i18n.js";
import { Button, Header, Preferences } from "../app/parts.js";
import { CodeForm } from "../app/home.js";
import { Icon } from "../app/icons.js";

/** Why the code opens nothing, "" while it is asked. */
const error = signal("");

/** It has letters with marks: the keyboard was set to Vietnamese. */
const accents = signal(false);

async function exchange() {
  error.value = "";
  // Behind the #, which browsers do not send; older invitations have it in the path.
  const code = codeOf(location.hash, location.pathname);
  accents.value = /[^\x00-\x7f]/.test(code.normalize("NFC").replace(/[^\p{L}]/gu, ""));
  const answer = await request("/join", { method: "POST", body: { code } });
  if (answer.ok) {
    location.replace(answer.data.link);
    return;
  }
  error.value = answer.code === "timeout" ? "offline" : answer.code;
  document.body.dataset.phase = "error";
  document.body.dataset.error = error.value;
}

function Short() {
  document.title = t("brand");
  const failed = error.value !== "";
  return html`<${Header}><${Preferences} /><//>
  <main class="message"><div class="message__body" role="status">
    ${failed && html`<span class="message__icon message__icon--warn"><${Icon} name="warn" /></span>`}
    <h1>${failed ? tMaybe(`short.${error.value}.title`, "short.unavailable.title") : t("short.opening")}</h1>
    ${
      failed &&
      html`<p class="message__text">
        ${accents.value && error.value === "not_found" ? t("short.accents") : tMaybe(`short.${error.value}.text`, "short.unavailable.text")}</p>
      <${CodeForm} />
      <div class="message__actions"><${Button} action="retry" onClick=${() => void exchange()}>${t("retry")}<//></div>`
    }
  </div></main>`;
}

addEventListener("hashchange", () => void exchange()); // another code is typed in on this page
void exchange();
render(html`<${Short} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
