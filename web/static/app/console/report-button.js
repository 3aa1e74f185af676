// The way to the attendance report; its code and texts are fetched when it is wanted.
import { html } from "../html.js";
import { part } from "../../lib/part.js";
import { t } from "../i18n.js";
import { Button } from "../parts.js";

/** @param {{onOpen: (view: Function) => void}} props */
export function ReportButton({ onOpen }) {
  const open = async () => onOpen((await part(() => import("./report.js"))).ReportView);
  return html`<${Button} action="report" icon="list" tone="primary" onClick=${() => void open()}>${t("report.open")}<//>`;
}
