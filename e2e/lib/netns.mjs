// A site behind a network of its own: a namespace with a veth pair, whose packets can be dropped. A browser's
// offline switch does not touch WebRTC; this does.
import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const sh = (cmd, ...args) => execFileSync(cmd, args, { stdio: ["ignore", "pipe", "pipe"] });

export class Netns {
  /** Makes the namespace, or returns null with the reason in Netns.why where the machine does not allow it. */
  static create(id = process.pid % 200) {
    const ns = new Netns();
    ns.name = `dc${process.pid}`;
    ns.host = `10.77.${id}.1`;
    ns.guest = `10.77.${id}.2`;
    const [a, b] = [`dca${process.pid}`.slice(0, 15), `dcb${process.pid}`.slice(0, 15)];
    ns.link = a;
    try {
      sh("ip", "netns", "add", ns.name);
      sh("ip", "link", "add", a, "type", "veth", "peer", "name", b, "netns", ns.name);
      sh("ip", "addr", "add", `${ns.host}/24`, "dev", a);
      sh("ip", "link", "set", a, "up");
      ns.inside("ip", "addr", "add", `${ns.guest}/24`, "dev", b);
      ns.inside("ip", "link", "set", b, "up");
      ns.inside("ip", "link", "set", "lo", "up");
      ns.inside("iptables", "-L", "-n");
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
    for (const args of [
      ["link", "del", this.link],
      ["netns", "del", this.name],
    ]) {
      try {
        sh("ip", ...args);
      } catch {
        // it was never made
      }
    }
  }
}
