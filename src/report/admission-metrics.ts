// How many tokens are asked for, and how many wait for what?
import type { WorkQueue } from "../queue/work-queue.ts";
import type { Instruments } from "./instruments.ts";

export interface ShownAdmission {
  readonly queue: Pick<WorkQueue, "stats">;
  /** By kind of cloud. */
  readonly asked: () => ReadonlyMap<string, number>;
}

export function showAdmission({ show }: Pick<Instruments, "show">, { queue, asked }: ShownAdmission): void {
  show("regcred_tokens_asked", () => [...asked()].map(([provider, value]) => ({ labels: { provider }, value })));
  show("regcred_tokens_waiting", () => {
    const sums = new Map<string, number>();
    for (const [lacked, keys] of queue.stats().aside) {
      // What it is, and of which kind of cloud: the rest names entries and hosts (src/reconcile/token-admission.ts).
      const [what = "", kind = ""] = lacked.split(" ");
      const name = `${what} ${what === "registry" ? "" : kind}`;
      sums.set(name, (sums.get(name) ?? 0) + keys);
    }
    return [...sums].map(([name, value]) => {
      const [what = "", provider = ""] = name.split(" ");
      return { labels: { provider, for: what }, value };
    });
  });
}
