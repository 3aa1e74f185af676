// The agenda of a session: its items in order, and who registered to speak on each.
import { html } from "../html.js";
import { Button } from "../parts.js";
import { changed, without } from "../../lib/lists.js";
import { o } from "./text.js";
import { Field } from "./widgets.js";
import { UnitField } from "./unitfield.js";

/** @typedef {{id: string, title: string, minutes?: number, speakers?: string[]}} Item id: "" for one that the server is to name */

/**
 * @param {{items: readonly Item[], onChange: (items: Item[]) => void, source?: import("./unitsource.js").UnitSource}} props
 *   source: where speakers are looked up
 */
export function AgendaEditor({ items, onChange, source }) {
  const up = (/** @type {number} */ i) =>
    onChange([...items.slice(0, i - 1), items[i], items[i - 1], ...items.slice(i + 1)]);
  return html`<ol class="agenda-edit">${items.map((item, i) => {
    const name = item.title || o("draft.item", { n: i + 1 });
    const speakers = item.speakers ?? [];
    const speak = (/** @type {string[]} */ list) => onChange(changed(items, i, { speakers: list }));
    return html`<li key=${item.id || `new-${i}`} class="agenda__item">
      <div class="rowline">
        <${Field} label=${`${o("draft.item", { n: i + 1 })}`} wide value=${item.title}
          onInput=${(/** @type {string} */ v) => onChange(changed(items, i, { title: v }))} />
        <${Field} label=${o("field.minutes")} type="number" min=${0} max=${1440} value=${item.minutes || ""}
          onInput=${(/** @type {string} */ v) => onChange(changed(items, i, { minutes: Number(v) || undefined }))} />
        ${i > 0 && html`<${Button} label=${o("draft.up", { name })} onClick=${() => up(i)}><span aria-hidden="true">↑</span><//>`}
        <${Button} compact icon="close" label=${`${o("remove")}: ${name}`} onClick=${() => onChange(without(items, i))} />
      </div>
      <div class="speakers"><span class="quiet">${o("draft.speakers")}</span>
        ${speakers.map(
          (code, j) => html`<span class="rowline" key=${j}>
          <${UnitField} label=${o("field.unit")} value=${code} source=${source}
            onChange=${(/** @type {string} */ v) => speak(speakers.map((s, k) => (k === j ? v : s)))} />
          <${Button} compact icon="close" label=${o("remove")} onClick=${() => speak(without(speakers, j))} /></span>`,
        )}
        <${Button} compact icon="people" label=${o("draft.speakers.add", { name })} onClick=${() => speak([...speakers, ""])} />
      </div></li>`;
  })}</ol>`;
}
