// Reading Chromium's trace: what the main thread of the page did.

/**
 * The tasks of the busiest renderer's main thread, in ms: how long each took by the clock, and how much CPU time it used
 * of that. The rest it waited while neighbours on the machine ran.
 * @param {{traceEvents: any[]}} trace of the category toplevel
 * @returns {{wall: number, cpu: number}[]}
 */
export function mainThreadTasks({ traceEvents }) {
  const mains = new Set(
    traceEvents.filter((e) => e.name === "thread_name" && e.args.name === "CrRendererMain").map(threadOf),
  );
  /** @type {Map<string, {wall: number, cpu: number}[]>} */
  const byThread = new Map();
  for (const e of traceEvents) {
    if (e.ph !== "X" || e.name !== "ThreadControllerImpl::RunTask" || !mains.has(threadOf(e))) continue;
    const tasks = byThread.get(threadOf(e)) ?? [];
    tasks.push({ wall: e.dur / 1000, cpu: (e.tdur ?? 0) / 1000 });
    byThread.set(threadOf(e), tasks);
  }
  const work = (/** @type {{cpu: number}[]} */ tasks) => tasks.reduce((sum, task) => sum + task.cpu, 0);
  return [...byThread.values()].sort((a, b) => work(b) - work(a))[0] ?? [];
}

const threadOf = (/** @type {{pid: number, tid: number}} */ e) => `${e.pid} ${e.tid}`;
