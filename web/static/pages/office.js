// The office: those who prepare and follow sessions log in here.
import { html } from "../app/html.js";
import { render } from "../vendor/preact.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { effect, signal } from "../vendor/signals.js";
import { t } from "../app/i18n.js";
import { Button, Header, Preferences } from "../app/parts.js";
import { api, faultText, loadMe, may, me, notice } from "../app/office/api.js";
import { o } from "../app/office/text.js";
import { Field, Loading, Notice } from "../app/office/widgets.js";
import { ChangePage, SessionsPage, SessionPage } from "../app/office/sessions.js";
import { DraftPage } from "../app/office/draft.js";
import { SheetPage } from "../app/office/sheet.js";
import { BoardPage } from "../app/office/board.js";
import { RosterPage } from "../app/office/roster.js";
import { AccountsPage, MePage } from "../app/office/accounts.js";
import { Later } from "../app/office/later.js";

/** Where the way to the identity provider begins. */
const PROVIDER = "/oidc/login";

/** Where in the office: the part of the address behind #/. */
const route = signal(location.hash.replace(/^#\/?/, ""));
addEventListener("hashchange", () => {
  route.value = location.hash.replace(/^#\/?/, "");
  notice.value = null;
  scrollTo(0, 0);
});

/** @returns {[string, unknown]} the name of the part and the page */
function page() {
  const [part, id, sub, unit] = route.value.split("/").map(decodeURIComponent);
  switch (part) {
    case "draft":
      return ["sessions", html`<${DraftPage} key=${id} id=${id} />`];
    case "session":
      if (sub === "sheet") return ["sessions", html`<${SheetPage} key=${id} id=${id} unit=${unit ?? ""} />`];
      if (sub === "change") return ["sessions", html`<${ChangePage} key=${id} id=${id} />`];
      if (sub === "board") return ["sessions", html`<${BoardPage} key=${id} id=${id} />`];
      return ["sessions", html`<${SessionPage} key=${id} id=${id} />`];
    case "roster":
      return ["roster", html`<${RosterPage} />`];
    case "figures":
      return ["figures", html`<${Later} key="figures" load=${() => import("../app/office/figures.js")} />`];
    case "documents":
      return ["documents", html`<${Later} key="documents" load=${() => import("../app/office/documents.js")} />`];
    case "accounts":
      return ["accounts", html`<${AccountsPage} />`];
    case "me":
      return ["me", html`<${MePage} />`];
    default:
      return ["sessions", html`<${SessionsPage} />`];
  }
}

function Office() {
  document.title = `${o("office")} · ${t("brand")}`;
  const who = me.value;
  if (who === undefined) return html`<${Header}><${Preferences} /><//><main class="office"><${Loading} /></main>`;
  if (who === null) return html`<${Login} />`;
  const [part, content] = page();
  const link = (/** @type {string} */ name, /** @type {string} */ href, /** @type {string} */ text) =>
    html`<a class="nav__link" href=${href} aria-current=${part === name ? "page" : undefined}>${text}</a>`;
  const logout = async () => {
    await api("POST", "/logout");
    me.value = null;
  };
  return html`<${Header} title=${o("office")}>
      <span class="office__who">${who.full_name || who.name}</span><${Preferences} />
      <${Button} tone="quiet" action="logout" onClick=${() => void logout()}>${o("logout")}<//>
    <//>
    <nav class="nav" aria-label=${o("nav.label")}>
      ${link("sessions", "#/", o("nav.sessions"))}
      ${may("change_roster") && link("roster", "#/roster", o("nav.roster"))}
      ${may("read") && link("figures", "#/figures", o("nav.figures"))}
      ${may("prepare") && link("documents", "#/documents", o("nav.documents"))}
      ${may("manage_accounts") && link("accounts", "#/accounts", o("nav.accounts"))}
      ${link("me", "#/me", o("nav.me"))}
    </nav>
    <main class="office" id="main">${who.must_change && part !== "me" ? html`<${MePage} />` : content}</main>
    <${Notice} />`;
}

function Login() {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [refused, setRefused] = useState(/** @type {import("../app/office/api.js").Answer | null} */ (null));
  const [unknown, setUnknown] = useState(new URLSearchParams(location.search).has("refused")); // by the provider
  const [provider, setProvider] = useState(false);
  useEffect(() => {
    void api("GET", "/login", undefined, { quiet: true }).then((answer) => setProvider(Boolean(answer.data.oidc)));
  }, []);
  const submit = async (/** @type {Event} */ e) => {
    e.preventDefault();
    setRefused(null);
    setUnknown(false);
    const answer = await api("POST", "/login", { name, password }, { quiet: true });
    if (answer.ok) await loadMe();
    else setRefused(answer);
    setPassword("");
  };
  return html`<${Header}><${Preferences} /><//>
  <main class="message"><form class="login panel" onSubmit=${submit}>
    <h1>${o("login.title")}</h1>
    <p class="quiet">${o("login.text")}</p>
    <${Field} label=${o("login.name")} name="username" autocomplete="username" value=${name} onInput=${setName} required />
    <${Field} label=${o("login.password")} name="password" type="password" autocomplete="current-password" value=${password} onInput=${setPassword} required />
    <p class="fault" role="alert">${refused ? faultText(refused) : unknown ? o("login.sso.failed") : ""}</p>
    <button type="submit" class="button button--primary" data-action="login">${o("login.enter")}</button>
    ${provider && html`<a class="button" data-action="login-sso" href=${PROVIDER}>${o("login.sso")}</a>`}
  </form></main>`;
}

effect(() => {
  document.body.dataset.phase = me.value ? "office" : me.value === null ? "login" : "loading";
});
void loadMe();
render(html`<${Office} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
