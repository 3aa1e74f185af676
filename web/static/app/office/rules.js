// The rules of a session: when it opens, and what counts as late, partial or interrupted.
import { html } from "../html.js";
import { Button } from "../parts.js";
import { o } from "./text.js";
import { Field, Panel } from "./widgets.js";

/** @typedef {{countdown_s: number, open_before_s: number, grace_s: number, late_after_s: number, partial_pct: number}} Rules */

/** Each rule with what a person counts it in. @type {readonly [keyof Rules, number, number][]} member, its unit in the field, the most */
const FIELDS = [
  ["open_before_s", 60, 1440],
  ["late_after_s", 60, 1440],
  ["partial_pct", 1, 100],
  ["grace_s", 1, 3600],
  ["countdown_s", 1, 60],
];

/** @param {import("./draft.js").Part & {usual: Rules | undefined}} props usual: what holds where the draft says nothing */
export function RulesPanel({ draft, set, usual }) {
  const rules = draft.rules ?? usual;
  if (!rules) return null;
  return html`<${Panel} title=${o("rules.title")} action=${draft.rules && html`<${Button} action="usual-rules" onClick=${() => set({ rules: undefined })}>${o("rules.usual")}<//>`}>
    <div class="rules">${FIELDS.map(
      ([name, per, most]) => html`<div key=${name}>
      <${Field} label=${o(`rules.${name}`)} name=${name} type="number" min=${0} max=${most} value=${rules[name] / per}
        onInput=${(/** @type {string} */ v) => set({ rules: { ...rules, [name]: Math.round(Number(v) * per) } })} />
      <p class="quiet">${o(`rules.${name}.hint`)}</p></div>`,
    )}</div>
  <//>`;
}
