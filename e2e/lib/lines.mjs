// The program of internal/lines: a stream of known rate to one browser, and what its line is estimated to carry.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { until } from "./until.mjs";

const PROGRAM = "bin/lines";

export class Lines {
  static build() {
    execFileSync("go", ["build", "-o", PROGRAM, "./internal/lines"], { stdio: "inherit" });
  }

  /** Serves the page on an address of this host. */
  static async start(host, ...flags) {
    const l = new Lines();
    l.estimates = [];
    l.process = spawn(PROGRAM, ["-http", `${host}:0`, ...flags], { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: l.process.stdout }).on("line", (line) => {
      const e = JSON.parse(line);
      if (e.listening) l.url = `${e.listening}/`;
      if (e.connected) l.connected = true;
      if (e.estimate) l.estimates.push({ at: e.at_ms, kbps: e.estimate });
      if (e.sent) l.sent = e.sent;
    });
    await until("the program listens", () => l.url);
    return l;
  }

  command(...words) {
    this.process.stdin.write(`${words.join(" ")}\n`);
  }

  /** What was sent so far. */
  async counts() {
    this.sent = undefined;
    this.command("report");
    await until("the counts", () => this.sent);
    return this.sent;
  }

  async close() {
    if (this.process.exitCode !== null) return;
    const gone = once(this.process, "exit");
    this.process.stdin.end();
    await gone;
  }
}
