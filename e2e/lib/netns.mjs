// A site behind a network of its own: a namespace with a veth pair, whose packets can be dropped. A browser's
// offline switch does not touch WebRTC; this does. Names and addresses are of this process alone, and what a process left
// behind that was killed goes when the next one begins.
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";

const sh = (cmd, ...args) => execFileSync(cmd, args, { stdio: ["ignore", "pipe", "pipe"] });

/** When a process began, in ticks since the machine did (proc(5), field 22 of stat); "" for one that is gone. */
function began(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return "";
  }
}

/** The pid in the name of a namespace of ours whose process is gone: dc<pid>-<when it began>; "" for any other name. */
function orphanOf(name) {
  const [, pid, at] = /^dc(\d+)(?:-(\d+))?$/.exec(name) ?? [];
  if (!pid) return "";
  const now = began(pid);
  return now === "" || (at && now !== at) ? pid : "";
}

/** Takes away what processes left that did not live to do it: their browsers, links and namespaces. */
export function sweep() {
  let names = [];
  try {
    names = readNames();
  } catch {
    return; // no namespaces here
  }
  for (const name of names) {
    const pid = orphanOf(name);
    if (pid) clear(name, `dca${pid}`);
  }
}

const readNames = () =>
  sh("ip", "netns", "list")
    .toString()
    .split("\n")
    .map((line) => line.split(" ")[0]);

/** Ends what runs in a namespace and removes it. */
function clear(name, link) {
  const steps = [
    () => {
      const inside = sh("ip", "netns", "pids", name).toString().split("\n").filter(Boolean);
      for (const pid of inside) process.kill(Number(pid), "SIGKILL");
    },
    () => sh("ip", "link", "del", link),
    () => sh("ip", "netns", "del", name),
  ];
  for (const step of steps) {
    try {
      step();
    } catch {
      // it was never made, or is gone
    }
  }
}

export class Netns {
  /** Makes the namespace of this process, or returns null with the reason in Netns.why where the machine does not allow it. */
  static create() {
    sweep();
    const ns = new Netns();
    const { pid } = process;
    ns.name = `dc${pid}-${began(pid)}`;
    // Four addresses of 10.64.0.0/10 for each pid: two living processes share them only if a million lies between.
    const net = (10 << 24) + (64 << 16) + (pid % (1 << 20)) * 4;
    const address = (n) => [24, 16, 8, 0].map((bits) => ((net + n) >>> bits) & 255).join(".");
    ns.host = address(1);
    ns.guest = address(2);
    const [a, b] = [`dca${pid}`, `dcb${pid}`];
    ns.link = a;
    try {
      sh("ip", "netns", "add", ns.name);
      sh("ip", "link", "add", a, "type", "veth", "peer", "name", b, "netns", ns.name);
      sh("ip", "addr", "add", `${ns.host}/30`, "dev", a);
      sh("ip", "link", "set", a, "up");
      ns.inside("ip", "addr", "add", `${ns.guest}/30`, "dev", b);
      ns.inside("ip", "link", "set", b, "up");
      ns.inside("ip", "link", "set", "lo", "up");
      ns.inside("iptables", "-L", "-n");
      process.once("exit", () => ns.remove());
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
        process.once(signal, () => process.exit(128 + constants.signals[signal]));
      return ns;
    } catch (e) {
      Netns.why = String(e.stderr ?? e);
      ns.remove();
      return null;
    }
  }

  inside(...args) {
    return sh("ip", "netns", "exec", this.name, ...args.map(String));
  }

  /** A program that runs Chromium inside, for playwright's executablePath. */
  wrapper(dir, executable = process.env.DIEMCAU_CHROMIUM ?? "/usr/bin/chromium") {
    const path = join(dir, "chromium-in-netns");
    writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${this.name} ${executable} "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  }

  cut() {
    this.inside("iptables", "-I", "INPUT", "-i", "dcb+", "-j", "DROP");
    this.inside("iptables", "-I", "OUTPUT", "-o", "dcb+", "-j", "DROP");
  }

  /** Drops all UDP. */
  dropUDP() {
    this.inside("iptables", "-A", "INPUT", "-i", "dcb+", "-p", "udp", "-j", "DROP");
    this.inside("iptables", "-A", "OUTPUT", "-o", "dcb+", "-p", "udp", "-j", "DROP");
  }

  /** Lets TCP to these ports of the host through, and nothing else. */
  onlyTCP(...ports) {
    for (const port of ports) {
      this.inside("iptables", "-A", "INPUT", "-i", "dcb+", "-p", "tcp", "--sport", port, "-j", "ACCEPT");
      this.inside("iptables", "-A", "OUTPUT", "-o", "dcb+", "-p", "tcp", "--dport", port, "-j", "ACCEPT");
    }
    this.inside("iptables", "-A", "INPUT", "-i", "dcb+", "-j", "DROP");
    this.inside("iptables", "-A", "OUTPUT", "-o", "dcb+", "-j", "DROP");
  }

  /** Breaks the TCP connections to a port of the host as a firewall does, and refuses new ones, until allowed again. */
  reset(port, action = "-I") {
    const reject = ["-p", "tcp", "-j", "REJECT", "--reject-with", "tcp-reset"];
    this.inside("iptables", action, "INPUT", "--source", this.host, ...reject.toSpliced(2, 0, "--sport", port));
    this.inside("iptables", action, "OUTPUT", "--destination", this.host, ...reject.toSpliced(2, 0, "--dport", port));
  }

  mend() {
    this.inside("iptables", "-F");
  }

  remove() {
    clear(this.name, this.link);
  }
}
