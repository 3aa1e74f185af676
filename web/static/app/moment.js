// Days, and day and time in two fields, that every browser shows alike: day/month/year, and hours up to 23.
import { html } from "./html.js";
import { useLayoutEffect, useRef, useState } from "../vendor/hooks.js";
import { dayField, momentFault, readClock, readDay } from "../lib/moments.js";
import { formatDay, t } from "./i18n.js";

let fields = 0;

/** A field whose form is not sent as long as something is wrong: what is not whole would be dropped without a word. @param {string} fault */
function useValidity(fault) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useLayoutEffect(() => field.current?.setCustomValidity(fault), [fault]);
  return field;
}

/**
 * What is typed stays as it is typed, until another value comes from outside.
 * @param {string} value of which the texts are shown at first
 * @param {(value: string) => string[]} shown the texts of a value, one for each field
 * @param {(texts: string[]) => string} read the value of the texts, "" when they are not whole
 * @param {(value: string) => void} onInput
 */
function useTyped(value, shown, read, onInput) {
  const [texts, setTexts] = useState(() => shown(value));
  const told = useRef(value);
  // At once, not after the next picture: a key pressed in between would be taken back.
  useLayoutEffect(() => {
    if (value === told.current) return;
    told.current = value;
    setTexts(shown(value));
  }, [value]);
  const put = (/** @type {string[]} */ ...next) => {
    setTexts(next);
    told.current = read(next);
    onInput(told.current);
  };
  return { texts, read: told.current, put };
}

const typed = (/** @type {Event} */ e) => /** @type {HTMLInputElement} */ (e.target).value;

/** @param {string} value */
const momentTexts = (value) => [dayField(value), value.slice(11, 16)];

/** @param {string[]} texts */
function readMoment([day, time]) {
  const [iso, clock] = [readDay(day), readClock(time)];
  return iso && clock ? `${iso}T${clock}` : "";
}

/**
 * @param {{label: string, value: string, onInput: (value: string) => void, name?: string, required?: boolean, problem?: string}} props
 *   value: such as 2026-03-02T08:00, "" for none or what is not whole
 */
export function MomentField({ label, value, onInput, name = "moment", required, problem }) {
  const [id] = useState(() => `moment-${++fields}`);
  const { texts, read, put } = useTyped(value, momentTexts, readMoment, onInput);
  const [day, time] = texts;
  const [left, setLeft] = useState(false);
  const wrong = momentFault(day, time);
  const [badDay, badTime] = [wrong === "badday", wrong === "badtime"];
  const fault = wrong && t(`moment.${wrong}`);
  const said = (left && fault) || problem || "";
  const inDay = useValidity(badDay || (wrong === "half" && !day.trim()) ? fault : "");
  const inTime = useValidity(badTime || (wrong === "half" && !time.trim()) ? fault : "");
  // In words too, as it is printed: who meant the first of December sees that it is not the twelfth of January.
  const meant = read && !said ? `${read.slice(11, 16)}, ${formatDay(Date.parse(`${read}Z`), "UTC")}` : "";
  return html`<div class="field moment" role="group" aria-labelledby=${`${id}-label`} onFocusOut=${() => setLeft(true)}>
    <span id=${`${id}-label`}>${label}</span>
    <div class="moment__parts">
      <input ref=${inDay} type="text" inputmode="numeric" name=${`${name}-day`} aria-label=${t("moment.day")}
        placeholder=${t("moment.day")} autocomplete="off" maxlength="20" value=${day}
        required=${required} aria-invalid=${badDay || (said && !badTime) ? "true" : undefined}
          aria-describedby=${`${id}-said`} onInput=${(/** @type {Event} */ e) => put(typed(e), time)} />
      <input ref=${inTime} type="text" name=${`${name}-time`} aria-label=${t("moment.time")}
        placeholder=${t("moment.time")} autocomplete="off" maxlength="20" value=${time}
        required=${required} aria-invalid=${badTime ? "true" : undefined} aria-describedby=${`${id}-said`}
          onInput=${(/** @type {Event} */ e) => put(day, typed(e))} />
    </div>
    <p id=${`${id}-said`} class=${said ? "fault field__fault" : "moment__meant"} role="status">${said || meant}</p>
  </div>`;
}

/** @param {string} value */
const dayTexts = (value) => [dayField(value)];

/** @param {string[]} texts */
const readOne = ([day]) => readDay(day);

/**
 * A day alone.
 * @param {{label: string, value: string, onInput: (value: string) => void, name?: string, required?: boolean, problem?: string}} props
 *   value: such as 2026-03-02, "" for none or what is not whole
 */
export function DayField({ label, value, onInput, name = "day", required, problem }) {
  const [id] = useState(() => `day-${++fields}`);
  const { texts, put } = useTyped(value, dayTexts, readOne, onInput);
  const [day] = texts;
  const [left, setLeft] = useState(false);
  const bad = Boolean(day.trim()) && !readDay(day);
  const said = (left && bad ? t("moment.badday") : problem) ?? "";
  const field = useValidity(bad ? t("moment.badday") : "");
  return html`<label class="field"><span>${label}</span>
    <input ref=${field} type="text" inputmode="numeric" name=${name} placeholder=${t("moment.day")} autocomplete="off" maxlength="20" value=${day}
      required=${required} aria-invalid=${bad || said ? "true" : undefined} aria-describedby=${`${id}-said`}
      onInput=${(/** @type {Event} */ e) => put(typed(e))} onBlur=${() => setLeft(true)} />
    <span id=${`${id}-said`} class="fault field__fault" role="status">${said}</span></label>`;
}
