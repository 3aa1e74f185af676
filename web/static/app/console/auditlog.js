// What was done from the consoles: who, when, what and to whom, the latest first.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { fold, matcher } from "../../lib/fold.js";
import { kindOf, withPage } from "../../lib/auditlog.js";
import { HOST } from "../../lib/protocol.js";
import { askSession, tellRefusal } from "../api.js";
import { t, tMaybe, formatTime } from "../i18n.js";
import { Button, SidePanel } from "../parts.js";
import { r } from "./report-data.js";

/** @typedef {import("../room.js").Room} Room */
/**
 * @typedef {{seq: number, at: string, by: string, by_name?: string, kind: string, on?: boolean, slot?: string, to?: string, to_name?: string,
 *   item?: string, number?: number}} Act
 */

const REFRESH_MS = 4_000;
const PAGE = 500;

/** Seats that every session has are called in the page's language. @param {string} code @param {string} [name] */
const seat = (code, name) =>
  code === "*"
    ? t("messages.all")
    : code === HOST
      ? t("preview.role.host")
      : tMaybe(`seat.${code}`, "seat.other", { name: name || code });

/** @param {Act} act */
function words(act) {
  return r(/** @type {import("./report-data.js").Key} */ (`act.${kindOf(act)}`), {
    to: act.to ? seat(act.to, act.to_name) : "",
    item: act.item || "–",
    n: act.number ?? 0,
  });
}

/** @param {{room: Room, onClose: () => void}} props */
export function AuditLog({ room, onClose }) {
  const [acts, setActs] = useState(/** @type {Act[] | null} */ (null));
  const [query, setQuery] = useState("");
  const [whole, setWhole] = useState(false);
  const load = async (/** @type {number} */ before) => {
    const answer = await askSession(room, `acts${before ? `?before=${before}` : ""}`);
    if (!answer.ok) return tellRefusal(room, answer);
    /** @type {Act[]} */ const page = answer.data.acts;
    setActs((known) => withPage(known ?? [], page, before));
    if (page.length < PAGE) setWhole(true);
  };
  useEffect(() => {
    void load(0);
    const timer = setInterval(() => void load(0), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  const matches = matcher(query);
  const rows = (acts ?? [])
    .map((act) => ({ act, what: words(act), who: seat(act.by, act.by_name) }))
    .filter(({ what, who }) => matches(fold(`${who} ${what}`)));
  const zone = room.session.value?.time_zone;
  return html`<${SidePanel} title=${r("auditlog.title")} onClose=${onClose}>
    <label class="field"><span>${t("sites.search")}</span>
      <input type="search" value=${query} onInput=${(/** @type {Event} */ e) => setQuery(/** @type {HTMLInputElement} */ (e.target).value)} /></label>
    <div class="auditlog table" tabindex="0" role="region" aria-label=${r("auditlog.title")}><table>
      <thead><tr><th scope="col">${r("auditlog.when")}</th><th scope="col">${r("auditlog.who")}</th><th scope="col">${r("auditlog.what")}</th></tr></thead>
      <tbody>${rows.map(
        ({ act, what, who }) => html`<tr key=${act.seq} data-act=${act.kind}><td><time>
        ${formatTime(Date.parse(act.at), zone, true)}</time></td><td>${who}</td><td>${what}</td></tr>`,
      )}
        </tbody>
    </table>
    ${acts && rows.length === 0 && html`<p class="quiet rows__none">${r("auditlog.none")}</p>`}</div>
    <div class="dialog__actions">
      ${acts && !whole && html`<${Button} onClick=${() => void load(acts?.at(-1)?.seq ?? 0)}>${r("auditlog.more")}<//>`}
    </div>
  <//>`;
}
