// The side panels of a console: messages and what was done stand beside the stage while the chair steers on.
import { html } from "../html.js";
import { signal } from "../../vendor/signals.js";
import { Messages } from "../messages.js";
import { Fetched } from "./fetched.js";

const acts = async () => (await import("./acts.js")).Acts;

/** The panel that is open, and whom a message is for at first. @type {import("@preact/signals").Signal<{name: "messages" | "acts", to?: string} | null>} */
export const panel = signal(null);

/** Opens a panel, or closes it when it is open. @param {"messages" | "acts"} name */
export function togglePanel(name) {
  panel.value = panel.value?.name === name ? null : { name };
}

/** @param {{room: import("../room.js").Room}} props */
export function SidePanels({ room }) {
  const open = panel.value;
  const close = () => (panel.value = null);
  if (open?.name === "messages")
    return html`<${Messages} key=${open.to} room=${room} to=${open.to} onClose=${close} />`;
  return open && html`<${Fetched} load=${acts} room=${room} onClose=${close} />`;
}
