// Pages that end or interrupt the way: the session is over, the link is wrong, another device is in the room.
import { html } from "./html.js";
import { endingWords, errorWords } from "../lib/words.js";
import { t, formatTime } from "./i18n.js";
import { Button, Header, Preferences } from "./parts.js";
import { Icon } from "./icons.js";
import { helpPhone } from "./rehearsals.js";

/** @typedef {import("./room.js").Room} Room */

/** @param {{room: Room}} props */
export function ErrorPage({ room }) {
  const code = room.error.value;
  const atMs = room.stopped.value?.atMs;
  const { title, text, act } = errorWords({ code, atMs });
  const phone = act !== "take-over" && (room.helpPhone.value || helpPhone(room));
  const time = atMs ? formatTime(atMs, room.session.value?.time_zone) : "";
  return html`<${Header}><${Preferences} /><//>
  <main class="message"><div class="message__body" role="alert">
    <span class="message__icon message__icon--${act === "take-over" ? "ask" : "warn"}"><${Icon} name=${act === "take-over" ? "screen" : "warn"} /></span>
    <h1>${t(title)}</h1>
    <p class="message__text">${t(text, { time })}</p>
    ${room.stopped.value?.reason && html`<p class="message__text">${t("error.withdrawn.reason", { reason: room.stopped.value.reason })}</p>`}
    ${phone && html`<p class="message__text" data-help-phone>${t("rehearsal.phone")} <a href=${`tel:${phone}`}>${phone}</a></p>`}
    <div class="message__actions">
      ${
        act === "take-over" &&
        html`<${Button} action="take-over" tone="primary" onClick=${() => room.takeOver()}>
        ${t(code === "occupied" ? "takeover.ask" : "takeover.back")}<//>`
      }
      ${act === "retry" && html`<${Button} action="retry" tone="primary" onClick=${() => room.retry()}>${t("retry")}<//>`}
      ${act === "reload" && html`<${Button} action="reload" tone="primary" onClick=${() => location.reload()}>${t("reload")}<//>`}
    </div>
  </div></main>`;
}

/** What is said after the end, and its texts in order. @param {Room} room */
export function endingOf(room) {
  const { started_at_ms: from, ended_at_ms: to } = room.state.value ?? {};
  const zone = room.session.value?.time_zone;
  const outcome = room.outcome.value;
  const words = endingWords({
    left: room.step.value === "left",
    known: outcome !== null,
    calledOff: outcome?.calledOff ?? false,
    reason: outcome?.reason,
    took: Boolean(from && to),
  });
  const vars = { reason: outcome?.reason ?? "", from: formatTime(from ?? 0, zone), to: formatTime(to ?? 0, zone) };
  return { ...words, title: t(words.title), text: words.texts.map((key) => t(key, vars)).join(" ") };
}

/** @param {{room: Room, children?: import("./html.js").Children}} props */
export function EndedPage({ room, children }) {
  const { title, text, warns } = endingOf(room);
  return html`<${Header}><${Preferences} /><//>
  <main class="message"><div class="message__body" role="status">
    <span class=${`message__icon message__icon--${warns ? "warn" : "done"}`}><${Icon} name=${warns ? "warn" : "check"} /></span>
    <h1>${title}</h1>
    <p class="message__session">${room.session.value?.title ?? ""}</p>
    <p class="message__text">${text}</p>
    <div class="message__actions">
      ${room.step.value === "left" && !warns && html`<${Button} action="return" tone="primary" onClick=${() => location.reload()}>${t("left.return")}<//>`}
      ${children}
    </div>
  </div></main>`;
}
