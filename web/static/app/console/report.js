// The attendance report on the secretariat's page: the same figures as in the files, live or as of a moment.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { formatDuration, formatNumber } from "../i18n.js";
import { MomentField } from "../moment.js";
import { Button, Confirm, Header, Preferences, Toasts } from "../parts.js";
import { fromInput, toInput } from "../../lib/localtime.js";
import { Chart, Legend, Strip } from "./report-pictures.js";
import { SiteDialog, RulesDialog } from "./report-site.js";
import { Files } from "./files.js";
import { PAGE, clock, correct, r, shownGroups, useReport, verdictText } from "./report-data.js";

/** @typedef {import("../room.js").Room} Room */
/** @typedef {import("./report-data.js").Report} Report */
/** @typedef {import("./report-data.js").Choice} Choice */
/** @typedef {import("./report-data.js").Counts} Counts */
/** @typedef {import("./report-data.js").Verdict} Verdict */

const COUNTS = /** @type {const} */ (["convened", "present", "on_time", "late", "partial", "absent", "headcount"]);
/** What others among them are made of. */
const PARTS = new Set(["on_time", "late", "partial"]);
/** What is counted; parts say that they are, so that nobody adds them up. @param {typeof COUNTS[number]} name */
const countText = (name) =>
  PARTS.has(name) ? r("count.part", { name: r(`count.${name}`).toLowerCase() }) : r(`count.${name}`);
const VERDICTS = /** @type {const} */ (["on_time", "late", "partial", "absent"]);

/** @param {{room: Room, onClose: () => void}} props */
export function ReportView({ room, onClose }) {
  const [choice, setChoice] = useState(
    /** @type {Choice} */ ({ unit: "", verdict: "", offset: 0, asOf: "", name: "" }),
  );
  const [version, setVersion] = useState(0);
  const [open, setOpen] = useState("");
  const { report, matching, failed } = useReport(room, choice, version);
  const choose = (/** @type {Partial<Choice>} */ change) => setChoice({ ...choice, offset: 0, ...change });
  const close = () => setOpen("");
  const changed = () => setVersion(version + 1);
  const site = report?.sites.find((s) => s.endpoint === open);
  return html`<div class="console report">
    <${Header} title=${room.session.value?.title ?? report?.session.title ?? ""}>
      <${Button} action="report-close" icon="list" onClick=${onClose}>${r("close")}<//><${Preferences} />
    <//>
    <main class="report__main">
      <h1>${r("label")}</h1>
      ${!report && html`<p role="status" class="quiet">${r(failed ? "failed" : "loading")}</p>`}
      ${
        report &&
        html`
        <${Moment} report=${report} choice=${choice} onChoose=${choose} failed=${failed} />
        <${Sums} total=${report.total} />
        <${Chart} report=${report} />
        <${Groups} report=${report} choice=${choice} onChoose=${choose} />
        <${Sites} report=${report} matching=${matching} choice=${choice} onChoose=${choose} onOpen=${setOpen} />
        <div class="report__end">
          <${Files} room=${room} asOf=${choice.asOf} />
          <div class="report__acts">
            ${!report.session.sealed_at && html`<${Button} action="rules" icon="gear" onClick=${() => setOpen("rules:")}>${r("rules")}<//>`}
            ${
              report.session.ended_at &&
              !report.session.sealed_at &&
              html`<${Button} action="seal" icon="lock"
              tone="primary" onClick=${() => setOpen("seal:")}>${r("seal")}<//>`
            }
          </div>
          <p class="quiet report__head">${r("head", { n: formatNumber(report.session.entries), hash: report.session.head_hash })}</p>
        </div>
        ${site && html`<${SiteDialog} room=${room} report=${report} site=${site} onChanged=${changed} onClose=${close} />`}
        ${open === "rules:" && html`<${RulesDialog} room=${room} report=${report} onChanged=${changed} onClose=${close} />`}
        ${
          open === "seal:" &&
          html`<${Confirm} title=${r("seal.title")} text=${r("seal.text")} yes=${r("seal.yes")} onClose=${close}
          onYes=${async () => {
            if (await correct(room, "POST", "seal")) changed();
          }} />`
        }`
      }
    </main>
    <${Toasts} room=${room} />
  </div>`;
}

/**
 * Which moment the figures are of, and the choice of another.
 * @param {{report: Report, choice: Choice, onChoose: (change: Partial<Choice>) => void, failed: boolean}} props
 */
function Moment({ report, choice, onChoose, failed }) {
  const zone = report.session.time_zone;
  const live = !choice.asOf;
  return html`<div class="asof">
    <p class="asof__now" data-as-of=${report.session.as_of}><strong>
    ${r("asof", { time: `${clock(report.session.as_of, report, true)} ${toInput(report.session.as_of, zone).slice(0, 10).split("-").reverse().join("/")}` })}
      </strong>
      <span class="quiet">${failed ? r("failed") : r(live ? "asof.live" : "asof.fixed")}</span>
      ${report.session.sealed_at && html` <span class="tag tag--done">${r("sealed", { time: clock(report.session.sealed_at, report, true) })}</span>`}</p>
    <div class="asof__choice"><${MomentField} label=${r("asof.label")} name="as-of" value=${toInput(choice.asOf, zone)}
      onInput=${(/** @type {string} */ typed) => {
        const asOf = fromInput(typed, zone);
        if (asOf && asOf !== choice.asOf) onChoose({ asOf }); // what is half typed asks for nothing
      }} /></div>
    ${!live && html`<${Button} action="as-of-now" onClick=${() => onChoose({ asOf: "" })}>${r("asof.now")}<//>`}
  </div>`;
}

/** @param {{total: Counts}} props */
function Sums({ total }) {
  return html`<dl class="sums">
    ${COUNTS.map(
      (name) =>
        html`<div key=${name} class=${`sums__${name} ${PARTS.has(name) ? "sums__part" : ""}`} data-count=${name}><dt>
          ${countText(name)}</dt><dd>${formatNumber(total[name])}</dd></div>`,
    )}
      </dl>`;
}

/**
 * The nation, its provinces, and what is below the chosen unit.
 * @param {{report: Report, choice: Choice, onChoose: (change: Partial<Choice>) => void}} props
 */
function Groups({ report, choice, onChoose }) {
  const row = (
    /** @type {Counts} */ c,
    /** @type {string} */ name,
    /** @type {string} */ unit,
    /** @type {number} */ depth,
  ) => html`<tr key=${unit || "all"} data-unit=${unit || undefined}>
    <th scope="row" style=${{ paddingInlineStart: `${0.7 + depth}rem` }}><button type="button" class="link"
      aria-pressed=${String(choice.unit === unit)} onClick=${() => onChoose({ unit })}>${name}</button></th>
    ${COUNTS.map((count) => html`<td key=${count}>${formatNumber(c[count])}</td>`)}</tr>`;
  return html`<section aria-label=${r("groups")}><h2>${r("groups")}</h2>
    <div class="table report__table" tabindex="0" role="region" aria-label=${r("groups")}><table>
      <thead><tr><th scope="col">${r("col.unit")}</th>${COUNTS.map((name) => html`<th scope="col" key=${name}>${countText(name)}</th>`)}</tr></thead>
      <tbody>${row(report.total, r("whole"), "", 0)}${shownGroups(report.groups, choice.unit).map((g) => row(g, g.name, g.unit, g.depth + 1))}</tbody>
    </table></div></section>`;
}

/** How long a site was connected and nothing arrived; short gaps while it enters are no news. @param {import("./report-data.js").SiteRow} site */
function blind({ total_s, received_s }) {
  const seconds = total_s - received_s;
  return seconds >= 30 ? formatDuration(seconds * 1000) : "–";
}

/** Finds sites by name, a moment after the last key. @param {{value: string, onChange: (name: string) => void}} props */
function NameField({ value, onChange }) {
  const [text, setText] = useState(value);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onChange(text), 300);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<label class="field"><span>${r("filter.name")}</span>
    <input type="search" name="site-name" value=${text}
      onInput=${(/** @type {Event} */ e) => setText(/** @type {HTMLInputElement} */ (e.target).value)} /></label>`;
}

/**
 * @param {{report: Report, matching: number, choice: Choice, onChoose: (change: Partial<Choice>) => void, onOpen: (code: string) => void}} props
 */
function Sites({ report, matching, choice, onChoose, onOpen }) {
  const { offset } = choice;
  const heads = [
    r("col.site"),
    r("col.verdict"),
    r("col.strip"),
    r("col.total"),
    r("col.blind"),
    r("col.people"),
    r("col.phone"),
  ];
  return html`<section aria-label=${r("sites")}>
    <div class="report__tools"><h2>${r("sites")}</h2>
      <${NameField} value=${choice.name} onChange=${(/** @type {string} */ name) => onChoose({ name })} />
      <label class="field"><span>${r("filter.verdict")}</span>
        <select name="verdict" value=${choice.verdict}
          onChange=${(/** @type {Event} */ e) => onChoose({ verdict: /** @type {Verdict} */ (/** @type {HTMLSelectElement} */ (e.target).value) })}>
          <option value="">${r("verdict.any")}</option>${VERDICTS.map((v) => html`<option key=${v} value=${v}>${verdictText(v)}</option>`)}
        </select></label>
      <${Legend} />
      <p class="report__page" role="status">
      ${
        matching === 0
          ? r("none")
          : r("page", {
              from: formatNumber(offset + 1),
              to: formatNumber(Math.min(offset + PAGE, matching)),
              n: formatNumber(matching),
            })
      }
        </p>
      ${
        matching > PAGE &&
        html`<${Button} action="page-back" disabled=${offset === 0} onClick=${() => onChoose({ offset: Math.max(offset - PAGE, 0) })}>${r("page.back")}<//>
        <${Button} action="page-next" disabled=${offset + PAGE >= matching} onClick=${() => onChoose({ offset: offset + PAGE })}>${r("page.next")}<//>`
      }
    </div>
    <div class="table report__table" tabindex="0" role="region" aria-label=${r("sites")}><table>
      <thead><tr>${heads.map((head) => html`<th scope="col" key=${head}>${head}</th>`)}</tr></thead>
      <tbody>${report.sites.map(
        (s) => html`<tr key=${s.endpoint} data-endpoint=${s.endpoint} data-verdict=${s.verdict || "none"}>
        <th scope="row"><button type="button" class="link" data-action="why"
          aria-label=${r("why.open", { name: s.name })} onClick=${() => onOpen(s.endpoint)}>${s.name}</button><span class="quiet">${s.parents}</span></th>
        <td><strong class=${`verdict verdict--${s.verdict || "none"}`}>${verdictText(s.verdict)}</strong>
          ${s.verdict !== s.computed && html`<span class="quiet">${r("verdict.computed", { verdict: verdictText(s.computed) })}</span>`}</td>
        <td class="report__strip"><${Strip} report=${report} endpoint=${s.endpoint} /></td>
        <td>${formatDuration(s.total_s * 1000)}</td><td data-blind>${blind(s)}</td><td>${s.headcount ? formatNumber(s.headcount) : "–"}</td>
        <td>${s.phone ? html`<a href=${`tel:${s.phone}`}>${s.phone}</a>` : "–"}</td></tr>`,
      )}</tbody>
    </table></div></section>`;
}
