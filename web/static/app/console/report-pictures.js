// Pictures of attendance: the course of one site as a strip, of all as a chart. Each says in words what it shows.
import { html } from "../html.js";
import { formatNumber } from "../i18n.js";
import { clock, r, span } from "./report-data.js";

/** @typedef {import("./report-data.js").Report} Report */
/** @typedef {import("./report-data.js").Interval} Interval */

const WIDTH = 1000;

/** First and last moment of the pictures. @param {Report} report */
function frame({ session, over_time }) {
  const from = Date.parse(over_time[0]?.at ?? session.opened_at ?? session.as_of);
  const to = Date.parse(over_time.at(-1)?.at ?? session.as_of);
  return { from, to: Math.max(to, from + 1000) };
}

/**
 * When a site was connected, when the stage arrived there, and when its line was lost in between.
 * @param {{report: Report, endpoint: string}} props
 */
export function Strip({ report, endpoint }) {
  const { from, to } = frame(report);
  const x = (/** @type {string} */ at) =>
    (Math.min(Math.max((at ? Date.parse(at) : to) - from, 0), to - from) / (to - from)) * WIDTH;
  const present = report.intervals.filter((iv) => iv.endpoint === endpoint);
  const receiving = report.receiving.filter((iv) => iv.endpoint === endpoint);
  const lost = present.flatMap((iv, i) => {
    const next = present[i + 1];
    return iv.end_reason === "lost" ? [{ ...iv, from: iv.to, to: next?.from ?? new Date(to).toISOString() }] : [];
  });
  const words =
    present.length === 0
      ? r("strip.never")
      : [
          ...present.map((iv) => `${r("strip.present")} ${span(iv, report)}`),
          ...lost.map((iv) => `${r("strip.lost")} ${span(iv, report)}`),
        ].join("; ");
  const bars = (
    /** @type {readonly {from: string, to: string}[]} */ list,
    /** @type {string} */ kind,
    /** @type {number} */ y,
    /** @type {number} */ height,
  ) =>
    list.map(
      (iv) =>
        html`<rect key=${kind + iv.from} class=${`strip__${kind}`} x=${x(iv.from)} y=${y} width=${Math.max(x(iv.to) - x(iv.from), 2)} height=${height} />`,
    );
  return html`<svg class="strip" viewBox=${`0 0 ${WIDTH} 20`} preserveAspectRatio="none" role="img" aria-label=${words}>
    <title>${words}</title>
    <rect class="strip__ground" width=${WIDTH} height="20" />
    ${bars(lost, "lost", 8, 4)}${bars(present, "present", 2, 16)}${bars(receiving, "receiving", 11, 7)}
    ${report.session.started_at && html`<line class="strip__start" x1=${x(report.session.started_at)} x2=${x(report.session.started_at)} y1="0" y2="20" />`}
  </svg>`;
}

/** What the colours of the strips mean. */
export function Legend() {
  return html`<p class="legend">
    ${
      /** @type {const} */ (["present", "receiving", "lost"]).map(
        (kind) => html`<span key=${kind}><i class=${`legend__${kind}`} />${r(`strip.${kind}`)}</span>`,
      )
    }
      </p>`;
}

/** How many sites were connected over the time. @param {{report: Report}} props */
export function Chart({ report }) {
  const list = report.over_time;
  if (list.length < 2) return null;
  const height = 160;
  const max = Math.max(...list.map((s) => s.present), 1);
  const point = (/** @type {{present: number}} */ s, /** @type {number} */ i) =>
    `${(i / (list.length - 1)) * WIDTH},${height - (s.present / max) * (height - 6)}`;
  const line = list.map(point).join(" ");
  const words = r("chart.text", { max: formatNumber(max), last: formatNumber(list.at(-1)?.present ?? 0) });
  return html`<figure class="chart">
    <figcaption><strong>${r("chart")}</strong> <span class="quiet">${words}</span></figcaption>
    <svg viewBox=${`0 0 ${WIDTH} ${height}`} preserveAspectRatio="none" role="img" aria-label=${`${r("chart")}. ${words}`}>
      <polygon class="chart__area" points=${`0,${height} ${line} ${WIDTH},${height}`} />
      <polyline class="chart__line" points=${line} />
    </svg>
    <p class="chart__axis"><span>${clock(list[0]?.at, report)}</span><span>${clock(list.at(-1)?.at, report)}</span></p>
  </figure>`;
}
