// Everybody who takes part in a test file.
import { join } from "node:path";
import { Person } from "./browser.mjs";

export class People extends Array {
  /** Starts a browser for a new person, opens a link and enters. */
  async enter(dir, name, link, options) {
    const p = new Person(dir, name, options);
    this.push(p);
    await p.open(link);
    await p.enter();
    return p;
  }

  /** Keeps what each sees, after a test that failed. */
  async shoot(folder) {
    for (const p of this)
      await p.page.screenshot({ path: join(folder, `failed-${p.name}.png`), timeout: 5000 }).catch(() => {});
  }

  async kill() {
    await Promise.all([...this].map((p) => p.kill().catch(() => {})));
  }
}
