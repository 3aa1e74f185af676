// The rules of a session: when it opens, and what counts as late, partial or interrupted.
import { html } from "../html.js";
import { RULES, withRule } from "../../lib/draft.js";
import { Button } from "../parts.js";
import { o } from "./text.js";
import { Field, Panel } from "./widgets.js";

/** @typedef {import("../../lib/draft.js").Rules} Rules */

/** @param {import("./draft.js").Part & {usual: Rules | undefined}} props usual: what holds where the draft says nothing */
export function RulesPanel({ draft, set, usual }) {
  const rules = draft.rules ?? usual;
  if (!rules) return null;
  return html`<${Panel} title=${o("rules.title")}
    action=${draft.rules && html`<${Button} action="usual-rules" onClick=${() => set({ rules: undefined })}>${o("rules.usual")}<//>`}>
    <${RuleFields} rules=${rules} onChange=${(/** @type {Rules} */ next) => set({ rules: next })} />
  <//>`;
}

/** @param {{rules: Rules, onChange: (rules: Rules) => void}} props */
export function RuleFields({ rules, onChange }) {
  return html`<div class="rules">${RULES.map(
    ({ name, per, most }) => html`<div key=${name}>
      <${Field} label=${o(`rules.${name}`)} name=${name} type="number" min=${0} max=${most} value=${rules[name] / per}
        onInput=${(/** @type {string} */ v) => onChange(withRule(rules, name, v))} />
      <p class="quiet">${o(`rules.${name}.hint`)}</p></div>`,
  )}
    <div><label class="check"><input type="checkbox" name="receiving_only" checked=${rules.receiving_only ?? false}
      onChange=${(/** @type {Event} */ e) => onChange({ ...rules, receiving_only: /** @type {HTMLInputElement} */ (e.target).checked })}
        /> ${o("rules.receiving_only")}</label>
      <p class="quiet">${o("rules.receiving_only.hint")}</p></div>
  </div>`;
}
