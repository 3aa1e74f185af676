// What the documents of a convened session say about it. It may be changed at any time, since a number is often given after the
// session; documents follow the last change.
import { html } from "../html.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { t } from "../i18n.js";
import { Button } from "../parts.js";
import { faultText } from "./api.js";
import { useBusy, useEdited } from "./edits.js";
import { Outcome, useOutcome } from "./outcome.js";
import { ParticularsPanel, tidy, wording } from "./particulars.js";
import { o } from "./text.js";

/** @typedef {{version: number, particulars: import("./particulars.js").Particulars}} Held */

/** @param {{server: import("./change.js").Server, heard: unknown}} props heard: asked for anew when this changes */
export function ChangeParticulars({ server, heard }) {
  const [held, setHeld] = useState(/** @type {Held | null} */ (null));
  const [failed, setFailed] = useState("");
  const turn = useRef(0);
  const load = async () => {
    const mine = ++turn.current;
    const answer = await server.session("GET", "/particulars");
    if (mine !== turn.current) return; // asked before something that is known since
    if (answer.ok) setHeld(answer.data);
    setFailed(answer.ok ? "" : faultText(answer));
  };
  useEffect(() => void load(), [heard]);
  if (!held) return failed ? html`<p class="fault" role="alert">${failed}</p>` : "";
  return html`<${Form} server=${server} held=${held} load=${load} />`;
}

/** @param {{server: import("./change.js").Server, held: Held, load: () => Promise<void>}} props */
function Form({ server, held, load }) {
  const { mine, e, dirty, set, accept } = useEdited(server.edits, "particulars", held.particulars, held);
  const { busy, run } = useBusy();
  const { outcome, tell, clear } = useOutcome();
  const save = async () => {
    const tidied = tidy(mine);
    const answer = await server.session("PUT", "/particulars", { base: held.version, ...tidied });
    tell(answer);
    if (answer.ok) accept(tidied);
    if (answer.ok || answer.status === 409) await load();
  };
  return html`<fieldset class="stack" data-change="particulars" disabled=${busy}>
    <${ParticularsPanel} title=${o("draft.particulars")} text=${o("change.particulars.text")} value=${mine}
      onChange=${(/** @type {import("./particulars.js").Particulars} */ next) => {
        set(next);
        clear();
      }}>
      ${
        !busy &&
        e.both.length > 0 &&
        html`<p class="notice notice--attention" role="alert" data-both>
          ${o("change.both", { what: e.both.map((name) => wording(e.base, name)).join("; ") })}</p>`
      }
      <div class="actions"><${Button} action="save-particulars" tone="primary" disabled=${!dirty} onClick=${() => void run(save)}>${t("save")}<//>
        <${Outcome} outcome=${outcome} /></div>
    <//></fieldset>`;
}
