// What a page makes of its line over a while: how much sound the browser made up, and how long the picture of main stood still.

/** How often the page is looked at, and for how long no frame may come before the picture stands still. */
const LOOK_MS = 100;
const STILL_MS = 400;

export class Watch {
  /** Watches a person's page for a while. */
  static async during(person, ms) {
    const all = await person.page.evaluate(
      async ({ ms, every }) => {
        const looks = [];
        for (const end = performance.now() + ms; performance.now() < end;) {
          const look = { at: performance.now() };
          const pc = window.testPeers.findLast((p) => p.connectionState === "connected" && p.getReceivers().length > 2);
          look.connection = window.testPeers.indexOf(pc);
          for (const s of (await pc?.getStats())?.values() ?? []) {
            if (s.type === "inbound-rtp" && s.mid === "a-main") look.a = { ...s };
            if (s.type === "inbound-rtp" && s.mid === "v-main") look.v = { ...s };
          }
          if (look.a && look.v) looks.push(look); // otherwise the connection has just been made anew
          await new Promise((r) => setTimeout(r, every));
        }
        return looks;
      },
      { ms, every: LOOK_MS },
    );
    const looks = all.filter((look) => look.connection === all.at(-1).connection);
    const [first, last] = [looks[0], looks.at(-1)];
    const grew = (kind, field) => (last[kind][field] ?? 0) - (first[kind][field] ?? 0);
    const samples = grew("a", "totalSamplesReceived");
    const gaps = stills(looks);
    return {
      madeUp: grew("a", "concealedSamples") / samples,
      heard: (grew("a", "concealedSamples") - grew("a", "silentConcealedSamples")) / samples,
      still: gaps.reduce((sum, gap) => sum + gap, 0) / (last.at - first.at),
      longestMs: Math.round(Math.max(0, ...gaps)),
      freezes: `${grew("v", "freezeCount")} of ${grew("v", "totalFreezesDuration").toFixed(2)} s`,
      framesPerSecond: (1000 * grew("v", "framesDecoded")) / (last.at - first.at),
      lines:
        [...new Set(looks.map(({ v }) => v.frameHeight))].join(" ") +
        (looks.length < all.length ? ", connected anew" : ""),
    };
  }
}

/** The times for which no frame was decoded, of those that are long. */
function stills(looks) {
  const gaps = [];
  let since = looks[0];
  for (const look of looks) {
    if (look.v.framesDecoded === since.v.framesDecoded && look !== looks.at(-1)) continue;
    if (look.at - since.at > STILL_MS) gaps.push(look.at - since.at);
    since = look;
  }
  return gaps;
}
