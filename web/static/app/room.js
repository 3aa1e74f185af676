// The room as a page sees it: one connection, its peers, the state that the server tells, and what a person can do.
import { signal, computed, effect, batch, untracked } from "../vendor/signals.js";
import { steady } from "../lib/clock.js";
import { Connection, RequestError } from "../lib/connection.js";
import { request } from "../lib/http.js";
import { SiteList } from "../lib/sites.js";
import { HOST, SPEAKING_SLOTS } from "../lib/protocol.js";
import { deviceName } from "../lib/device.js";
import { claimsOf, tokenOf } from "../lib/token.js";
import { t } from "./i18n.js";
import { LocalMedia } from "./media.js";
import { PeerSet } from "./peerset.js";
import { pictures } from "./settings.js";
import { followVoice } from "./voice.js";

/** @typedef {import("../lib/protocol.js").ServerMessage} ServerMessage */
/** @typedef {import("../lib/protocol.js").StageSlot} StageSlot */
/** @typedef {"preview" | "waiting" | "live" | "ended" | "error"} Phase */
/** @typedef {import("../lib/protocol.js").ChatMessage} ChatMessage */
/** @typedef {import("../lib/protocol.js").Recording} Recording */
/** @typedef {{session: import("../lib/protocol.js").SessionInfo, self: import("../lib/protocol.js").SelfInfo, phase: string, headcount?: number,
 *   delegates?: import("../lib/protocol.js").Delegate[], called_off?: boolean, call_off_reason?: string}} Introduction */
/** @typedef {{id: number, kind: "info" | "error", code: string, vars?: Record<string, string>}} Toast */

const TOAST_MS = 8_000;
const MAX_MESSAGES = 300;

export class Room {
  token = tokenOf(location.hash);
  claims = claimsOf(this.token);
  media = new LocalMedia();
  #sites = new SiteList();
  peers = new PeerSet((type, fields) => this.#connection.notify(type, /** @type {any} */ (fields)));

  /** @type {import("@preact/signals").Signal<"preview" | "room" | "left">} */ step = signal("preview");
  /** @type {import("@preact/signals").Signal<import("../lib/connection.js").Link>} */ link = signal("idle");
  /** The server answers requests, and no WebSocket comes through to it. */
  blocked = signal(false);
  /** @type {import("@preact/signals").Signal<import("../lib/connection.js").Stop | null>} */ stopped = signal(null);
  /** @type {import("@preact/signals").Signal<import("../lib/protocol.js").Welcome | null>} */ welcome = signal(null);
  /** What the link is for, told before anyone enters. @type {import("@preact/signals").Signal<Introduction | null>} */ introduction =
    signal(null);
  /** @type {import("@preact/signals").Signal<import("../lib/protocol.js").State | null>} */ state = signal(null);
  /** @type {import("@preact/signals").Signal<import("../lib/protocol.js").Self | null>} */ self = signal(null);
  /** Slots in which somebody is heard to speak. @type {import("@preact/signals").Signal<string[]>} */ activeSpeakers =
    signal([]);
  /** How the record stands, as a console was told; empty, all is well. @type {import("@preact/signals").Signal<Recording>} */ record =
    signal({});
  /** What was written, the oldest first. @type {import("@preact/signals").Signal<ChatMessage[]>} */ messages = signal(
    [],
  );
  /** When the newest message was written that the person has seen, in ms. */
  seenAt = signal(0);
  /** Grows with every change of sites. */
  #sitesVersion = signal(0);
  /** Code of the site that the console's preview shows, "" for none. */
  previewed = signal("");
  /** The browser refused to play sound until the person presses something. */
  soundBlocked = signal(false);
  /** @type {import("@preact/signals").Signal<Toast[]>} */ toasts = signal([]);
  /** Whom to call, told to a site that is shut out; its session is not told to it any more. */
  helpPhone = signal("");
  /** Server time minus the time of this computer, in ms. */
  clockOffset = signal(0);

  session = computed(() => this.welcome.value?.session ?? this.introduction.value?.session);
  identity = computed(() => this.welcome.value?.self ?? this.introduction.value?.self);

  /** How it ended, as the server told last; null before. */
  outcome = computed(() => {
    const told = [this.state.value, this.introduction.value].find(
      (of) => of?.phase === "ended" || of?.phase === "sealed",
    );
    return told ? { calledOff: told.called_off ?? false, reason: told.call_off_reason ?? "" } : null;
  });

  /** Why the page cannot go on, "" when it can. */
  error = computed(() => (this.token ? (this.stopped.value?.code ?? "") : "bad_token"));

  phase = computed(() => this.#phase());

  /** Who holds what; the chair's seat is called in the page's language. @type {import("@preact/signals").ReadonlySignal<StageSlot[]>} */
  stage = computed(() =>
    (this.state.value?.stage ?? []).map((slot) =>
      slot.endpoint === HOST ? { ...slot, name: t("preview.role.host") } : slot,
    ),
  );

  /** The slots that this endpoint holds. @type {import("@preact/signals").ReadonlySignal<StageSlot[]>} */
  mine = computed(() => {
    const code = this.identity.value?.code;
    return this.stage.value.filter((slot) => slot.endpoint === code);
  });

  /** What this endpoint speaks in, if anything. */
  speaking = computed(() => this.mine.value.find((slot) => SPEAKING_SLOTS.includes(slot.slot)) ?? null);

  /** This endpoint chairs: the host by default, or whom it was handed over to. */
  chairs = computed(() => Boolean(this.identity.value) && this.state.value?.chair === this.identity.value?.code);

  /** This console steers the whole session, not only the units of a delegated operator. */
  get steersAll() {
    return !this.identity.value?.scope;
  }

  /** The item of the agenda that is discussed. */
  agendaItem = computed(() => {
    const id = this.state.value?.agenda_item;
    return id ? this.session.value?.agenda?.find((item) => item.id === id) : undefined;
  });

  /** It only listens: it has no part in what is said now, nor is it next to have one. */
  listens = computed(
    () =>
      this.role === "endpoint" &&
      !this.chairs.value &&
      !this.mine.value.length &&
      !this.self.value?.stand_by &&
      this.self.value?.hand_position !== 1,
  );

  presenting = computed(() => this.mine.value.some((slot) => slot.slot === "presentation"));

  /** It came back, and nobody has opened its microphone since. */
  #returned = signal(false);
  /** It holds a place in what is said, and a person has to bring it back on air. */
  held = computed(() => this.phase.value === "live" && this.mine.value.some((slot) => slot.state === "held"));
  /** Its picture is on air again, its microphone is not: who speaks would not be heard. */
  cameBackMuted = computed(
    () =>
      this.phase.value === "live" &&
      this.#returned.value &&
      Boolean(this.self.value?.muted && this.speaking.value?.state === "on_air"),
  );

  /** What this endpoint shows and says reaches the others now. */
  onAir = computed(
    () =>
      this.phase.value === "live" &&
      this.link.value === "online" &&
      this.mine.value.some((slot) => slot.state === "on_air"),
  );

  /** @type {Connection} */ #connection;
  #toastId = 0;

  constructor() {
    const resume = new ResumeSecret(this.token);
    const moved = new URLSearchParams(location.search).has("moved");
    // A page that is loaded again, or whose address is passed on, asks before it enters.
    if (moved) history.replaceState(null, "", location.pathname + location.hash);
    this.#connection = new Connection({
      url: this.socketURL,
      token: this.token,
      device: deviceName(navigator),
      resume: resume.read(),
      onMessage: (message) => {
        if (message.type === "welcome") {
          resume.write(message.conn);
        }
        this.#receive(message);
      },
      now: () => this.now(),
      onClock: (ms) => this.#setClock(ms),
      onLink: (link) => {
        this.link.value = link;
      },
      onStop: (stop) => this.#stop(stop),
      onMove: (url) => this.#moveTo(url),
      moved,
      onUnheard: () => void this.#askWhyUnheard(),
    });
    this.#followMedia();
    this.unheard = followVoice(this, (problem) => this.#connection.notify("microphone", { problem }));
    void this.introduce();
    if (moved && this.token) this.#goOn();
    addEventListener("online", () => this.#connection.nudge());
    addEventListener("pagehide", () => {
      if (this.step.value === "room") this.#connection.leave();
    });
    addEventListener("pageshow", (event) => {
      if (event.persisted) location.reload();
    });
  }

  /** Goes on with the session at the node of another address. @param {string} url */
  #moveTo(url) {
    if (this.step.value !== "room") return;
    location.replace(`${url}${location.pathname}?moved=1${location.hash}`);
  }

  /** Goes on where a page of another node was: the person had entered there. */
  #goOn() {
    if (["host", "room", "endpoint"].includes(this.role)) void this.media.start();
    this.enter();
  }

  /** Time by the server's clock, in ms. */
  now() {
    return steady() + this.clockOffset.value;
  }

  /** Takes over the server's clock; what a message's way may have made of it is let be. @param {number} ms */
  #setClock(ms) {
    const offset = ms - steady();
    if (Math.abs(offset - this.clockOffset.value) > 1000) this.clockOffset.value = offset;
  }

  /** All sites, for a console. Who reads them is told of every change. */
  get sites() {
    void this.#sitesVersion.value;
    return this.#sites;
  }

  /** Where the server takes WebSockets. */
  get socketURL() {
    return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws`;
  }

  /** Asks whether the server is there although no socket comes through to it, and has it write that down. */
  async #askWhyUnheard() {
    const { ok } = await request("/me?socket=blocked", { token: this.token });
    this.blocked.value = ok && this.link.value !== "online";
  }

  /** Role by the link. */
  get role() {
    return this.identity.value?.role ?? this.claims?.role ?? "";
  }

  /**
   * Asks what the link is for, so that a wrong one is told at once and the preview bears names. Nobody is present by
   * it. Without an answer the page goes on with what it has.
   */
  async introduce() {
    if (!this.token) return;
    const { ok, status, code, data } = await request("/me", { token: this.token });
    if (ok) {
      this.#setClock(data.now_ms);
      this.introduction.value = data;
      return;
    }
    this.helpPhone.value = data.help_phone ?? "";
    if (code === "withdrawn") {
      this.stopped.value = { code, reason: data.detail, retrying: false };
    } else if ([401, 403, 404, 410].includes(status) && this.step.value === "preview") {
      this.stopped.value = { code: code === "removed" ? code : "bad_token", retrying: false };
    }
  }

  /** The person looked at the preview and enters. */
  enter() {
    this.step.value = "room";
    this.#connection.open();
  }

  /** The person wants this device instead of the other. */
  takeOver() {
    this.stopped.value = null;
    this.#connection.open({ takeOver: true });
  }

  /** Tries again after an error. */
  retry() {
    this.stopped.value = null;
    this.#connection.open();
  }

  leave() {
    this.#connection.leave();
    this.peers.closeAll();
    this.media.stop();
    this.step.value = "left";
  }

  /**
   * Sends a request and tells the person when it is refused.
   * @template {keyof import("../lib/protocol.js").Requests} T
   * @param {T} type
   * @param {import("../lib/protocol.js").Requests[T]} fields
   * @returns {Promise<boolean>} whether it was done
   */
  async ask(type, fields) {
    try {
      await this.#connection.request(type, fields);
      if (type === "watch" && "slot" in fields && fields.slot === "preview")
        this.previewed.value = ("endpoint" in fields && fields.endpoint) || "";
      return true;
    } catch (error) {
      const code = error instanceof RequestError ? error.code : "internal";
      // Pressed twice, or somebody else was quicker: the wish is fulfilled.
      if (code === "already_done") return true;
      this.toast("error", code);
      return false;
    }
  }

  /** Puts back on air what the loss of the connection took off it: places that are held, and the microphone. */
  async backOnAir() {
    const muted = this.cameBackMuted.value;
    if (this.held.value) await this.ask("confirm", {});
    if (muted) await this.ask("mute", { muted: false });
  }

  /** A person saw that the microphone is closed and leaves it so. */
  stayMuted() {
    this.#returned.value = false;
  }

  /** Shares a screen, or ceases to. */
  async toggleScreen() {
    const self = this.identity.value;
    if (!self) return;
    if (this.media.screen.value) {
      this.media.stopScreen();
      if (this.presenting.value) await this.ask("revoke", { slot: "presentation" });
      return;
    }
    const track = await this.media.startScreen();
    if (typeof track === "string") return this.toast("error", track);
    track.onended = () => {
      if (this.media.screen.value?.getVideoTracks()[0] === track) void this.toggleScreen();
    };
    if (!(await this.ask("grant", { endpoint: self.code, slot: "presentation" }))) this.media.stopScreen();
  }

  /**
   * Shows a short message.
   * @param {"info" | "error"} kind
   * @param {string} code
   * @param {Record<string, string>} [vars]
   */
  toast(kind, code, vars) {
    const id = ++this.#toastId;
    this.toasts.value = [...this.toasts.value.filter((toast) => toast.code !== code), { id, kind, code, vars }];
    setTimeout(() => this.dismiss(id), TOAST_MS);
  }

  /** @param {number} id */
  dismiss(id) {
    this.toasts.value = this.toasts.value.filter((toast) => toast.id !== id);
  }

  /** @returns {Phase} */
  #phase() {
    const stopped = this.stopped.value;
    const phase = this.state.value?.phase ?? this.introduction.value?.phase;
    if (!this.token) return "error";
    if (stopped?.code === "ended" || phase === "ended" || phase === "sealed" || this.step.value === "left")
      return "ended";
    if (stopped && stopped.code !== "not_open") return "error";
    if (this.step.value === "preview") return "preview";
    return phase === "live" ? "live" : "waiting";
  }

  /** @param {import("../lib/connection.js").Stop} stop */
  #stop(stop) {
    batch(() => {
      this.stopped.value = stop;
      if (stop.code === "withdrawn" && !stop.reason) void this.introduce(); // which tells why
      this.peers.closeAll();
      if (!stop.retrying && stop.code !== "occupied") this.media.stopScreen();
      if (stop.code === "ended") this.media.stop();
    });
    // Who was not connected when it ended, or was called off, asks how.
    if (stop.code === "ended" && !this.outcome.value) void this.introduce();
  }

  /** @param {ServerMessage} message */
  #receive(message) {
    switch (message.type) {
      case "welcome":
        batch(() => {
          this.clockOffset.value = message.now_ms - steady();
          this.stopped.value = null;
          this.blocked.value = false;
          this.previewed.value = "";
          this.activeSpeakers.value = [];
          this.record.value = {};
          // The server tells again what was written before.
          this.messages.value = [];
          this.welcome.value = message;
          this.#greeted = true;
        });
        break;
      case "session":
        if (this.welcome.value) this.welcome.value = { ...this.welcome.value, session: message.session };
        break;
      case "state":
        this.state.value = message;
        if (message.phase === "ended" || message.phase === "sealed") {
          this.peers.closeAll();
          this.media.stop();
        }
        break;
      case "self":
        batch(() => {
          // The first word of a connection tells how the server had it come back.
          if (this.#greeted) this.#returned.value = message.muted;
          else if (!message.muted) this.#returned.value = false;
          this.#greeted = false;
          this.self.value = message;
        });
        break;
      case "sites":
        this.#sites.load(message.units, message.endpoints);
        this.#sitesVersion.value++;
        break;
      case "presence":
        this.#sites.apply(message.changes);
        this.#sitesVersion.value++;
        break;
      case "message":
        this.messages.value = [...this.messages.value.slice(1 - MAX_MESSAGES), message];
        break;
      case "offer":
        this.peers.offered(message);
        break;
      case "demand":
        this.peers.demanded(message.peer, message.top);
        break;
      case "recording":
        this.record.value = message;
        break;
      case "speaking":
        this.activeSpeakers.value = message.slots;
        break;
      case "close_peer":
        this.peers.close(message.peer);
        break;
      default:
    }
  }

  #sources() {
    const screen = this.media.screen.value;
    return {
      camera: this.media.camera.value,
      microphone: this.media.microphone.value,
      screen: screen?.getVideoTracks()[0] ?? null,
      "screen-audio": screen?.getAudioTracks()[0] ?? null,
    };
  }

  /** Keeps what is published equal to the devices, and the microphone closed while muted. */
  #followMedia() {
    effect(() => this.peers.publish(this.#sources()));
    effect(() => {
      this.peers.line.listens = this.listens.value;
    });
    effect(() => {
      const microphone = this.media.microphone.value;
      const muted = this.step.value === "room" && (this.self.value?.muted ?? false);
      if (microphone) microphone.enabled = !muted;
    });
    effect(() => {
      const replaced = this.media.replaced.value;
      if (replaced) untracked(() => this.toast("info", `${replaced.name}_replaced`, { label: replaced.label }));
    });
    effect(() => {
      // Nobody hears this site any more: all are told, and the next microphone is opened by a person.
      if (this.media.lost.value.microphone && this.speaking.value && !this.self.value?.muted)
        void this.ask("mute", { muted: true });
    });
    effect(() => {
      const speaking = Boolean(this.speaking.value);
      if (this.#spoke && !speaking && this.role === "endpoint" && this.phase.value === "live")
        untracked(() => this.toast("info", "floor_over"));
      this.#spoke = speaking;
    });
    effect(() => {
      // Each connection begins with all of them.
      const asked = { welcome: this.welcome.value, pictures: pictures.value };
      if (asked.welcome && (asked.pictures !== "all" || this.#asked?.welcome === asked.welcome)) {
        void this.ask("receive", { pictures: asked.pictures });
      }
      this.#asked = asked;
    });
    effect(() => {
      // The presentation was taken away, or given to another.
      if (this.#hadPresentation && !this.presenting.value) this.media.stopScreen();
      this.#hadPresentation = this.presenting.value;
    });
  }

  /** Why nobody hears who speaks here. @type {import("@preact/signals").ReadonlySignal<import("./voice.js").Problem>} */ unheard;
  #greeted = false;
  #spoke = false;
  #hadPresentation = false;
  /** The choice of pictures that was made on this connection. @type {{welcome: object | null, pictures: string} | undefined} */ #asked;
}

/** The secret of the connection, kept for a reload of this tab and never for another. */
class ResumeSecret {
  #key;

  /** @param {string} token */
  constructor(token) {
    this.#key = `diemcau.resume.${token.slice(-16)}`;
  }

  read() {
    try {
      return sessionStorage.getItem(this.#key) ?? "";
    } catch {
      return ""; // a browser in its strictest mode
    }
  }

  /** @param {string} secret */
  write(secret) {
    try {
      sessionStorage.setItem(this.#key, secret);
    } catch {
      // As above.
    }
  }
}
