// Icons, drawn on a 24 × 24 grid with the colour of the text beside them. They never stand without words or a label.
import { html } from "./html.js";

const PATHS = {
  mic: "M12 15a3 3 0 0 0 3-3V6a3 3 0 0 0-6 0v6a3 3 0 0 0 3 3ZM6 11v1a6 6 0 0 0 12 0v-1M12 18v3M8.5 21h7",
  "mic-off":
    "M15 9.5V6a3 3 0 0 0-5.7-1.3M9 9v3a3 3 0 0 0 4.5 2.6M6 11v1a6 6 0 0 0 9.3 5M18 11v1c0 .7-.1 1.4-.4 2M12 18v3M8.5 21h7M3.5 3.5l17 17",
  camera:
    "M3 7.5A1.5 1.5 0 0 1 4.5 6h9A1.5 1.5 0 0 1 15 7.5v9a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 16.5ZM15 11l6-3.5v9L15 13",
  hand:
    "M7 12.5V6.2a1.4 1.4 0 0 1 2.8 0V11M9.8 11V4.4a1.4 1.4 0 0 1 2.8 0V11M12.6 11V5.4a1.4 1.4 0 0 1 2.8 0V12" +
    "M15.4 12V8a1.4 1.4 0 0 1 2.8 0v6.5c0 4-2.6 6.5-6.2 6.5-2.8 0-4.4-1.2-5.6-3.2L3.6 13.4a1.4 1.4 0 0 1 2.3-1.5L7 13.3",
  screen: "M3.5 5h17v11h-17ZM9 20h6M12 16v4M12 13V8.5M9.5 10.5 12 8l2.5 2.5",
  leave: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
  stop: "M6.5 6.5h11v11h-11Z",
  play: "M8 5.5v13l11-6.5Z",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  gear:
    "M12 15.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4Z" +
    "M19 12c0-.5 0-.9-.1-1.3l2-1.5-2-3.4-2.3 1a7 7 0 0 0-2.3-1.4L14 3h-4l-.3 2.4c-.8.3-1.6.8-2.3 1.4l-2.3-1-2 3.4 2 1.5a7 7 0 0 0 0 2.6" +
    "l-2 1.5 2 3.4 2.3-1c.7.6 1.5 1 2.3 1.4L10 21h4l.3-2.4c.8-.3 1.6-.8 2.3-1.4l2.3 1 2-3.4-2-1.5c.1-.4.1-.8.1-1.3Z",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 21 21",
  check: "M4.5 12.5 10 18 20 6.5",
  warn: "M12 4 2.5 20.5h19ZM12 10v5M12 17.6v.4",
  people:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6M16 4.4a3.5 3.5 0 0 1 0 6.2M17.5 14.4c2.4.7 4 2.8 4 5.6",
  sound: "M4 9.5v5h3.5L13 19V5L7.5 9.5ZM16 8.5a5 5 0 0 1 0 7M18.5 6a8.5 8.5 0 0 1 0 12",
  close: "M5.5 5.5l13 13M18.5 5.5l-13 13",
  next: "M5 12h13M13 6.5l5.5 5.5-5.5 5.5",
  download: "M12 4v11M7.5 11 12 15.5 16.5 11M4.5 20h15",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3.5 2",
  list: "M8 6h12M8 12h12M8 18h12M4 6h.5M4 12h.5M4 18h.5",
  more: "M4.2 12a.8.8 0 1 0 1.6 0 .8.8 0 1 0-1.6 0M11.2 12a.8.8 0 1 0 1.6 0 .8.8 0 1 0-1.6 0M18.2 12a.8.8 0 1 0 1.6 0 .8.8 0 1 0-1.6 0",
  message: "M4 5h16v11H11l-4.5 4V16H4Z",
  lock: "M6 11h12v9H6ZM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  grid: "M4 4h7v7H4ZM13 4h7v7h-7ZM4 13h7v7H4ZM13 13h7v7h-7Z",
  chair: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 21c0-4 3.4-6.5 7.5-6.5s7.5 2.5 7.5 6.5",
  globe: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z",
  help: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM9.4 9.4a2.6 2.6 0 1 1 3.8 2.3c-.8.5-1.2 1-1.2 1.9M12 16.6v.4",
  pencil: "M4.5 19.5l1-4L16 5l3 3L8.5 18.5ZM14 7l3 3",
  ban: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM5.8 5.8l12.4 12.4",
};

/** @typedef {keyof typeof PATHS} IconName */

/** @param {{name: IconName}} props */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;
}

/** The mark: one source, an arc of points that hang on it. */
export function Mark() {
  return html`<svg class="mark" viewBox="0 0 48 48" aria-hidden="true" focusable="false">
    <rect width="48" height="48" rx="11" class="mark__ground" />
    <path class="mark__line" d="M9 33C13 19 35 19 39 33M24 22.5V12M15.5 26.5 24 12l8.5 14.5" />
    <circle class="mark__source" cx="24" cy="12" r="4.6" />
    <g class="mark__point"><circle cx="9" cy="34" r="3.4" /><circle cx="19" cy="34" r="3.4" /><circle cx="29" cy="34"
      r="3.4" /><circle cx="39" cy="34" r="3.4" /></g>
  </svg>`;
}
