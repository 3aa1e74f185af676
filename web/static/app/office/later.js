// A page that is loaded when it is opened: those who do not need it do not wait for it.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { o } from "./text.js";
import { Loading } from "./widgets.js";

/** @param {{load: () => Promise<{default: import("../../vendor/preact.js").FunctionComponent<any>}>}} props */
export function Later({ load }) {
  const [page, setPage] = useState(
    /** @type {{default?: import("../../vendor/preact.js").FunctionComponent<any>, failed?: boolean}} */ ({}),
  );
  useEffect(() => {
    load().then(setPage, () => setPage({ failed: true }));
  }, []);
  if (page.failed) return html`<p class="fault" role="alert">${o("fault.offline")}</p>`;
  return page.default ? html`<${page.default} />` : html`<${Loading} />`;
}
