// A PostgreSQL server for a test, in a folder of its own; null where its programs are not installed.
import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function startPostgres() {
  const installed = "/usr/lib/postgresql";
  if (!existsSync(installed)) return null;
  const bin = join(
    installed,
    readdirSync(installed)
      .sort((a, b) => Number(a) - Number(b))
      .at(-1) ?? "",
    "bin",
  );
  if (!existsSync(join(bin, "initdb"))) return null;
  const dir = mkdtempSync(join(tmpdir(), "diemcau-postgres-"));
  const as = { cwd: dir, stdio: "pipe" };
  if (process.getuid?.() === 0) {
    const id = (/** @type {string} */ flag) => Number(execFileSync("id", [flag, "postgres"]));
    Object.assign(as, { uid: id("-u"), gid: id("-g") }); // PostgreSQL refuses to run as root
    chownSync(dir, as.uid, as.gid);
  }
  const data = join(dir, "data");
  const run = (name, ...args) => execFileSync(join(bin, name), args, { ...as, stdio: "ignore" });
  run("initdb", "--pgdata", data, "--username", "diemcau", "--auth", "trust", "--encoding", "UTF8", "--no-sync");
  const options = `-c listen_addresses='' -c unix_socket_directories=${dir}`;
  run("pg_ctl", "start", "--wait", "--pgdata", data, "--log", join(dir, "log"), "--options", options);
  // Also when the test is killed in the middle.
  const stopped = () => {
    try {
      run("pg_ctl", "stop", "--pgdata", data, "--mode", "immediate");
    } catch {
      // it has been stopped
    }
    rmSync(dir, { recursive: true, force: true });
  };
  process.once("exit", stopped);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  return {
    url: `postgres:///postgres?host=${dir}&user=diemcau`,
    stop: stopped,
  };
}
