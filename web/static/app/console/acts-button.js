// Opens the list of what was done; its code and texts are fetched when it is wanted.
import { html } from "../html.js";
import { useState } from "../../vendor/hooks.js";
import { t } from "../i18n.js";
import { Button } from "../parts.js";

/** @param {{room: import("../room.js").Room}} props */
export function ActsButton({ room }) {
  const [View, setView] = useState(/** @type {Function | null} */ (null));
  const open = async () => {
    const { Acts } = await import("./acts.js");
    setView(() => Acts);
  };
  return html`<${Button} action="acts" icon="clock" onClick=${() => void open()}>${t("acts.short")}<//>
    ${View && html`<${View} room=${room} onClose=${() => setView(null)} />`}`;
}
