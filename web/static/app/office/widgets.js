// Small parts of the office's pages.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { t } from "../i18n.js";
import { Button, Dialog } from "../parts.js";
import { Icon } from "../icons.js";
import { api, loadUnits, notice, rememberUnits, unitName, unitNames } from "./api.js";
import { o } from "./text.js";

/** @typedef {import("../html.js").Children} Children */

/**
 * @param {{label: string, value: string | number | undefined, onInput: (value: string) => void, type?: string, wide?: boolean, min?: number,
 *   max?: number, autocomplete?: string, required?: boolean, maxlength?: number, name?: string}} props
 */
export function Field({ label, value, onInput, type = "text", wide, ...rest }) {
  return html`<label class=${`field ${wide ? "field--wide" : ""}`}><span>${label}</span>
    <input type=${type} value=${value ?? ""} maxlength=${rest.maxlength ?? 300} ...${rest}
      onInput=${(/** @type {Event} */ e) => onInput(/** @type {HTMLInputElement} */ (e.target).value)} /></label>`;
}

/** @param {{title: string, children?: Children, action?: Children, id?: string}} props */
export function Panel({ title, children, action, id }) {
  return html`<section class="panel" id=${id}><div class="panel__head"><h2>${title}</h2>${action}</div>${children}</section>`;
}

let lists = 0;

/**
 * A field that takes a unit: what is typed is looked up, and what is chosen is its code.
 * @param {{label: string, value: string, onChange: (code: string) => void}} props
 */
export function UnitField({ label, value, onChange }) {
  const [list] = useState(() => `units-${++lists}`);
  const [found, setFound] = useState(/** @type {import("./api.js").Unit[]} */ ([]));
  const shown = value && unitNames.value.has(value) ? `${value} · ${unitName(value)}` : value;
  const input = async (/** @type {string} */ text) => {
    const code = text.split(" · ")[0].trim();
    onChange(code);
    if (text.trim().length < 2 || text.includes(" · ")) return;
    const answer = await api("GET", `/units?q=${encodeURIComponent(text)}&limit=20`, undefined, { quiet: true });
    if (!answer.ok) return;
    rememberUnits(answer.data.units);
    setFound(answer.data.units);
  };
  return html`<label class="field"><span>${label}</span>
    <input type="text" list=${list} autocomplete="off" value=${shown} onInput=${(/** @type {Event} */ e) => void input(/** @type {HTMLInputElement} */ (e.target).value)}
      onChange=${() => void loadUnits([value])} />
    <datalist id=${list}>${found.map((u) => html`<option key=${u.code} value=${`${u.code} · ${u.name}`}>${(u.parents ?? []).join(", ")}</option>`)}</datalist></label>`;
}

/**
 * Asks before something is done, with what it needs to know.
 * @param {{title: string, text: string, yes: string, danger?: boolean, onYes: (value: string) => void, onClose: () => void,
 *   field?: {label: string, type?: string, value?: string, required?: boolean}}} props
 */
export function Ask({ title, text, yes, danger, onYes, onClose, field }) {
  const [value, setValue] = useState(field?.value ?? "");
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    if (field?.required && !value) return;
    onClose();
    onYes(value);
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form class="stack" onSubmit=${submit}>
      <p>${text}</p>
      ${field && html`<${Field} label=${field.label} type=${field.type} value=${value} onInput=${setValue} required=${field.required} />`}
      <div class="dialog__actions">
        <${Button} onClick=${onClose}>${t("cancel")}<//>
        <button type="submit" class=${`button button--${danger ? "danger" : "primary"}`} data-action="confirm">${yes}</button>
      </div>
    </form>
  <//>`;
}

const NOTICE_MS = 8_000;

/** What was done or refused, spoken by screen readers. */
export function Notice() {
  const n = notice.value;
  useEffect(() => {
    const timer = n && setTimeout(() => notice.value === n && (notice.value = null), NOTICE_MS);
    return () => clearTimeout(timer ?? undefined);
  }, [n]);
  return html`<div class="toasts" role="status" aria-live="polite">
    ${n && html`<div class=${`toast toast--${n.kind}`}><${Icon} name=${n.kind === "error" ? "warn" : "check"} /><p>${n.text()}</p>
      <${Button} compact tone="quiet" icon="close" label=${t("close")} onClick=${() => (notice.value = null)} /></div>`}
  </div>`;
}

/** Words of a button that stands in a list, with what it is about for those who hear it. @param {{text: string, of: string}} props */
export function Words({ text, of }) {
  return html`${text}<span class="visually-hidden">: ${of}</span>`;
}

export function Loading() {
  return html`<p class="loading" role="status"><span class="spinner" />${o("loading")}</p>`;
}

/** @param {"info" | "error"} kind @param {() => string} text */
export function say(kind, text) {
  notice.value = { kind, text };
}
