// Accounts, for administrators, and one's own.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { Button } from "../parts.js";
import { accountPart } from "../../lib/accounts.js";
import { api, faultText, loadMe, me } from "./api.js";
import { formatMoment, o, oMaybe } from "./text.js";
import { Ask, Field, Loading, Panel, say, Words } from "./widgets.js";
import { UnitField } from "./unitfield.js";

/** @typedef {import("./api.js").Account} Account */

const ROLES = /** @type {const} */ (["admin", "host", "operator", "secretary"]);
const NEW = { name: "", full_name: "", role: "operator", scope: "", phone: "", password: "" };

export function AccountsPage() {
  const [list, setList] = useState(/** @type {Account[] | null} */ (null));
  const [made, setMade] = useState(NEW);
  const [refused, setRefused] = useState(/** @type {import("./api.js").Answer | null} */ (null));
  const [resetting, setResetting] = useState("");
  const load = async () => {
    const answer = await api("GET", "/accounts");
    setList(answer.ok ? answer.data.accounts : []);
  };
  useEffect(() => void load(), []);
  const done = (/** @type {boolean} */ ok) => {
    if (!ok) return;
    say("info", () => o("saved"));
    void load();
  };
  const create = async (/** @type {Event} */ e) => {
    e.preventDefault();
    const answer = await api(
      "POST",
      "/accounts",
      { ...made, scope: made.role === "operator" ? made.scope : "" },
      { quiet: true },
    );
    setRefused(answer.ok ? null : answer);
    if (answer.ok) setMade(NEW);
    else
      setTimeout(
        () =>
          /** @type {HTMLElement | null} */ (document.querySelector("[data-new-account] [aria-invalid=true]"))?.focus(),
        0,
      );
    done(answer.ok);
  };
  /** What the server refused of a part of the new account; "" names what belongs to none. @param {string} part */
  const wrong = (part) => (refused && accountPart(refused) === part ? faultText(refused) : "");
  const toggle = async (/** @type {Account} */ a) =>
    done(
      (
        await api("PUT", `/accounts/${encodeURIComponent(a.name)}`, {
          full_name: a.full_name,
          role: a.role,
          scope: a.scope ?? "",
          phone: a.phone ?? "",
          disabled: !a.disabled,
        })
      ).ok,
    );
  const set = (/** @type {object} */ change) => {
    setMade({ ...made, ...change });
    setRefused(null);
  };
  return html`<div class="office__title"><h1>${o("accounts.title")}</h1></div>
    <${Panel} title=${o("accounts.title")}>${
      list === null
        ? html`<${Loading} />`
        : html`<div class="scroll" tabindex="0" role="region" aria-label=${o("accounts.title")}><table class="table">
      <thead><tr><th scope="col">${o("login.name")}</th><th scope="col">${o("accounts.fullname")}</th><th scope="col">
      ${o("accounts.role")}</th><th scope="col">${o("field.scope")}</th><th scope="col">${o("accounts.state")}</th><td /></tr></thead>
      <tbody>${list.map(
        (a) => html`<tr key=${a.name} data-account=${a.name}>
        <th scope="row">${a.name}</th><td>${a.full_name}</td><td>${oMaybe(`role.${a.role}`, "accounts.role")}</td><td>${a.scope}</td>
        <td>${a.disabled ? o("accounts.disabled") : o("accounts.active")}</td>
        <td class="table__actions">
          <${Button} onClick=${() => setResetting(a.name)}><${Words} text=${o("accounts.reset")} of=${a.name} /><//>
          ${
            a.name !== me.value?.name &&
            html`<${Button} action="toggle-account"
            onClick=${() => void toggle(a)}><${Words} text=${o(a.disabled ? "accounts.enable" : "accounts.disable")} of=${a.name} /><//>`
          }</td>
      </tr>`,
      )}</tbody></table></div>`
    }<//>
    <${Panel} title=${o("accounts.new")}><form class="grid" data-new-account onSubmit=${create}>
      <${Field} label=${o("login.name")} name="new-name" value=${made.name}
        onInput=${(/** @type {string} */ v) => set({ name: v })} autocomplete="off" required problem=${wrong("name")} />
      <${Field} label=${o("accounts.fullname")} value=${made.full_name} onInput=${(/** @type {string} */ v) => set({ full_name: v })}
        autocomplete="off" problem=${wrong("full_name")} />
      <label class="field"><span>${o("accounts.role")}</span><select value=${made.role}
        onChange=${(/** @type {Event} */ e) => set({ role: /** @type {HTMLSelectElement} */ (e.target).value })}>
        ${ROLES.map((role) => html`<option key=${role} value=${role}>${o(`role.${role}`)}</option>`)}</select></label>
      ${
        made.role === "operator" &&
        html`<${UnitField} label=${o("accounts.scope")} value=${made.scope}
        onChange=${(/** @type {string} */ v) => set({ scope: v })} problem=${wrong("scope")} />`
      }
      <${Field} label=${o("field.phone")} type="tel" value=${made.phone} onInput=${(/** @type {string} */ v) => set({ phone: v })} autocomplete="off" />
      <${Field} label=${o("accounts.password.first")} type="password" autocomplete="new-password"
        name="new-password" value=${made.password} onInput=${(/** @type {string} */ v) => set({ password: v })} problem=${wrong("password")} />
      <p class="fault field--wide" role="alert">${wrong("")}</p>
      <div class="actions"><button type="submit" class="button button--primary" data-action="create-account">${o("accounts.new")}</button></div>
    </form><//>
    ${
      resetting &&
      html`<${Ask} title=${o("accounts.reset")} text=${o("accounts.reset.text", { name: resetting })} yes=${o("accounts.reset")}
      field=${{ label: o("accounts.password.first"), type: "password", required: true }} onClose=${() => setResetting("")}
      onYes=${async (/** @type {string} */ password) => {
        const path = `/accounts/${encodeURIComponent(resetting)}/password`;
        const answer = await api("POST", path, { password }, { quiet: true });
        done(answer.ok);
        return answer.ok ? "" : faultText(answer);
      }} />`
    }`;
}

export function MePage() {
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [refused, setRefused] = useState(/** @type {import("./api.js").Answer | null} */ (null));
  const who = me.value;
  if (!who) return null;
  const change = async (/** @type {Event} */ e) => {
    e.preventDefault();
    const answer = await api("POST", "/account/password", { old, new: next }, { quiet: true });
    setRefused(answer.ok ? null : answer);
    if (!answer.ok) return;
    setOld("");
    setNext("");
    await loadMe();
    say("info", () => o("me.changed"));
  };
  const end = async (/** @type {string} */ id) => {
    await api("DELETE", `/account/logins/${id}`);
    await loadMe();
  };
  return html`<div class="office__title"><h1>${o("me.title")}</h1></div>
    <p class="facts-line"><strong>${who.full_name || who.name}</strong> <span class="badge">
    ${oMaybe(`role.${who.role}`, "accounts.role")}</span> ${who.scope}</p>
    ${who.must_change && html`<p class="fault" role="alert">${o("me.must")}</p>`}
    <${Panel} title=${o("me.password")}><form class="grid" onSubmit=${change}>
      <input type="text" class="visually-hidden" autocomplete="username" value=${who.name} readonly tabindex="-1" aria-hidden="true" />
      <${Field} label=${o("me.old")} type="password" name="old" autocomplete="current-password" value=${old} onInput=${setOld} required />
      <${Field} label=${o("me.new")} type="password" name="new" autocomplete="new-password" value=${next} onInput=${setNext} required />
      <p class="fault field--wide" role="alert">${refused ? faultText(refused) : ""}</p>
      <div class="actions"><button type="submit" class="button button--primary" data-action="change-password">${o("me.change")}</button></div>
    </form><//>
    <${Panel} title=${o("me.logins")}><ul class="plainlist">${(who.logins ?? []).map(
      (l) => html`<li key=${l.id}>
      <span>${l.device}</span> <span class="quiet">${o("me.seen", { time: formatMoment(l.seen_at) })}</span>
      ${l.current ? html`<span class="badge">${o("me.current")}</span>` : html`<${Button} onClick=${() => void end(l.id)}>${o("me.end")}<//>`}</li>`,
    )}</ul><//>`;
}
