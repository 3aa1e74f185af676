// Figures over the sessions of a period: by session, by unit, who is often absent, and a session beside the one before it.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { Button } from "../parts.js";
import { lang } from "../settings.js";
import { fromInput } from "../../lib/localtime.js";
import { api, faultText, me, rememberUnits, unitName } from "./api.js";
import { AttendanceChart } from "./chart.js";
import { formatMoment, o, ZONE } from "./text.js";
import { Field, Loading, Panel } from "./widgets.js";
import { UnitField } from "./unitfield.js";

/**
 * @typedef {object} Sum
 * @property {number} sessions
 * @property {number} convened
 * @property {number} present
 * @property {number} on_time
 * @property {number} late
 * @property {number} partial
 * @property {number} absent
 * @property {number} telephone
 * @property {number} headcount
 * @property {number} present_s
 * @property {number} speakers
 * @property {number} packets
 * @property {number} lost
 *
 * @typedef {Sum & {unit: string, name: string, parents?: string[]}} UnitFigures
 * @typedef {Sum & {id: string, title: string, started_at: string}} SessionFigures
 * @typedef {{behind: number, unit: string, matching: number, total: Sum, sessions: SessionFigures[], rows: UnitFigures[]}} Figures
 * @typedef {{unit: string, name: string, before: Sum, now: Sum}} Pair
 * @typedef {{before?: SessionFigures, now: SessionFigures, rows: Pair[], missing: UnitFigures[], returned: UnitFigures[]}} Comparison
 */

const PAGE = 50;
const OFTEN = 20;
const AGAIN_MS = 2000;

const percent = (/** @type {number} */ part, /** @type {number} */ of) =>
  of ? `${Math.round((100 * part) / of)}%` : "";
const hours = (/** @type {Sum} */ s) => (s.present ? Math.round(s.present_s / s.present / 60) : "");
const loss = (/** @type {Sum} */ s) => (s.packets ? `${((100 * s.lost) / s.packets).toFixed(1)}%` : "");

/** The day after one, so that a period holds its last. @param {string} date such as 2026-12-31 */
function dayAfter(date) {
  const day = new Date(`${date}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + 1);
  return day.toISOString().slice(0, 10);
}

/** @param {{from: string, to: string, unit: string}} filter */
function query({ from, to, unit }) {
  const q = new URLSearchParams();
  if (from) q.set("from", fromInput(`${from}T00:00`, ZONE));
  if (to) q.set("to", fromInput(`${dayAfter(to)}T00:00`, ZONE));
  if (unit) q.set("unit", unit);
  return q;
}

export default function FiguresPage() {
  const [filter, setFilter] = useState({
    from: `${new Date().getFullYear()}-01-01`,
    to: "",
    unit: me.value?.scope ?? "",
  });
  const [figures, setFigures] = useState(/** @type {Figures | null} */ (null));
  const [often, setOften] = useState(/** @type {UnitFigures[]} */ ([]));
  const [refused, setRefused] = useState(/** @type {import("./api.js").Answer | null} */ (null));
  const [beside, setBeside] = useState("");
  const [first, setFirst] = useState(0);
  useEffect(() => {
    let current = true;
    const load = async () => {
      const q = query(filter);
      const page = new URLSearchParams(q);
      page.set("offset", String(first));
      page.set("limit", String(PAGE));
      const most = new URLSearchParams(q);
      most.set("each", "1");
      most.set("order", "absent");
      most.set("limit", String(OFTEN));
      const [all, absent] = await Promise.all([
        api("GET", `/figures?${page}`, undefined, { quiet: true }),
        api("GET", `/figures?${most}`, undefined, { quiet: true }),
      ]);
      if (!current) return;
      setRefused(all.ok ? null : all);
      if (!all.ok) return;
      setFigures(all.data);
      setOften(absent.ok ? absent.data.rows.filter((/** @type {UnitFigures} */ r) => r.absent > 0) : []);
      rememberUnits(all.data.rows.map((/** @type {any} */ r) => ({ code: r.unit, name: r.name, level: r.level })));
      if (all.data.behind > 0) setTimeout(() => current && void load(), AGAIN_MS);
    };
    void load();
    return () => {
      current = false;
    };
  }, [filter, first]);
  const set = (/** @type {Partial<typeof filter>} */ change) => {
    setFirst(0);
    setFilter({ ...filter, ...change });
  };
  const file = (/** @type {string} */ kind) => `/api/v1/figures.${kind}?${query(filter)}&lang=${lang.value}`;
  return html`<div class="office__title"><h1>${o("figures.title")}</h1></div>
    <${Panel} title=${o("figures.filter")}>
      <div class="figures__filter">
        <${Field} label=${o("figures.from")} type="day" name="from" value=${filter.from} onInput=${(/** @type {string} */ from) => set({ from })} />
        <${Field} label=${o("figures.to")} type="day" name="to" value=${filter.to} onInput=${(/** @type {string} */ to) => set({ to })} />
        <${UnitField} label=${o("figures.unit")} value=${filter.unit} onChange=${(/** @type {string} */ unit) => set({ unit })} />
      </div>
      <div class="actions">
        <a class="button" data-action="figures-xlsx" href=${file("xlsx")} download>${o("figures.xlsx")}</a>
        <a class="button" data-action="figures-pdf" href=${file("pdf")} download>${o("figures.pdf")}</a>
      </div>
      <p role="status" class=${refused ? "fault" : "quiet"}>
      ${refused ? faultText(refused) : figures?.behind ? o("figures.behind", { n: figures.behind }) : ""}</p>
    <//>
    ${
      figures === null
        ? !refused && html`<${Loading} />`
        : figures.sessions.length === 0
          ? html`<p class="quiet">${o("figures.none")}</p>`
          : html`<${Panel} title=${o("figures.sessions", { n: figures.sessions.length })}>
        <p class="facts-line"><strong>
        ${o("figures.summary", { ...figures.total, percent: percent(figures.total.present, figures.total.convened) })}</strong></p>
        <${AttendanceChart} sessions=${figures.sessions} />
        <${SumTable} label=${o("figures.sessions", { n: figures.sessions.length })} head=${o("sessions.name")} rows=${[...figures.sessions].reverse()}
          name=${(/** @type {SessionFigures} */ s) => html`<button type="button" class="linklike"
            data-action="compare" aria-pressed=${String(beside === s.id)}
              onClick=${() => setBeside(beside === s.id ? "" : s.id)}>${s.title}</button> <span class="quiet">${formatMoment(s.started_at)}</span>`} />
        <p class="quiet">${o("figures.compare.how")}</p>
      <//>
      ${beside && html`<${Beside} key=${beside} id=${beside} unit=${filter.unit} />`}
      <${Panel} title=${o("figures.units", { n: figures.matching })}>
        ${
          filter.unit &&
          html`<p class="crumbs"><${Button} tone="quiet"
          onClick=${() => set({ unit: me.value?.scope ?? "" })}>${o("figures.up")}<//> › <strong>${unitName(filter.unit)}</strong></p>`
        }
        <${SumTable} label=${o("figures.units", { n: figures.matching })} head=${o("figures.unit")} rows=${figures.rows}
          name=${(/** @type {UnitFigures} */ r) =>
            r.unit === filter.unit
              ? r.name
              : html`<button type="button"
            class="linklike" data-action="figures-unit" data-unit=${r.unit} onClick=${() => set({ unit: r.unit })}>${r.name}</button>`} />
        <${Pages} first=${first} all=${figures.matching} onMove=${setFirst} />
      <//>
      <${Panel} title=${o("figures.often")}>
        ${
          often.length === 0
            ? html`<p class="quiet">${o("figures.often.none")}</p>`
            : html`<${SumTable} label=${o("figures.often")} head=${o("figures.unit")} rows=${often}
              name=${(/** @type {UnitFigures} */ r) => html`${r.name} <span class="quiet">${(r.parents ?? []).join(", ")}</span>`} />`
        }
      <//>`
    }`;
}

/** @param {{first: number, all: number, onMove: (first: number) => void}} props */
function Pages({ first, all, onMove }) {
  if (all <= PAGE) return null;
  return html`<div class="actions">
    <${Button} disabled=${first === 0} onClick=${() => onMove(Math.max(0, first - PAGE))}>${o("figures.previous")}<//>
    <span>${o("figures.page", { from: first + 1, to: Math.min(first + PAGE, all), all })}</span>
    <${Button} disabled=${first + PAGE >= all} onClick=${() => onMove(first + PAGE)}>${o("figures.next")}<//>
  </div>`;
}

/** @param {{label: string, head: string, rows: (UnitFigures | SessionFigures)[], name: (row: any) => unknown}} props */
function SumTable({ label, head, rows, name }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${label}><table class="table table--numbers">
    <thead><tr><th scope="col">${head}</th>${[
      o("figures.convened"),
      o("figures.present"),
      "%",
      o("figures.late"),
      o("figures.partial"),
      o("figures.absent"),
      o("figures.telephone"),
      o("figures.people"),
      o("figures.minutes"),
      o("figures.speakers"),
      o("figures.loss"),
    ].map((text) => html`<th key=${text} scope="col">${text}</th>`)}</tr></thead>
    <tbody>${rows.map(
      (r) => html`<tr key=${"id" in r ? r.id : r.unit}><th scope="row">${name(r)}</th>
      ${[
        r.convened,
        r.present,
        percent(r.present, r.convened),
        r.late,
        r.partial,
        r.absent,
        r.telephone,
        r.headcount,
        hours(r),
        r.speakers,
        loss(r),
      ].map(
        (n, i) => html`<td
        key=${i}>${n}</td>`,
      )}
        </tr>`,
    )}</tbody></table></div>`;
}

/** A session beside the one before it. @param {{id: string, unit: string}} props */
function Beside({ id, unit }) {
  const [both, setBoth] = useState(/** @type {Comparison | null} */ (null));
  useEffect(() => {
    const q = new URLSearchParams({ session: id, ...(unit ? { unit } : {}) });
    void api("GET", `/figures/compare?${q}`).then((answer) => answer.ok && setBoth(answer.data));
  }, [id, unit]);
  if (!both) return html`<${Loading} />`;
  if (!both.before)
    return html`<${Panel} title=${o("figures.compare")}><p class="quiet">${o("figures.compare.first")}</p><//>`;
  const change = (/** @type {number} */ was, /** @type {number} */ is) =>
    html`${is} <span class="quiet">(${is > was ? "+" : ""}${is - was})</span>`;
  const names = (/** @type {UnitFigures[]} */ list) =>
    list.map((r) => `${r.name}${r.parents?.length ? ` (${r.parents[0]})` : ""}`);
  return html`<${Panel} title=${o("figures.compare")}>
    <p>${o("figures.compare.text", { now: both.now.title, before: both.before.title, time: formatMoment(both.before.started_at) })}</p>
    <div class="scroll" tabindex="0" role="region" aria-label=${o("figures.compare")}><table class="table table--numbers" data-compare>
      <thead><tr><th scope="col">${o("figures.unit")}</th>
      ${[o("figures.convened"), o("figures.present"), o("figures.late"), o("figures.absent"), o("figures.people")].map(
        (text) => html`<th key=${text} scope="col">${text}</th>`,
      )}
        </tr></thead>
      <tbody>${[{ unit: "", name: o("figures.total"), before: both.before, now: both.now }, ...both.rows].map(
        (r) => html`<tr key=${r.unit}><th scope="row">${r.name}</th>
        ${
          /** @type {const} */ (["convened", "present", "late", "absent", "headcount"]).map(
            (key) => html`<td
          key=${key}>${change(r.before[key], r.now[key])}</td>`,
          )
        }
          </tr>`,
      )}</tbody></table></div>
    <${Names} title=${o("figures.missing", { n: both.missing.length })} list=${names(both.missing)} />
    <${Names} title=${o("figures.returned", { n: both.returned.length })} list=${names(both.returned)} />
  <//>`;
}

/** @param {{title: string, list: string[]}} props */
function Names({ title, list }) {
  if (list.length === 0) return null;
  return html`<details><summary>${title}</summary><ul class="plainlist">${list.map((name, i) => html`<li key=${i}>${name}</li>`)}</ul></details>`;
}
