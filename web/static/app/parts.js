// Small parts that every page uses.
import { html } from "./html.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { signal, effect } from "../vendor/signals.js";
import { helpOf } from "../lib/help.js";
import { linkWord } from "../lib/words.js";
import { t, tMaybe, formatDuration, formatTime } from "./i18n.js";
import { lang, theme } from "./settings.js";
import { Icon, Mark } from "./icons.js";

/** @typedef {import("./room.js").Room} Room */
/** @typedef {import("./html.js").Children} Children */
/** @typedef {import("./icons.js").IconName} IconName */

/** Time of this computer, once a second; every clock on the page moves with it. */
export const tick = signal(Date.now());
setInterval(() => {
  tick.value = Date.now();
}, 1000);

/**
 * A button: an icon, words, and the action that scripts know it by.
 * @param {{action?: string, icon?: IconName, onClick: (event: MouseEvent) => void, tone?: string, pressed?: boolean,
 *   disabled?: boolean, label?: string, keys?: string, compact?: boolean, autofocus?: boolean, children?: Children}} props
 */
export function Button({
  action,
  icon,
  onClick,
  tone = "plain",
  pressed,
  disabled,
  label,
  keys,
  compact,
  autofocus,
  children,
}) {
  return html`<button type="button" class=${`button button--${tone} ${compact ? "button--compact" : ""}`} data-action=${action}
    aria-pressed=${pressed === undefined ? undefined : String(pressed)} aria-label=${label} title=${compact ? label : keys} aria-keyshortcuts=${keys}
    disabled=${disabled} autofocus=${autofocus} onClick=${onClick}>
    ${icon && html`<${Icon} name=${icon} />`}${children && html`<span>${children}</span>`}
  </button>`;
}

effect(() => {
  document.documentElement.lang = lang.value;
});
/** When the sheet of the night's colours holds, by what a person chose. */
const DARK = { auto: "(prefers-color-scheme: dark)", dark: "all", light: "not all" };
effect(() => {
  const sheet = document.getElementById("dark");
  if (sheet instanceof HTMLLinkElement) sheet.media = DARK[theme.value];
});

/** The way to this page's part of the handbook. */
export function HelpLink() {
  return html`<a class="button button--quiet" data-action="help" target="_blank" rel="noreferrer" href=${helpOf(document.location.pathname, lang.value)}>
    <${Icon} name="help" /><span>${t("help")}</span></a>`;
}

/**
 * The keys of a page, shown with "?", and the way to the handbook.
 * @param {{keys: readonly (readonly [string, string])[]}} props each key with what it does
 */
export function KeysHelp({ keys }) {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      const typing = event.target instanceof Element && event.target.matches("input, textarea, select");
      if (event.key !== "?" || typing || document.querySelector("dialog:modal")) return;
      event.preventDefault();
      setOpen(true);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  if (!open) return null;
  return html`<${Dialog} title=${t("keys.title")} onClose=${() => setOpen(false)}>
    <dl class="keys" data-keys>${[...keys, ["?", t("keys.help")], ["Esc", t("keys.escape")]].map(
      ([key, what]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`,
    )}</dl>
    <div class="dialog__actions"><${HelpLink} /><${Button} tone="primary" onClick=${() => setOpen(false)}>${t("close")}<//></div>
  <//>`;
}

/** Language, theme and help. */
export function Preferences() {
  const other = lang.value === "vi" ? "en" : "vi";
  const dark = theme.value === "dark" || (theme.value === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  return html`<div class="preferences">
    <${HelpLink} />
    <button type="button" class="button button--quiet" lang=${other} data-action="language" onClick=${() => (lang.value = other)}>
      <${Icon} name="globe" /><span>${other === "en" ? "English" : "Tiếng Việt"}</span>
    </button>
    <button type="button" class="button button--quiet button--compact" data-action="theme" aria-label=${t("theme.dark")} title=${t("theme.dark")}
      aria-pressed=${String(dark)} onClick=${() => (theme.value = dark ? "light" : "dark")}><${Icon} name="moon" /></button>
  </div>`;
}

/** @param {{children?: Children, title?: string}} props */
export function Header({ title, children }) {
  return html`<header class="header">
    <div class="brand"><${Mark} /><span class="brand__name">${t("brand")}</span></div>
    ${title && html`<p class="header__title">${title}</p>`}
    <div class="header__end">${children}</div>
  </header>`;
}

/** Time of day at the session. @param {{room: Room, seconds?: boolean}} props */
export function Clock({ room, seconds = false }) {
  void tick.value;
  return html`<time class="clock">${formatTime(room.now(), room.session.value?.time_zone, seconds)}</time>`;
}

/**
 * A modal dialog; Escape and the second button close it.
 * @param {{title: string, onClose: () => void, children?: Children, wide?: boolean}} props
 */
export function Dialog({ title, onClose, children, wide }) {
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return html`<dialog ref=${ref} class=${`dialog ${wide ? "dialog--wide" : ""}`} aria-labelledby="dialog-title"
    onCancel=${(/** @type {Event} */ event) => {
      event.preventDefault();
      onClose();
    }}>
    <h2 id="dialog-title">${title}</h2>
    ${children}
  </dialog>`;
}

/**
 * A panel beside the stage: it takes no button away from the page, Escape closes it.
 * @param {{title: string, onClose: () => void, children?: Children}} props
 */
export function SidePanel({ title, onClose, children }) {
  const now = useRef(onClose);
  now.current = onClose;
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const before = document.activeElement;
    ref.current?.focus({ preventScroll: true });
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog:modal")) now.current();
    };
    addEventListener("keydown", pressed);
    return () => {
      removeEventListener("keydown", pressed);
      // Who went on to something else meanwhile stays there.
      if (before instanceof HTMLElement && (document.activeElement === document.body || !document.activeElement))
        before.focus();
    };
  }, []);
  return html`<dialog open class="side-panel" aria-labelledby="panel-title">
    <div class="side-panel__head"><h2 id="panel-title" ref=${ref} tabindex="-1">${title}</h2>
      <${Button} compact tone="quiet" action="panel-close" icon="close" label=${t("close")} onClick=${onClose} /></div>
    ${children}
  </dialog>`;
}

/**
 * Asks before something that cannot be undone.
 * @param {{title: string, text: string, yes: string, onYes: () => void, onClose: () => void}} props
 */
export function Confirm({ title, text, yes, onYes, onClose }) {
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <p>${text}</p>
    <div class="dialog__actions">
      <${Button} onClick=${onClose} autofocus>${t("cancel")}<//>
      <${Button} action="confirm" tone="onair" onClick=${() => {
        onClose();
        onYes();
      }}>${yes}<//>
    </div>
  <//>`;
}

/** Short messages, spoken by screen readers. @param {{room: Room}} props */
export function Toasts({ room }) {
  return html`<div class="toasts" role="status" aria-live="polite">
    ${room.toasts.value.map(
      (toast) => html`<div key=${toast.id} class=${`toast toast--${toast.kind}`}>
      <${Icon} name=${toast.kind === "error" ? "warn" : "check"} />
      <p>${tMaybe(`refusal.${toast.code}`, "refusal.internal", toast.vars)}</p>
      <${Button} compact tone="quiet" icon="close" label=${t("close")} onClick=${() => room.dismiss(toast.id)} />
    </div>`,
    )}
  </div>`;
}

/** Words that send a person to whoever looks after the network. */
const NETWORK = ["link.blocked", "link.unreached"];

/** Says that the connection is being made again, what the network keeps away, and to a console that the server cannot record. @param {{room: Room}} props */
export function LinkNotice({ room }) {
  const record = room.record.value;
  const phone = room.session.value?.help_phone;
  const addresses = room.peers.addresses.value;
  const word = linkWord({
    link: room.link.value,
    blocked: room.blocked.value,
    reach: room.peers.reach.value,
    phase: room.phase.value,
    speaking: Boolean(room.speaking.value),
    record,
  });
  return html`<div role="status" aria-live="polite">
    ${
      word &&
      (word !== "link.reconnecting" && word !== "link.speaking"
        ? html`<p class="link-notice" data-notice=${word.slice(5)}><${Icon} name="warn" /><span>${t(word, {
            time: formatTime(record.since_ms ?? 0, room.session.value?.time_zone),
            length: formatDuration(record.clock_behind_ms ?? 0),
            addresses: addresses.join(", "),
          })}${NETWORK.includes(word) && phone && html` ${t("rehearsal.phone")} <a href=${`tel:${phone}`}>${phone}</a>`}</span></p>`
        : html`<p class="link-notice"><span class="spinner" /><span>${t(word)}</span></p>`)
    }
  </div>`;
}

/** Words for assistive technology only, told when they change. @param {{text: string, calm?: boolean}} props calm: after what is being said */
export function Announcer({ text, calm }) {
  return html`<p class="visually-hidden" role="status" aria-live=${calm ? "polite" : "assertive"}>${text}</p>`;
}

/**
 * Moves the focus to the heading of something that asks for an answer, so that the next Tab is in it. Who is typing goes on
 * typing, and no key that was meant for another button presses one here.
 * @param {{id: string, children?: Children}} props
 */
export function Asking({ id, children }) {
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (!document.activeElement?.matches("input, textarea, select")) ref.current?.focus({ preventScroll: true });
  }, []);
  return html`<h2 id=${id} ref=${ref} tabindex="-1">${children}</h2>`;
}

/**
 * Moves the focus to the heading when the page changes, so that a screen reader reads on from there. Who is typing goes on typing.
 * @param {string} phase
 */
export function useHeadingFocus(phase) {
  const before = useRef(phase);
  useEffect(() => {
    if (before.current === phase) return;
    before.current = phase;
    if (document.activeElement?.matches("input, textarea, select")) return;
    const heading = document.querySelector("main h1");
    if (!(heading instanceof HTMLElement)) return;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }, [phase]);
}

/**
 * Keeps the body's data attributes, by which scripts and styles know where the page is.
 * @param {Room} room
 */
export function markBody(room) {
  effect(() => {
    const body = document.body.dataset;
    body.phase = room.phase.value;
    const error = room.error.value;
    if (error && (room.phase.value === "error" || error === "not_open")) body.error = error;
    else delete body.error;
    body.link = room.link.value;
    body.onAir = String(room.onAir.value);
  });
}
