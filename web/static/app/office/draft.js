// The editor of a draft. Two people may have it open: what both changed is put together, or asked about.
import { html } from "../html.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { Button, Confirm } from "../parts.js";
import { codesOf, isPast } from "../../lib/draft.js";
import { fromInput, toInput } from "../../lib/localtime.js";
import { changed, without } from "../../lib/lists.js";
import { merge, same } from "../../lib/merge.js";
import { api, faultText, loadUnits } from "./api.js";
import { formatMoment, o, oMaybe, ZONE } from "./text.js";
import { Field, Loading, Panel, say } from "./widgets.js";
import { AgendaEditor } from "./agendaedit.js";
import { UnitField } from "./unitfield.js";
import { UnitPicker } from "./units.js";
import { Contacts } from "./contacts.js";
import { RulesPanel } from "./rules.js";
import { ParticularsPanel, tidy } from "./particulars.js";

/**
 * @typedef {object} Draft
 * @property {string} title
 * @property {string} [start]
 * @property {number} [minutes]
 * @property {string} [time_zone]
 * @property {string[]} [units]
 * @property {string[]} [except]
 * @property {Record<string, {phone?: string, by_phone?: boolean}>} [contacts]
 * @property {{code?: string, unit?: string, name?: string, phone?: string, by_phone?: boolean}[]} [seats]
 * @property {{name: string, scope: string, phone?: string}[]} [operators]
 * @property {{id: string, title: string, minutes?: number, speakers?: string[]}[]} [agenda]
 * @property {import("../../lib/draft.js").Rules} [rules]
 * @property {string} [help_phone]
 * @property {string} [note]
 * @property {import("./particulars.js").Particulars} [particulars]
 *
 * @typedef {{id: string, version: number, session?: string, updated_at: string, updated_by: string, draft: Draft,
 *   sites?: number, rules?: import("../../lib/draft.js").Rules,
 *   problems?: {field: string, code: string, value?: string}[]}} Row
 */

/** @param {{id: string}} props */
export function DraftPage({ id }) {
  const [row, setRow] = useState(/** @type {Row | null} */ (null));
  const [draft, setDraft] = useState(/** @type {Draft | null} */ (null));
  const [conflict, setConflict] = useState(/** @type {{theirs: Row, mine: Draft, both: string[]} | null} */ (null));
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const alert = useRef(/** @type {HTMLElement | null} */ (null));
  const take = (/** @type {Row} */ next) => {
    setRow(next);
    setDraft(next.draft);
    setConflict(null);
    void loadUnits(codesOf(next.draft));
  };
  useEffect(() => {
    void api("GET", `/drafts/${id}`).then((answer) => answer.ok && take(answer.data));
  }, []);
  const dirty = Boolean(row && draft && !same(row.draft, draft));
  useEffect(() => {
    const warn = (/** @type {BeforeUnloadEvent} */ e) => dirty && e.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [dirty]);
  if (!row || !draft) return html`<${Loading} />`;
  const set = (/** @type {Partial<Draft>} */ change) => setDraft((now) => now && { ...now, ...change });
  const save = async () => {
    setBusy(true);
    const answer = await api("PUT", `/drafts/${id}`, { version: row.version, draft: tidied(draft) }, { quiet: true });
    setBusy(false);
    if (answer.ok) {
      take(answer.data);
      say("info", () => o("saved"));
    } else if (answer.status === 409 && answer.data.current && !answer.data.current.session) {
      const theirs = answer.data.current;
      const { merged, both } = merge(row.draft, draft, theirs.draft);
      setRow({ ...theirs, problems: row.problems, sites: row.sites, rules: row.rules });
      setDraft(merged);
      setConflict({ theirs, mine: draft, both });
      void loadUnits(codesOf(merged));
      setTimeout(() => alert.current?.focus(), 0);
    } else {
      say("error", () => faultText(answer));
    }
  };
  const past = isPast(draft.start, Date.now());
  const convene = async () => {
    setBusy(true);
    const answer = await api("POST", `/drafts/${id}/convene`, {
      version: row.version,
      ...(past && { allow_past: true }),
    });
    setBusy(false);
    if (answer.ok) location.hash = `#/session/${answer.data.id}`;
  };
  const zone = draft.time_zone || ZONE;
  /** What the server found wrong with a part of what is saved, said where it is mended. @param {string} part */
  const problems = (part) =>
    dirty
      ? ""
      : (row.problems ?? [])
          .filter((p) => p.field.split(".")[0] === part)
          .map((p) => {
            const nth = /\.(\d+)/.exec(p.field);
            const where = nth ? `${Number(nth[1]) + 1}: ` : "";
            return `${where}${oMaybe(`problem.${p.code}`, "problem.bad_value", { value: p.value ?? "" })}.`;
          })
          .join(" ");
  const moment = { name: conflict?.theirs.updated_by ?? "", time: formatMoment(conflict?.theirs.updated_at) };
  return html`<p><a href="#/">${o("back")}</a></p>
    <div class="office__title"><h1>${draft.title || o("draft.title")}</h1></div>
    <p class="quiet">${o("draft.version", { n: row.version, name: row.updated_by, time: formatMoment(row.updated_at) })}</p>
    ${row.session && html`<p class="notice notice--attention"><a href=${`#/session/${row.session}`}>${o("draft.convened")}</a></p>`}
    ${
      conflict &&
      html`<section class="panel panel--attention" ref=${alert} tabindex="-1" role="alert" data-conflict>
      <h2>${o("conflict.title")}</h2>
      <p>${o(conflict.both.length ? "conflict.text" : "conflict.merged", moment)}</p>
      ${conflict.both.map(
        (part) => html`<fieldset class="choice" key=${part}><legend>${oMaybe(`part.${part}`, "part.title")}</legend>
        ${[
          ["mine", o("conflict.mine")],
          ["theirs", o("conflict.theirs", moment)],
        ].map(
          ([whose, label]) => html`<label key=${whose}>
          <input type="radio" name=${`keep-${part}`} value=${whose}
            checked=${same(/** @type {any} */ (draft)[part], /** @type {any} */ (conflict.theirs.draft)[part]) === (whose === "theirs")}
            onChange=${() => set({ [part]: /** @type {any} */ (whose === "theirs" ? conflict.theirs.draft : conflict.mine)[part] })} /> ${label}</label>`,
        )}
      </fieldset>`,
      )}
    </section>`
    }
    <fieldset disabled=${Boolean(row.session)}>
    <${Panel} title=${o("draft.general")}><div class="grid">
      <${Field} label=${o("draft.name")} name="title" wide problem=${problems("title")} value=${draft.title}
        onInput=${(/** @type {string} */ v) => set({ title: v })} />
      <${Field} label=${o("draft.start")} name="start" type="moment" problem=${problems("start")}
        value=${toInput(draft.start, zone)} onInput=${(/** @type {string} */ v) => set({ start: fromInput(v, zone) || undefined })} />
      <${Field} label=${o("draft.minutes")} name="minutes" type="number" problem=${problems("minutes")} min=${0}
        max=${1440} value=${draft.minutes || ""} onInput=${(/** @type {string} */ v) => set({ minutes: Number(v) || undefined })} />
      <${Field} label=${o("draft.help")} name="help_phone" type="tel" problem=${problems("help_phone")}
        value=${draft.help_phone} onInput=${(/** @type {string} */ v) => set({ help_phone: v })} />
      <${Field} label=${`${o("draft.note")} (${o("optional")})`} wide problem=${problems("note")} value=${draft.note}
        onInput=${(/** @type {string} */ v) => set({ note: v })} />
    </div><//>
    <${UnitPicker} draft=${draft} set=${set} problem=${[problems("units"), problems("except")].filter(Boolean).join(" ")} />
    <${Seats} draft=${draft} set=${set} problem=${problems("seats")} />
    <${Agenda} draft=${draft} set=${set} problem=${problems("agenda")} />
    <${Contacts} draft=${draft} set=${set} problem=${problems("contacts")} />
    <${Operators} draft=${draft} set=${set} problem=${problems("operators")} />
    <${ParticularsPanel} title=${o("draft.particulars")} text=${o("draft.particulars.text")} problem=${problems("particulars")}
      value=${draft.particulars ?? {}} onChange=${(/** @type {import("./particulars.js").Particulars} */ particulars) => set({ particulars })} />
    <${RulesPanel} draft=${draft} set=${set} usual=${row.rules} />
    </fieldset>
    ${
      (row.problems ?? []).length > 0 &&
      !dirty &&
      html`<${Panel} title=${o("draft.problems")}><ul class="plainlist" data-problems>${(row.problems ?? []).map(
        (p) => html`<li key=${p.field + p.code}>
      <strong>${oMaybe(`part.${p.field.split(".")[0]}`, "part.units")}
      ${/\.(\d+)/.test(p.field) ? ` ${Number(/** @type {RegExpExecArray} */ (/\.(\d+)/.exec(p.field))[1]) + 1}` : ""}
        </strong> ${oMaybe(`problem.${p.code}`, "problem.bad_value", { value: p.value ?? "" })}</li>`,
      )}</ul><//>`
    }
    ${
      !row.session &&
      html`<div class="savebar" role="group" aria-label=${o("draft.title")}>
      <span role="status">${dirty ? o("draft.savefirst") : o("draft.sites", { n: row.sites ?? 0 })}</span>
      <${Button} action="save" tone=${dirty ? "primary" : "plain"} disabled=${busy || (!dirty && !conflict)} onClick=${() => void save()}>${o("draft.save")}<//>
      <${Button} action="convene" tone="primary" disabled=${busy || dirty || (row.problems ?? []).length > 0}
        onClick=${() => setAsking(true)}>${o("draft.convene")}<//>
    </div>`
    }
    ${
      asking &&
      html`<${Confirm} title=${o("draft.convene")}
      text=${(past ? `${o("draft.past", { time: formatMoment(draft.start, zone) })} ` : "") + o("draft.convene.text", { n: row.sites ?? 0 })}
        yes=${o("draft.convene")} onYes=${() => void convene()} onClose=${() => setAsking(false)} />`
    }`;
}

/** What is sent of a draft: nothing of what was left empty. @param {Draft} draft @returns {Draft} */
const tidied = (draft) => (draft.particulars ? { ...draft, particulars: tidy(draft.particulars) } : draft);

/** @typedef {{draft: Draft, set: (change: Partial<Draft>) => void, problem?: string}} Part problem: what is wrong with it as it is saved */

/** @param {Part} props */
function Seats({ draft, set, problem }) {
  const seats = draft.seats ?? [];
  return html`<${Panel} title=${o("draft.seats")} problem=${problem}
    action=${html`<${Button} action="add-seat" onClick=${() => set({ seats: [...seats, {}] })}>${o("draft.seats.add")}<//>`}>
      <p class="quiet">${o("draft.seats.hint")}</p>
      ${seats.map(
        (seat, i) => html`<div class="rowline" key=${i}>
        <${UnitField} label=${`${o("field.unit")} (${o("optional")})`} value=${seat.unit ?? ""}
          onChange=${(/** @type {string} */ v) => set({ seats: changed(seats, i, { unit: v }) })} />
        <${Field} label=${o("field.name")} value=${seat.name} onInput=${(/** @type {string} */ v) => set({ seats: changed(seats, i, { name: v }) })} />
        <${Field} label=${o("field.phone")} type="tel" value=${seat.phone}
          onInput=${(/** @type {string} */ v) => set({ seats: changed(seats, i, { phone: v }) })} />
        <label class="check"><input type="checkbox" checked=${seat.by_phone ?? false}
          onChange=${(/** @type {Event} */ e) => set({ seats: changed(seats, i, { by_phone: /** @type {HTMLInputElement} */ (e.target).checked }) })}
            /> ${o("field.byphone")}</label>
        <${Button} compact icon="close" label=${o("remove")} onClick=${() => set({ seats: without(seats, i) })} />
      </div>`,
      )}
  <//>`;
}

/** @param {Part} props */
function Operators({ draft, set, problem }) {
  const list = draft.operators ?? [];
  return html`<${Panel} title=${o("draft.operators")} problem=${problem}
    action=${html`<${Button} action="add-operator" onClick=${() => set({ operators: [...list, { name: "", scope: "" }] })}>${o("draft.operators.add")}<//>`}>
    ${list.map(
      (op, i) => html`<div class="rowline" key=${i}>
      <${Field} label=${o("field.name")} value=${op.name} onInput=${(/** @type {string} */ v) => set({ operators: changed(list, i, { name: v }) })} />
      <${UnitField} label=${o("field.scope")} value=${op.scope} onChange=${(/** @type {string} */ v) => set({ operators: changed(list, i, { scope: v }) })} />
      <${Field} label=${o("field.phone")} type="tel" value=${op.phone}
        onInput=${(/** @type {string} */ v) => set({ operators: changed(list, i, { phone: v }) })} />
      <${Button} compact icon="close" label=${o("remove")} onClick=${() => set({ operators: without(list, i) })} />
    </div>`,
    )}
  <//>`;
}

/** @param {Part} props */
function Agenda({ draft, set, problem }) {
  const items = draft.agenda ?? [];
  const used = new Set(items.map((item) => item.id));
  const next = () => {
    let n = items.length + 1;
    while (used.has(`a${n}`)) n++;
    return `a${n}`;
  };
  return html`<${Panel} title=${o("draft.agenda")} problem=${problem}
    action=${html`<${Button} action="add-item" onClick=${() => set({ agenda: [...items, { id: next(), title: "" }] })}>${o("draft.agenda.add")}<//>`}>
    <${AgendaEditor} items=${items} onChange=${(/** @type {import("./agendaedit.js").Item[]} */ agenda) => set({ agenda })} />
  <//>`;
}
