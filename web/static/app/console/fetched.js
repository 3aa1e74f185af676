// A part of the page whose code and texts are fetched when it is first wanted.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { part } from "../../lib/part.js";

/** @param {{load: () => Promise<Function>, [prop: string]: unknown}} props load imports the part; the other properties are the part's own */
export function Fetched({ load, ...props }) {
  const [Part, setPart] = useState(/** @type {Function | null} */ (null));
  useEffect(() => {
    let wanted = true;
    void part(load).then((loaded) => wanted && setPart(() => loaded));
    return () => {
      wanted = false;
    };
  }, []);
  return Part && html`<${Part} ...${props} />`;
}
