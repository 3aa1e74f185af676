// What is being prepared, what is convened, and one session.
import { html } from "../html.js";
import { useEffect, useMemo, useState } from "../../vendor/hooks.js";
import { t } from "../i18n.js";
import { Button, Confirm } from "../parts.js";
import { fromInput, toInput } from "../../lib/localtime.js";
import { api, faultText, may, me } from "./api.js";
import { formatMoment, o, oMaybe, ZONE } from "./text.js";
import { ChangeSession } from "./change.js";
import { editsOf } from "./edits.js";
import { ReportLinks, hasReport } from "./reports.js";
import { Ask, Loading, Panel, say, Words } from "./widgets.js";

/** @typedef {{id: string, version: number, session?: string, updated_at: string, updated_by: string, draft: import("./draft.js").Draft}} DraftRow */
/**
 * @typedef {{
 *   id: string, title: string, phase: string, created_at: string, scheduled_at?: string, convened?: number, called_off?: boolean,
 *   contradiction?: string, broken?: boolean,
 * }} SessionRow
 */

export function SessionsPage() {
  const [drafts, setDrafts] = useState(/** @type {DraftRow[] | null} */ (null));
  const [sessions, setSessions] = useState(/** @type {SessionRow[] | null} */ (null));
  const [doomed, setDoomed] = useState(/** @type {DraftRow | null} */ (null));
  const load = async () => {
    if (may("prepare")) {
      const answer = await api("GET", "/drafts");
      setDrafts(answer.ok ? answer.data.drafts.filter((/** @type {DraftRow} */ d) => !d.session) : []);
    }
    const answer = await api("GET", "/sessions");
    setSessions(answer.ok ? answer.data.sessions : []);
  };
  useEffect(() => void load(), []);
  const create = async (/** @type {object} */ from) => {
    const answer = await api("POST", "/drafts", from);
    if (answer.ok) location.hash = `#/draft/${answer.data.id}`;
  };
  const remove = async (/** @type {DraftRow} */ row) => {
    if ((await api("DELETE", `/drafts/${row.id}`)).ok) void load();
  };
  const name = (/** @type {string | undefined} */ title) => title || o("sessions.untitled");
  return html`<div class="office__title"><h1>${o("sessions.title")}</h1>
      ${
        may("prepare") &&
        html`<${Button} tone="primary" action="new-draft" onClick=${() => void create({ draft: { title: "", time_zone: ZONE } })}>
        ${o("sessions.new")}<//>`
      }</div>
    ${
      may("prepare") &&
      html`<${Panel} title=${o("sessions.drafts")}>
      ${
        drafts === null
          ? html`<${Loading} />`
          : drafts.length === 0
            ? html`<p class="quiet">${o("sessions.nodrafts")}</p>`
            : html`<div class="scroll" tabindex="0" role="region" aria-label=${o("sessions.drafts")}><table class="table">
        <thead><tr><th scope="col">${o("sessions.name")}</th><th scope="col">${o("sessions.when")}</th><th scope="col">${o("sessions.changed")}</th>
          <td /></tr></thead>
        <tbody>${drafts.map(
          (row) => html`<tr key=${row.id} data-draft=${row.id}>
          <th scope="row"><a href=${`#/draft/${row.id}`}>${name(row.draft.title)}</a></th>
          <td>${formatMoment(row.draft.start, row.draft.time_zone)}</td>
          <td>${o("sessions.by", { time: formatMoment(row.updated_at), name: row.updated_by })}</td>
          <td class="table__actions">
            <${Button} onClick=${() => void create({ copy_of: row.id })}><${Words} text=${o("sessions.copy")} of=${name(row.draft.title)} /><//>
            <${Button} onClick=${() => setDoomed(row)}><${Words} text=${o("sessions.delete")} of=${name(row.draft.title)} /><//></td>
        </tr>`,
        )}</tbody></table></div>`
      }
    <//>`
    }
    <${Panel} title=${o("sessions.convened")}>
      ${
        sessions === null
          ? html`<${Loading} />`
          : sessions.length === 0
            ? html`<p class="quiet">${o("sessions.nosessions")}</p>`
            : html`<div class="scroll" tabindex="0" role="region" aria-label=${o("sessions.convened")}><table class="table">
        <thead><tr><th scope="col">${o("sessions.name")}</th><th scope="col">${o("sessions.when")}</th><th scope="col">${o("sessions.phase")}</th>
          <th scope="col">${o("sessions.sites")}</th><th scope="col">${o("reports.title")}</th></tr></thead>
        <tbody>${sessions.map(
          (row) => html`<tr key=${row.id} data-session=${row.id}>
          <th scope="row"><a href=${`#/session/${row.id}`}>${row.title}</a>${doubt(row)}</th>
          <td>${formatMoment(row.scheduled_at ?? row.created_at)}</td>
          <td>${row.called_off ? o("session.called") : oMaybe(`phase.${row.phase}`, "phase.draft")}</td><td>${row.convened ?? ""}</td>
          <td>${!row.called_off && hasReport(row.phase) && html`<${ReportLinks} id=${row.id} title=${row.title} />`}</td>
        </tr>`,
        )}</tbody></table></div>`
      }
    <//>
    ${
      doomed &&
      html`<${Confirm} title=${o("sessions.delete")} text=${o("sessions.delete.text", { name: name(doomed.draft.title) })} yes=${o("sessions.delete")}
      onYes=${() => void remove(doomed)} onClose=${() => setDoomed(null)} />`
    }`;
}

/** What is wrong with a session's record, under its title. @param {SessionRow} row */
function doubt(row) {
  const what = row.broken ? "sessions.broken" : row.contradiction && "sessions.contradiction";
  return what && html`<small class="doubt" data-doubt title=${row.contradiction}>${o(what)}</small>`;
}

/** What was convened, changed until the seal. @param {{id: string}} props */
export function ChangePage({ id }) {
  const server = useMemo(
    () => ({
      session: (/** @type {string} */ method, /** @type {string} */ path, /** @type {object | undefined} */ body) =>
        api(method, `/sessions/${id}${path}`, body, { quiet: true }),
      units: (/** @type {string} */ query) => api("GET", `/units?${query}`, undefined, { quiet: true }),
      edits: editsOf(`${me.value?.name} ${id}`), // nobody else goes on with it who logs in after
    }),
    [id],
  );
  return html`<p><a href=${`#/session/${id}`}>${o("back")}</a></p>
    <div class="office__title"><h1>${o("change.title")}</h1></div>
    <${ChangeSession} key=${id} server=${server} />`;
}

/** @param {{id: string}} props */
export function SessionPage({ id }) {
  const [session, setSession] = useState(/** @type {any} */ (null));
  const [consoles, setConsoles] = useState(
    /** @type {{role: string, name: string, scope?: string, link: string}[]} */ ([]),
  );
  const [asking, setAsking] = useState(/** @type {"" | "move" | "calloff"} */ (""));
  const [past, setPast] = useState(/** @type {string | null} */ (null)); // a start that has gone by: is it meant?
  const load = async () => {
    const answer = await api("GET", `/sessions/${id}`);
    if (answer.ok) setSession(answer.data);
    const links = await api("GET", `/sessions/${id}/consoles`, undefined, { quiet: true });
    if (links.ok) setConsoles(links.data.consoles);
  };
  useEffect(() => void load(), []);
  if (!session) return html`<${Loading} />`;
  const early = session.phase === "draft" || session.phase === "open";
  const post = async (/** @type {string} */ path, /** @type {object} */ body) => {
    if (!(await api("POST", `/sessions/${id}/${path}`, body)).ok) return;
    say("info", () => o("saved"));
    void load();
  };
  const move = async (/** @type {string | null} */ start) => {
    const answer = await api("POST", `/sessions/${id}/move`, { start }, { quiet: true });
    if (!answer.ok && answer.code === "past_start") return setPast(start);
    if (!answer.ok) return say("error", () => faultText(answer));
    say("info", () => o("saved"));
    void load();
  };
  const copy = async () => {
    const answer = await api("POST", "/drafts", { session: id });
    if (answer.ok) location.hash = `#/draft/${answer.data.id}`;
  };
  return html`<p><a href="#/">${o("back")}</a></p>
    <div class="office__title"><h1>${session.title}</h1></div>
    <p class="facts-line"><strong>${formatMoment(session.scheduled_at, session.time_zone)}</strong>
      <span class="badge">${session.called_off ? o("session.called") : oMaybe(`phase.${session.phase}`, "phase.draft")}</span>
      <span>${o("session.sites", { n: session.convened, present: session.present })}</span></p>
    ${session.called_off && html`<p class="notice notice--attention">${o("session.called.why", { reason: session.call_off_reason ?? "" })}</p>`}
    <div class="actions">
      ${may("give_links") && html`<a class="button button--primary" data-action="sheet" href=${`#/session/${id}/sheet`}>${o("session.sheet")}</a>`}
      <a class="button button--primary" data-action="board" href=${`#/session/${id}/board`}>${o("session.board")}</a>
      <a class="button" data-action="calendar" href=${`/api/v1/sessions/${id}/calendar.ics`} download>${o("session.calendar")}</a>
      ${
        may("prepare") &&
        html`<a class="button" data-action="change" href=${`#/session/${id}/change`}>${o("change.title")}</a>`
      }
      ${may("prepare") && html`<${Button} action="copy-session" onClick=${() => void copy()}>${o("session.copy")}<//>`}
      ${
        may("prepare") &&
        early &&
        html`<${Button} action="move" onClick=${() => setAsking("move")}>${o("session.move")}<//>
        <${Button} action="call-off" tone="danger" onClick=${() => setAsking("calloff")}>${o("session.calloff")}<//>`
      }
    </div>
    ${
      !session.called_off &&
      hasReport(session.phase) &&
      html`<${Panel} title=${o("reports.title")}><${ReportLinks} id=${id} title=${session.title} /><//>`
    }
    <${Panel} title=${o("session.consoles")}>
      ${
        consoles.length === 0
          ? html`<p class="quiet">${o("session.noconsoles")}</p>`
          : html`<ul class="consoles">${consoles.map((c) => {
              const title = [
                oMaybe(`session.console.${c.role}`, "session.consoles"),
                (c.scope || c.role === "room") && c.name,
              ]
                .filter(Boolean)
                .join(" · ");
              return html`<li key=${c.link}>
        <a class="button" target="_blank" rel="noreferrer" href=${c.link}>${title}</a>
        ${
          navigator.clipboard &&
          html`<${Button} tone="quiet" action="copy-link"
          onClick=${() => void navigator.clipboard.writeText(c.link).then(() => say("info", () => o("session.copied")))}>
          <${Words} text=${o("session.copylink")} of=${title} /><//>`
        }</li>`;
            })}</ul>`
      }
    <//>
    ${
      asking === "move" &&
      html`<${Ask} title=${o("session.move")} text=${o("session.move.text")} yes=${t("save")}
      field=${{ label: o("draft.start"), type: "moment", value: toInput(session.scheduled_at, session.time_zone), required: true }}
      onYes=${(/** @type {string} */ v) => void move(fromInput(v, session.time_zone))} onClose=${() => setAsking("")} />`
    }
    ${
      past !== null &&
      html`<${Confirm} title=${o("session.move.past")} text=${o("session.move.past.text", { time: formatMoment(past, session.time_zone) })}
        yes=${o("session.move.anyway")}
      onYes=${() => void post("move", { start: past, allow_past: true })} onClose=${() => setPast(null)} />`
    }
    ${
      asking === "calloff" &&
      html`<${Ask} title=${o("session.calloff")} text=${o("session.calloff.text")} yes=${o("session.calloff")} danger
      field=${{ label: o("session.reason") }} onYes=${(/** @type {string} */ v) => void post("call-off", { reason: v })} onClose=${() => setAsking("")} />`
    }`;
}
