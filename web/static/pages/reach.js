// The page by which somebody outside tries every way to a server that is being set up (diemcau doctor --reach).
import { html } from "../app/html.js";
import { render } from "../vendor/preact.js";
import { signal } from "../vendor/signals.js";
import { request } from "../lib/http.js";
import { tryWay } from "../lib/reach.js";
import { t } from "../app/i18n.js";
import { Button, Header, Preferences } from "../app/parts.js";

/** @typedef {"udp" | "tcp" | "turn"} Way */

/** What became of each way: undefined while it is tried. */
const ways = signal(/** @type {[Way, boolean | undefined][]} */ ([]));
/** "" while it goes on, "over" or "stopped". */
const state = signal("");

const token = location.hash.slice(1);

/** @param {string} what @param {object} body */
const ask = (what, body) => request(`/reach/${what}`, { method: "POST", token, body });

async function tryAll() {
  state.value = "";
  const list = await ask("ways", {});
  if (!list.ok) {
    state.value = "stopped";
    return;
  }
  ways.value = list.data.ways.map((/** @type {Way} */ way) => [way, undefined]);
  for (const way of list.data.ways) {
    const offer = await ask("begin", { way });
    const reached =
      offer.ok && (await tryWay(offer.data, async (sdp) => (await ask("answer", { id: offer.data.id, sdp })).ok));
    ways.value = ways.value.map(([name, was]) => [name, name === way ? reached : was]);
  }
  const told = await ask("end", { reached: ways.value.filter(([, reached]) => reached).map(([way]) => way) });
  state.value = told.ok ? "over" : "stopped"; // whoever waits at the server has heard of it, or has not
}

/** @param {boolean | undefined} reached */
const verdict = (reached) => t(reached === undefined ? "reach.waits" : reached ? "reach.yes" : "reach.no");

/** @param {[Way, boolean | undefined]} of */
function row([way, reached]) {
  return html`<li key=${way} data-way=${way} data-reached=${String(reached)}>
    ${t(`reach.${way}`)}: <strong>${verdict(reached)}</strong>
  </li>`;
}

function Again() {
  return html`<div class="message__actions">
    <${Button} tone="primary" action="again" onClick=${tryAll}>${t("reach.again")}<//>
  </div>`;
}

function Reach() {
  document.title = `${t("reach.title")} · ${t("brand")}`;
  const failed = ways.value.some(([, reached]) => reached === false);
  return html`<${Header}><${Preferences} /><//>
  <main class="message"><div class="message__body" role="status">
    <h1>${t("reach.title")}</h1>
    <p class="message__text">${t(state.value === "stopped" ? "reach.stopped" : "reach.text")}</p>
    <ul>${ways.value.map(row)}</ul>
    ${state.value === "over" && html`<p class="message__text" data-state="over">${t("reach.over")}</p>`}
    ${(state.value === "stopped" || (state.value === "over" && failed)) && html`<${Again} />`}
  </div></main>`;
}

render(html`<${Reach} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
void tryAll();
