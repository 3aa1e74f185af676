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
 * @param {{label: string, value: string, onInput: (value: string) => void, name?: string, required?: boolean, problem?: string}} props
 *   value: such as 2026-03-02T08:00, "" for none or what is not whole
 */
export function MomentField({ label, value, onInput, name = "moment", required, problem }) {
  const [id] = useState(() => `moment-${++fields}`);
  const [day, setDay] = useState(dayField(value));
  const [time, setTime] = useState(value.slice(11, 16));
  const [left, setLeft] = useState(false);
  const told = useRef(value);
  // At once, not after the next picture: a key pressed in between would be taken back.
  useLayoutEffect(() => {
    if (value === told.current) return; // what is typed here stays as it is typed
    told.current = value;
    setDay(dayField(value));
    setTime(value.slice(11, 16));
  }, [value]);
  const put = (/** @type {string} */ nextDay, /** @type {string} */ nextTime) => {
    setDay(nextDay);
    setTime(nextTime);
    const [iso, clock] = [readDay(nextDay), readClock(nextTime)];
    told.current = iso && clock ? `${iso}T${clock}` : "";
    onInput(told.current);
  };
  const wrong = momentFault(day, time);
  const [badDay, badTime] = [wrong === "badday", wrong === "badtime"];
  const fault = wrong && t(`moment.${wrong}`);
  const said = (left && fault) || problem || "";
  const inDay = useValidity(badDay || (wrong === "half" && !day.trim()) ? fault : "");
  const inTime = useValidity(badTime || (wrong === "half" && !time.trim()) ? fault : "");
  // In words too, as it is printed: who meant the first of December sees that it is not the twelfth of January.
  const meant =
    told.current && !said ? `${told.current.slice(11, 16)}, ${formatDay(Date.parse(`${told.current}Z`), "UTC")}` : "";
  const typed = (/** @type {Event} */ e) => /** @type {HTMLInputElement} */ (e.target).value;
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

/**
 * A day alone.
 * @param {{label: string, value: string, onInput: (value: string) => void, name?: string, required?: boolean, problem?: string}} props
 *   value: such as 2026-03-02, "" for none or what is not whole
 */
export function DayField({ label, value, onInput, name = "day", required, problem }) {
  const [id] = useState(() => `day-${++fields}`);
  const [day, setDay] = useState(dayField(value));
  const [left, setLeft] = useState(false);
  const told = useRef(value);
  useLayoutEffect(() => {
    if (value === told.current) return; // what is typed here stays as it is typed
    told.current = value;
    setDay(dayField(value));
  }, [value]);
  const put = (/** @type {string} */ next) => {
    setDay(next);
    told.current = readDay(next);
    onInput(told.current);
  };
  const bad = Boolean(day.trim()) && !readDay(day);
  const said = (left && bad ? t("moment.badday") : problem) ?? "";
  const field = useValidity(bad ? t("moment.badday") : "");
  return html`<label class="field"><span>${label}</span>
    <input ref=${field} type="text" inputmode="numeric" name=${name} placeholder=${t("moment.day")} autocomplete="off" maxlength="20" value=${day}
      required=${required} aria-invalid=${bad || said ? "true" : undefined} aria-describedby=${`${id}-said`}
      onInput=${(/** @type {Event} */ e) => put(/** @type {HTMLInputElement} */ (e.target).value)} onBlur=${() => setLeft(true)} />
    <span id=${`${id}-said`} class="fault field__fault" role="status">${said}</span></label>`;
}
