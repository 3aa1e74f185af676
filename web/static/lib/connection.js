// The signalling connection of one page: one socket at a time, greeted, watched and replaced when it breaks. It knows
// no page and no media; whoever makes it says which socket, clock and chance it uses, so that tests can.

import { Close, VERSION, decode, encode } from "./protocol.js";

/** @typedef {import("./protocol.js").ServerMessage} ServerMessage */
/** @typedef {import("./protocol.js").Requests} Requests */
/** @typedef {import("./protocol.js").Notices} Notices */
/** @typedef {"idle" | "connecting" | "online" | "reconnecting" | "stopped"} Link */

/**
 * The refusal of a request, or the end of a connection.
 */
export class RequestError extends Error {
  /**
   * @param {string} code stable name, as the server gives it; "offline" and "timeout" are our own
   * @param {string} [detail]
   */
  constructor(code, detail) {
    super(detail ? `${code}: ${detail}` : code);
    this.name = "RequestError";
    this.code = code;
  }
}

/**
 * Why the socket ended for good, or until a person decides.
 * @typedef {object} Stop
 * @property {string} code bad_token, occupied, ended, removed, withdrawn, taken_over, not_open, bad_version, locked, broken, unrecorded
 * @property {string} [reason] withdrawn: why
 * @property {number} [atMs] not_open: when the session opens; occupied: since when
 * @property {boolean} retrying the connection tries again by itself
 */

/**
 * @typedef {object} Options
 * @property {string} url
 * @property {string} token
 * @property {string} [device]
 * @property {string} [resume] secret of the connection before
 * @property {(message: ServerMessage) => void} onMessage every message but ping, ok and answered errors
 * @property {(ms: number) => void} [onClock] the server's clock, with every ping
 * @property {(link: Link) => void} onLink
 * @property {(stop: Stop) => void} onStop
 * @property {(url: string) => void} [onMove] the page has to go on at another node, whose address this is
 * @property {boolean} [moved] the page came here because its node was gone: it is not sent back at once
 * @property {() => void} [onUnheard] no socket came through to the server for some time, though it may be there
 * @property {(url: string) => WebSocket} [socket]
 * @property {() => number} [random] 0 … 1
 * @property {() => number} [now] the server's time as far as it is known, in ms
 */

const REQUEST_TIMEOUT_MS = 15_000;
const WELCOME_TIMEOUT_MS = 15_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
const NOT_OPEN_RETRY_MS = 30_000;
/** While the record does not answer, the server keeps who asks waiting and lets them in when it does, so the pauses between stay short. */
const UNRECORDED_RETRY_MS = 2_000;
const DEFAULT_PING_MS = 5_000;
/** A page that has not heard its node for so long goes to another one, if nodes have addresses of their own. */
const MOVE_AFTER_MS = 6_000;
const MOVE_SPREAD_MS = 2_000;
/** A page that has just come from another node is not sent back there for so long. */
const STAY_MS = 30_000;
/** Sockets in a row by which the server said nothing, after which something else than an outage may be the reason. */
const UNHEARD = 3;

/** Names of the close codes that no reconnection cures. @type {Readonly<Record<number, string>>} */
const FINAL = {
  [Close.BadToken]: "bad_token",
  [Close.Occupied]: "occupied",
  [Close.Ended]: "ended",
  [Close.Removed]: "removed",
  [Close.Withdrawn]: "withdrawn",
  [Close.TakenOver]: "taken_over",
  [Close.Locked]: "locked",
  [Close.Version]: "bad_version",
};

/** Refusals of hello that may come under a close code without a name of its own. */
const FINAL_ERRORS = new Set([
  "bad_token",
  "occupied",
  "removed",
  "withdrawn",
  "locked",
  "bad_version",
  "unknown_endpoint",
  "not_found",
]);

export class Connection {
  /** @type {Options} */ #options;
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {Link} */ #link = "idle";
  /** @type {Map<number, {resolve: () => void, reject: (e: Error) => void, timer: ReturnType<typeof setTimeout>}>} */
  #pending = new Map();
  #nextId = 1;
  #resume = "";
  #takeOver = false;
  #failures = 0;
  /** Whether the server has said anything on this socket. */
  #heard = false;
  /** Sockets before it in a row on which the server said nothing. */
  #unheard = 0;
  #pingMs = DEFAULT_PING_MS;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #watchdog;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #retry;
  /** @type {{after_ms: number, spread_ms: number, url?: string} | null} */ #comeBack = null;
  /** What the last welcome said of other nodes. @type {{alternates: string[], retryMs: number}} */ #others = {
    alternates: [],
    retryMs: LAST_RETRY_MS,
  };
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #move;
  #heardAt = 0;
  #madeAt = Date.now();
  /** @type {{code: string, detail?: string, at_ms?: number} | null} */ #lastError = null;

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    this.#resume = options.resume ?? "";
  }

  /** @returns {Link} */
  get link() {
    return this.#link;
  }

  /**
   * Opens the socket, or does it over at once. takeOver says that a person asked to replace the other device.
   * @param {{takeOver?: boolean}} [how]
   */
  open(how = {}) {
    this.#takeOver = how.takeOver ?? false;
    this.#failures = 0;
    this.#connect();
  }

  /** Tries again now, when the socket is not there, such as when the network came back. */
  nudge() {
    if (this.#retry !== undefined) this.#connect();
  }

  /** Says goodbye and closes. */
  leave() {
    this.notify("leave", {});
    this.stop();
  }

  /** Closes without another word. */
  stop() {
    this.#drop("stopped");
  }

  /**
   * Sends a message that has no answer; without a socket it is dropped.
   * @template {keyof Notices} T
   * @param {T} type
   * @param {Notices[T]} fields
   */
  notify(type, fields) {
    if (this.#socket?.readyState === 1) this.#socket.send(encode(type, fields));
  }

  /**
   * Sends a request and waits for its answer, which comes after the change was recorded.
   * @template {keyof Requests} T
   * @param {T} type
   * @param {Requests[T]} fields
   * @returns {Promise<void>} rejects with a RequestError
   */
  request(type, fields) {
    const socket = this.#socket;
    if (!socket || this.#link !== "online") return Promise.reject(new RequestError("offline"));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(id, new RequestError("timeout")), REQUEST_TIMEOUT_MS);
      this.#pending.set(id, { resolve, reject, timer });
      socket.send(encode(type, fields, id));
    });
  }

  #connect() {
    this.#drop(this.#link === "idle" || this.#link === "stopped" ? "connecting" : "reconnecting");
    this.#lastError = null;
    this.#comeBack = null;
    this.#heard = false;
    const make = this.#options.socket ?? ((url) => new WebSocket(url));
    const socket = make(this.#options.url);
    this.#socket = socket;
    this.#watch(Math.min(WELCOME_TIMEOUT_MS, MOVE_AFTER_MS + this.#others.retryMs));
    socket.onopen = () => {
      /** @type {Notices["hello"]} */
      const hello = { version: VERSION, token: this.#options.token, reports: true };
      if (this.#options.device) hello.device = this.#options.device.slice(0, 200);
      if (this.#resume) hello.resume = this.#resume;
      if (this.#takeOver) hello.take_over = true;
      socket.send(encode("hello", hello));
    };
    socket.onmessage = (event) => {
      const message = decode(event.data);
      if (message) this.#receive(message);
    };
    socket.onclose = (event) => this.#closed(event.code);
  }

  /** @param {ServerMessage} message */
  #receive(message) {
    this.#heardAt = Date.now();
    this.#heard = true;
    this.#unheard = 0;
    switch (message.type) {
      case "ping":
        this.notify("pong", { t: message.t });
        this.#options.onClock?.(message.t);
        break;
      case "ok":
        this.#settle(message.id);
        break;
      case "error":
        if (message.id && this.#pending.has(message.id)) {
          this.#settle(message.id, new RequestError(message.code, message.detail));
        } else {
          if (this.#link !== "online") this.#lastError = message;
          this.#options.onMessage(message);
        }
        break;
      case "reconnect":
        this.#comeBack = message;
        break;
      case "welcome":
        this.#resume = message.conn;
        this.#takeOver = false;
        this.#failures = 0;
        this.#pingMs = message.ping_ms || DEFAULT_PING_MS;
        this.#others = { alternates: message.alternates ?? [], retryMs: message.retry_ms || LAST_RETRY_MS };
        clearTimeout(this.#move);
        this.#move = undefined;
        this.#setLink("online");
        this.#options.onMessage(message);
        break;
      default:
        this.#options.onMessage(message);
    }
    if (this.#link === "online") this.#watch(3 * this.#pingMs);
  }

  /** @param {number} code */
  #closed(code) {
    const error = this.#lastError;
    const comeBack = this.#comeBack;
    const final = FINAL[code] ?? (error && FINAL_ERRORS.has(error.code) ? error.code : undefined);
    if (final) {
      this.#drop("stopped");
      const reason = final === "withdrawn" && error?.detail ? { reason: error.detail } : {};
      this.#options.onStop({ code: final, ...reason, atMs: error?.at_ms, retrying: false });
      return;
    }
    this.#drop(this.#link === "connecting" ? "connecting" : "reconnecting");
    const random = this.#options.random ?? Math.random;
    this.#lookElsewhere();
    let delay;
    if (comeBack) {
      delay = comeBack.after_ms + random() * comeBack.spread_ms;
      const { url } = comeBack;
      if (url && this.#options.onMove && !(this.#options.moved && Date.now() - this.#madeAt < STAY_MS)) {
        this.#retry = setTimeout(() => this.#options.onMove?.(url), delay);
        return;
      }
    } else if (code === Close.NotOpen) {
      const wait = error?.at_ms ? error.at_ms - (this.#options.now ?? Date.now)() : NOT_OPEN_RETRY_MS;
      // Thousands wait for the same minute: they come spread over ten seconds.
      delay = Math.min(Math.max(wait, 1_000), NOT_OPEN_RETRY_MS) + random() * 10_000;
    } else if (error?.code === "unrecorded") {
      delay = FIRST_RETRY_MS / 2 + random() * UNRECORDED_RETRY_MS;
    } else {
      // Full jitter over a doubling ceiling, never under half of the first: a fallen server is not trampled.
      const ceiling = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, this.#others.retryMs);
      delay = FIRST_RETRY_MS / 2 + random() * ceiling;
      this.#failures++;
    }
    this.#retry = setTimeout(() => this.#connect(), delay);
    if (!this.#heard && code < 4000 && ++this.#unheard >= UNHEARD) this.#options.onUnheard?.();
    if (code === Close.NotOpen) this.#options.onStop({ code: "not_open", atMs: error?.at_ms, retrying: true });
    if (code === Close.Broken)
      this.#options.onStop({ code: error?.code === "unrecorded" ? "unrecorded" : "broken", retrying: true });
  }

  /** Sets out for another node, unless this one is back before. */
  #lookElsewhere() {
    const { alternates } = this.#others;
    if (!alternates.length || !this.#options.onMove || this.#move !== undefined) return;
    const random = this.#options.random ?? Math.random;
    const wait = Math.max(this.#heardAt + MOVE_AFTER_MS - Date.now(), 0) + random() * MOVE_SPREAD_MS;
    const url = alternates[Math.floor(random() * alternates.length)];
    this.#move = setTimeout(() => {
      this.#move = undefined;
      // A computer without a network would get the browser's error in place of the page.
      if (globalThis.navigator?.onLine === false) this.#lookElsewhere();
      else this.#options.onMove?.(url);
    }, wait);
  }

  /**
   * Gives up the present socket and whatever waits for it.
   * @param {Link} link
   */
  #drop(link) {
    clearTimeout(this.#watchdog);
    clearTimeout(this.#retry);
    this.#retry = undefined;
    if (link === "stopped") {
      clearTimeout(this.#move);
      this.#move = undefined;
    }
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    for (const id of [...this.#pending.keys()]) this.#settle(id, new RequestError("offline"));
    this.#setLink(link);
  }

  /** Silence for this long means that the socket is dead, whatever the browser believes. @param {number} ms */
  #watch(ms) {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      if (!this.#heard) this.#unheard = UNHEARD; // one that nothing comes of at all takes long
      this.#closed(1006);
    }, ms);
  }

  /**
   * @param {number} id
   * @param {Error} [error]
   */
  #settle(id, error) {
    const waiting = this.#pending.get(id);
    if (!waiting) return;
    this.#pending.delete(id);
    clearTimeout(waiting.timer);
    if (error) waiting.reject(error);
    else waiting.resolve();
  }

  /** @param {Link} link */
  #setLink(link) {
    if (this.#link === link) return;
    this.#link = link;
    this.#options.onLink(link);
  }
}
