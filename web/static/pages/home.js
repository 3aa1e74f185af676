// Entry of the bare address.
import { html } from "../app/html.js";
import { render } from "../vendor/preact.js";
import { Home } from "../app/home.js";

render(html`<${Home} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
