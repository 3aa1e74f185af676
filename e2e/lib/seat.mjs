// A seat without a browser: one WebSocket that speaks docs/protocol.md, for the many sites and second operators of a test.
import { once } from "node:events";
import WebSocket from "ws";
import { until } from "./until.mjs";

export class Seat {
  /** Enters by a link. Rejects with the code of the refusal. */
  static async enter(link, { device = "test" } = {}) {
    const url = new URL(link);
    const s = new Seat();
    Object.assign(s, { messages: [], waiting: new Map(), ids: 0, closed: null });
    s.ws = new WebSocket(`ws://${url.host}/ws`);
    await once(s.ws, "open");
    s.ws.on("message", (data) => s.#received(JSON.parse(data)));
    s.ws.on("close", (code) => {
      s.closed = { code, why: s.refusal };
      for (const { reject } of s.waiting.values())
        reject(Object.assign(new Error("closed"), { code: s.refusal ?? "closed" }));
    });
    s.ws.send(JSON.stringify({ type: "hello", version: 1, token: url.hash.slice(1), device }));
    await until("the seat is welcomed or refused", () => s.welcome || s.closed);
    if (!s.welcome) throw Object.assign(new Error(`refused: ${s.refusal}`), { code: s.refusal });
    return s;
  }

  #received(m) {
    if (m.type === "ping") return this.ws.send(JSON.stringify({ type: "pong", t: m.t }));
    const waits = this.waiting.get(m.id);
    if (m.type === "ok") waits.resolve();
    else if (m.type === "error" && waits) waits.reject(Object.assign(new Error(m.code), { code: m.code }));
    else if (m.type === "error") this.refusal = m.code;
    else if (m.type === "message") this.messages.push(m);
    else if (["welcome", "state", "self", "sites"].includes(m.type)) this[m.type] = m;
    else if (m.type === "presence")
      for (const change of m.changes)
        Object.assign(
          this.sites.endpoints.find((e) => e.code === change.code),
          { hand_at_ms: undefined, answered: undefined },
          change,
        );
  }

  /** Resolves when the server has recorded it, rejects with the code of the refusal. */
  ask(type, fields = {}) {
    const id = ++this.ids;
    const answer = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    this.ws.send(JSON.stringify({ type, id, ...fields }));
    return answer.finally(() => this.waiting.delete(id));
  }

  /** The code of the refusal, or "ok". */
  outcome(type, fields) {
    return this.ask(type, fields).then(
      () => "ok",
      (e) => e.code,
    );
  }

  /** Breaks the line without a word. */
  drop() {
    this.ws.terminate();
  }
}
