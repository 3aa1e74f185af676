// The server under test: the real binary, on free ports, in a folder of its own.
import { spawn, execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createSocket } from "node:dgram";
import { createInterface } from "node:readline";
import { mkdtempSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

export const BINARY = resolve(process.env.DIEMCAU_BINARY ?? "bin/diemcau");
const run = promisify(execFile);

export async function freePort() {
  const s = createServer().listen(0, "0.0.0.0");
  await once(s, "listening");
  const { port } = s.address();
  s.close();
  await once(s, "close");
  return port;
}

async function freeUDPPort() {
  const s = createSocket("udp4");
  s.bind(0);
  await once(s, "listening");
  const { port } = s.address();
  s.close();
  return port;
}

/** A server that can be killed and started again on the same data, ports and links. */
export class Server {
  /** prepare is told the data folder before the server makes it; flags may follow from the port. */
  static async create({ flags = [], prepare = (_data) => {} } = {}) {
    const s = new Server();
    s.dir = mkdtempSync(join(tmpdir(), "diemcau-e2e-"));
    s.data = join(s.dir, "data");
    s.port = await freePort();
    s.udp = await freeUDPPort();
    s.flags = typeof flags === "function" ? flags(s.port) : flags;
    s.log = join(s.dir, "server.log");
    prepare(s.data);
    await s.start();
    return s;
  }

  async start() {
    this.process = spawn(
      BINARY,
      [
        "serve",
        "--data",
        this.data,
        "--http",
        `0.0.0.0:${this.port}`,
        "--udp",
        String(this.udp),
        "--public-url",
        `http://127.0.0.1:${this.port}`,
        ...this.flags,
      ],
      { stdio: ["ignore", "pipe", openSync(this.log, "a")] },
    );
    const lines = createInterface({ input: this.process.stdout });
    const ready = (async () => {
      for await (const line of lines) if (line.startsWith("listening ")) return line.slice("listening ".length);
      throw new Error(`the server ended before it listened; see ${this.log}`);
    })();
    this.url = await ready;
    return this.url;
  }

  async kill(signal = "SIGKILL") {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = once(this.process, "exit");
    this.process.kill(signal);
    await gone;
  }

  /** Runs a command of the binary on this server's data and returns its standard output. */
  async cli(...args) {
    const { stdout } = await run(BINARY, [...args, "--data", this.data], { maxBuffer: 64 << 20 });
    return stdout;
  }
}
