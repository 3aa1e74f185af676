// The documents of this office: what new drafts begin with, and the Word file that minutes are made from.
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { Button } from "../parts.js";
import { lang } from "../settings.js";
import { request } from "../../lib/http.js";
import { api, faultText, me } from "./api.js";
import { editsOf, useBusy, useEdited } from "./edits.js";
import { ParticularsPanel, tidy } from "./particulars.js";
import { o, oMaybe } from "./text.js";
import { Loading, Panel, say } from "./widgets.js";

const WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

export default function DocumentsPage() {
  const [saved, setSaved] = useState(/** @type {import("./particulars.js").Particulars | null} */ (null));
  useEffect(() => {
    void api("GET", "/particulars").then((answer) => {
      if (answer.ok) setSaved(answer.data);
    });
  }, []);
  if (!saved) return html`<${Loading} />`;
  return html`<div class="office__title"><h1>${o("documents.title")}</h1></div>
    <${Defaults} saved=${saved} />
    <${Template} />`;
}

/** What new drafts begin with. @param {{saved: import("./particulars.js").Particulars}} props */
function Defaults({ saved }) {
  const { mine, dirty, set, accept } = useEdited(editsOf(`${me.value?.name} documents`), "particulars", saved, saved);
  const { busy, run } = useBusy();
  const save = async () => {
    const tidied = tidy(mine);
    if (!(await api("PUT", "/particulars", tidied)).ok) return;
    accept(tidied);
    say("info", () => o("saved"));
  };
  return html`<fieldset disabled=${busy}>
    <${ParticularsPanel} office title=${o("documents.particulars")} text=${o("documents.particulars.text")} value=${mine} onChange=${set}>
      <div class="actions"><${Button} action="save-particulars" tone="primary" disabled=${!dirty} onClick=${() => void run(save)}>
        ${o("draft.save")}<//></div>
    <//></fieldset>`;
}

function Template() {
  const [own, setOwn] = useState(/** @type {boolean | null} */ (null));
  const [file, setFile] = useState(/** @type {File | null} */ (null));
  const [refused, setRefused] = useState("");
  const load = async () => {
    const answer = await request("/minutes-template", { as: "blob" });
    setOwn(answer.ok && answer.headers.get("X-Template") === "own");
  };
  useEffect(() => void load(), []);
  const send = async () => {
    if (!file) return;
    const answer = await api("PUT", "/minutes-template", new Blob([await file.arrayBuffer()], { type: WORD }), {
      quiet: true,
    });
    const [, problem, detail] = /^template: (\w+) ?(.*)$/.exec(answer.data?.detail ?? "") ?? [];
    setRefused(
      answer.ok
        ? ""
        : problem
          ? oMaybe(`template.${problem}`, "fault.other", { detail })
          : answer.code === "too_large"
            ? o("template.too_large", { detail: "" })
            : faultText(answer),
    );
    if (!answer.ok) return;
    say("info", () => o("template.kept"));
    await load();
  };
  const reset = async () => {
    if ((await api("DELETE", "/minutes-template")).ok) await load();
  };
  return html`<${Panel} title=${o("template.title")}>
    <p>${o("template.text")}</p>
    <p class="facts-line" role="status" data-template=${own ? "own" : "shipped"}>
      <strong>${own === null ? "" : o(own ? "template.own" : "template.shipped")}</strong></p>
    <div class="actions">
      <a class="button" data-action="template-download" href="/api/v1/minutes-template" download>${o("template.download")}</a>
      <a class="button" data-action="template-shipped" href=${`/api/v1/minutes-template?shipped=1&lang=${lang.value}`} download>
        ${o("template.download.shipped")}</a>
      ${own && html`<${Button} action="template-reset" onClick=${() => void reset()}>${o("template.reset")}<//>`}
    </div>
    <div class="actions">
      <label class="field"><span>${o("template.file")}</span><input type="file" name="template" accept=".docx" onChange=${(
        /** @type {Event} */ e,
      ) => {
        setFile(/** @type {HTMLInputElement} */ (e.target).files?.[0] ?? null);
        setRefused("");
      }} /></label>
      <${Button} action="template-set" tone="primary" disabled=${!file} onClick=${() => void send()}>${o("template.set")}<//>
    </div>
    <p class="fault" role="alert">${refused}</p>
  <//>`;
}
