// Telephone numbers of the convened sites: whom operators call, and who takes part by telephone alone.
import { html } from "../html.js";
import { useLayoutEffect, useRef, useState } from "../../vendor/hooks.js";
import { fold, matcher } from "../../lib/fold.js";
import { contactsOf, readNumbers, rowsOf, withNumbers } from "../../lib/contacts.js";
import { same } from "../../lib/merge.js";
import { Button } from "../parts.js";
import { loadUnits, unitName, unitNames } from "./api.js";
import { o } from "./text.js";
import { Field, Panel } from "./widgets.js";
import { UnitField } from "./unitfield.js";

/** Rows drawn at most; the search finds the others. */
const MOST = 50;

/** @typedef {import("../../lib/contacts.js").Row} Row */

/** @param {import("./draft.js").Part} props */
export function Contacts({ draft, set, problem }) {
  const [query, setQuery] = useState("");
  const [pasted, setPasted] = useState("");
  const [taken, setTaken] = useState(/** @type {{n: number, bad: number[]} | null} */ (null));
  // Rows of their own: while a code is typed it may be another's for a moment, which must not lose that one.
  const [rows, setRows] = useState(() => rowsOf(draft.contacts));
  const own = useRef(draft.contacts);
  // At once, not after the next picture: what is put in between would be taken for another's and put back.
  useLayoutEffect(() => {
    if (same(draft.contacts, own.current)) return;
    own.current = draft.contacts;
    setRows(rowsOf(draft.contacts));
  }, [draft.contacts]);
  void unitNames.value;
  const put = (/** @type {Row[]} */ next) => {
    setRows(next);
    own.current = contactsOf(next);
    set({ contacts: own.current });
  };
  const matches = matcher(query);
  const found = rows
    .map((row, place) => ({ row, place }))
    .filter(({ row }) => !query || matches(fold([row.code, unitName(row.code), row.phone ?? ""].join(" "))));
  const change = (/** @type {number} */ place, /** @type {Partial<Row>} */ more) =>
    put(rows.map((row, i) => (i === place ? { ...row, ...more } : row)));
  const paste = () => {
    const { numbers, bad } = readNumbers(pasted);
    const codes = Object.keys(numbers);
    put(withNumbers(rows, numbers));
    void loadUnits(codes);
    setTaken({ n: codes.length, bad });
    if (!bad.length) setPasted("");
  };
  return html`<${Panel} title=${o("draft.numbers")} problem=${problem}
    action=${html`<${Button} action="add-phone" onClick=${() => put([{ code: "" }, ...rows])}>${o("draft.numbers.add")}<//>`}>
    <p class="quiet">${o("draft.numbers.hint")}</p>
    ${
      rows.length > 10 &&
      html`<div class="rowline"><${Field} label=${o("draft.numbers.search")} type="search" value=${query} onInput=${setQuery} />
      <p class="field__said">${o("draft.numbers.count", { n: rows.length })}</p></div>`
    }
    ${found.slice(0, MOST).map(
      ({ row, place }) => html`<div class="rowline" key=${place} data-contact=${row.code}>
      <${UnitField} label=${o("field.unit")} value=${row.code} onChange=${(/** @type {string} */ code) => change(place, { code })} />
      <${Field} label=${o("field.phone")} type="tel" value=${row.phone} onInput=${(/** @type {string} */ phone) => change(place, { phone })} />
      <label class="check"><input type="checkbox" checked=${row.by_phone ?? false}
        onChange=${(/** @type {Event} */ e) => change(place, { by_phone: /** @type {HTMLInputElement} */ (e.target).checked })} /> ${o("field.byphone")}</label>
      <${Button} compact icon="close" label=${`${o("remove")}: ${unitName(row.code)}`} onClick=${() => put(rows.filter((_, i) => i !== place))} />
    </div>`,
    )}
    ${found.length > MOST && html`<p class="quiet">${o("roster.more", { n: found.length - MOST })}</p>`}
    <details class="paste"><summary>${o("draft.numbers.paste")}</summary>
      <label class="field"><span>${o("draft.numbers.lines")}</span>
        <textarea rows="5" name="numbers" placeholder="C13999	0259 3333 444" value=${pasted}
          onInput=${(/** @type {Event} */ e) => setPasted(/** @type {HTMLTextAreaElement} */ (e.target).value)} /></label>
      <div class="actions"><${Button} action="paste-numbers" disabled=${!pasted.trim()} onClick=${paste}>
      ${o("draft.numbers.take")}<//><p role="status">
        ${
          taken &&
          [
            o("draft.numbers.added", { n: taken.n }),
            taken.bad.length ? o("draft.numbers.bad", { lines: taken.bad.slice(0, 10).join(", ") }) : "",
          ].join(" ")
        }</p></div>
    </details>
  <//>`;
}
