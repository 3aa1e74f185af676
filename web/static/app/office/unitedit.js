// Single units: look, add, rename, move, merge, and what was changed since when.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { api, faultText, loadUnits, rememberUnits, unitName, unitNames } from "./api.js";
import { toInput } from "../../lib/localtime.js";
import { formatMoment, o, oMaybe, ZONE } from "./text.js";
import { Field, Panel, say } from "./widgets.js";
import { UnitField } from "./unitfield.js";

/** @typedef {{kind: string, code: string, name?: string, parent_code?: string, into?: string, in_force: string, by: string, at: string}} Change */

const KINDS = ["add", "rename", "move", "merge"];
const LEVELS = ["ministry", "province", "district", "commune"];
const SHOWN = 30;

const today = () => toInput(new Date().toISOString(), ZONE).slice(0, 10);

export function UnitEdit() {
  const [kind, setKind] = useState("rename");
  const [code, setCode] = useState("");
  const [name, setName] = useState("");
  const [level, setLevel] = useState("commune");
  const [other, setOther] = useState("");
  const [since, setSince] = useState(today());
  const [refused, setRefused] = useState(/** @type {import("./api.js").Answer | null} */ (null));
  const [list, setList] = useState(/** @type {{version: number, changes: Change[]}} */ ({ version: 0, changes: [] }));
  const load = async () => {
    const answer = await api("GET", "/roster/changes", undefined, { quiet: true });
    if (!answer.ok) return;
    setList(answer.data);
    void loadUnits(
      answer.data.changes.slice(0, SHOWN).flatMap((/** @type {Change} */ c) => [c.code, c.into ?? c.parent_code ?? ""]),
    );
  };
  useEffect(() => void load(), []);
  const submit = async (/** @type {Event} */ e) => {
    e.preventDefault();
    const answer = await api(
      "POST",
      "/roster/changes",
      {
        kind,
        code,
        in_force: since,
        version: list.version,
        ...(kind === "add" ? { name, level, parent_code: other } : {}),
        ...(kind === "rename" ? { name } : {}),
        ...(kind === "move" ? { parent_code: other } : {}),
        ...(kind === "merge" ? { into: other } : {}),
      },
      { quiet: true },
    );
    setRefused(answer.ok ? null : answer);
    if (answer.ok || answer.code === "conflict") await load();
    if (!answer.ok) return;
    const known = unitNames.value.get(code);
    if (known && kind === "rename") rememberUnits([{ ...known, name }]);
    setCode("");
    setName("");
    setOther("");
    say("info", () => o("unitedit.done", { n: answer.data.units }));
  };
  const pick = (/** @type {string} */ value) => {
    setCode(value);
    if (kind === "rename" && value) setName(unitName(value) === value ? "" : unitName(value));
  };
  return html`<${Panel} title=${o("unitedit.title")}>
      <p class="quiet">${o("unitedit.text")}</p>
      <form class="stack" onSubmit=${submit} data-form="unit">
        <label class="field"><span>${o("unitedit.kind")}</span><select value=${kind} data-action="unit-kind"
          onChange=${(/** @type {Event} */ e) => setKind(/** @type {HTMLSelectElement} */ (e.target).value)}>
          ${KINDS.map((k) => html`<option key=${k} value=${k}>${oMaybe(`unitedit.${k}`, "unitedit.rename")}</option>`)}</select></label>
        ${
          kind === "add"
            ? html`<${Field} label=${o("unitedit.code")} name="unit-code" value=${code} onInput=${setCode} maxlength=${32} required />`
            : html`<${UnitField} label=${o("figures.unit")} value=${code} onChange=${pick} />`
        }
        ${
          (kind === "add" || kind === "rename") &&
          html`<${Field} label=${o("unitedit.name")} name="unit-name" value=${name} onInput=${setName} required wide />`
        }
        ${
          kind === "add" &&
          html`<label class="field"><span>${o("unitedit.level")}</span><select value=${level}
            onChange=${(/** @type {Event} */ e) => setLevel(/** @type {HTMLSelectElement} */ (e.target).value)}>
          ${LEVELS.map((l) => html`<option key=${l} value=${l}>${oMaybe(`level.${l}`, "level.commune")}</option>`)}</select></label>`
        }
        ${kind !== "rename" && html`<${UnitField} label=${kind === "merge" ? o("unitedit.into") : o("unitedit.parent")} value=${other} onChange=${setOther} />`}
        <${Field} label=${o("unitedit.since")} type="day" name="since" value=${since} onInput=${setSince} required />
        <p class="fault" role="alert">
          ${refused ? (refused.code === "conflict" ? o("unitedit.conflict") : `${faultText(refused)} ${refused.data.detail ?? ""}`) : ""}</p>
        <div class="actions"><button type="submit" class="button button--primary" data-action="change-unit"
          disabled=${!code || !since || (kind !== "rename" && !other)}>${o("unitedit.apply")}</button></div>
      </form>
    <//>
    ${
      list.changes.length > 0 &&
      html`<${Panel} title=${o("unitedit.changes")}><div class="scroll" tabindex="0" role="region" aria-label=${o("unitedit.changes")}>
        <table class="table" data-changes>
        <thead><tr><th scope="col">${o("unitedit.since")}</th><th scope="col">${o("figures.unit")}</th><th scope="col">${o("unitedit.kind")}</th>
          <th scope="col">${o("unitedit.to")}</th><th scope="col">${o("unitedit.by")}</th></tr></thead>
        <tbody>${list.changes.slice(0, SHOWN).map(
          (c, i) => html`<tr key=${i}><td>${c.in_force.split("-").reverse().join("/")}</td><th scope="row">
            ${c.kind === "add" ? c.name : unitName(c.code)} <span class="quiet">${c.code}</span></th>
            <td>${oMaybe(`unitedit.${c.kind}`, "unitedit.rename")}</td><td>${c.name ?? unitName(c.into ?? c.parent_code ?? "")}</td>
              <td>${c.by} <span class="quiet">${formatMoment(c.at)}</span></td></tr>`,
        )}</tbody></table></div><//>`
    }`;
}
