// What is typed into the forms of the office, kept as long as the browser's page lives, whatever is shown meanwhile.
import { useLayoutEffect, useRef, useState } from "../../vendor/hooks.js";
import { Edits, accepted, begin, follow, isDirty, typed } from "../../lib/edited.js";

/** @type {Map<string, Edits>} */
const all = new Map();

addEventListener("beforeunload", (event) => {
  if ([...all.values()].some((edits) => edits.dirty)) event.preventDefault();
});

/** What is being changed of a session, or of what else has a name of its own. @param {string} id */
export function editsOf(id) {
  const edits = all.get(id) ?? new Edits();
  all.set(id, edits);
  return edits;
}

/**
 * One part: what is typed, put together with what others change meanwhile.
 * @template T
 * @param {Edits} edits @param {string} part @param {T} value as the server has it
 * @param {unknown} heard another one each time that the server was asked
 * @param {(e: import("../../lib/edited.js").Edited<T>) => import("../../lib/edited.js").Edited<T>} [next]
 * @param {number} [version] of value, where it has one
 */
export function useEdited(edits, part, value, heard, next = (e) => follow(e, value), version) {
  const [, redraw] = useState(0);
  /** @returns {import("../../lib/edited.js").Edited<T>} */
  const now = () => edits.get(part) ?? begin(value, version);
  const put = (/** @type {import("../../lib/edited.js").Edited<T>} */ e) => {
    edits.set(part, e);
    redraw((n) => n + 1);
  };
  useLayoutEffect(() => {
    const [was, is] = [edits.get(part), next(now())];
    if (is !== was) put(is);
  }, [edits, heard]);
  const e = now();
  return {
    e,
    mine: e.mine,
    dirty: isDirty(e),
    set: (/** @type {T} */ mine) => put(typed(now(), mine)),
    accept: (/** @type {T} */ sent) => put(accepted(now(), sent)),
    take: () => put(begin(value, version)),
  };
}

/** One request of a form at a time; the form is disabled while it is out, and who typed in it goes on there. */
export function useBusy() {
  const [busy, setBusy] = useState(false);
  const out = useRef(false);
  const from = useRef(/** @type {Element | null} */ (null));
  useLayoutEffect(() => {
    if (busy || !(from.current instanceof HTMLElement)) return;
    if (document.activeElement === document.body) from.current.focus();
    from.current = null;
  }, [busy]);
  const run = async (/** @type {() => Promise<void>} */ work) => {
    if (out.current) return;
    out.current = true;
    from.current = document.activeElement;
    setBusy(true);
    try {
      await work();
    } finally {
      out.current = false;
      setBusy(false);
    }
  };
  return { busy, run };
}
