// A sound server of the test's own, whose microphones can really be pulled out: PulseAudio with sources that hum.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { until } from "./until.mjs";

export class Pulse {
  /** Starts it, or returns null with the reason in Pulse.why where PulseAudio is not installed. */
  static async start(dir) {
    const p = new Pulse();
    p.socket = join(dir, "pulse", "native");
    mkdirSync(join(dir, "pulse"), { mode: 0o700 });
    const env = { ...process.env, HOME: dir, XDG_RUNTIME_DIR: dir, PULSE_RUNTIME_PATH: join(dir, "pulse") };
    const load = ["-L", `module-native-protocol-unix socket=${p.socket} auth-anonymous=1`];
    p.process = spawn(
      "pulseaudio",
      ["-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", "--use-pid-file=no", ...load],
      { env, stdio: "ignore" },
    );
    const failed = new Promise((resolve) => p.process.once("error", resolve));
    Pulse.why = await Promise.race([
      failed.then(String),
      until("the sound server is up", () => existsSync(p.socket), 15000).then(() => null, String),
    ]);
    if (Pulse.why === null) return p;
    p.stop();
    return null;
  }

  #ctl(...args) {
    return execFileSync("pactl", args, { env: { ...process.env, PULSE_SERVER: this.server } })
      .toString()
      .trim();
  }

  /** What a browser finds it by, in its environment's PULSE_SERVER. */
  get server() {
    return `unix:${this.socket}`;
  }

  /** Plugs in a microphone with a tone, labelled "Sine source at … Hz", and returns what unplug takes. */
  plug(hertz) {
    return this.#ctl("load-module", "module-sine-source", `source_name=tone${hertz}`, `frequency=${hertz}`);
  }

  unplug(id) {
    this.#ctl("unload-module", id);
  }

  stop() {
    this.process.kill("SIGKILL");
  }
}
