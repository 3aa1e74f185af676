// Attendance by session, drawn: a bar each, of who was in time, late, there for a part, and absent.
import { html } from "../html.js";
import { stack } from "../../lib/chart.js";
import { formatMoment, o } from "./text.js";

/** @typedef {import("./figures.js").SessionFigures} SessionFigures */

const BOX = { width: 900, height: 200 };
const LEFT = 52;
const BOTTOM = 34;
/** As many bars as can be told from each other; the table below has all. */
const MOST = 120;
const DAYS = 12;

/** @type {readonly ["on_time" | "late" | "partial" | "absent", "figures.on_time" | "figures.late" | "figures.partial" | "figures.absent"][]} */
const PARTS = [
  ["on_time", "figures.on_time"],
  ["late", "figures.late"],
  ["partial", "figures.partial"],
  ["absent", "figures.absent"],
];

const day = (/** @type {string} */ at) => formatMoment(at).split(" ")[1].slice(0, 5);

/** @param {{sessions: SessionFigures[]}} props */
export function AttendanceChart({ sessions }) {
  const shown = sessions.slice(-MOST);
  const { top, bars } = stack(
    shown.map((s) => PARTS.map(([key]) => s[key])),
    BOX,
  );
  const every = Math.ceil(shown.length / DAYS);
  return html`<figure class="chart">
    <svg viewBox=${`0 0 ${BOX.width + LEFT} ${BOX.height + BOTTOM}`} role="img" aria-label=${o("figures.chart.label", { n: shown.length })}>
      ${[0, 1, 2, 3, 4].map((i) => {
        const y = 8 + (BOX.height - 8) * (1 - i / 4);
        return html`<g key=${i}><line class="chart__line" x1=${LEFT} x2=${LEFT + BOX.width} y1=${y} y2=${y} />
          <text class="chart__text" x=${LEFT - 6} y=${y + 4} text-anchor="end">${(top * i) / 4}</text></g>`;
      })}
      <g transform=${`translate(${LEFT} 8) scale(1 ${(BOX.height - 8) / BOX.height})`}>${bars.map(
        (
          bar,
          i,
        ) => html`<g key=${shown[i].id}><title>${`${formatMoment(shown[i].started_at)} ${shown[i].title}`}</title>
          ${bar.parts.map(
            (part, n) => html`<rect key=${n} class=${`chart__bar chart__bar--${PARTS[n][0]}`} x=${bar.x}
            y=${part.y} width=${bar.width} height=${part.height} />`,
          )}
            </g>`,
      )}</g>
      ${bars.map(
        (bar, i) =>
          i % every === 0 &&
          html`<text key=${i} class="chart__text" x=${LEFT + bar.x + bar.width / 2} y=${BOX.height + 20}
            text-anchor="middle">${day(shown[i].started_at)}</text>`,
      )}
    </svg>
    <figcaption class="chart__legend">
    ${PARTS.map(([key, name]) => html`<span key=${key}><i class=${`chart__key chart__bar--${key}`} aria-hidden="true" />${o(name)}</span>`)}</figcaption>
  </figure>`;
}
