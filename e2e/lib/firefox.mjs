import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export const FIREFOX = process.env.DIEMCAU_FIREFOX ?? "/usr/bin/firefox-esr";

/** A Firefox in a network namespace, with its own fake camera and microphone. */
export class Firefox {
  static async start(netns) {
    const f = new Firefox();
    f.process = spawn(
      "ip",
      ["netns", "exec", netns.name, process.execPath, new URL("firefox-driver.mjs", import.meta.url).pathname, FIREFOX],
      {
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    f.waiting = new Map();
    f.last = 0;
    createInterface({ input: f.process.stdout }).on("line", (line) => {
      const { id, value, error } = JSON.parse(line);
      const { resolve, reject } = f.waiting.get(id);
      f.waiting.delete(id);
      if (error) reject(new Error(error));
      else resolve(value);
    });
    f.version = await new Promise((resolve, reject) => {
      f.waiting.set(0, { resolve, reject });
      f.process.once("exit", () => reject(new Error("Firefox did not start")));
    });
    return f;
  }

  #send(command) {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.process.stdin.write(`${JSON.stringify({ id, ...command })}\n`);
    });
  }

  goto(url) {
    return this.#send({ goto: url });
  }

  /** Evaluates an expression in the page. */
  evaluate(expression) {
    return this.#send({ evaluate: expression });
  }

  screenshot(path) {
    return this.#send({ screenshot: path });
  }

  press(action) {
    return this.evaluate(`document.querySelector('[data-action="${action}"]').click()`);
  }

  async close() {
    if (this.process.exitCode !== null) return;
    const gone = once(this.process, "exit");
    this.process.stdin.end();
    await gone;
  }
}
