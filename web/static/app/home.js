// The page of the bare address: it explains that everyone needs the link of their own, and takes a printed code.
import { html } from "./html.js";
import { useState } from "../vendor/hooks.js";
import { typedAddress } from "../lib/token.js";
import { t } from "./i18n.js";
import { Header, Preferences } from "./parts.js";
import { Mark } from "./icons.js";

/** Where the code of a printed invitation is typed in. */
export function CodeForm() {
  const [code, setCode] = useState("");
  const go = (/** @type {Event} */ event) => {
    event.preventDefault();
    const wanted = typedAddress(code);
    if (wanted) location.assign(wanted);
  };
  return html`<form class="code-form" onSubmit=${go}>
    <label class="field"><span>${t("home.code")}</span>
      <input type="text" autocomplete="off" autocapitalize="characters" spellcheck=${false} maxlength="2000" value=${code}
        onInput=${(/** @type {Event} */ event) => setCode(/** @type {HTMLInputElement} */ (event.target).value)} /></label>
    <button type="submit" class="button button--primary" data-action="open-code" disabled=${!code.trim()}>${t("home.open")}</button>
  </form>`;
}

/** The way of those who prepare sessions. */
export function OfficeLink() {
  return html`<a class="button" data-action="office" href="/office">${t("home.office")}</a>`;
}

export function Home() {
  document.title = t("brand");
  return html`<${Header}><${Preferences} /><//>
  <main class="message"><div class="message__body">
    <span class="message__mark"><${Mark} /></span>
    <h1>${t("home.title")}</h1>
    <p class="message__text">${t("home.text")}</p>
    <${CodeForm} />
    <p class="message__text">${t("home.lost")}</p>
    <p class="message__session">${t("home.advice")}</p>
    <div class="message__actions"><${OfficeLink} /></div>
  </div></main>`;
}
