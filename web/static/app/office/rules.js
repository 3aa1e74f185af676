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
    <div class="rules">${RULES.map(
      ({ name, per, most }) => html`<div key=${name}>
      <${Field} label=${o(`rules.${name}`)} name=${name} type="number" min=${0} max=${most} value=${rules[name] / per}
        onInput=${(/** @type {string} */ v) => set({ rules: withRule(rules, name, v) })} />
      <p class="quiet">${o(`rules.${name}.hint`)}</p></div>`,
    )}</div>
  <//>`;
}
