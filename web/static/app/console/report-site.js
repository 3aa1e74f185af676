// One site of the report: what its verdict rests on, and the corrections, each with a reason.
import { html } from "../html.js";
import { useState } from "../../vendor/hooks.js";
import { t, formatDuration } from "../i18n.js";
import { correctionOf, delegatesText } from "../../lib/declare.js";
import { MomentField } from "../moment.js";
import { Button, Dialog } from "../parts.js";
import { fromInput, toInput } from "../../lib/localtime.js";
import { Strip } from "./report-pictures.js";
import { Line, Pictures } from "./report-evidence.js";
import { clock, correct, r, rMaybe, span, verdictText } from "./report-data.js";

/** @typedef {import("../room.js").Room} Room */
/** @typedef {import("../html.js").Children} Children */
/** @typedef {import("./report-data.js").Report} Report */
/** @typedef {import("./report-data.js").SiteRow} SiteRow */

const VERDICTS = /** @type {const} */ (["on_time", "late", "partial", "absent"]);

/** @param {{room: Room, report: Report, site: SiteRow, onChanged: () => void, onClose: () => void}} props */
export function SiteDialog({ room, report, site, onChanged, onClose }) {
  const path = `sites/${encodeURIComponent(site.endpoint)}`;
  const zone = report.session.time_zone;
  const [from, setFrom] = useState(toInput(report.session.started_at, zone));
  const [to, setTo] = useState("");
  const done = async (/** @type {Promise<boolean>} */ answer) => {
    if (!(await answer)) return;
    onChanged();
    onClose();
  };
  return html`<${Dialog} title=${site.name} onClose=${onClose} wide>
    <p class="quiet">${[site.parents, site.endpoint, site.phone].filter(Boolean).join(" · ")}</p>
    <p class="why__verdict"><strong class=${`verdict verdict--${site.verdict || "none"}`}>${verdictText(site.verdict)}</strong>
      ${
        site.override || site.verdict !== site.computed
          ? html` <span class="quiet">
        ${r("verdict.computed", { verdict: verdictText(site.computed) })}</span>`
          : ""
      }
        </p>
    <${Strip} report=${report} endpoint=${site.endpoint} />
    <${Why} report=${report} site=${site} />
    <${Line} site=${site} />
    <${Pictures} room=${room} report=${report} site=${site} />
    <${Delegates} site=${site} />
    <div class="why__forms">
      <${Correction} title=${r("override")} save=${r("override.save")} action="override"
        onSave=${(/** @type {FormData} */ f) => void done(correct(room, "PUT", `${path}/verdict`, { verdict: f.get("verdict"), reason: f.get("reason") }))}>
        <label class="field"><span>${r("col.verdict")}</span><select name="verdict">
          ${VERDICTS.map((v) => html`<option key=${v} value=${v} selected=${v === site.verdict}>${verdictText(v)}</option>`)}
          ${site.override?.verdict && html`<option value="">${r("override.clear")}</option>`}</select></label>
      <//>
      ${
        !report.session.sealed_at &&
        html`<${Correction} title=${r("attended")} save=${r("attended.save")} action="attended"
        ready=${Boolean(from)}
        onSave=${(/** @type {FormData} */ f) => {
          void done(
            correct(room, "POST", `${path}/attended`, {
              from: fromInput(from, zone),
              ...(to ? { to: fromInput(to, zone) } : {}),
              means: f.get("means"),
              reason: f.get("reason"),
            }),
          );
        }}>
        <label class="field"><span>${r("attended.means")}</span><select name="means"><option value="phone">
        ${r("means.phone")}</option><option value="other">${r("means.other")}</option></select></label>
        <${MomentField} label=${r("attended.from")} name="from" required value=${from} onInput=${setFrom} />
        <${MomentField} label=${r("attended.to")} name="to" value=${to} onInput=${setTo} />
      <//>
      <${Declaration} site=${site} onSave=${(/** @type {object} */ body) => void done(correct(room, "PUT", `${path}/declared`, body))} />`
      }
    </div>
    <div class="dialog__actions"><${Button} action="close" onClick=${onClose}>${t("close")}<//></div>
  <//>`;
}

/** What the verdict follows from, entry by entry. @param {{report: Report, site: SiteRow}} props */
function Why({ report, site }) {
  const { rules, started_at, ended_at, as_of } = report.session;
  const of = (/** @type {import("./report-data.js").Interval[]} */ list) =>
    list.filter((iv) => iv.endpoint === site.endpoint);
  const entries = (/** @type {readonly number[]} */ list) =>
    html` <span class="quiet">(${r("why.entries", { entries: list.join(", ") })})</span>`;
  const present = of(report.intervals);
  const live = started_at ? Math.max(Date.parse(ended_at ?? as_of) - Date.parse(started_at), 0) : 0;
  return html`<section class="why"><h3>${r("why.title")}</h3>
    <p>${r("why.total", { total: formatDuration(site.total_s * 1000), live: formatDuration(live), n: site.interruptions })}</p>
    <p class="quiet">${r("why.rules", { late: Math.round(rules.late_after_s / 60), partial: rules.partial_pct, grace: rules.grace_s })}
      ${rules.receiving_only ? ` ${r("why.receivingonly")}` : ""}</p>
    <ul>
      ${present.length === 0 && html`<li>${r("why.absent")}</li>`}
      ${present.map(
        (iv) => html`<li key=${`p${iv.from}`}>
        ${r("why.interval", { span: span(iv, report), end: rMaybe(`end.${iv.end_reason}`, "end.open") })}${entries(iv.entries)}</li>`,
      )}
      ${of(report.receiving).map(
        (iv) => html`<li key=${`r${iv.from}`}>
        ${r(iv.evidence === "decoded" ? "why.receiving" : "why.reports", { span: span(iv, report) })}${entries(iv.entries)}</li>`,
      )}
      ${(site.declared ?? []).map(
        (d) => html`<li key=${`d${d.entry}`}>
        ${r("why.declared", { means: rMaybe(`means.${d.means}`, "means.other"), span: span(d, report), reason: d.reason })}${entries([d.entry])}</li>`,
      )}
      ${
        site.override &&
        html`<li>${r("why.override", {
          by: rMaybe(`by.${site.override.by}`, "by.other"),
          verdict: verdictText(site.override.verdict),
          at: clock(site.override.at, report, true),
          reason: site.override.reason,
        })}${entries([site.override.entry])}${site.override.after_seal ? html` <strong>${r("why.afterseal")}</strong>` : ""}</li>`
      }
    </ul></section>`;
}

/** @param {{site: SiteRow}} props */
function Delegates({ site }) {
  const list = site.delegates ?? [];
  return html`<section class="why"><h3>${r("delegates")}</h3>
    ${
      list.length === 0
        ? html`<p class="quiet">${r("delegates.none")}</p>`
        : html`<ul>
      ${list.map(
        (d, i) =>
          html`<li key=${i}>${[d.name, d.title, d.attending_for && r("delegates.for", { name: d.attending_for })].filter(Boolean).join(", ")}</li>`,
      )}
        </ul>`
    }
  </section>`;
}

/**
 * A correction with its reason.
 * @param {{title: string, save: string, action: string, onSave: (form: FormData) => void, ready?: boolean, children?: Children}} props
 *   ready: what stands above the reason is whole
 */
function Correction({ title, save, action, onSave, ready = true, children }) {
  const [reason, setReason] = useState("");
  return html`<form class="correction" data-form=${action} onSubmit=${(/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    onSave(new FormData(/** @type {HTMLFormElement} */ (e.target)));
  }}>
    ${title && html`<h3>${title}</h3>`}${children}
    <label class="field"><span>${r("reason")}</span><input name="reason" required maxlength="400" value=${reason}
      onInput=${(/** @type {Event} */ e) => setReason(/** @type {HTMLInputElement} */ (e.target).value)} /></label>
    <button type="submit" class="button button--primary" data-action=${action} disabled=${!ready || !reason.trim()}><span>${save}</span></button>
  </form>`;
}

/** Who was there, as the site told the secretariat. @param {{site: SiteRow, onSave: (body: object) => void}} props */
function Declaration({ site, onSave }) {
  const [people, setPeople] = useState(site.headcount ? String(site.headcount) : "");
  const [names, setNames] = useState(delegatesText(site.delegates ?? []));
  const typed = (/** @type {Event} */ e) => /** @type {HTMLInputElement | HTMLTextAreaElement} */ (e.target).value;
  const [told] = useState(site); // what the fields began with
  const body = correctionOf(told, people, names);
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    onSave(body);
  };
  return html`<form class="correction" data-form="declared" onSubmit=${submit}>
    <h3>${r("declared")}</h3>
    <label class="field"><span>${r("declared.people")}</span><input type="number" name="headcount" min="0" max="9999" inputmode="numeric" value=${people}
      onInput=${(/** @type {Event} */ e) => setPeople(typed(e))} /></label>
    <label class="field"><span>${r("declared.names")}</span><textarea name="delegates" rows="4" value=${names}
      placeholder=${r("declared.example")} onInput=${(/** @type {Event} */ e) => setNames(typed(e))} /></label>
    <button type="submit" class="button button--primary" data-action="declared"
      disabled=${!Object.keys(body).length}><span>${r("declared.save")}</span></button>
  </form>`;
}

/** @param {{room: Room, report: Report, onChanged: () => void, onClose: () => void}} props */
export function RulesDialog({ room, report, onChanged, onClose }) {
  const { rules } = report.session;
  const number = (
    /** @type {string} */ name,
    /** @type {string} */ label,
    /** @type {number} */ value,
    /** @type {number} */ max,
  ) =>
    html`<label class="field"><span>${label}</span><input type="number" name=${name} required min="0" max=${max} defaultValue=${value} /></label>`;
  const save = async (/** @type {FormData} */ f) => {
    const body = {
      grace_s: Number(f.get("grace")),
      late_after_s: Number(f.get("late")) * 60,
      partial_pct: Number(f.get("partial")),
      receiving_only: f.has("receiving"),
      reason: f.get("reason"),
    };
    if (!(await correct(room, "PUT", "rules", body))) return;
    onChanged();
    onClose();
  };
  return html`<${Dialog} title=${r("rules")} onClose=${onClose}>
    <p>${r("rules.text")}</p>
    <${Correction} title="" save=${r("rules.save")} action="rules-save" onSave=${(/** @type {FormData} */ f) => void save(f)}>
      ${number("late", r("rules.late"), Math.round(rules.late_after_s / 60), 1440)}
      ${number("partial", r("rules.partial"), rules.partial_pct, 100)}
      ${number("grace", r("rules.grace"), rules.grace_s, 86400)}
      <label class="check"><input type="checkbox" name="receiving" defaultChecked=${rules.receiving_only ?? false} /> ${r("rules.receiving")}</label>
    <//>
    <div class="dialog__actions"><${Button} action="close" onClick=${onClose}>${t("cancel")}<//></div>
  <//>`;
}
