// The screens of the central room: one shows the stage, the other the country. They enter by themselves, steer nothing and
// come back by themselves after whatever happened.
import { html } from "../app/html.js";
import { render } from "../vendor/preact.js";
import { effect } from "../vendor/signals.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Room } from "../app/room.js";
import { t, formatDay, formatDuration, formatNumber, formatTime } from "../app/i18n.js";
import { markBody, LinkNotice, tick } from "../app/parts.js";
import { stored } from "../app/settings.js";
import { endingOf } from "../app/endings.js";
import { stayAwake } from "../app/presence.js";
import { SpeakingTime, Stage, Video } from "../app/stage.js";
import { AgendaTime, registered } from "../app/console/agenda.js";
import { Provinces } from "../app/console/provinces.js";
import { useStills } from "../app/console/stills.js";
import { HOST } from "../lib/protocol.js";
import { waitingWords } from "../lib/words.js";
import { orbit, turn } from "../lib/orbit.js";
import { columnsFor } from "../lib/wall.js";

/** Pictures of the mosaic at once, and for how long. */
const PICTURES = 24;
const PAGE_MS = 15_000;
/** How far everything moves, against burning in. */
const REACH = 8;
/** After what ends a page for others, a screen tries again this often. */
const AGAIN_MS = 10_000;

/** The seat of the second screen. */
const SECOND = "@room2";

const room = new Room();

/** What this screen shows; by its link, until somebody at the computer wants the other. @type {import("@preact/signals").Signal<"" | "stage" | "country">} */
const chosen = stored("screen", "", ["", "stage", "country"]);
/** Whether this computer gives the sound to the room. @type {import("@preact/signals").Signal<"" | "on" | "off">} */
const sound = stored("screensound", "", ["", "on", "off"]);

const second = () => room.identity.value?.code === SECOND;
const view = () => chosen.value || (second() ? "country" : "stage");
/** The second screen is silent, or the room would hear everything twice. */
const silent = () => (sound.value || (second() ? "off" : "on")) === "off";

/** The session's clock, its stage or its end. */
function App() {
  document.title = [room.session.value?.title, t("brand")].filter(Boolean).join(" · ");
  const { x, y } = orbit(tick.value, REACH);
  const phase = room.phase.value;
  const known = room.welcome.value;
  const ending = endingOf(room);
  return html`<div class="screen" data-screen=${view()}><div class="screen__all" style=${{ transform: `translate(${x}px, ${y}px)` }}>
    ${
      phase === "ended"
        ? html`<${Card} title=${ending.title} text=${[room.session.value?.title, ending.warns && ending.text].filter(Boolean).join(". ")} />`
        : phase === "error" && !known
          ? html`<${Card} title=${t("screen.link")} text=${t("screen.link.text")} />`
          : phase === "live"
            ? view() === "country"
              ? html`<${Country} />`
              : html`<${OnStage} />`
            : html`<${Waiting} />`
    }
  </div><${Hint} /></div><${LinkNotice} room=${room} />`;
}

/** @param {{title: string, text: string}} props */
function Card({ title, text }) {
  return html`<main class="screen__card"><h1>${title}</h1><p>${text}</p><${Clock} /></main>`;
}

function Clock() {
  void tick.value;
  return html`<time class="screen__clock">${formatTime(room.now(), room.session.value?.time_zone)}</time>`;
}

/** Before the session: what it is, when it begins, who is there. It drifts over the whole screen. */
function Waiting() {
  const session = room.session.value;
  const { when, left } = waitingWords({ welcomed: true, startsAt: session?.scheduled_at_ms, now: room.now() });
  const place = orbit(tick.value * 3, 6);
  return html`<main class="screen__card" style=${{ transform: `translate(${place.x}vw, ${place.y}vh)` }}>
    <h1>${session?.title ?? t("brand")}</h1>
    ${when && html`<p>${t(when.key, { time: formatTime(when.at, session?.time_zone), day: formatDay(when.at, session?.time_zone) })}</p>`}
    ${left > 0 && html`<p>${t("waiting.left")} <strong>${formatDuration(left)}</strong></p>`}
    <${Present} /><${Clock} />
  </main>`;
}

/** Sites that are there, of all, and how far a roll call is. */
function Present() {
  const { present, convened, answered } = room.sites.total;
  const calling = Boolean(room.state.value?.roll_call);
  return html`<p class=${`screen__count ${calling ? "screen__count--call" : ""}`} data-present=${present}>
    <span>${t(calling ? "screen.rollcall" : "screen.present")}</span> <strong>
    ${formatNumber(calling ? answered : present)}</strong><small> / ${formatNumber(convened)}</small>
    ${calling && html`<span class="screen__bar" style=${{ "--part": String(convened ? answered / convened : 0) }} />`}</p>`;
}

/** Who speaks, large enough for the last row of the hall. */
function OnStage() {
  const item = room.agendaItem.value;
  const speaking = room.stage.value.filter(
    (slot) => slot.slot !== "presentation" && slot.endpoint !== HOST && slot.state !== "held",
  );
  const shown = speaking.length ? speaking : room.stage.value.filter((slot) => slot.slot === "main");
  const next = [...room.sites.standingBy(), ...registered(room), ...room.sites.hands()][0];
  return html`<div class="screen__stage"><${Stage} room=${room} deaf=${silent()} mute=${HOST} /></div>
    <footer class="screen__band">
      <div class="screen__who">
        ${shown.map(
          (slot) => html`<div key=${slot.slot} class="screen__speaker"><p class="screen__name">${slot.name}</p>
          <p class="screen__unit"><span>${[...(slot.parents ?? []), ...(slot.state === "countdown" ? [t("tile.countdown")] : [])].join(" · ")}</span>
            ${slot.state === "on_air" && slot.endpoint !== HOST ? html` <${SpeakingTime} room=${room} since=${slot.on_air_ms ?? 0} />` : null}</p></div>`,
        )}
      </div>
      <div class="screen__what">
        <p class="screen__item">${item?.title ?? room.session.value?.title ?? ""}</p><${AgendaTime} room=${room} />
        ${next && html`<p class="screen__next">${t("screen.next", { name: [next.name, ...next.parents].slice(0, 2).join(", ") })}</p>`}
      </div>
      <div class="screen__end"><${Present} /><${Clock} /></div>
    </footer>`;
}

/** The country: every province as a field, and the sites' pictures, page after page. */
function Country() {
  void tick.value;
  const here = room.sites.view({ filter: "present", order: "place" });
  const pages = Math.ceil(here.length / PICTURES);
  const page = turn(tick.value, pages, PAGE_MS);
  const shown = here.slice(page * PICTURES, (page + 1) * PICTURES);
  const stills = useStills(room, shown.map((site) => site.code).join());
  const [main] = room.stage.value
    .filter((slot) => slot.slot === "floor" || slot.slot === "main")
    .sort((a, b) => a.slot.localeCompare(b.slot));
  return html`<header class="screen__top"><h1>${room.session.value?.title ?? ""}</h1><${Present} /><${Clock} /></header>
    <main class="screen__country">
      <div class="screen__mosaic" role="list"
        style=${{ gridTemplateColumns: `repeat(${columnsFor(shown.length, 66, 50, { gap: 0.4, least: 8 })}, minmax(0, 1fr))` }}>${shown.map(
          (site) => html`<figure key=${site.code} class="screen__site" role="listitem" data-picture=${site.code}>
        ${stills.get(site.code) ? html`<img src=${stills.get(site.code)} alt="" />` : null}
        <figcaption>${site.name}${site.parents.length ? html`<small>${site.parents.at(-1)}</small>` : null}</figcaption></figure>`,
        )}</div>
      <aside class="screen__aside">
        <div class="screen__program"><${Video}
          stream=${main ? (room.peers.streams.value.get(main.slot)?.video ?? null) : null} label=${t("stage.label")} /><p>${main?.name ?? ""}</p></div>
      </aside>
    </main>
    <${Provinces} room=${room} />
    <div hidden><${Stage} room=${room} deaf=${silent()} mute=${HOST} /></div>`;
}

/** How a person at this computer changes it; gone after a while. */
function Hint() {
  const [shown, setShown] = useState(true);
  const timer = useRef(/** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined));
  useEffect(() => {
    const show = () => {
      setShown(true);
      document.body.classList.remove("screen-idle");
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        setShown(false);
        document.body.classList.add("screen-idle");
      }, 6_000);
    };
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key === "2" || event.key === "1") chosen.value = event.key === "2" ? "country" : "stage";
      else if (event.key.toLowerCase() === "m") sound.value = silent() ? "on" : "off";
      else if (event.key.toLowerCase() === "f" || event.key === "Enter") fullScreen();
      room.soundBlocked.value = false;
      show();
    };
    const clicked = () => {
      room.soundBlocked.value = false;
      fullScreen();
      show();
    };
    show();
    addEventListener("keydown", pressed);
    addEventListener("click", clicked);
    addEventListener("pointermove", show);
    return () => {
      clearTimeout(timer.current);
      removeEventListener("keydown", pressed);
      removeEventListener("click", clicked);
      removeEventListener("pointermove", show);
    };
  }, []);
  const blocked = room.soundBlocked.value && !silent();
  if (!shown && !blocked) return null;
  return html`<p class="screen__hint" role="status">${blocked ? t("screen.sound.blocked") : t(silent() ? "screen.keys.silent" : "screen.keys")}</p>`;
}

function fullScreen() {
  if (!document.fullscreenElement) void document.documentElement.requestFullscreen?.().catch(() => undefined);
}

/** A screen has nobody before it who would press "try again". */
function comeBack() {
  room.enter();
  effect(() => {
    const stopped = room.stopped.value;
    if (!stopped || stopped.retrying || stopped.code === "ended") return;
    // Another computer took this seat: it is not fought for, but taken again when that one has gone.
    const timer = setTimeout(() => room.retry(), AGAIN_MS);
    return () => clearTimeout(timer);
  });
}

markBody(room);
stayAwake(room);
comeBack();
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
