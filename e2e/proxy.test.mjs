// The examples for proxies, as they stand but for names, ports and files: people come in through each, by https and WebSocket.
import assert from "node:assert/strict";
import { test } from "node:test";
import { execFileSync, spawn } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convene } from "./lib/convene.mjs";
import { nameColour, readColourOf } from "./lib/media.mjs";
import { People } from "./lib/people.mjs";
import { freePort, Server } from "./lib/server.mjs";
import { until } from "./lib/until.mjs";

const dir = mkdtempSync(join(tmpdir(), "diemcau-e2e-proxy-"));
const [key, certificate, both] = ["key.pem", "cert.pem", "both.pem"].map((name) => join(dir, name));

/** How each proxy is started with its example; the example's own names, ports and files are replaced. */
const PROXIES = {
  nginx: {
    program: "/usr/sbin/nginx",
    example: "configs/proxy/nginx.conf",
    config: (text) =>
      `daemon off; error_log stderr; pid ${dir}/nginx.pid; events {} http { access_log off; ` +
      ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((n) => `${n}_temp_path ${dir}/${n};`).join(" ") +
      `\n${text}\n}`,
    args: (file) => ["-c", file],
  },
  haproxy: {
    program: "/usr/sbin/haproxy",
    example: "configs/proxy/haproxy.cfg",
    config: (text) => text,
    args: (file) => ["-db", "-f", file],
  },
  caddy: {
    program: "/usr/bin/caddy",
    example: "configs/proxy/Caddyfile",
    config: (text, port) =>
      `{\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system ${dir}/caddy\n}\n` +
      text.replace("hop.example.vn {", `https://127.0.0.1:${port} {\n\ttls ${certificate} ${key}`),
    args: (file) => ["run", "--adapter", "caddyfile", "--config", file],
  },
};

let server, proxy;
const people = new People();

function makeCertificate() {
  execFileSync(
    "openssl",
    [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1".split(" "),
      ..."-addext subjectAltName=IP:127.0.0.1 -keyout".split(" "),
      key,
      "-out",
      certificate,
    ],
    { stdio: "ignore" },
  );
  writeFileSync(both, readFileSync(certificate, "utf8") + readFileSync(key, "utf8"));
  const spki = new X509Certificate(readFileSync(certificate)).publicKey.export({ type: "spki", format: "der" });
  return [
    "--ignore-certificate-errors",
    `--ignore-certificate-errors-spki-list=${createHash("sha256").update(spki).digest("base64")}`,
  ];
}

/** Starts a proxy before the server by its example, and waits until it lets through. */
async function start({ program, example, config, args }, port) {
  const text = readFileSync(example, "utf8")
    .replaceAll("/etc/diemcau/fullchain.pem", certificate)
    .replaceAll("/etc/diemcau/privkey.pem", key)
    .replaceAll("/etc/diemcau/hop.pem", both)
    .replaceAll("listen 443", `listen ${port}`)
    .replaceAll("bind :443", `bind :${port}`)
    .replaceAll("127.0.0.1:8080", `127.0.0.1:${server.port}`);
  const file = join(dir, "proxy.conf");
  writeFileSync(file, config(text, port));
  const child = (proxy = spawn(program, args(file), {
    stdio: ["ignore", "ignore", openSync(join(dir, "proxy.log"), "a")],
    env: { ...process.env, HOME: dir },
  }));
  await until("the proxy lets through", () => {
    assert.equal(child.exitCode, null, `${program} ended; see ${dir}/proxy.log`);
    return execFileSync("curl", ["-skf", "-m", "2", `https://127.0.0.1:${port}/healthz`], {
      stdio: ["ignore", "pipe", "ignore"],
    });
  });
}

async function stop() {
  await people.kill();
  people.length = 0;
  for (const child of [proxy, server?.process].filter(
    (one) => one && one.exitCode === null && one.signalCode === null,
  )) {
    const gone = once(child, "exit");
    child.kill("SIGTERM"); // nginx killed otherwise leaves its workers
    await gone;
  }
  proxy = server = undefined;
}
for (const [name, how] of Object.entries(PROXIES)) {
  test(`people come in through ${name} by its example`, async (t) => {
    for (const program of [how.program, "/usr/bin/openssl", "/usr/bin/curl"])
      if (!existsSync(program)) return t.skip(`${program} is not installed`);
    t.after(stop);
    const trusting = makeCertificate();
    const port = await freePort();
    server = await Server.create({
      flags: ["--public-url", `https://127.0.0.1:${port}`, "--trusted-proxy", "127.0.0.1/32"],
    });
    await start(how, port);
    const session = await convene(server);
    assert.match(session.links.host, new RegExp(`^https://127.0.0.1:${port}/`));
    const [code, link] = [session.endpoints[0].code, session.endpoints[0].link];
    const host = await people.enter(dir, "host", session.links.host, { colour: "red", tone: 500, flags: trusting });
    const site = await people.enter(dir, "site", link, { colour: "green", tone: 800, flags: trusting });
    await until("the host sees the site come in", async () => (await host.stateOf(code)) === "present", 30000);
    await host.press("start");
    await until(
      "the site sees the chair",
      async () => nameColour(await readColourOf(site.page, 'video[data-slot="main"]')) === "red",
      30000,
    );
    mkdirSync("test-results/proxy", { recursive: true });
    await site.page.screenshot({ path: `test-results/proxy/${name}.png` });
  });
}
