// What came of a change, told where it was made.
import { html } from "../html.js";
import { useState } from "../../vendor/hooks.js";
import { problemsOf } from "../../lib/change.js";
import { faultText } from "./api.js";
import { o, oMaybe } from "./text.js";

/** @typedef {import("../../lib/http.js").Answer} Answer */
/** @typedef {{ok: boolean, text: () => string} | null} Result */

/** What came of the last try, until something else is typed. */
export function useOutcome() {
  const [outcome, setOutcome] = useState(/** @type {Result} */ (null));
  const tell = (/** @type {Answer} */ answer) =>
    setOutcome({
      ok: answer.ok,
      text: () => (answer.ok ? o("saved") : problemsText(answer) || faultText(answer)),
    });
  return { outcome, tell, clear: () => setOutcome(null) };
}

/** What the server found wrong, in words. @param {Answer} answer */
function problemsText(answer) {
  return problemsOf(answer)
    .map(
      ({ place, code, value }) =>
        `${place ? `${place}: ` : ""}${oMaybe(`problem.${code}`, "problem.bad_value", { value })}.`,
    )
    .join(" ");
}

/** @param {{outcome: Result}} props */
export function Outcome({ outcome }) {
  return html`<p class=${outcome && !outcome.ok ? "fault" : "quiet"} role="status" data-outcome=${outcome ? String(outcome.ok) : undefined}>
    ${outcome?.text()}</p>`;
}
