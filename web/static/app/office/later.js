// A page that is loaded when it is opened: those who do not need it do not wait for it.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { part } from "../../lib/part.js";
import { Loading } from "./widgets.js";

/** @param {{load: () => Promise<{default: import("../../vendor/preact.js").FunctionComponent<any>}>}} props */
export function Later({ load }) {
  const [page, setPage] = useState(
    /** @type {{default?: import("../../vendor/preact.js").FunctionComponent<any>}} */ ({}),
  );
  useEffect(() => {
    void part(load).then(setPage);
  }, []);
  return page.default ? html`<${page.default} />` : html`<${Loading} />`;
}
