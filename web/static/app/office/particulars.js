// What the documents of a session say about it: of a draft, and what the drafts of this office begin with.
import { html } from "../html.js";
import { o, oMaybe } from "./text.js";
import { Field, Panel } from "./widgets.js";

/** @typedef {{name?: string, title?: string}} Official */
/**
 * @typedef {object} Particulars
 * @property {string} [authority]
 * @property {string} [body]
 * @property {string} [number]
 * @property {string} [minutes_number]
 * @property {string} [place]
 * @property {string} [addressee]
 * @property {string[]} [recipients]
 * @property {Official} [chair]
 * @property {Official} [secretary]
 */

const PLAIN = /** @type {const} */ (["authority", "body", "number", "minutes_number", "place", "addressee"]);
/** Numbers are given to one document each. */
const OF_ONE = ["number", "minutes_number"];
const PEOPLE = /** @type {const} */ (["chair", "secretary"]);

/**
 * @param {{value: Particulars, onChange: (value: Particulars) => void, office?: boolean, title: string, text: string, problem?: string,
 *   children?: import("../html.js").Children}} props office: the defaults
 */
export function ParticularsPanel({ value, onChange, office, title, text, problem, children }) {
  const set = (/** @type {Partial<Particulars>} */ change) => onChange({ ...value, ...change });
  return html`<${Panel} title=${title} problem=${problem}>
    <p class="quiet">${text}</p>
    <div class="grid">
      ${PLAIN.filter((name) => !office || !OF_ONE.includes(name)).map(
        (name) => html`<${Field} key=${name} label=${o(`particulars.${name}`)} name=${name} value=${value[name]}
          onInput=${(/** @type {string} */ v) => set({ [name]: v || undefined })} />`,
      )}
      ${PEOPLE.flatMap((who) =>
        /** @type {const} */ (["name", "title"]).map(
          (
            part,
          ) => html`<${Field} key=${who + part} label=${o(`particulars.${who}.${part}`)} name=${`${who}-${part}`} value=${value[who]?.[part]}
            onInput=${(/** @type {string} */ v) => set({ [who]: { ...value[who], [part]: v } })} />`,
        ),
      )}
      <label class="field field--wide"><span>${o("particulars.recipients")}</span>
        <textarea rows="3" name="recipients" value=${(value.recipients ?? []).join("\n")}
          onInput=${(/** @type {Event} */ e) => set({ recipients: /** @type {HTMLTextAreaElement} */ (e.target).value.split("\n") })} /></label>
    </div>
    ${children}
  <//>`;
}

/** One of them in words: its label and what it says. @param {Particulars} p @param {string} name */
export function wording(p, name) {
  const value = /** @type {Record<string, any>} */ (p)[name];
  const person = name === "chair" || name === "secretary";
  const label = oMaybe(person ? `particulars.${name}.name` : `particulars.${name}`, "draft.particulars");
  const text = Array.isArray(value)
    ? value.join(", ")
    : person
      ? [value?.name, value?.title].filter(Boolean).join(", ")
      : value;
  return `${label}: ${text || "–"}`;
}

/** Without empty lines of recipients, and without people of whom nothing is said. @param {Particulars} p @returns {Particulars} */
export function tidy(p) {
  const recipients = (p.recipients ?? []).map((line) => line.trim()).filter(Boolean);
  const said = (/** @type {Official | undefined} */ who) => (who?.name || who?.title ? who : undefined);
  return {
    ...p,
    recipients: recipients.length ? recipients : undefined,
    chair: said(p.chair),
    secretary: said(p.secretary),
  };
}
