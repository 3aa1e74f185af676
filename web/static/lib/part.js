// Parts of a page that are fetched when they are wanted.

/** Seconds before each further try; the last one is repeated. */
const PAUSES = [1, 3, 8, 20];

/**
 * Imports a part. A line that breaks meanwhile is waited for, so that what a person asked for comes once it is back.
 * @template T
 * @param {() => Promise<T>} load
 * @param {(seconds: number) => Promise<unknown>} [wait]
 * @returns {Promise<T>}
 */
export async function part(load, wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000))) {
  for (let tries = 0; ; tries++) {
    try {
      return await load();
    } catch {
      await wait(PAUSES[Math.min(tries, PAUSES.length - 1)]);
    }
  }
}
