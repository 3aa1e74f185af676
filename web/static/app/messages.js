// What is written during a session: between a site and the secretariat, and from consoles to sites.
import { html } from "./html.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { ALL, SECRETARIAT, firstRecipient, recipientWord, unseen } from "../lib/chat.js";
import { t, tMaybe, formatTime } from "./i18n.js";
import { Button, SidePanel } from "./parts.js";
import { Icon } from "./icons.js";

/** @typedef {import("./room.js").Room} Room */

const MAX_TEXT = 2000;

/** Messages of others that this person has not seen. @param {Room} room */
const unread = (room) => unseen(room.messages.value, { own: room.identity.value?.code, seenAt: room.seenAt.value });

/**
 * A button that counts what is new.
 * @param {{room: Room, pressed?: boolean, onClick: () => void}} props
 */
export function MessagesButton({ room, pressed, onClick }) {
  const count = unread(room).length;
  return html`<${Button} action="messages" tone=${count ? "attention" : "plain"} icon="message" pressed=${pressed} onClick=${onClick}>
    ${count ? t("messages.unread", { n: count }) : t("messages.short")}<//>`;
}

/**
 * Everything that was written, and a field to write.
 * @param {{room: Room, to?: string, minutes?: import("./console/panels.js").Minutes, onClose: () => void}} props to: first recipient;
 *   minutes: of who may mark messages for them
 */
export function Messages({ room, to, minutes, onClose }) {
  const site = room.identity.value?.role === "endpoint" && !room.chairs.value;
  const [recipient, setRecipient] = useState(firstRecipient({ to, site }));
  const [text, setText] = useState("");
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const messages = room.messages.value;
  useEffect(() => {
    room.seenAt.value = messages.at(-1)?.at_ms ?? 0;
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [messages]);
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (text.trim() && (await room.ask("send_message", { to: recipient, text: text.trim() }))) setText("");
  };
  return html`<${SidePanel} title=${t(site ? "messages.title.site" : "messages.title")} onClose=${onClose}>
    <div class="messages" ref=${list} role="log" aria-label=${t("messages.title")} tabindex="0">
      ${messages.length === 0 && html`<p class="quiet">${t("messages.none")}</p>`}
      ${messages.map(
        (
          m,
          index,
        ) => html`<article key=${`${m.at_ms}-${index}`} class=${`message-item ${m.from === room.identity.value?.code ? "message-item--own" : ""}`}>
        <p class="message-item__head"><strong>${writerOf(m)}</strong> → ${nameOf(room, m.to)} <time>
        ${formatTime(m.at_ms, room.session.value?.time_zone)}</time></p>
        <p class="message-item__text">${m.text}</p>
        ${
          minutes &&
          html`<${Button} compact tone="quiet" action="mark-message" icon=${minutes.marked(m) ? "check" : "list"} pressed=${minutes.marked(m)}
          onClick=${() => minutes.mark(m, writerOf(m))}>${t(minutes.marked(m) ? "messages.marked" : "messages.mark")}<//>`
        }
      </article>`,
      )}
    </div>
    <form class="messages__write" onSubmit=${send}>
      ${
        !site &&
        html`<label class="field field--line"><span>${t("messages.to")}</span>
        <select value=${recipient} onChange=${(/** @type {Event} */ e) => setRecipient(/** @type {HTMLSelectElement} */ (e.target).value)}>
          <option value=${ALL}>${t("messages.all")}</option>
          <option value=${SECRETARIAT}>${t("messages.secretariat")}</option>
          ${to && to !== ALL && to !== SECRETARIAT && html`<option value=${to}>${nameOf(room, to)}</option>`}
          ${room.sites
            .provinces()
            .filter((p) => p.code)
            .map(
              (p) => html`<option key=${p.code} value=${p.code}>${t("messages.province", { name: p.name })}</option>`,
            )}
        </select></label>`
      }
      <label class="field messages__text"><span class="visually-hidden">${t("messages.text")}</span>
        <textarea rows="2" placeholder=${t("messages.text")} maxlength=${MAX_TEXT} value=${text}
          onInput=${(/** @type {Event} */ e) => setText(/** @type {HTMLTextAreaElement} */ (e.target).value)} /></label>
      <div class="messages__send">
        <button type="submit" class="button button--primary" data-action="send" disabled=${!text.trim()}><${Icon}
          name="next" /><span>${t("messages.send")}</span></button>
      </div>
    </form>
  <//>`;
}

/**
 * The newest message of others, until the person puts it away.
 * @param {{room: Room, onOpen: () => void}} props
 */
export function NewMessage({ room, onOpen }) {
  const last = unread(room).at(-1);
  return html`<div class="new-message-live" role="status" aria-live="polite">
    ${
      last &&
      html`<section class="new-message">
      <p class="new-message__from"><${Icon} name="message" /> ${t("messages.from", { name: writerOf(last) })}</p>
      <p class="new-message__text">${last.text}</p>
      <div><${Button} action="message-seen" tone="primary" onClick=${() => (room.seenAt.value = last.at_ms)}>${t("messages.seen")}<//>
        <${Button} action="message-answer" onClick=${onOpen}>${t("messages.answer")}<//></div>
    </section>`
    }
  </div>`;
}

/** Who wrote it; the seats that every session has are called in the page's language. @param {import("../lib/protocol.js").ChatMessage} m */
const writerOf = (m) => tMaybe(`seat.${m.from}`, "seat.other", { name: m.from_name });

/** What a recipient is called. @param {Room} room @param {string} code */
function nameOf(room, code) {
  const { key, name } = recipientWord(code, {
    own: room.identity.value,
    provinces: room.sites.provinces(),
    find: (site) => room.sites.get(site),
  });
  return key ? t(key, { name }) : name;
}
