// Entry of the bare address.
import { html } from "./html.js";
import { render } from "../vendor/preact.js";
import { Home } from "./home.js";

render(html`<${Home} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
