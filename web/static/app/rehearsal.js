// How a site's technical check went, and the way to it. The check itself is fetched when it is wanted.
import { html } from "./html.js";
import { useState } from "../vendor/hooks.js";
import { part } from "../lib/part.js";
import { download } from "./api.js";
import { helpPhone, rehearsal } from "./rehearsals.js";
import { t, formatTime } from "./i18n.js";
import { lang } from "./settings.js";
import { Button } from "./parts.js";

/** @typedef {import("./room.js").Room} Room */

/** How the last check went, and the button for another. @param {{room: Room}} props */
export function RehearsalCard({ room }) {
  const [Check, setCheck] = useState(/** @type {Function | null} */ (null));
  const open = () => void part(() => import("./check.js")).then((module) => setCheck(() => module.Check));
  const last = rehearsal.value;
  if (!last || last.called_off) return null;
  const phone = helpPhone(room);
  const light = ["green", "amber", "red"].includes(last.light) ? last.light : "untested";
  return html`<section class="rehearsal" aria-label=${t("rehearsal.title")}>
    <p class=${`light light--${light}`}><span aria-hidden="true" />${t(`rehearsal.${/** @type {"green"} */ (light)}`)}
      ${last.at && light !== "untested" ? html` <small>${formatTime(Date.parse(last.at), room.session.value?.time_zone)}</small>` : null}</p>
    <${Button} action="rehearse" icon="check" onClick=${open}>${t(light === "untested" ? "rehearsal.start" : "rehearsal.again")}<//>
    ${
      room.session.value?.scheduled_at_ms && room.phase.value !== "live"
        ? html`<${Button} action="calendar" icon="download"
          onClick=${() => void download(room, `calendar.ics?lang=${lang.value}`)}>${t("rehearsal.calendar")}<//>`
        : null
    }
    ${phone && html`<p class="rehearsal__phone">${t("rehearsal.phone")} <a href=${`tel:${phone}`}>${phone}</a></p>`}
    ${Check && html`<${Check} room=${room} onClose=${() => setCheck(null)} />`}
  </section>`;
}
