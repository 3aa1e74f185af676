// What was convened is changed here, until the seal: title, help phone, agenda, sites and rules. Each part is saved by itself and
// is an entry of the ledger. The office shows this as a page, a console as a panel beside the stage.
import { html } from "../html.js";
import { useEffect, useMemo, useRef, useState } from "../../vendor/hooks.js";
import { t } from "../i18n.js";
import { Button } from "../parts.js";
import { changeable, changedRules } from "../../lib/change.js";
import { same } from "../../lib/merge.js";
import { AgendaEditor } from "./agendaedit.js";
import { ChangeSites } from "./changesites.js";
import { faultText } from "./api.js";
import { Outcome, useOutcome } from "./outcome.js";
import { o } from "./text.js";
import { RuleFields } from "./rules.js";
import { Field, Loading, Panel } from "./widgets.js";
import { unitSource } from "./unitsource.js";

/** @typedef {import("../../lib/http.js").Answer} Answer */
/** @typedef {import("../../lib/draft.js").Rules} Rules */
/** @typedef {import("./agendaedit.js").Item} Item */
/**
 * @typedef {object} Server how this page asks, as whom it is
 * @property {(method: string, path: string, body?: object) => Promise<Answer>} session path: below the session
 * @property {(query: string) => Promise<Answer>} units looks units of the map up
 */
/**
 * @typedef {{title: string, phase: string, convened: number, withdrawn?: number, agenda?: Item[], agenda_version: number,
 *   help_phone?: string, rules: Rules}} Session
 */

/**
 * @param {{server: Server, rules?: boolean, version?: unknown}} props rules: may be changed by who is here; version: what it says is
 *   asked for anew when this changes
 */
export function ChangeSession({ server, rules = true, version }) {
  const [session, setSession] = useState(/** @type {Session | null} */ (null));
  const [failed, setFailed] = useState("");
  const load = async () => {
    const answer = await server.session("GET", "");
    if (answer.ok) setSession(answer.data);
    setFailed(answer.ok ? "" : faultText(answer));
  };
  useEffect(() => void load(), [version]);
  const sources = useMemo(() => {
    const sites = unitSource(async (query) => {
      const answer = await server.session("GET", `/sites?${query}`);
      return answer.ok ? answer.data.sites.filter((/** @type {any} */ site) => !site.withdrawn) : null;
    });
    const map = unitSource(async (query) => {
      const answer = await server.units(query);
      return answer.ok ? answer.data.units : null;
    });
    return { sites, map };
  }, []);
  if (!session) return failed ? html`<p class="fault" role="alert">${failed}</p>` : html`<${Loading} />`;
  const { heading, sites } = changeable(session.phase);
  if (!heading) return html`<p class="quiet">${o("change.sealed")}</p>`;
  /** Makes a change and says how it went. @type {Send} */
  const send = async (method, path, body) => {
    const answer = await server.session(method, path, body);
    if (answer.ok) await load();
    return answer;
  };
  return html`<div class="change">
    <p class="quiet">${o("change.hint")}</p>
    <${Panel} title=${o("draft.general")}>
    <${TextPart} name="title" label=${o("draft.name")} value=${session.title} send=${send} path="/title" member="title" required />
    <${TextPart} name="help_phone" label=${o("draft.help")} type="tel" value=${session.help_phone ?? ""} send=${send} path="/help-phone" member="help_phone" />
    <//>
    <${AgendaPart} session=${session} send=${send} source=${sources.sites} load=${load} />
    <${ChangeSites} server=${server} session=${session} send=${send} source=${sources.map} adds=${sites} />
    ${rules && html`<${RulesPart} rules=${session.rules} send=${send} />`}
  </div>`;
}

/** @typedef {(method: string, path: string, body: object) => Promise<Answer>} Send */

/**
 * Keeps what is typed while others change the same: what they said is taken over as long as nothing was typed here.
 * @template T @param {T} value @returns {[T, (value: T) => void, boolean]} the value, its setter, and whether it is another than the session's
 */
function useEdited(value) {
  const [edited, setEdited] = useState(value);
  const base = useRef(value);
  useEffect(() => {
    if (same(base.current, value)) return;
    if (same(edited, base.current)) setEdited(value);
    base.current = value;
  }, [value]);
  return [edited, setEdited, !same(edited, value)];
}

/**
 * One line of text.
 * @param {{name: string, label: string, type?: string, value: string, required?: boolean, send: Send, path: string, member: string}} props
 */
function TextPart({ name, label, type, value, required, send, path, member }) {
  const [text, setText, dirty] = useEdited(value);
  const { outcome, tell, clear } = useOutcome();
  const save = async (/** @type {Event} */ e) => {
    e.preventDefault();
    tell(await send("PUT", path, { [member]: text.trim() }));
  };
  return html`<form class="change__line" data-change=${name} onSubmit=${save}>
    <${Field} label=${label} name=${`change-${name}`} type=${type} value=${text} required=${required} onInput=${(
      /** @type {string} */ v,
    ) => {
      setText(v);
      clear();
    }} />
    <button type="submit" class="button button--primary" data-action=${`save-${name}`} disabled=${!dirty || (required && !text.trim())}>${t("save")}</button>
    <${Outcome} outcome=${outcome} />
  </form>`;
}

/** @param {{session: Session, send: Send, source: import("./unitsource.js").UnitSource, load: () => Promise<void>}} props */
function AgendaPart({ session, send, source, load }) {
  const [version, setVersion] = useState(session.agenda_version);
  const [items, setItems] = useState(/** @type {Item[]} */ (session.agenda ?? []));
  const { outcome, tell, clear } = useOutcome();
  const base = useRef(session.agenda ?? []);
  const dirty = !same(items, base.current);
  useEffect(() => {
    if (session.agenda_version === version || dirty) return; // what is typed here is not thrown away; saving it will be refused
    take();
  }, [session.agenda_version]);
  const take = () => {
    base.current = session.agenda ?? [];
    setItems(base.current);
    setVersion(session.agenda_version);
  };
  const save = async () => {
    const agenda = items.map((item) => ({ ...item, speakers: (item.speakers ?? []).filter(Boolean) }));
    const answer = await send("PUT", "/agenda", { base: version, agenda });
    tell(answer);
    if (answer.ok) {
      base.current = items; // so that what was saved is taken when it comes back with its ids
      setVersion(-1);
    } else if (answer.status === 409) await load();
  };
  useEffect(() => {
    if (version === -1) take();
  }, [session, version]);
  const stale = dirty && version !== -1 && version !== session.agenda_version;
  return html`<section class="panel" data-change="agenda"><div class="panel__head"><h2>${o("draft.agenda")}</h2>
      <${Button} action="add-item" onClick=${() => setItems([...items, { id: "", title: "" }])}>${o("draft.agenda.add")}<//></div>
    ${
      stale &&
      html`<p class="notice notice--attention" role="alert">${o("change.agenda.stale")}
      <${Button} action="take-agenda" onClick=${() => {
        clear();
        take();
      }}>${o("change.agenda.take")}<//></p>`
    }
    <${AgendaEditor} items=${items} source=${source} onChange=${(/** @type {Item[]} */ next) => {
      setItems(next);
      clear();
    }} />
    <div class="actions"><${Button} tone="primary" action="save-agenda" disabled=${!dirty || stale || items.some((item) => !item.title.trim())}
      onClick=${() => void save()}>${t("save")}<//><${Outcome} outcome=${outcome} /></div>
  </section>`;
}

/** @param {{rules: Rules, send: Send}} props */
function RulesPart({ rules, send }) {
  const [edited, setEdited, dirty] = useEdited(rules);
  const [reason, setReason] = useState("");
  const { outcome, tell, clear } = useOutcome();
  const save = async (/** @type {Event} */ e) => {
    e.preventDefault();
    const answer = await send("PUT", "/rules", changedRules(rules, edited, reason.trim()));
    tell(answer);
    if (answer.ok) setReason("");
  };
  return html`<${Panel} title=${o("rules.title")}><form class="stack" data-change="rules" onSubmit=${save}>
    <p class="quiet">${o("change.rules.hint")}</p>
    <${RuleFields} rules=${edited} onChange=${(/** @type {Rules} */ next) => {
      setEdited(next);
      clear();
    }} />
    <${Field} label=${o("change.reason")} name="rules-reason" required maxlength=${500} value=${reason} onInput=${setReason} />
    <div class="actions"><button type="submit" class="button button--primary"
        data-action="save-rules" disabled=${!dirty || !reason.trim()}>${t("save")}</button>
      <${Outcome} outcome=${outcome} /></div>
  </form><//>`;
}
