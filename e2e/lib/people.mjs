// Everybody who takes part in a test file.
import { join } from "node:path";
import { Person } from "./browser.mjs";

export class People extends Array {
  /** Somebody new, who has opened nothing yet; from now on also found here by name. */
  add(dir, name, options) {
    const p = new Person(dir, name, options);
    this.push(p);
    this[name] = p;
    return p;
  }

  /** Starts a browser for a new person, opens a link and enters. */
  async enter(dir, name, link, options) {
    const p = this.add(dir, name, options);
    await p.open(link);
    await p.enter();
    return p;
  }

  /** Keeps what each sees, after a test that failed. */
  async shoot(folder) {
    for (const p of this.filter((one) => one.server))
      await p.page.screenshot({ path: join(folder, `failed-${p.name}.png`), timeout: 5000 }).catch(() => {});
  }

  async kill() {
    await Promise.all([...this].map((p) => p.kill().catch(() => {})));
  }
}
