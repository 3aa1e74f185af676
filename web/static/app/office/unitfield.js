// A field that takes a unit: what is typed is looked up, and what is chosen is its code.
import { html } from "../html.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../../vendor/hooks.js";
import { isCode, searched, unitMeant } from "../../lib/unitchoice.js";
import { roster } from "./api.js";
import { o } from "./text.js";

/** @typedef {import("./api.js").Unit} Unit */

const WAIT_MS = 120;
const MOST = 20;

let fields = 0;

const labelOf = (/** @type {string} */ name, /** @type {string} */ code) => `${name} · ${code}`;

/**
 * A combobox (ARIA 1.2): the text that is typed stands apart from the code that is chosen, so that a name with spaces is typed
 * as any text is. A code, and a name that only one unit has, are taken as they are typed.
 * @param {{label: string, value: string, onChange: (code: string) => void, source?: import("./unitsource.js").UnitSource,
 *   problem?: string}} props source: where it is looked up; problem: what is wrong with what is chosen
 */
export function UnitField({ label, value, onChange, source = roster, problem }) {
  const [id] = useState(() => `unit-${++fields}`);
  /** What is being typed; null shows what is chosen. */
  const [text, setText] = useState(/** @type {string | null} */ (null));
  /** What was found last, and for what. */
  const [answer, setAnswer] = useState(/** @type {{units: readonly Unit[], wanted: string} | null} */ (null));
  const found = answer?.units ?? null;
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => {
    if (value && !source.names.value.has(value)) void source.load([value]);
  }, [value]);
  const wanted = text === null ? "" : searched(text);
  useEffect(() => {
    if (!wanted) return setAnswer(null);
    let over = false;
    const timer = setTimeout(async () => {
      const units = await source.find(wanted, MOST);
      if (units && !over) setAnswer({ units, wanted });
    }, WAIT_MS);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [wanted]);
  // An answer is taken right after it was drawn, never between a key and the drawing of it: what is around this field would be
  // put back to what it was before that key.
  useLayoutEffect(() => {
    if (!answer || text === null || answer.wanted !== wanted) return;
    setActive(-1);
    const meant = unitMeant(text, answer.units);
    onChange(meant);
    if (meant && document.activeElement !== field.current) setText(null);
  }, [answer]);
  const type = (/** @type {string} */ typed) => {
    setText(typed);
    setOpen(true);
    // A code is taken before the answer comes: who types it may be quicker than the line.
    const code = isCode(typed) ? typed.trim() : unitMeant(typed, found ?? []);
    if (code !== value) onChange(code);
  };
  const choose = (/** @type {Unit} */ unit) => {
    source.remember([unit]);
    onChange(unit.code);
    setText(null);
    setOpen(false);
    if (!field.current) return;
    field.current.value = labelOf(unit.name, unit.code);
    field.current.select();
  };
  const leave = () => {
    setOpen(false);
    if (value || !(text ?? "").trim()) setText(null);
  };
  /** What is typed next takes the place of what is chosen. */
  const select = () => text === null && field.current?.select();
  const list = open && text !== null && text.trim() && found ? found : [];
  const keys = (/** @type {KeyboardEvent} */ event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves && list.length) {
      const next = active + moves[/** @type {"ArrowDown" | "ArrowUp"} */ (event.key)];
      setActive(next < 0 ? list.length - 1 : next % list.length);
    } else if (event.key === "ArrowDown" && text !== null) {
      setOpen(true);
    } else if (event.key === "Enter" && list.length) {
      // Enter takes the marked one, or the only one; it does not send the form while there is something to choose.
      const unit = list[active] ?? (list.length === 1 ? list[0] : list.find((u) => u.code === value));
      if (unit) choose(unit);
    } else if (event.key === "Escape" && (list.length || text !== null)) {
      if (list.length) setOpen(false);
      else setText(null);
      event.stopPropagation();
    } else return;
    event.preventDefault();
  };
  useEffect(() => {
    if (active >= 0) document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: "nearest" });
  }, [active]);
  const known = source.names.value.get(value);
  const unknown = text !== null && !open && !value && Boolean(text.trim());
  const shown = text ?? (known ? labelOf(known.name, value) : value);
  const of = (/** @type {Unit} */ unit) => [unit.code, ...(unit.parents ?? [])].join(" · ");
  return html`<div class="field combo">
    <div class="combo__head"><label for=${id}>${label}</label>
      <p id=${`${id}-said`} class=${`combo__said ${unknown || problem ? "fault" : "quiet"}`} role="status">${
        unknown
          ? o("unit.unknown", { text: (text ?? "").trim() })
          : problem && text === null
            ? problem
            : open && found && text?.trim() && !value
              ? o(found.length ? "unit.several" : "draft.units.none", { n: found.length })
              : known?.parents?.length
                ? known.parents.join(", ")
                : ""
      }</p></div>
    <input id=${id} ref=${field} type="text" role="combobox" autocomplete="off" spellcheck=${false} maxlength="300" value=${shown}
      aria-autocomplete="list" aria-expanded=${String(list.length > 0)} aria-controls=${`${id}-list`}
        aria-describedby=${`${id}-said`} aria-invalid=${unknown || problem ? "true" : undefined}
      aria-activedescendant=${list[active] ? `${id}-${active}` : undefined} data-unit-code=${value}
      onInput=${(/** @type {Event} */ e) => type(/** @type {HTMLInputElement} */ (e.target).value)} onKeyDown=${keys} onBlur=${leave}
      onFocus=${select} onClick=${select} />
    <ul id=${`${id}-list`} class="combo__list" role="listbox" aria-label=${label} hidden=${list.length === 0}
      onPointerDown=${(/** @type {Event} */ e) => e.preventDefault()}>
      ${list.map(
        (
          unit,
          i,
        ) => html`<li key=${unit.code} id=${`${id}-${i}`} role="option" aria-selected=${String(unit.code === value)}
          class=${i === active ? "combo__active" : ""}
        data-unit-option=${unit.code} onClick=${() => choose(unit)}><strong>${unit.name}</strong> <span class="quiet">${of(unit)}</span></li>`,
      )}</ul>
  </div>`;
}
