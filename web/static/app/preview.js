// The first page of every link: who you are, whether camera and microphone work, and one large button to go in.
import { html } from "./html.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { whenWord } from "../lib/words.js";
import { t, formatDay, formatTime } from "./i18n.js";
import { device, pictures } from "./settings.js";
import { meter, testLoudspeaker, canChooseLoudspeaker } from "./media.js";
import { Button, Header, Preferences } from "./parts.js";
import { Icon } from "./icons.js";
import { RehearsalCard } from "./rehearsal.js";
import { Video } from "./stage.js";

/** @typedef {import("./room.js").Room} Room */

/** How long the way in waits for what stands above it: what is pressed must not move under the finger. */
const SETTLE_MS = 2_000;

/**
 * @param {{room: Room, publishes: boolean, heading: string, enter: string, children?: import("./html.js").Children}} props children: other ways on
 */
export function Preview({ room, publishes, heading, enter, children }) {
  useEffect(() => {
    if (publishes) void room.media.start();
  }, []);
  const [waited, setWaited] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setWaited(true), SETTLE_MS);
    return () => clearTimeout(timer);
  }, []);
  const settled = waited || room.introduction.value !== null;
  const identity = room.identity.value;
  const session = room.session.value;
  const phase = room.introduction.value?.phase ?? "";
  const when = whenWord({ phase, startsAt: session?.scheduled_at_ms, now: room.now() });
  return html`<${Header}><${Preferences} /><//>
  <main class=${`preview ${publishes ? "" : "preview--alone"}`}>
    <div class="preview__who">
      <p class="preview__role">${heading}</p>
      <h1 class="preview__name">${identity?.role === "endpoint" ? identity.name : t("preview.welcome")}</h1>
      ${identity?.parents?.length ? html`<p class="preview__parents">${identity.parents.join(" · ")}</p>` : null}
      ${session && html`<p class="preview__title">${session.title}</p>`}
      ${
        when &&
        html`<p class="preview__when">
        ${t(when.key, { time: formatTime(when.at, session?.time_zone), day: formatDay(when.at, session?.time_zone) })}</p>`
      }
      <p class="preview__hint">${t(publishes ? "preview.hint" : "preview.hint.operator")}</p>
      ${
        settled &&
        html`<${Button} action="preview-ok" tone="primary" icon="next" onClick=${() => room.enter()}>${enter}<//>
      ${children}`
      }
      <${RehearsalCard} room=${room} />
    </div>
    ${publishes && html`<${DeviceCheck} room=${room} />`}
  </main>`;
}

/** Picture, level and the choice of devices; also shown from within the room. @param {{room: Room}} props */
export function DeviceCheck({ room }) {
  const { media } = room;
  const problems = media.problems.value;
  return html`<section class="devices" aria-label=${t("devices.label")}>
    <div class="devices__picture">
      <${Video} stream=${media.picture.value} mirrored label=${t("devices.picture")} />
      ${!media.camera.value && html`<p class="devices__nothing">${media.starting.value ? t("devices.starting") : t("devices.nocamera")}</p>`}
    </div>
    <${LevelMeter} room=${room} />
    <${Problems} room=${room} />
    <div class="devices__choice">
      <${DevicePicker} room=${room} kind="videoinput" label=${t("devices.camera")} />
      <${DevicePicker} room=${room} kind="audioinput" label=${t("devices.microphone")} />
      ${canChooseLoudspeaker && html`<${DevicePicker} room=${room} kind="audiooutput" label=${t("devices.loudspeaker")} />`}
      <${Button} action="test-sound" icon="sound" onClick=${() => void testLoudspeaker()}>${t("devices.test")}<//>
      ${
        (problems.camera || problems.microphone) &&
        !["insecure", "inapp"].includes(problems.camera ?? "") &&
        html`<${Button}
        action="retry-devices" onClick=${() => void media.start()}>${t("devices.retry")}<//>`
      }
    </div>
  </section>`;
}

const PICTURES = /** @type {const} */ (["all", "low", "none"]);

/** Pictures cost the most of a line: a site may do with small ones, or with sound alone. */
export function PictureChoice() {
  const choose = (/** @type {Event} */ event) => {
    pictures.value = /** @type {"all" | "low" | "none"} */ (/** @type {HTMLSelectElement} */ (event.target).value);
  };
  return html`<label class="field"><span>${t("pictures.label")}</span>
    <select data-action="pictures" value=${pictures.value} onChange=${choose}>
      ${PICTURES.map((choice) => html`<option key=${choice} value=${choice}>${t(`pictures.${choice}`)}</option>`)}
    </select>
  </label>`;
}

/** Says plainly what does not work and what to do. @param {{room: Room}} props */
function Problems({ room }) {
  const { camera, microphone } = room.media.problems.value;
  if (!camera && !microphone) return html`<div role="status" aria-live="polite" />`;
  const both = camera === microphone;
  return html`<div class="problems" role="status" aria-live="polite">
    ${
      both
        ? html`<${Problem} text=${t(`problem.both.${/** @type {NonNullable<typeof camera>} */ (camera)}`)} />`
        : html`
      ${camera && html`<${Problem} text=${t(`problem.camera.${camera}`)} />`}
      ${microphone && html`<${Problem} text=${t(`problem.microphone.${microphone}`)} />`}`
    }
    <p class="problems__listen">${t("problem.listen")}</p>
  </div>`;
}

/** @param {{text: string}} props */
function Problem({ text }) {
  return html`<p class="problem"><${Icon} name="warn" /><span>${text}</span></p>`;
}

/** @param {{room: Room}} props */
function LevelMeter({ room }) {
  const ref = useRef(/** @type {HTMLMeterElement | null} */ (null));
  const [asleep, setAsleep] = useState(false);
  useEffect(
    () =>
      meter(room.media.microphone, (level) => {
        setAsleep(level < 0);
        const bar = ref.current;
        if (!bar) return;
        bar.value = Math.max(0, level);
        /** @type {HTMLElement} */ (bar.nextElementSibling).style.setProperty("--level", String(Math.max(0, level)));
      }),
    [],
  );
  return html`<div class="level">
    <label class="level__label" for="level"><${Icon} name="mic" />${t("devices.level")}</label>
    <meter id="level" ref=${ref} class="visually-hidden" min="0" max="1" value="0" />
    <span class="level__bar" aria-hidden="true"><span class="level__fill" /></span>
    ${asleep && html`<${Button} action="test-microphone" onClick=${() => undefined}>${t("devices.testmic")}<//>`}
  </div>`;
}

/**
 * @param {{room: Room, kind: "videoinput" | "audioinput" | "audiooutput", label: string}} props
 */
function DevicePicker({ room, kind, label }) {
  const list = room.media.devices.value.filter((d) => d.kind === kind && d.label);
  if (list.length === 0) return null;
  const track =
    kind === "videoinput" ? room.media.camera.value : kind === "audioinput" ? room.media.microphone.value : null;
  const wished = track?.getSettings().deviceId ?? device[kind].value;
  const current = list.some((d) => d.deviceId === wished) ? wished : list[0].deviceId;
  const choose = (/** @type {Event} */ event) => {
    const id = /** @type {HTMLSelectElement} */ (event.target).value;
    if (kind === "audiooutput") device.audiooutput.value = id;
    else void room.media.choose(kind, id);
  };
  return html`<label class="field"><span>${label}</span>
    <select value=${current} onChange=${choose}>
      ${list.map((d) => html`<option key=${d.deviceId} value=${d.deviceId}>${d.label}</option>`)}
    </select>
  </label>`;
}
