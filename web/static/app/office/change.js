// What was convened is changed here, until the seal: title, help phone, agenda, sites and rules; what its documents say about it
// also after. Each part is saved by itself and is an entry of the ledger. The office shows this as a page, a console as a panel beside the stage.
import { html } from "../html.js";
import { useEffect, useMemo, useRef, useState } from "../../vendor/hooks.js";
import { t } from "../i18n.js";
import { Button } from "../parts.js";
import { changeable, changedRules } from "../../lib/change.js";
import { RULES } from "../../lib/draft.js";
import { followVersion, isStale } from "../../lib/edited.js";
import { AgendaEditor } from "./agendaedit.js";
import { ChangeParticulars } from "./changeparticulars.js";
import { ChangeSites } from "./changesites.js";
import { faultText } from "./api.js";
import { useBusy, useEdited } from "./edits.js";
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
 * @property {import("../../lib/edited.js").Edits} edits what is typed and not saved
 */
/**
 * @typedef {{title: string, phase: string, convened: number, withdrawn?: number, agenda?: Item[], agenda_version: number,
 *   help_phone?: string, rules: Rules}} Session
 */

/**
 * @param {{server: Server, rules?: boolean, documents?: boolean, version?: unknown}} props rules, documents: may be changed by who is
 *   here; version: what it says is asked for anew when this changes
 */
export function ChangeSession({ server, rules = true, documents = true, version }) {
  const [session, setSession] = useState(/** @type {Session | null} */ (null));
  const [failed, setFailed] = useState("");
  const turn = useRef(0);
  const load = async () => {
    const mine = ++turn.current;
    const answer = await server.session("GET", "");
    if (mine !== turn.current) return; // asked before something that is known since
    if (answer.ok) setSession(answer.data);
    setFailed(answer.ok ? "" : faultText(answer));
  };
  useEffect(() => void load(), [version]);
  useEffect(() => {
    const may = changeable(session?.phase ?? "");
    if (!may.heading) server.edits.drop((part) => part !== "particulars");
    else if (!may.sites) server.edits.drop((part) => part.startsWith("add."));
  }, [session]);
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
  const particulars = documents && html`<${ChangeParticulars} server=${server} heard=${session} />`;
  if (!heading) return html`<div class="change"><p class="quiet">${o("change.sealed")}</p>${particulars}</div>`;
  /** Makes a change and says how it went. @type {Send} */
  const send = async (method, path, body, taken) => {
    const answer = await server.session(method, path, body);
    if (!answer.ok) return answer;
    turn.current++;
    taken?.();
    await load();
    return answer;
  };
  const part = { session, send, edits: server.edits };
  return html`<div class="change">
    <p class="quiet">${o("change.hint")}</p>
    ${failed && html`<p class="fault" role="alert">${failed}</p>`}
    <${Panel} title=${o("draft.general")}>
    <${TextPart} name="title" label=${o("draft.name")} value=${session.title} ...${part} path="/title" member="title" required />
    <${TextPart} name="help_phone" label=${o("draft.help")} type="tel" value=${session.help_phone ?? ""} ...${part} path="/help-phone" member="help_phone" />
    <//>
    <${AgendaPart} ...${part} source=${sources.sites} load=${load} />
    ${particulars}
    <${ChangeSites} server=${server} ...${part} source=${sources.map} adds=${sites} />
    ${rules && html`<${RulesPart} rules=${session.rules} ...${part} />`}
  </div>`;
}

/** @typedef {(method: string, path: string, body: object, taken?: () => void) => Promise<Answer>} Send taken: at once when it was done */
/** @typedef {{session: Session, send: Send, edits: import("../../lib/edited.js").Edits}} Part */

/** What somebody else has changed to another value than is typed here. @param {{what: string}} props */
function Both({ what }) {
  return what && html`<p class="notice notice--attention" role="alert" data-both>${o("change.both", { what })}</p>`;
}

/**
 * One line of text.
 * @param {Part & {name: string, label: string, type?: string, value: string, required?: boolean, path: string, member: string}} props
 */
function TextPart({ name, label, type, value, required, session, send, edits, path, member }) {
  const { mine, e, dirty, set, accept } = useEdited(edits, name, value, session);
  const { busy, run } = useBusy();
  const { outcome, tell, clear } = useOutcome();
  const save = (/** @type {Event} */ event) => {
    event.preventDefault();
    const text = mine.trim();
    void run(async () => tell(await send("PUT", path, { [member]: text }, () => accept(text))));
  };
  return html`<form data-change=${name} onSubmit=${save}><fieldset class="change__line" disabled=${busy}>
    <${Field} label=${label} name=${`change-${name}`} type=${type} value=${mine} required=${required} onInput=${(
      /** @type {string} */ v,
    ) => {
      set(v);
      clear();
    }} />
    <button type="submit" class="button button--primary" data-action=${`save-${name}`} disabled=${!dirty || (required && !mine.trim())}>${t("save")}</button>
    <${Outcome} outcome=${outcome} />
    <${Both} what=${!busy && e.both.length ? e.base || "–" : ""} />
  </fieldset></form>`;
}

/** @param {Part & {source: import("./unitsource.js").UnitSource, load: () => Promise<void>}} props */
function AgendaPart({ session, send, edits, source, load }) {
  const agenda = session.agenda ?? [];
  const version = session.agenda_version;
  const { mine, e, dirty, set, accept, take } = useEdited(
    edits,
    "agenda",
    agenda,
    session,
    (was) => followVersion(was, agenda, version),
    version,
  );
  const { busy, run } = useBusy();
  const { outcome, tell, clear } = useOutcome();
  const save = async () => {
    const sent = mine.map((item) => ({ ...item, speakers: (item.speakers ?? []).filter(Boolean) }));
    const answer = await send("PUT", "/agenda", { base: e.version, agenda: sent }, () => accept(sent));
    tell(answer);
    if (answer.status === 409) await load();
  };
  const stale = !busy && isStale(e, version);
  return html`<section class="panel" data-change="agenda"><fieldset class="stack" disabled=${busy}>
    <div class="panel__head"><h2>${o("draft.agenda")}</h2>
      <${Button} action="add-item" onClick=${() => set([...mine, { id: "", title: "" }])}>${o("draft.agenda.add")}<//></div>
    ${
      stale &&
      html`<p class="notice notice--attention" role="alert">${o("change.agenda.stale")}
      <${Button} action="take-agenda" onClick=${() => {
        clear();
        take();
      }}>${o("change.agenda.take")}<//></p>`
    }
    <${AgendaEditor} items=${mine} source=${source} onChange=${(/** @type {Item[]} */ next) => {
      set(next);
      clear();
    }} />
    <div class="actions"><${Button} tone="primary" action="save-agenda" disabled=${!dirty || stale || mine.some((item) => !item.title.trim())}
      onClick=${() => void run(save)}>${t("save")}<//><${Outcome} outcome=${outcome} /></div>
  </fieldset></section>`;
}

/** @param {Part & {rules: Rules}} props */
function RulesPart({ rules, session, send, edits }) {
  const { mine, e, dirty, set, accept } = useEdited(edits, "rules", rules, session);
  const reason = useEdited(edits, "rules.reason", "", null);
  const { busy, run } = useBusy();
  const { outcome, tell, clear } = useOutcome();
  const save = async () => {
    const body = changedRules(rules, mine, reason.mine.trim());
    tell(
      await send("PUT", "/rules", body, () => {
        accept(mine);
        reason.accept("");
      }),
    );
  };
  const theirs = (/** @type {string} */ name) => {
    const rule = RULES.find((one) => one.name === name);
    return rule ? `${o(`rules.${rule.name}`)}: ${e.base[rule.name] / rule.per}` : o("rules.receiving_only");
  };
  return html`<${Panel} title=${o("rules.title")}><form data-change="rules" onSubmit=${(/** @type {Event} */ event) => {
    event.preventDefault();
    void run(save);
  }}><fieldset class="stack" disabled=${busy}>
    <p class="quiet">${o("change.rules.hint")}</p>
    <${RuleFields} rules=${mine} onChange=${(/** @type {Rules} */ next) => {
      set(next);
      clear();
    }} />
    <${Both} what=${busy ? "" : e.both.map(theirs).join("; ")} />
    <${Field} label=${o("change.reason")} name="rules-reason" required maxlength=${500} value=${reason.mine} onInput=${reason.set} />
    <div class="actions"><button type="submit" class="button button--primary"
        data-action="save-rules" disabled=${!dirty || !reason.mine.trim()}>${t("save")}</button>
      <${Outcome} outcome=${outcome} /></div>
  </fieldset></form><//>`;
}
