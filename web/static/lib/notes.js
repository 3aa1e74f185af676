// The notes of secretaries for the minutes: saved as they are typed, by several people at once, through cuts of the line.

/** @typedef {import("./http.js").Answer} Answer */
/** @typedef {{id: string, version: number, about: string, text: string, by: string}} Saved a note as the server has it */
/**
 * @typedef {object} Note
 * @property {string} id
 * @property {string} about RFC 3339, the moment that it is about; "" before its first key
 * @property {number} version 0 = not on the server
 * @property {string} text as the server has it
 * @property {string | null} typed what is not saved yet, null = nothing
 * @property {string} refused why the server does not take it, "" otherwise
 * @property {boolean} failing no answer came the last time
 */
/** @typedef {Record<string, {about: string, base: number, typed: string}>} Kept what a page that is torn away leaves for the next one */

/** The longest note, in characters. */
export const MAX_NOTE = 4000;

const AGAIN_MS = 1500;

/** The id of the note that a message becomes. @param {{at_ms: number, from: string}} message */
export const markId = (message) => `m${message.at_ms}-${message.from}`.slice(0, 40);

/** What a person reads of a note. @param {Note} note */
export const textOf = (note) => note.typed ?? note.text;

export class NoteBook {
  /** @type {Map<string, Note>} */ #notes = new Map();
  /** @type {Set<string>} notes that are on their way */ #saving = new Set();
  /** @type {Map<string, string>} texts that were sent without an answer */ #unsure = new Map();
  /** Where one writes next: it is no note before the first key. */
  blank;
  #deps;

  /**
   * @param {{read: () => Promise<Answer>, write: (id: string, body: {base: number, about: string, text: string}) => Promise<Answer>,
   *   newId: () => string, now: () => number, keep: (kept: Kept) => void, kept: Kept, wait: (ms: number) => Promise<void>,
   *   onChange: () => void, onSplit?: (from: string, to: string) => void}} deps
   *   onSplit: somebody else wrote to the same note; what was typed here goes on as another
   */
  constructor(deps) {
    this.#deps = deps;
    this.blank = deps.newId();
    for (const [id, { about, base, typed }] of Object.entries(deps.kept)) {
      this.#notes.set(id, { ...blankNote(id, about), version: base, typed });
      void this.#save(id);
    }
  }

  /** The notes in the order of their moments. */
  list() {
    return [...this.#notes.values()]
      .filter((n) => textOf(n) !== "" || n.typed !== null)
      .sort((a, b) => (a.about < b.about ? -1 : a.about > b.about ? 1 : a.id < b.id ? -1 : 1));
  }

  /** @param {string} id */
  get(id) {
    return this.#notes.get(id);
  }

  /** Whether everything is on record, on its way, waits for the line, or is refused. */
  get state() {
    const open = [...this.#notes.values()].filter((n) => n.typed !== null);
    if (open.some((n) => n.refused)) return "refused";
    if (open.some((n) => n.failing)) return "waiting";
    return open.some((n) => n.typed !== n.text || n.version === 0) ? "saving" : "saved";
  }

  /**
   * Takes what was typed into a note, of the blank one too.
   * @param {string} id
   * @param {string} text
   * @param {number} [aboutMs] of a new note; now
   */
  type(id, text, aboutMs) {
    const note = this.#notes.get(id) ?? blankNote(id, new Date(aboutMs ?? this.#deps.now()).toISOString());
    this.#notes.set(id, { ...note, typed: text, refused: "" });
    if (id === this.blank) this.blank = this.#deps.newId();
    this.#changed();
    void this.#save(id);
  }

  /** Whether a message stands in the minutes. @param {{at_ms: number, from: string}} message */
  marked(message) {
    const note = this.#notes.get(markId(message));
    return note !== undefined && textOf(note) !== "";
  }

  /** Marks a message for the minutes, or takes it out. @param {{at_ms: number, from: string, text: string}} message @param {string} writer */
  mark(message, writer) {
    this.type(
      markId(message),
      this.marked(message) ? "" : `${writer}: ${message.text}`.slice(0, MAX_NOTE),
      message.at_ms,
    );
  }

  /** Asks what others wrote. */
  async refresh() {
    const answer = await this.#deps.read();
    if (answer.ok) this.#take(answer.data.notes);
    return answer.ok;
  }

  /** @param {Saved[]} saved */
  #take(saved) {
    for (const s of saved) {
      const note = this.#notes.get(s.id) ?? blankNote(s.id, s.about);
      if (s.version <= note.version && note.text) continue;
      // What is typed here rests on the version before: the server says so when it is sent.
      if (note.typed !== null) continue;
      this.#notes.set(s.id, { ...note, version: s.version, about: s.about, text: s.text });
    }
    this.#changed();
  }

  /** Sends a note until the server has what was typed, one request at a time. @param {string} id */
  async #save(id) {
    if (this.#saving.has(id)) return;
    this.#saving.add(id);
    for (let note = this.#notes.get(id); note && note.typed !== null && !note.refused; note = this.#notes.get(id)) {
      if (note.typed === note.text && note.version > 0) {
        this.#put(id, { typed: null, failing: false });
        break;
      }
      if (note.typed === "" && note.version === 0 && !this.#unsure.has(id)) {
        // never was one
        this.#notes.delete(id);
        break;
      }
      const sent = note.typed;
      const answer = await this.#deps.write(id, { base: note.version, about: note.about, text: sent });
      if (answer.ok) this.#put(id, { version: note.version + 1, text: sent, failing: false });
      else if (answer.code === "conflict") await this.#settle(id, sent);
      else if (answer.status >= 400 && answer.status < 500 && answer.status !== 408 && answer.status !== 429) {
        this.#put(id, { refused: answer.code });
      } else {
        this.#unsure.set(id, sent);
        this.#put(id, { failing: true });
        await this.#deps.wait(answer.retryS * 1000 || AGAIN_MS);
      }
      if (answer.ok) this.#unsure.delete(id);
    }
    this.#saving.delete(id);
    this.#changed();
  }

  /** The server has another version than this page saw. @param {string} id @param {string} sent */
  async #settle(id, sent) {
    const answer = await this.#deps.read();
    const note = this.#notes.get(id);
    if (!answer.ok || !note) return this.#deps.wait(AGAIN_MS);
    const theirs = /** @type {Saved[]} */ (answer.data.notes).find((n) => n.id === id);
    if (!theirs) return this.#put(id, { refused: "conflict" });
    const own = theirs.text === sent || theirs.text === this.#unsure.get(id); // the answer to it was lost
    this.#unsure.delete(id);
    if (own || note.typed === theirs.text || note.typed === "") {
      return this.#put(id, { version: theirs.version, text: theirs.text, failing: false });
    }
    this.#notes.set(id, { ...note, version: theirs.version, text: theirs.text, typed: null, failing: false });
    const other = this.#deps.newId();
    this.#notes.set(other, { ...blankNote(other, note.about), typed: note.typed });
    this.#changed();
    this.#deps.onSplit?.(id, other);
    void this.#save(other);
  }

  /** @param {string} id @param {Partial<Note>} change */
  #put(id, change) {
    const note = this.#notes.get(id);
    if (note) this.#notes.set(id, { ...note, ...change });
    this.#changed();
  }

  #changed() {
    /** @type {Kept} */ const kept = {};
    for (const n of this.#notes.values()) {
      if (n.typed !== null) kept[n.id] = { about: n.about, base: n.version, typed: n.typed };
    }
    this.#deps.keep(kept);
    this.#deps.onChange();
  }
}

/** @param {string} id @param {string} about @returns {Note} */
function blankNote(id, about) {
  return { id, about, version: 0, text: "", typed: null, refused: "", failing: false };
}
