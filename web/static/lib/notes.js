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
/**
 * @typedef {object} Left what a page that is torn away leaves of a note for the next one
 * @property {string} about
 * @property {number} base the version that what was typed rests on
 * @property {string} text that version's text
 * @property {string} typed
 * @property {string[]} [sent] what the server may have taken without the page having seen the answer
 */
/** @typedef {Record<string, Left>} Kept by note */

/** The longest note, in characters. */
export const MAX_NOTE = 4000;

const AGAIN_MS = 1500;
/** Texts without an answer that are remembered of a note: the first that arrives is the one that counts. */
const MAX_UNSURE = 16;

/** The id of the note that a message becomes. @param {{at_ms: number, from: string}} message */
export const markId = (message) => `m${message.at_ms}-${message.from}`.slice(0, 40);

/** What a person reads of a note. @param {Note} note */
export const textOf = (note) => note.typed ?? note.text;

export class NoteBook {
  /** @type {Map<string, Note>} */ #notes = new Map();
  /** @type {Set<string>} notes that are on their way */ #saving = new Set();
  /** @type {Map<string, string[]>} texts that were sent on one version without an answer */ #unsure = new Map();
  /** @type {Set<string>} notes that something is left of for the next page */ #left = new Set();
  /** Where one writes next: it is no note before the first key. */
  blank;
  #deps;

  /**
   * @param {{read: () => Promise<Answer>, write: (id: string, body: {base: number, about: string, text: string}) => Promise<Answer>,
   *   newId: () => string, now: () => number, keep: (id: string, left: Left | null) => void, kept: Kept, wait: (ms: number) => Promise<void>,
   *   onChange: () => void, onSplit?: (from: string, to: string) => void}} deps
   *   keep: null when nothing is left of a note that was kept here; kept: of pages that are gone;
   *   onSplit: somebody else wrote to the same note; what was typed here goes on as another
   */
  constructor(deps) {
    this.#deps = deps;
    this.blank = deps.newId();
    this.restore(deps.kept);
  }

  /** Goes on with what pages that are gone have left. @param {Kept} kept */
  restore(kept) {
    for (const [id, { about, base, text, typed, sent }] of Object.entries(kept)) {
      if (typeof typed !== "string" || this.#notes.get(id)?.typed != null) continue;
      this.#notes.set(id, { ...blankNote(id, about), version: base, text: text ?? "", typed });
      if (sent?.length) this.#unsure.set(id, sent);
      this.#changed(id);
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
    return open.length ? "saving" : "saved";
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
    this.#changed(id);
    void this.#save(id);
  }

  /** Gives up what was typed into a note and is refused; what the server has of it stays. @param {string} id */
  drop(id) {
    const note = this.#notes.get(id);
    if (!note?.refused) return;
    if (note.version === 0) this.#notes.delete(id);
    else this.#notes.set(id, { ...note, typed: null, refused: "", failing: false });
    this.#unsure.delete(id);
    this.#changed(id);
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
    let changed = false;
    for (const s of saved) {
      const note = this.#notes.get(s.id) ?? blankNote(s.id, s.about);
      if (s.version <= note.version) continue;
      // What is typed here rests on the version before: the server says so when it is sent.
      if (note.typed !== null) continue;
      this.#notes.set(s.id, { ...note, version: s.version, about: s.about, text: s.text });
      changed = true;
    }
    if (changed) this.#deps.onChange();
  }

  /** Sends a note until the server has what was typed, one request at a time. @param {string} id */
  async #save(id) {
    if (this.#saving.has(id)) return;
    this.#saving.add(id);
    for (let note = this.#notes.get(id); note && note.typed !== null && !note.refused; note = this.#notes.get(id)) {
      const unsure = this.#unsure.get(id)?.length;
      if (note.typed === note.text && note.version > 0 && !unsure) {
        this.#put(id, { typed: null, failing: false });
        break;
      }
      if (note.typed === "" && note.version === 0 && !unsure) {
        // never was one
        this.#notes.delete(id);
        break;
      }
      const sent = note.typed;
      this.#unsure.set(id, [...(this.#unsure.get(id) ?? []).filter((t) => t !== sent).slice(1 - MAX_UNSURE), sent]);
      this.#keep(id); // before it goes: the page may be torn away before the answer
      const answer = await this.#deps.write(id, { base: note.version, about: note.about, text: sent });
      if (answer.ok) {
        this.#unsure.delete(id);
        this.#put(id, { version: note.version + 1, text: sent, failing: false });
      } else if (answer.code === "conflict") await this.#settle(id, sent);
      else if (answer.status >= 400 && answer.status < 500 && answer.status !== 408 && answer.status !== 429) {
        this.#unsure.set(id, /** @type {string[]} */ (this.#unsure.get(id)).slice(0, -1));
        this.#put(id, { refused: answer.code });
      } else {
        this.#put(id, { failing: true });
        await this.#deps.wait(answer.retryS * 1000 || AGAIN_MS);
      }
    }
    this.#saving.delete(id);
    this.#changed(id);
  }

  /** The server has another version than this page saw. @param {string} id @param {string} sent */
  async #settle(id, sent) {
    const answer = await this.#deps.read();
    const note = this.#notes.get(id);
    if (!answer.ok || !note) return this.#deps.wait(AGAIN_MS);
    const theirs = /** @type {Saved[]} */ (answer.data.notes).find((n) => n.id === id);
    if (!theirs) return this.#put(id, { refused: "conflict" });
    const own = theirs.text === sent || this.#unsure.get(id)?.includes(theirs.text); // the answer to it was lost
    this.#unsure.delete(id);
    const now = { version: theirs.version, text: theirs.text, failing: false };
    if (own || note.typed === theirs.text) return this.#put(id, now);
    // Who took the note out has not seen what stands there now: it stays, and can be taken out again.
    if (note.typed === "") return this.#put(id, { ...now, typed: null });
    this.#notes.set(id, { ...note, ...now, typed: null });
    const other = this.#deps.newId();
    this.#notes.set(other, { ...blankNote(other, note.about), typed: note.typed });
    this.#keep(other); // before nothing is left of the first
    this.#changed(id);
    this.#deps.onSplit?.(id, other);
    void this.#save(other);
  }

  /** @param {string} id @param {Partial<Note>} change */
  #put(id, change) {
    const note = this.#notes.get(id);
    if (note) this.#notes.set(id, { ...note, ...change });
    this.#changed(id);
  }

  /** @param {string} id */
  #changed(id) {
    this.#keep(id);
    this.#deps.onChange();
  }

  /** Leaves for the next page what is not on record. @param {string} id */
  #keep(id) {
    const note = this.#notes.get(id);
    if (note && note.typed !== null) {
      const { about, version: base, text, typed } = note;
      const sent = this.#unsure.get(id);
      this.#left.add(id);
      this.#deps.keep(id, { about, base, text, typed, ...(sent?.length ? { sent } : {}) });
    } else if (this.#left.delete(id)) this.#deps.keep(id, null);
  }
}

/** @param {string} id @param {string} about @returns {Note} */
function blankNote(id, about) {
  return { id, about, version: 0, text: "", typed: null, refused: "", failing: false };
}
