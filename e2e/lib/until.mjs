import assert from "node:assert/strict";

/** Polls until fn returns a truthy value, and fails with what it saw last. */
export async function until(what, fn, ms = 15000) {
  const start = Date.now();
  let last;
  for (;;) {
    try {
      last = await fn();
      if (last) return { value: last, ms: Date.now() - start };
    } catch (e) {
      last = e;
    }
    if (Date.now() - start > ms)
      assert.fail(`${what}: not within ${ms} ms; last: ${last instanceof Error ? last.stack : JSON.stringify(last)}`);
    await new Promise((r) => setTimeout(r, 100));
  }
}
