// What a site declares: how many people are in the room, who they are, and its answer to a roll call.
import { html } from "./html.js";
import { useState } from "../vendor/hooks.js";
import { MAX_HEADCOUNT, changesOf, headcountOf, namedOf } from "../lib/declare.js";
import { ask, tellRefusal } from "./api.js";
import { t } from "./i18n.js";
import { endingOf } from "./endings.js";
import { Asking, Button, Dialog } from "./parts.js";
import { Icon } from "./icons.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("../lib/protocol.js").Delegate} Delegate */

const MAX_DELEGATES = 200;
const MAX_TEXT = 200;

/**
 * A number with large buttons beside it.
 * @param {{value: number, onChange: (value: number) => void, label: string}} props
 */
function NumberField({ value, onChange, label }) {
  const set = (/** @type {number} */ n) => onChange(headcountOf(n));
  return html`<div class="number">
    <label for="headcount">${label}</label>
    <div class="number__row">
      <button type="button" class="button" aria-label=${t("number.less")} onClick=${() => set(value - 1)}>−</button>
      <input id="headcount" type="number" inputmode="numeric" min="0" max=${MAX_HEADCOUNT} value=${value}
        onInput=${(/** @type {Event} */ event) => set(Number(/** @type {HTMLInputElement} */ (event.target).value))} />
      <button type="button" class="button" aria-label=${t("number.more")} onClick=${() => set(value + 1)}>+</button>
    </div>
  </div>`;
}

/** The roll call: one tap and the number of people. @param {{room: Room}} props */
export function RollCallQuestion({ room }) {
  const number = room.state.value?.roll_call ?? 0;
  const self = room.self.value;
  const [count, setCount] = useState(-1);
  if (!number || !self || self.answered) return null;
  const headcount = count >= 0 ? count : self.headcount || 1;
  return html`<section class="rollcall" role="alertdialog" aria-labelledby="rollcall-title">
    <${Asking} id="rollcall-title">${t("rollcall.title")}<//>
    <${NumberField} value=${headcount} onChange=${setCount} label=${t("rollcall.people")} />
    <${Button} action="answer-roll-call" tone="primary" icon="check"
      onClick=${() => void room.ask("roll_call_answer", { roll_call: number, headcount })}>${t("rollcall.here")}<//>
  </section>`;
}

/**
 * Headcount and names of the delegates.
 * @param {{room: Room, onClose: () => void}} props
 */
export function RoomSheet({ room, onClose }) {
  const self = room.self.value ?? room.introduction.value;
  const ended = room.phase.value === "ended";
  const [count, setCount] = useState(self?.headcount ?? 0);
  const [delegates, setDelegates] = useState(
    /** @type {Delegate[]} */ (self?.delegates?.length ? self.delegates : [{ name: "" }]),
  );
  const change = (/** @type {number} */ index, /** @type {Partial<Delegate>} */ fields) =>
    setDelegates(delegates.map((delegate, i) => (i === index ? { ...delegate, ...fields } : delegate)));
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const named = namedOf(delegates);
    const counted = { headcount: count };
    const names = { delegates: named };
    const changed = changesOf(self, { headcount: count, delegates: named });
    const declared =
      !changed.headcount || (await (ended ? put(room, "headcount", counted) : room.ask("headcount", counted)));
    if (
      declared &&
      (!changed.delegates || (await (ended ? put(room, "delegates", names) : room.ask("delegates", names))))
    ) {
      room.toast("info", "saved");
      onClose();
    }
  };
  return html`<${Dialog} title=${t("people.title")} onClose=${onClose} wide>
    <form class="people" onSubmit=${save}>
      <${NumberField} value=${count} onChange=${setCount} label=${t("people.number")} />
      <fieldset>
        <legend>${t("people.delegates")}</legend>
        ${delegates.map(
          (delegate, index) => html`<div class="people__row" key=${index}>
          ${field(t("people.name"), delegate.name, (name) => change(index, { name }))}
          ${field(t("people.job"), delegate.title ?? "", (title) => change(index, { title }))}
          ${field(t("people.for"), delegate.attending_for ?? "", (attending_for) => change(index, { attending_for }))}
          <${Button} compact tone="quiet" icon="close" label=${t("people.remove", { name: delegate.name || String(index + 1) })}
            onClick=${() => setDelegates(delegates.filter((_, i) => i !== index))} />
        </div>`,
        )}
        <${Button} disabled=${delegates.length >= MAX_DELEGATES} onClick=${() => setDelegates([...delegates, { name: "" }])}>${t("people.add")}<//>
      </fieldset>
      <div class="dialog__actions">
        <${Button} onClick=${onClose}>${t("cancel")}<//>
        <button type="submit" class="button button--primary" data-action="save"><${Icon} name="check" /><span>${t("save")}</span></button>
      </div>
    </form>
  <//>`;
}

/** Sends a declaration where there is no connection any more. @param {Room} room @param {"headcount" | "delegates"} what @param {object} body */
async function put(room, what, body) {
  const answer = await ask(room, `/me/${what}`, { method: "PUT", body });
  if (!answer.ok) tellRefusal(room, answer);
  return answer.ok;
}

/** After the session a site may still say who was there, until the record is sealed. @param {{room: Room}} props */
export function DeclareAfter({ room }) {
  const [open, setOpen] = useState(false);
  if (!endingOf(room).declares) return null;
  return html`<${Button} action="people" icon="people" onClick=${() => setOpen(true)}>${t("people.title")}<//>
    ${open && html`<${RoomSheet} room=${room} onClose=${() => setOpen(false)} />`}`;
}

/**
 * @param {string} label
 * @param {string} value
 * @param {(value: string) => void} onInput
 */
function field(label, value, onInput) {
  return html`<label class="field"><span>${label}</span>
    <input type="text" maxlength=${MAX_TEXT} value=${value}
      onInput=${(/** @type {Event} */ event) => onInput(/** @type {HTMLInputElement} */ (event.target).value)} />
  </label>`;
}
