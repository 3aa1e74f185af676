// Every state of every page as one table: phase × role × connection × grant, and what is said there in both languages.
import test from "node:test";
import assert from "node:assert/strict";
import vi from "../static/i18n/vi.js";
import en from "../static/i18n/en.js";
import * as words from "../static/lib/words.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ROLES = ["host", "operator", "secretary", "room", "endpoint"];
const BOOLEANS = [false, true];

/** All combinations of the values of each member. @param {Record<string, readonly any[]>} axes @returns {any[]} */
const all = (axes) =>
  Object.entries(axes).reduce(
    (rows, [name, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value }))),
    /** @type {any[]} */ ([{}]),
  );

/** Both texts of a key, which must exist. @param {string} key */
function said(key) {
  const texts = [/** @type {any} */ (vi)[key], /** @type {any} */ (en)[key]];
  assert.ok(texts.every(Boolean), key);
  return texts;
}

test("the waiting page tells opening and start each as what it is", () => {
  const now = 10 * HOUR;
  const table = [
    // welcomed, stop, starts in: state, opens in, when, left
    [false, { code: "not_open", atMs: now + HOUR }, 2 * HOUR, "waiting.notopen", HOUR, "waiting.when", 2 * HOUR],
    [false, { code: "not_open" }, 2 * HOUR, "waiting.notopen", 0, "waiting.when", 2 * HOUR],
    [false, { code: "not_open", atMs: now - 1 }, HOUR, "waiting.notopen", 0, "waiting.when", HOUR],
    [false, null, HOUR, "waiting.connecting", 0, "waiting.when", HOUR],
    [false, { code: "broken" }, HOUR, "waiting.connecting", 0, "waiting.when", HOUR],
    [true, null, HOUR, "waiting.state", 0, "waiting.when", HOUR],
    [true, null, -MINUTE, "waiting.state", 0, "when.planned", 0],
  ];
  for (const [welcomed, stop, startsIn, state, opensIn, when, left] of /** @type {any[][]} */ (table)) {
    const got = words.waitingWords({ welcomed, stop, startsAt: now + startsIn, now });
    assert.deepEqual(got, {
      state,
      opensAt: opensIn && now + opensIn,
      when: { key: when, at: now + startsIn },
      left,
    });
    said(state);
    said(when);
  }
  assert.equal(words.waitingWords({ welcomed: true, now }).when, null);
});

test("the preview tells when it begins, and that it has begun", () => {
  const now = 10 * HOUR;
  for (const { phase, startsAt } of all({
    phase: ["", "draft", "open", "live", "ended", "sealed"],
    startsAt: [0, now - HOUR, now + HOUR],
  })) {
    const got = words.whenWord({ phase, startsAt, now });
    const want =
      !startsAt || ["ended", "sealed"].includes(phase)
        ? null
        : phase === "live"
          ? "when.live"
          : startsAt > now
            ? "waiting.when"
            : "when.planned";
    assert.equal(got?.key ?? null, want, `${phase} ${startsAt}`);
  }
});

test("after the end: called off with its reason whatever else is so, and thanks only for a session that was", () => {
  for (const row of all({
    left: BOOLEANS,
    known: BOOLEANS,
    calledOff: BOOLEANS,
    reason: ["", "Bão số 3"],
    took: BOOLEANS,
  })) {
    const { title, texts, warns, declares } = words.endingWords(row);
    for (const key of [title, ...texts]) said(key);
    const where = JSON.stringify(row);
    assert.equal(title === "calledoff.title", row.calledOff, where);
    assert.equal(warns, row.calledOff, where);
    assert.equal(texts.includes("calledoff.reason"), row.calledOff && row.reason !== "", where);
    assert.equal(texts.includes("ended.text"), !row.calledOff && !row.left && row.known, where);
    assert.equal(texts.includes("ended.times"), !row.calledOff && !row.left && row.known && row.took, where);
    assert.equal(declares, texts.includes("ended.text"), where);
  }
});

test("an error names what a person can do, in words that hold for every role", () => {
  const acts = {
    bad_token: "",
    occupied: "take-over",
    taken_over: "take-over",
    removed: "retry",
    withdrawn: "retry",
    locked: "retry",
    bad_version: "reload",
    broken: "retry",
    unrecorded: "",
    unknown_endpoint: "reload",
    something_new: "reload",
  };
  for (const [code, act] of Object.entries(acts)) {
    for (const atMs of [undefined, 5]) {
      const got = words.errorWords({ code, atMs });
      assert.equal(got.act, act, code);
      for (const key of [got.title, got.text]) {
        const [inVi, inEn] = said(key);
        // A chair, an operator and a secretary read this too: none of them is a "điểm cầu", nor a unit.
        assert.doesNotMatch(inVi, /điểm cầu|đơn vị/i, key);
        assert.doesNotMatch(inEn, /\bsites?\b/i, key);
        if (inVi.includes("{time}")) assert.ok(atMs, `${key} without a time`);
      }
    }
  }
});

test("no role but a site is called one", () => {
  for (const role of ROLES) {
    const [inVi, inEn] = said(words.roleWord(role));
    assert.equal(/điểm cầu/i.test(inVi), role === "endpoint", role);
    assert.equal(/site/i.test(inEn), role === "endpoint", role);
  }
  // What a chair or an operator is told of themselves.
  const own = Object.keys(vi).filter((key) =>
    /^(lost|unheard|held|countdown|link|takeover|preview\.hint|console\.(?!draft|waiting))/.test(key),
  );
  for (const key of own) assert.doesNotMatch(said(key)[0], /điểm cầu này/i, key);
  assert.doesNotMatch(said("tile.off")[0], /điểm cầu/i);
});

test("a place on the stage says why there is no picture: who is gone has closed nothing", () => {
  const rows = all({
    slot: ["main", "floor", "floor2", "presentation"],
    state: ["countdown", "on_air", "held"],
    away: [undefined, "lost", "absent"],
    video: BOOLEANS,
    muted: BOOLEANS,
    own: BOOLEANS,
    off: BOOLEANS,
  });
  assert.equal(rows.length, 4 * 3 * 3 * 2 * 2 * 2 * 2);
  for (const row of rows) {
    const { slot, state, away, video, muted, own, off } = row;
    const got = words.plateWord({ slot, state, away, video, muted }, { own, off });
    const where = JSON.stringify(row);
    said(got);
    const want =
      state === "held" || away === "lost"
        ? "tile.held"
        : away === "absent"
          ? "tile.away"
          : state === "countdown"
            ? "tile.countdown"
            : slot === "presentation"
              ? off && !own
                ? "tile.off"
                : "tile.presenting"
              : video
                ? off && !own
                  ? "tile.off"
                  : "tile.coming"
                : muted
                  ? "tile.neither"
                  : "tile.nopicture";
    assert.equal(got, want, where);
    // "Sound only" is never said of who cannot be heard.
    if (got === "tile.nopicture") assert.ok(!muted && !away && state === "on_air", where);
    assert.equal(words.saysMuted({ state, away, muted }), muted && !away && state !== "held", where);
  }
});

test("a console before the start", () => {
  const table = [
    [false, "", { code: "not_open" }, "waiting.notopen"],
    [false, "", null, "waiting.connecting"],
    [true, "draft", null, "console.draft"],
    [true, "open", null, "console.waiting"],
  ];
  for (const [welcomed, phase, stop, want] of /** @type {any[][]} */ (table)) {
    assert.equal(words.deskWaitingWord({ welcomed, phase, stop }), want);
    said(want);
  }
});

test("who holds a place is told that they are seen only while they are, and what they have to press", () => {
  for (const row of all({ onAir: BOOLEANS, held: BOOLEANS, muted: BOOLEANS })) {
    const got = words.ownWord(row);
    const where = JSON.stringify(row);
    assert.equal(got.startsWith("onair."), row.onAir, where);
    assert.equal(got === "onair.muted", row.onAir && row.muted, where);
    assert.equal(got === "held.text", !row.onAir && row.held, where);
    if (got) said(got);
  }
  assert.match(said("onair.muted")[0], /tắt micro|micro/i);
});

test("every reason for which a connection ends has its page", async () => {
  const { readFileSync } = await import("node:fs");
  const source = readFileSync(new URL("../static/lib/connection.js", import.meta.url), "utf8");
  const listed = /@property \{string\} code ([\w, ]+)/.exec(source)?.[1].split(", ") ?? [];
  const thrown = [...source.matchAll(/\[Close\.\w+\]: "(\w+)"/g)].map((m) => m[1]);
  assert.ok(listed.length > 8 && thrown.length > 5, "the reasons were not found");
  const other = words.errorWords({ code: "something_new" }).title;
  for (const code of new Set([...listed, ...thrown])) {
    if (code === "ended" || code === "not_open") continue; // pages of their own, tested above
    assert.notEqual(words.errorWords({ code, atMs: 5 }).title, other, code);
  }
});

test("while the connection is away, only who speaks is told that something has to be done", () => {
  for (const row of all({
    link: ["idle", "connecting", "online", "reconnecting", "stopped"],
    blocked: BOOLEANS,
    reach: ["ok", "silent", "unreached"],
    phase: ["preview", "waiting", "live", "ended", "error"],
    speaking: BOOLEANS,
    record: [
      {},
      { since_ms: 1 },
      { contradiction: true },
      { clock_behind_ms: 1 },
      { since_ms: 1, contradiction: true, clock_behind_ms: 1 },
      { contradiction: true, clock_behind_ms: 1 },
    ],
  })) {
    const away = row.link === "reconnecting";
    const want =
      row.blocked && (away || row.link === "connecting")
        ? "link.blocked"
        : away
          ? row.phase === "live" && row.speaking
            ? "link.speaking"
            : "link.reconnecting"
          : row.link === "online" && row.reach === "unreached"
            ? "link.unreached"
            : row.record.since_ms
              ? "link.unrecorded"
              : row.record.contradiction
                ? "link.contradiction"
                : row.record.clock_behind_ms
                  ? "link.clock"
                  : "";
    assert.equal(words.linkWord(row), want, JSON.stringify(row));
  }
});

test("what the line does to a site is said by what matters most", () => {
  for (const row of all({
    link: ["connecting", "online", "reconnecting"],
    reach: ["ok", "silent", "unreached"],
    noVP8: BOOLEANS,
    off: BOOLEANS,
    quality: ["good", "weak", "audio-only", "silent"],
  })) {
    const online = row.link === "online";
    const want =
      online && (row.reach !== "ok" || row.quality === "silent")
        ? "silent"
        : row.noVP8
          ? "novp8"
          : row.off
            ? "chosen"
            : online
              ? row.quality
              : "good";
    assert.equal(words.lineWord(row), want, JSON.stringify(row));
    if (want !== "good") said(`line.${want}`);
  }
});
