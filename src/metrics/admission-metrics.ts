// Metrics of token requests: asked for, waiting, handed out again.
import type { WorkQueue } from "../runtime/queue/work-queue.ts";
import type { Instruments } from "./instruments.ts";

export interface ShownAdmission {
  readonly queue: Pick<WorkQueue, "stats">;
  /** By kind of cloud. */
  readonly asked: () => ReadonlyMap<string, number>;
  /** An entry for each of its grants whose source hands out the same token again. */
  readonly repeated: () => Iterable<{ readonly credential: string; readonly entry: string }>;
}

export function showAdmission({ show }: Pick<Instruments, "show">, { queue, asked, repeated }: ShownAdmission): void {
  show("regcred_tokens_asked", () => [...asked()].map(([provider, value]) => ({ labels: { provider }, value })));
  show("regcred_token_repeated_grants", () => {
    const sums = new Map<string, { labels: { credential: string; entry: string }; value: number }>();
    for (const { credential, entry } of repeated()) {
      const key = `${credential} ${entry}`;
      const before = sums.get(key);
      if (before) before.value += 1;
      else sums.set(key, { labels: { credential, entry }, value: 1 });
    }
    return sums.values();
  });
  show("regcred_tokens_waiting", () => {
    const sums = new Map<string, number>();
    for (const [lacked, keys] of queue.stats().aside) {
      // What it is, and of which kind of cloud: the rest names entries and hosts (src/grants/admission.ts).
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
