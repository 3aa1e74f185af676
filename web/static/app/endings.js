// Pages that end or interrupt the way: the session is over, the link is wrong, another device is in the room.
import { html } from "./html.js";
import { t, tMaybe, formatTime } from "./i18n.js";
import { Button, Header, Preferences } from "./parts.js";
import { Icon } from "./icons.js";
import { rehearsal } from "./rehearsals.js";

/** @typedef {import("./room.js").Room} Room */

/** Errors that the person can answer here, with the way to do it. */
const TAKE_OVER = new Set(["occupied", "taken_over"]);
const RETRY = new Set(["removed", "locked", "broken"]);

/** @param {{room: Room}} props */
export function ErrorPage({ room }) {
  const code = room.error.value;
  const at = room.stopped.value?.atMs;
  const vars = { time: at ? formatTime(at, room.session.value?.time_zone) : "" };
  return html`<${Header}><${Preferences} /><//>
  <main class="message"><div class="message__body" role="alert">
    <span class="message__icon message__icon--${TAKE_OVER.has(code) ? "ask" : "warn"}"><${Icon} name=${TAKE_OVER.has(code) ? "screen" : "warn"} /></span>
    <h1>${tMaybe(`error.${code}.title`, "error.other.title")}</h1>
    <p class="message__text">${tMaybe(code === "occupied" && !at ? "error.occupied.text.notime" : `error.${code}.text`, "error.other.text", vars)}</p>
    <div class="message__actions">
      ${TAKE_OVER.has(code) && html`<${Button} action="take-over" tone="primary" onClick=${() => room.takeOver()}>${t(code === "occupied" ? "takeover.ask" : "takeover.back")}<//>`}
      ${RETRY.has(code) && html`<${Button} action="retry" tone="primary" onClick=${() => room.retry()}>${t("retry")}<//>`}
      ${code === "bad_version" && html`<${Button} action="reload" tone="primary" onClick=${() => location.reload()}>${t("reload")}<//>`}
    </div>
  </div></main>`;
}

/** @param {{room: Room, children?: import("./html.js").Children}} props */
export function EndedPage({ room, children }) {
  const state = room.state.value;
  const zone = room.session.value?.time_zone;
  const left = room.step.value === "left";
  const calledOff = rehearsal.value?.called_off;
  const times =
    state?.started_at_ms && state.ended_at_ms
      ? t("ended.times", { from: formatTime(state.started_at_ms, zone), to: formatTime(state.ended_at_ms, zone) })
      : "";
  return html`<${Header}><${Preferences} /><//>
  <main class="message"><div class="message__body" role="status">
    <span class="message__icon message__icon--done"><${Icon} name="check" /></span>
    <h1>${t(left ? "left.title" : calledOff ? "calledoff.title" : "ended.title")}</h1>
    <p class="message__session">${room.session.value?.title ?? ""}</p>
    <p class="message__text">${left ? t("left.text") : calledOff ? (rehearsal.value?.call_off_reason ?? "") : `${t("ended.text")} ${times}`}</p>
    <div class="message__actions">
      ${left && html`<${Button} action="return" tone="primary" onClick=${() => location.reload()}>${t("left.return")}<//>`}
      ${children}
    </div>
  </div></main>`;
}
