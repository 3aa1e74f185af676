// Days, and day and time in two fields, that every browser shows alike: day/month/year, and hours up to 23.
import { html } from "./html.js";
import { useLayoutEffect, useRef, useState } from "../vendor/hooks.js";
import { dayField, readClock, readDay } from "../lib/moments.js";
import { formatDay, t } from "./i18n.js";

let fields = 0;

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
  const badDay = Boolean(day.trim()) && !readDay(day);
  const badTime = Boolean(time.trim()) && !readClock(time);
  const half = Boolean(day.trim()) !== Boolean(time.trim());
  const fault = left && (badDay ? t("moment.badday") : badTime ? t("moment.badtime") : half ? t("moment.half") : "");
  const said = fault || problem || "";
  // In words too, as it is printed: who meant the first of December sees that it is not the twelfth of January.
  const meant =
    told.current && !said ? `${told.current.slice(11, 16)}, ${formatDay(Date.parse(`${told.current}Z`), "UTC")}` : "";
  const typed = (/** @type {Event} */ e) => /** @type {HTMLInputElement} */ (e.target).value;
  return html`<div class="field moment" role="group" aria-labelledby=${`${id}-label`} onFocusOut=${() => setLeft(true)}>
    <span id=${`${id}-label`}>${label}</span>
    <div class="moment__parts">
      <input type="text" inputmode="numeric" name=${`${name}-day`} aria-label=${t("moment.day")}
        placeholder=${t("moment.day")} autocomplete="off" maxlength="20" value=${day}
        required=${required} aria-invalid=${badDay || (said && !badTime) ? "true" : undefined}
          aria-describedby=${`${id}-said`} onInput=${(/** @type {Event} */ e) => put(typed(e), time)} />
      <input type="text" name=${`${name}-time`} aria-label=${t("moment.time")} placeholder=${t("moment.time")} autocomplete="off" maxlength="20" value=${time}
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
  return html`<label class="field"><span>${label}</span>
    <input type="text" inputmode="numeric" name=${name} placeholder=${t("moment.day")} autocomplete="off" maxlength="20" value=${day}
      required=${required} aria-invalid=${bad || said ? "true" : undefined} aria-describedby=${`${id}-said`}
      onInput=${(/** @type {Event} */ e) => put(/** @type {HTMLInputElement} */ (e.target).value)} onBlur=${() => setLeft(true)} />
    <span id=${`${id}-said`} class="fault field__fault" role="status">${said}</span></label>`;
}
