// The one place that joins Preact and htm.
import { h } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

/** @typedef {import("preact").ComponentChildren} Children */

export const html = htm.bind(h);
