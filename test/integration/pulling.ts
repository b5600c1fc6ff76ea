// Pulls every 100 ms, in one namespace after the other, to find whether any pull fails while something is changed.
import { systemClock } from "../../src/runtime/clock.ts";
import type { KubeObject } from "../cluster/admin-client.ts";
import type { Registry } from "../cluster/registry.ts";
import { tryPull } from "../cluster/try-pull.ts";
import { eventually, type TestEnv } from "./test-env.ts";

export interface Pulling {
  /** Resolves when each namespace has pulled once more. */
  round(): Promise<void>;
  /** May be called again. */
  stop(): Promise<{ readonly pulls: number; readonly failed: readonly string[] }>;
}

export interface PullingOptions {
  readonly registry: Registry;
  readonly repository: string;
  readonly namespaces: readonly string[];
}

const interval = Temporal.Duration.from({ milliseconds: 100 });

/** Each with what the default ServiceAccount refers to just then, as a kubelet does: one Secret after the other. */
export function pulling(world: TestEnv, { registry, repository, namespaces }: PullingOptions): Pulling {
  const clock = systemClock();
  const stopped = new AbortController();
  const failed: string[] = [];
  let pulls = 0;
  const pull = async (namespace: string): Promise<void> => {
    const names = await world.references(namespace);
    const tried: string[] = [];
    for (const name of names) {
      const config = configIn(await world.secret(namespace, name));
      const { ok, status } = await tryPull(registry, repository, "1", config);
      if (ok) return;
      tried.push(`${name} ${config === undefined ? "without a login" : String(status)}`);
    }
    failed.push(`${namespace}: ${tried.join(", ") || "no reference"}`);
  };
  const run = async (): Promise<void> => {
    const under: Promise<void>[] = [];
    for (; !stopped.signal.aborted; pulls += 1) {
      under.push(pull(namespaces[pulls % namespaces.length] ?? ""));
      await clock.sleep(interval);
    }
    await Promise.all(under);
  };
  const running = run();
  return {
    round: () => {
      const end = pulls + namespaces.length + 1;
      return eventually("each has pulled once more", async () => pulls >= end);
    },
    stop: async () => {
      stopped.abort();
      await running;
      return { pulls, failed };
    },
  };
}

function configIn(secret: KubeObject | undefined): string | undefined {
  const encoded = (secret?.["data"] as Record<string, string> | undefined)?.[".dockerconfigjson"];
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64").toString();
}
