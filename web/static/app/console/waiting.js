// What a desk says in place of a stage before the start: that it waits, when the room opens and when the session begins.
import { html } from "../html.js";
import { deskWaitingWord, waitingWords } from "../../lib/words.js";
import { t, formatDay, formatTime } from "../i18n.js";
import { tick } from "../parts.js";

/** @param {{room: import("../room.js").Room}} props */
export function DeskWaiting({ room }) {
  void tick.value;
  const welcomed = Boolean(room.welcome.value);
  const stop = room.stopped.value;
  const session = room.session.value;
  const { opensAt, when } = waitingWords({ welcomed, stop, startsAt: session?.scheduled_at_ms, now: room.now() });
  const moment = (/** @type {number} */ at) => ({
    time: formatTime(at, session?.time_zone),
    day: formatDay(at, session?.time_zone),
  });
  return html`<p><span>${t(deskWaitingWord({ welcomed, phase: room.state.value?.phase ?? "", stop }))}</span>
    ${opensAt > 0 && html`<span>${t("waiting.opens", moment(opensAt))}</span>`}
    ${when && html`<span>${t(when.key, moment(when.at))}</span>`}</p>`;
}
