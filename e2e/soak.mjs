// A console with 10,600 convened sites while a real server records 1,000 changes per second that come over real
// WebSockets: what the browser's main thread, its memory and the socket bear. `make soak` is ten minutes;
// SOAK_SECONDS=60 is a shorter look, SOAK_RATE another load, SOAK_SEATS how many sites are connected at a time,
// SOAK_PROFILE=F writes where the page's time goes. Exits with 1 when a bound is broken.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Person } from "./lib/browser.mjs";
import { Server } from "./lib/server.mjs";
import { mainThreadTasks } from "./lib/trace.mjs";
import { type } from "./lib/typing.mjs";
import { until } from "./lib/until.mjs";

const SECONDS = Number(process.env.SOAK_SECONDS ?? 600);
const RATE = Number(process.env.SOAK_RATE ?? 1000);
const SEATS = Number(process.env.SOAK_SEATS ?? 3000);
const DRIVER = process.env.SOAK_DRIVER ?? "bin/soak";
const PROVINCES = 40;
const COMMUNES = 265;
const WARM_S = 10; // the page's code is compiled and its lists have grown
const LONG_MS = 100;
const NOTABLE_MS = 50;
const BATCHES_PER_S = 4;
const OPEN_MS = 2000;
const HEAP_GROWTH = 1.15;

/** In words: how long the longest task took, and how much of that it worked itself. @param {{wall: number, cpu: number}[]} tasks in ms */
const longest = (tasks) => {
  const { wall, cpu } = tasks.reduce((a, b) => (b.wall > a.wall ? b : a), { wall: 0, cpu: 0 });
  return `longest ${wall.toFixed(0)} ms by the clock, ${cpu.toFixed(0)} ms of CPU; most CPU ${Math.max(0, ...tasks.map((t) => t.cpu)).toFixed(0)} ms`;
};

const rows = ["code,parent_code,level,name", "TW,,central,Trung ương"];
for (let p = 1; p <= PROVINCES; p++) {
  rows.push(`P${p},TW,province,Tỉnh số ${p}`);
  for (let c = 1; c <= COMMUNES; c++) rows.push(`P${p}C${c},P${p},commune,Xã Vĩnh Phước ${c}`);
}

const server = await Server.create();
const operator = new Person(server.dir, "operator");
let driver;
const broken = [];
try {
  const roster = join(server.dir, "roster.csv");
  writeFileSync(roster, rows.join("\n") + "\n");
  await server.cli("roster", "import", roster);
  const units = Array.from({ length: PROVINCES }, (_, i) => `P${i + 1}/*`).join();
  const text = await server.cli(
    "session",
    "create",
    "--title",
    "Phiên họp toàn quốc",
    "--units",
    units,
    "--start",
    "now",
    "--json",
  );
  const links = join(server.dir, "links.json");
  writeFileSync(links, text);
  const session = JSON.parse(text);
  const sites = session.endpoints.length;
  console.log(`${sites} sites convened`);

  driver = spawn(
    DRIVER,
    [
      "-links",
      links,
      "-rate",
      String(RATE),
      "-seats",
      String(SEATS),
      "-duration",
      `${Math.round(1.04 * SECONDS) + WARM_S + 5}s`,
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  let done = "";
  driver.stderr.on("data", (d) => (said += d));
  driver.stdout.on("data", (d) => (done += d));
  const ended = once(driver, "exit");
  await until(
    "the sites are connected",
    () => said.includes("connected") || (driver.exitCode !== null && Promise.reject(new Error(said))),
    120000,
  );

  await operator.open("about:blank");
  const { page } = operator;
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Network.enable");
  /** When batches came, in s, and how long they were. */
  const batches = [];
  cdp.on("Network.webSocketFrameReceived", ({ timestamp, response }) => {
    if (response.payloadData.startsWith('{"type":"presence"')) batches.push([timestamp, response.payloadData.length]);
  });
  // From the address to the first page, and from the press to the whole list: what the person waits for.
  let clock = Date.now();
  await page.goto(session.links.operator);
  await page.locator('[data-action="preview-ok"]').waitFor();
  const toPreview = Date.now() - clock;
  clock = Date.now();
  await operator.enter();
  await page.waitForFunction(
    (n) =>
      Number(document.querySelector('[data-filter="all"] strong')?.textContent.replace(/\D/g, "")) === n &&
      document.querySelectorAll(".row[data-endpoint]").length > 5,
    sites,
    { polling: "raf" },
  );
  const toList = Date.now() - clock;
  const openMs = toPreview + toList;
  console.log(`console open after ${openMs} ms (${toPreview} to the first page, ${toList} to the list)`);
  await operator.press("start");

  const heap = async () => {
    await cdp.send("HeapProfiler.collectGarbage");
    return (await cdp.send("Runtime.getHeapUsage")).usedSize / 1e6;
  };
  await new Promise((r) => setTimeout(r, WARM_S * 1000));
  const heaps = [await heap()]; // a collection is a long task of its own, so only between the measurements
  if (process.env.SOAK_PROFILE) {
    await cdp.send("Profiler.enable");
    await cdp.send("Profiler.start");
    await new Promise((r) => setTimeout(r, 20_000));
    writeFileSync(process.env.SOAK_PROFILE, JSON.stringify((await cdp.send("Profiler.stop")).profile));
  }
  const tasks = []; // of the page's main thread that took long by the clock or in CPU time
  let cpuMs = 0;
  const from = batches.length;
  const started = Date.now();
  let part = 0;
  while (Date.now() - started < SECONDS * 1000) {
    await operator.browser.startTracing(page, { categories: ["toplevel"] });
    await new Promise((r) => setTimeout(r, Math.min(60, SECONDS / 4) * 1000));
    // What an operator does meanwhile: another province, a search, a filter; these too must not take long.
    await type(page.locator('input[type="search"]'), part % 2 ? "" : "vinh phuoc 7");
    await page.locator(`[data-filter="${["present", "hand", "all"][part % 3]}"]`).click();
    part++;
    await new Promise((r) => setTimeout(r, 500));
    const all = mainThreadTasks(JSON.parse((await operator.browser.stopTracing()).toString()));
    cpuMs += all.reduce((sum, task) => sum + task.cpu, 0);
    tasks.push(...all.filter((task) => task.wall > NOTABLE_MS));
    heaps.push(await heap());
    console.log(
      `${Math.round((Date.now() - started) / 1000)} s: heap ${heaps.at(-1).toFixed(1)} MB, ${tasks.length} tasks over ${NOTABLE_MS} ms, ${longest(tasks)}`,
    );
  }
  const seen = batches.slice(from);
  const span = seen.at(-1)[0] - seen[0][0];
  const perS = (seen.length - 1) / span;
  const most = Math.max(...seen.map(([t], i) => seen.filter(([u], j) => j >= i && u < t + 1).length));
  await page.screenshot({ path: join(server.dir, "console.png") });
  await ended;
  const load = JSON.parse(done);
  const long = tasks.filter((task) => task.wall > LONG_MS);
  const own = long.filter((task) => task.cpu > LONG_MS);
  const result = {
    sites,
    open_ms: openMs,
    seconds: SECONDS,
    server_changes_per_s: Math.round(load.per_s),
    load,
    batches_per_s: Number(perS.toFixed(2)),
    most_batches_in_1_s: most,
    batch_kB: Number((seen.reduce((sum, [, n]) => sum + n, 0) / seen.length / 1000).toFixed(1)),
    tasks_over_50_ms: tasks.length,
    tasks_over_100_ms: long.length,
    tasks_over_100_ms_of_cpu: own.length,
    longest_task: longest(tasks),
    cpu_ms_per_batch: Number((cpuMs / seen.length).toFixed(1)),
    heap_MB: heaps.map((h) => Number(h.toFixed(1))),
    screenshot: join(server.dir, "console.png"),
  };
  console.log(JSON.stringify(result, null, 1));
  if (openMs > OPEN_MS) broken.push(`opening took ${openMs} ms`);
  // By the clock a task is also as long as its neighbours on the machine keep it waiting, which a console's own computer does not.
  if (own.length) broken.push(`${own.length} tasks over ${LONG_MS} ms by their own work`);
  if (most > BATCHES_PER_S) broken.push(`${most} batches within a second`);
  if (heaps.at(-1) > heaps[0] * HEAP_GROWTH) broken.push(`the heap grew from ${heaps[0]} to ${heaps.at(-1)} MB`);
  if (load.per_s < 0.95 * RATE) broken.push(`the server took ${Math.round(load.per_s)} changes per second only`);
  const faults = operator.faults.filter((f) => !/Failed to load resource/.test(f));
  if (faults.length) broken.push(...faults);
} finally {
  driver?.kill();
  await operator.kill().catch(() => {});
  await server.kill();
}
for (const line of broken) console.error(`broken: ${line}`);
process.exitCode = broken.length ? 1 : 0;
