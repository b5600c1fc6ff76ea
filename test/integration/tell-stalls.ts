// Reports to a test how long the real program's event loop is blocked. To be imported before it, with --import.
import { PerformanceObserver } from "node:perf_hooks";

// In processor time of the thread, which a busy machine does not change, and without that of the garbage collector.
const worthTelling = 20;
const every = 5;
/** Until the collector has told of itself. */
const patience = 100;

interface Span {
  readonly from: number;
  readonly to: number;
}

const collections: Span[] = [];
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries())
    collections.push({ from: startTime, to: startTime + duration });
  collections.splice(0, collections.length - 1_000);
}).observe({ entryTypes: ["gc"] });

const spent = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};
const within = ({ from, to }: Span, { from: start, to: end }: Span): number =>
  Math.max(Math.min(to, end) - Math.max(from, start), 0);

let before = { spent: spent(), at: performance.now() };
setInterval(() => {
  const now = { spent: spent(), at: performance.now() };
  const turn = { from: before.at, to: now.at };
  const took = now.spent - before.spent;
  before = now;
  if (took < worthTelling) return;
  const time = Temporal.Now.instant().toString();
  setTimeout(() => {
    const collected = collections.reduce((sum, each) => sum + within(each, turn), 0);
    const milliseconds = Math.round(took - collected);
    if (milliseconds >= worthTelling)
      process.stdout.write(`${JSON.stringify({ time, msg: "stalled", milliseconds })}\n`);
  }, patience).unref();
}, every).unref();
