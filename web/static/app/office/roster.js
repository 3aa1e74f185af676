// The organisation map: import with a preview of what will change.
import { html } from "../html.js";
import { useState } from "../../vendor/hooks.js";
import { Button } from "../parts.js";
import { api, faultText } from "./api.js";
import { o, oMaybe } from "./text.js";
import { UnitEdit } from "./unitedit.js";
import { Panel } from "./widgets.js";

const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const MOST = 50;

/** @typedef {import("./api.js").Unit} Unit */
/** @typedef {{before: number, after: number, added: Unit[], removed: Unit[], changed: {before: Unit, after: Unit}[]}} Changes */
/** @typedef {{row: number, column?: string, problem: string, value?: string}} RowError */

export function RosterPage() {
  const [file, setFile] = useState(/** @type {File | null} */ (null));
  const [busy, setBusy] = useState(false);
  const [changes, setChanges] = useState(/** @type {Changes | null} */ (null));
  const [errors, setErrors] = useState(/** @type {RowError[]} */ ([]));
  const [refused, setRefused] = useState(/** @type {import("./api.js").Answer | null} */ (null));
  const [applied, setApplied] = useState(0); // units
  const send = async (/** @type {string} */ path) => {
    if (!file) return null;
    setBusy(true);
    setErrors([]);
    setRefused(null);
    setApplied(0);
    const type = file.name.toLowerCase().endsWith(".xlsx") ? XLSX : "text/csv";
    const answer = await api("POST", path, new Blob([await file.arrayBuffer()], { type }), { quiet: true });
    setBusy(false);
    if (answer.ok) return answer.data;
    setChanges(null);
    setErrors(answer.data.rows ?? []);
    setRefused(answer);
    return null;
  };
  const preview = async () => setChanges(await send("/roster/preview"));
  const apply = async () => {
    const done = await send("/roster");
    if (!done) return;
    setChanges(null);
    setApplied(done.units);
  };
  const empty = changes && changes.added.length + changes.removed.length + changes.changed.length === 0;
  return html`<div class="office__title"><h1>${o("roster.title")}</h1>
      <a class="button" data-action="roster-template" href="/api/v1/roster/template.xlsx" download>${o("roster.template")}</a></div>
    <${Panel} title=${o("roster.file")}>
      <p class="quiet">${o("roster.text")}</p>
      <div class="actions">
        <label class="field"><span>${o("roster.file")}</span><input type="file" accept=".csv,.xlsx" onChange=${(
          /** @type {Event} */ e,
        ) => {
          setFile(/** @type {HTMLInputElement} */ (e.target).files?.[0] ?? null);
          setChanges(null);
          setErrors([]);
          setRefused(null);
          setApplied(0);
        }} /></label>
        <${Button} action="preview-roster" tone=${changes ? "plain" : "primary"} disabled=${!file || busy}
          onClick=${() => void preview()}>${o("roster.preview")}<//>
        ${changes && !empty && html`<${Button} action="apply-roster" tone="primary" disabled=${busy} onClick=${() => void apply()}>${o("roster.apply")}<//>`}
      </div>
      <p class=${errors.length ? "fault" : ""} role="status">
      ${busy ? o("loading") : refused ? faultText(refused) : applied ? o("roster.applied", { n: applied }) : ""}</p>
      ${
        changes &&
        html`<p class="facts-line" role="status">${
          empty
            ? o("roster.same")
            : o("roster.summary", {
                before: changes.before,
                after: changes.after,
                added: changes.added.length,
                removed: changes.removed.length,
                changed: changes.changed.length,
              })
        }</p>`
      }
    <//>
    ${
      errors.length > 0 &&
      html`<${Panel} title=${o("roster.errors")}><div class="scroll" tabindex="0" role="region" aria-label=${o("roster.errors")}><table class="table">
      <thead><tr><th scope="col">${o("roster.row")}</th><th scope="col">${o("roster.column")}</th><th scope="col">
      ${o("roster.problem")}</th><th scope="col">${o("roster.value")}</th></tr></thead>
      <tbody>${errors.map(
        (e, i) => html`<tr key=${i}><td>${e.row}</td><td>
        ${e.column && oMaybe(`rostercolumn.${e.column}`, "roster.column")}</td><td>${oMaybe(
          `rosterproblem.${e.problem}`,
          "rosterproblem.unreadable",
        )}</td><td>${e.value}</td></tr>`,
      )}
        </tbody></table></div><//>`
    }
    ${
      changes &&
      html`<${Units} title=${o("roster.added")} list=${changes.added.map((u) => [u])} />
      <${Units} title=${o("roster.removed")} list=${changes.removed.map((u) => [u])} />
      <${Units} title=${o("roster.changed")} list=${changes.changed.map((c) => [c.before, c.after])} />`
    }
    <${UnitEdit} key=${applied} />`;
}

/** @param {{title: string, list: Unit[][]}} props */
function Units({ title, list }) {
  if (list.length === 0) return null;
  const text = (/** @type {Unit} */ u) => `${u.code} · ${u.name}${u.parent ? ` (${u.parent})` : ""}`;
  return html`<${Panel} title=${`${title} (${list.length})`}><ul class="plainlist">
    ${list.slice(0, MOST).map(
      ([before, after]) => html`<li key=${before.code}>
      ${after ? html`<del>${text(before)}</del> → ${text(after)}` : text(before)}</li>`,
    )}
    ${list.length > MOST && html`<li class="quiet">${o("roster.more", { n: list.length - MOST })}</li>`}</ul><//>`;
}
