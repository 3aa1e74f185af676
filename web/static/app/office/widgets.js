// Small parts of the office's pages.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { t } from "../i18n.js";
import { Button, Dialog } from "../parts.js";
import { Icon } from "../icons.js";
import { notice } from "./api.js";
import { DayField, MomentField } from "../moment.js";
import { o } from "./text.js";

/** @typedef {import("../html.js").Children} Children */

let fields = 0;

/**
 * A field with its name above and, below, what is wrong with it.
 * @param {{label: string, value: string | number | undefined, onInput: (value: string) => void, type?: string, wide?: boolean, min?: number,
 *   max?: number, autocomplete?: string, required?: boolean, maxlength?: number, name?: string, problem?: string}} props
 *   type "moment": day and time, as datetime-local has them; "day": a day, as date has it
 */
export function Field({ label, value, onInput, type = "text", wide, problem, ...rest }) {
  const [id] = useState(() => `field-${++fields}`);
  if (type === "moment")
    return html`<${MomentField} label=${label} value=${String(value ?? "")} onInput=${onInput} name=${rest.name}
      required=${rest.required} problem=${problem} />`;
  if (type === "day")
    return html`<${DayField} label=${label} value=${String(value ?? "")} onInput=${onInput} name=${rest.name}
      required=${rest.required} problem=${problem} />`;
  return html`<label class=${`field ${wide ? "field--wide" : ""}`}><span>${label}</span>
    <input type=${type} value=${value ?? ""} maxlength=${rest.maxlength ?? 300} ...${rest} aria-invalid=${problem ? "true" : undefined}
      aria-describedby=${problem ? id : undefined} onInput=${(/** @type {Event} */ e) => onInput(/** @type {HTMLInputElement} */ (e.target).value)} />
    ${problem && html`<span id=${id} class="fault field__fault">${problem}</span>`}</label>`;
}

/** @param {{title: string, children?: Children, action?: Children, id?: string, problem?: string}} props */
export function Panel({ title, children, action, id, problem }) {
  return html`<section class="panel" id=${id} data-problem=${problem ? "" : undefined}><div class="panel__head"><h2>${title}</h2>${action}</div>
    ${problem && html`<p class="fault">${problem}</p>`}${children}</section>`;
}

/**
 * Asks before something is done, with what it needs to know.
 * @param {{title: string, text: string, yes: string, danger?: boolean, onYes: (value: string) => void | Promise<string>, onClose: () => void,
 *   field?: {label: string, type?: string, value?: string, required?: boolean, maxlength?: number}}} props onYes: may promise what is
 *   wrong with the value, which is then told at its field; "" is nothing
 */
export function Ask({ title, text, yes, danger, onYes, onClose, field }) {
  const [value, setValue] = useState(field?.value ?? "");
  const [problem, setProblem] = useState("");
  const submit = async (/** @type {Event} */ e) => {
    e.preventDefault();
    if (field?.required && !value.trim()) return;
    const outcome = onYes(value);
    const wrong = outcome instanceof Promise ? await outcome : "";
    if (wrong) setProblem(wrong);
    else onClose();
  };
  const type = (/** @type {string} */ typed) => {
    setValue(typed);
    setProblem("");
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form class="stack" onSubmit=${submit}>
      <p>${text}</p>
      ${
        field &&
        html`<${Field} label=${field.label} type=${field.type} value=${value} onInput=${type}
        required=${field.required} maxlength=${field.maxlength} problem=${problem} />`
      }
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
    ${
      n &&
      html`<div class=${`toast toast--${n.kind}`}><${Icon} name=${n.kind === "error" ? "warn" : "check"} /><p>${n.text()}</p>
      <${Button} compact tone="quiet" icon="close" label=${t("close")} onClick=${() => (notice.value = null)} /></div>`
    }
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
