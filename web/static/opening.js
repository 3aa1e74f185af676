// What stands on a page until its modules have come, and what brings them when one of them did not: a page whose line broke in that
// moment would stay empty for ever. No module itself, so that it runs whatever becomes of them; the frame (page.html) has the words.
(() => {
  /** Seconds before each further look whether the server answers; the last one is repeated. */
  const PAUSES = [1, 3, 8, 20];
  /** A server that answers, and a page that does not come even so, is not mended by more of the same. */
  const MOST_RELOADS = 8;
  /** After so many seconds nothing comes any more: lines that lose packets leave requests without an answer. */
  const STALLED = 60;
  /** After all files came: the page waits for its texts in another language. */
  const SILENT = 15;

  const app = document.getElementById("app");
  const notice = document.getElementById("opening");
  const script = document.querySelector('script[type="module"]');
  const open = () => Boolean(app?.hasChildNodes());
  /** How often this page was loaded again; kept by the browser over a reload. */
  const reloads = Number(history.state?.reloads ?? 0);
  let looks = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;

  function reload() {
    history.replaceState({ reloads: reloads + 1 }, "");
    location.reload();
  }

  /** Loads the page again once the server answers: without that the browser would put an error of its own in its place. */
  async function look() {
    clearTimeout(timer);
    timer = undefined;
    const answer = await fetch(location.pathname, {
      method: "HEAD",
      cache: "no-store",
      signal: AbortSignal.timeout(10_000),
    }).catch(() => null);
    if (open()) return;
    if (answer && answer.status < 500) reload();
    else again();
  }

  function again() {
    if (open() || timer) return;
    notice?.setAttribute("data-failed", reloads < MOST_RELOADS ? "again" : "given-up");
    if (reloads >= MOST_RELOADS) return;
    const seconds = PAUSES[Math.min(reloads + looks++, PAUSES.length - 1)];
    timer = setTimeout(() => void look(), seconds * (750 + Math.random() * 500));
  }

  /** Of a style sheet that did not come nothing can be read. @param {HTMLLinkElement} link */
  function isDressed(link) {
    try {
      return Boolean(link.sheet?.cssRules.length);
    } catch {
      return false;
    }
  }

  /** A style sheet that did not come is asked for again where it stands. @param {HTMLLinkElement} link @param {number} tries */
  function dress(link, tries) {
    if (tries >= PAUSES.length) return;
    const next = /** @type {HTMLLinkElement} */ (link.cloneNode());
    next.addEventListener("error", () => setTimeout(() => dress(next, tries + 1), PAUSES[tries] * 1000));
    link.replaceWith(next);
  }

  script?.addEventListener("error", again);
  const came = new MutationObserver(() => {
    came.disconnect();
    notice?.remove();
    if (reloads) history.replaceState(null, "");
  });
  if (app) came.observe(app, { childList: true });
  notice?.querySelector("button")?.addEventListener("click", reload);
  addEventListener("online", () => timer && void look());
  setTimeout(again, STALLED * 1000);
  addEventListener("load", () => {
    setTimeout(again, SILENT * 1000);
    for (const link of /** @type {NodeListOf<HTMLLinkElement>} */ (document.querySelectorAll('link[rel="stylesheet"]')))
      if (!isDressed(link)) dress(link, 0);
  });
})();
