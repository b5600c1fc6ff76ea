// Metrics of the work queue, named as client-go's, so that dashboards made for those fit.
import type { QueueObserver, WorkQueue } from "../runtime/queue/work-queue.ts";
import type { Instruments } from "./instruments.ts";

/** Times what runs; the queue that it is given to must be shown, too, by `showQueue`. */
export function queueObserver({ observe }: Pick<Instruments, "observe">, name: string): QueueObserver {
  return {
    started: (_lane, seconds) => observe("workqueue_queue_duration_seconds", { name }, seconds),
    finished: (_lane, seconds) => observe("workqueue_work_duration_seconds", { name }, seconds),
  };
}

export function showQueue({ show }: Pick<Instruments, "show">, name: string, queue: Pick<WorkQueue, "stats">): void {
  show("workqueue_depth", () =>
    Object.entries(queue.stats().depth).map(([lane, value]) => ({ labels: { name, lane }, value })),
  );
  const single = (value: number): readonly [{ readonly labels: { readonly name: string }; readonly value: number }] => [
    { labels: { name }, value },
  ];
  show("workqueue_adds_total", () => single(queue.stats().adds));
  show("workqueue_retries_total", () => single(queue.stats().retries));
  show("workqueue_unfinished_work_seconds", () => single(queue.stats().unfinishedSeconds));
  show("workqueue_longest_running_processor_seconds", () => single(queue.stats().longestRunningSeconds));
}
