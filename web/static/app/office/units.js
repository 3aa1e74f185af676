// The choice of units: by search or down the tree; single ones, all below one, or all of a level.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { Button } from "../parts.js";
import { isChosen } from "../../lib/unitchoice.js";
import { Icon } from "../icons.js";
import { api, loadUnits, rememberUnits, unitName, unitNames } from "./api.js";
import { o, oMaybe } from "./text.js";
import { Panel, Words } from "./widgets.js";
import { UnitField } from "./unitfield.js";

/** @typedef {import("./api.js").Unit} Unit */

const LEVELS = ["ministry", "province", "district", "commune"];

/**
 * The heading before a unit of a list: what it lies in, where that is another than before. A single province so falls into its districts.
 * @param {readonly Unit[]} list
 * @param {number} i
 */
function group(list, i) {
  const of = (/** @type {Unit | undefined} */ u) => u?.parents?.join(", ") ?? "";
  return list.length > 1 && of(list[i]) !== of(list[i - 1]) ? of(list[i]) : "";
}

/** A button that adds, marked once it has. @param {{action: string, chosen: boolean, text: string, of: string, onClick: () => void}} props */
function Add({ action, chosen, text, of, onClick }) {
  return html`<${Button} action=${action} icon=${chosen ? "check" : undefined} pressed=${chosen} onClick=${onClick}>
    <${Words} text=${chosen ? `${text} · ${o("draft.chosen")}` : text} of=${of} /><//>`;
}

/** What a pattern of units means. @param {string} pattern */
function patternText(pattern) {
  const [code, level] = pattern.split("/");
  void unitNames.value;
  if (level === undefined) return unitName(code);
  return level === "*"
    ? o("draft.pattern.below", { name: unitName(code) })
    : o("draft.pattern.level", { name: unitName(code), level: oMaybe(`level.${level}`, "level.commune") });
}

/** @param {import("./draft.js").Part} props */
export function UnitPicker({ draft, set, problem }) {
  const [query, setQuery] = useState("");
  const [below, setBelow] = useState("");
  const [list, setList] = useState(/** @type {Unit[]} */ ([]));
  useEffect(() => {
    let current = true;
    const timer = setTimeout(
      async () => {
        const ask = async (/** @type {string} */ what) =>
          (await api("GET", `/units?${what}`, undefined, { quiet: true })).data.units ?? [];
        /** @type {Unit[]} */ let units = await ask(
          query.trim() ? `q=${encodeURIComponent(query)}&limit=40` : `below=${encodeURIComponent(below)}`,
        );
        // One root says little: what is below it is shown at once.
        if (!query.trim() && !below && units.length === 1)
          units = [...units, ...(await ask(`below=${encodeURIComponent(units[0].code)}`))];
        if (!current) return;
        setList(units);
        rememberUnits(units);
      },
      query ? 150 : 0,
    );
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [query, below]);
  const units = draft.units ?? [];
  const except = draft.except ?? [];
  const add = (/** @type {string} */ pattern) => !units.includes(pattern) && set({ units: [...units, pattern] });
  return html`<${Panel} title=${o("draft.units")} problem=${problem}>
    <div class="picker">
      <div>
        <label class="search"><${Icon} name="search" /><span class="visually-hidden">${o("draft.units.search")}</span>
          <input type="search" placeholder=${o("draft.units.search")} value=${query} data-action="search-units"
            onInput=${(/** @type {Event} */ e) => setQuery(/** @type {HTMLInputElement} */ (e.target).value)} /></label>
        ${
          below &&
          !query &&
          html`<p class="crumbs"><${Button} tone="quiet" onClick=${() => setBelow("")}>
          ${o("draft.units.up")}<//> › <strong>${unitName(below)}</strong></p>`
        }
        <ul class="found" data-found>${
          list.length === 0
            ? html`<li class="quiet">${o("draft.units.none")}</li>`
            : list.map(
                (
                  u,
                  i,
                ) => html`${group(list, i) && html`<li class="found__group" key=${`group-${u.code}`}>${group(list, i)}</li>`}
          <li key=${u.code} data-unit=${u.code} data-chosen-unit=${isChosen(units, u) ? "" : undefined}>
          <div class="found__who"><strong>${u.name}</strong> <span class="quiet">${u.code}${u.parents?.length ? ` · ${u.parents.join(", ")}` : ""}</span></div>
          <div class="found__actions">
            <${Add} action="add-unit" chosen=${isChosen(units, u)} text=${o("draft.units.one")} of=${u.name} onClick=${() => add(u.code)} />
            ${
              u.below
                ? html`<${Add} action="add-below" chosen=${units.includes(`${u.code}/*`)}
                  text=${o("draft.units.below", { n: u.below })} of=${u.name} onClick=${() => add(`${u.code}/*`)} />
              ${LEVELS.filter((level) => u.levels?.[level]).map(
                (level) => html`<${Add} key=${level}
                action=${`add-level-${level}`}
                  chosen=${units.includes(`${u.code}/${level}`) || units.includes(`${u.code}/*`)} text=${o(
                    "draft.units.level",
                    { level: oMaybe(`level.${level}`, "level.commune"), n: u.levels?.[level] ?? 0 },
                  )} of=${u.name} onClick=${() => add(`${u.code}/${level}`)} />`,
              )}
              <${Button} tone="quiet" onClick=${() => {
                setQuery("");
                setBelow(u.code);
              }}><${Words} text=${o("draft.units.open")} of=${u.name} /><//>`
                : null
            }
          </div></li>`,
              )
        }</ul>
      </div>
      <div>
        <h3>${o("draft.units.chosen")}</h3>
        ${
          units.length === 0
            ? html`<p class="quiet">${o("draft.units.empty")}</p>`
            : html`<ul class="chosen" data-chosen>${units.map(
                (pattern) => html`<li key=${pattern}><span>${patternText(pattern)}</span>
          <${Button} compact icon="close" label=${`${o("remove")}: ${patternText(pattern)}`}
            onClick=${() => set({ units: units.filter((p) => p !== pattern) })} /></li>`,
              )}</ul>`
        }
        <div class="panel__head"><h3>${o("draft.except")}</h3>
          <${Button} action="add-except" onClick=${() => set({ except: [...except, ""] })}>${o("draft.except.add")}<//></div>
        ${except.map(
          (code, i) => html`<div class="rowline" key=${i}>
          <${UnitField} label=${o("field.unit")} value=${code} onChange=${(/** @type {string} */ v) => {
            set({ except: except.map((e, j) => (j === i ? v : e)) });
            void loadUnits([v]);
          }} />
          <${Button} compact icon="close" label=${o("remove")} onClick=${() => set({ except: except.filter((_, j) => j !== i) })} /></div>`,
        )}
      </div>
    </div>
  <//>`;
}
