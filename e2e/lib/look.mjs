// Looking at a page: pictures in both languages, themes and all sizes, and what a person would object to in any of them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { until } from "./until.mjs";
import roomsEn from "../../web/static/i18n/en.js";
import officesEn from "../../web/static/i18n/office.en.js";
import roomsVi from "../../web/static/i18n/vi.js";
import officesVi from "../../web/static/i18n/office.vi.js";

const en = { ...roomsEn, ...officesEn };
const vi = { ...roomsVi, ...officesVi };

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const SIZES = { laptop: [1366, 768], desk: [1920, 1080], wall: [3840, 2160], phone: [390, 844] };
/** Each size has one theme in each language, so that both themes are seen in both languages. */
export const WHOLE = [
  ["vi", "light", "laptop"],
  ["vi", "dark", "desk"],
  ["vi", "light", "wall"],
  ["vi", "dark", "phone"],
  ["en", "light", "phone"],
  ["en", "dark", "wall"],
  ["en", "light", "desk"],
  ["en", "dark", "laptop"],
];
/** Every size, language and theme once, for what differs from another page in a part only. */
const PARTS = [
  ["vi", "light", "laptop"],
  ["vi", "dark", "phone"],
  ["en", "dark", "desk"],
  ["en", "light", "wall"],
];
const KEYS = new Set(Object.keys(vi).filter((key) => key.includes(".")));
const VIETNAMESE = new Set(
  Object.entries(vi)
    .filter(([key, text]) => en[key] !== text && !/[{]/.test(text))
    .map(([, text]) => text),
);

/** Sets language and theme as the page's own buttons do; not every page has them at hand. */
const prefer = (page, lang, theme) =>
  page.evaluate(
    async ([l, t]) => {
      const settings = await import("/static/app/settings.js");
      settings.lang.value = l;
      settings.theme.value = t;
    },
    [lang, theme],
  );

/** Every text that a person sees or a screen reader says, a piece for each node and attribute. */
const pieces = (page) =>
  page.evaluate(() => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode())
      if (walker.currentNode.parentElement.closest("script, noscript") === null)
        found.push(walker.currentNode.data.trim());
    for (const e of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]")) {
      for (const name of ["aria-label", "title", "placeholder", "alt"]) found.push((e.getAttribute(name) ?? "").trim());
    }
    return found.filter(Boolean);
  });

/** Which elements reach beyond the right edge of the window, for the message of a failure. */
const wide = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("body *")]
      .filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1)
      .slice(-3)
      .map((e) => e.outerHTML.slice(0, 160)),
  );

/**
 * Looks at a page in every way and returns what is wrong with it, nothing when all is well. Forms that are longer than the
 * window are taken whole.
 * @returns {Promise<string[]>}
 */
export async function look(page, dir, name, looks = PARTS, { fullPage = false } = {}) {
  const wrong = [];
  await page.emulateMedia({ reducedMotion: "reduce" }); // colours must not be measured while they change
  const checked = new Set();
  for (const [lang, theme, size] of looks) {
    const [width, height] = SIZES[size];
    await page.setViewportSize({ width, height });
    await prefer(page, lang, theme);
    await until(
      `${name} is in ${lang}`,
      async () => (await page.evaluate(() => document.documentElement.lang)) === lang,
    );
    const where = `${name} in ${lang}, ${theme}, ${size}`;
    // A busy machine draws late: what moved to the new theme and size must have arrived.
    await page.evaluate(async () => {
      await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
      await Promise.allSettled(
        document
          .getAnimations()
          .filter((a) => a.effect.getComputedTiming().endTime < 1000)
          .map((a) => a.finished),
      );
    });
    // Drawing 3840 × 2160 points without a graphics card takes as long as all the rest: only where somebody is to see them.
    if (size !== "wall" || process.env.LOOK_WALL)
      await page.screenshot({
        path: join(dir, `${name}-${size}-${lang}-${theme}.jpg`),
        type: "jpeg",
        quality: 80,
        fullPage,
      });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (over > 0) wrong.push(`${where}: ${over} px too wide: ${await wide(page)}`);
    for (const piece of await pieces(page)) {
      if (/\bundefined\b|\bnull\b|\bNaN\b|\{\w+\}|\[object/.test(piece) || KEYS.has(piece))
        wrong.push(`${where}: says ${piece}`);
      if (lang === "en" && VIETNAMESE.has(piece)) wrong.push(`${where}: not translated: ${piece}`);
    }
    // The contrast is another in each theme, and what is on the screen is another on a phone.
    const kind = `${theme} ${size === "phone"}`;
    if (checked.has(kind) || size === "wall") continue;
    checked.add(kind);
    // The page's policy admits no script of others; the test speaks through the debugger instead.
    if (!(await page.evaluate(() => Boolean(window.axe)))) await page.evaluate(`(() => { ${AXE} })()`);
    const { violations } = await page.evaluate(() =>
      window.axe.run(document, { resultTypes: ["violations"], preload: false }),
    );
    for (const v of violations.filter((v) => v.impact === "serious" || v.impact === "critical")) {
      wrong.push(
        `${where}: ${v.id}: ${v.nodes
          .map((n) => n.html)
          .join(" | ")
          .slice(0, 300)}`,
      );
    }
  }
  await page.setViewportSize({ width: 1366, height: 768 });
  await prefer(page, "vi", "light");
  return wrong;
}

/** Collects what a page asks of any other host. */
export function foreignRequests(page, server) {
  const foreign = [];
  const own = new URL(server).host;
  page.on("request", (r) => /^(https?|wss?):/.test(r.url()) && new URL(r.url()).host !== own && foreign.push(r.url()));
  return foreign;
}

export const assertWell = (wrong) => assert.deepEqual(wrong, []);
