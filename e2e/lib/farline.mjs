// A namespace's line made long and lossy: the program of internal/farline in the place of the veth pair, under its names and
// addresses, so that all that is done to that can be done to this.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { until } from "./until.mjs";

const PROGRAM = "bin/farline";

export class FarLine {
  static build() {
    execFileSync("go", ["build", "-o", PROGRAM, "./internal/farline"], { stdio: "inherit" });
  }

  /** Takes the place of the line of a namespace. Throws where the machine has no TUN devices. */
  static async between(netns, { seed = 1 } = {}) {
    const f = new FarLine();
    const far = netns.link.replace("dca", "dcb");
    execFileSync("ip", ["link", "del", netns.link]);
    f.process = spawn(PROGRAM, ["-near", netns.link, "-far", far, "-seed", String(seed)], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    let said = "";
    f.process.stderr.on("data", (data) => (said += data));
    createInterface({ input: f.process.stdout }).on("line", (line) => {
      if (line === "ready") f.ready = true;
      else f.report = JSON.parse(line);
    });
    await until("the long line is there", () => f.ready || f.process.exitCode !== null);
    if (!f.ready) throw new Error(said);
    const address = (own, other) => ["addr", "add", own, "peer", other, "dev"];
    execFileSync("ip", ["link", "set", far, "netns", netns.name]);
    execFileSync("ip", [...address(netns.host, netns.guest), netns.link]);
    execFileSync("ip", ["link", "set", netns.link, "up"]);
    netns.inside("ip", ...address(netns.guest, netns.host), far);
    netns.inside("ip", "link", "set", far, "up");
    return f;
  }

  /** From now on a packet takes so long one way, and this share is lost each way. */
  is({ delayMs, lossPercent }) {
    this.process.stdin.write(`line ${delayMs} ${lossPercent}\n`);
  }

  /** What was carried and lost so far, down to the namespace and up from it. */
  async counts() {
    this.report = undefined;
    this.process.stdin.write("report\n");
    await until("the counts", () => this.report);
    return this.report;
  }

  async close() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = once(this.process, "exit");
    this.process.stdin.end();
    await gone;
  }
}
