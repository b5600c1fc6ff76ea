// Tests of what is reported of ServiceAccounts that are left alone, however many a tenant makes of them.
import { contextOf } from "../context-of.ts";
import { seen } from "../../runtime/watch/seen.ts";
import { describe, expect, it } from "vitest";
import { referencesReconciler } from "../../../src/controllers/service-account/controller.ts";
import { textOfWaited } from "../../../src/controllers/outcome.ts";
import { knownAbsent, type Sighting } from "../../../src/runtime/watch/presence.ts";
import { statusCache } from "../../../src/controllers/status-cache.ts";
import type { NamespaceRecord, ServiceAccountRecord } from "../../../src/cluster/records.ts";
import { store } from "../../../src/runtime/watch/store.ts";
import { fakeClock } from "../../fake-clock.ts";
import { contributor, namespace, secretRecord, serviceAccount } from "../../entitlement/objects.ts";

const never = new AbortController().signal;

async function reportOf(accounts: readonly ServiceAccountRecord[], max = Infinity) {
  const clock = fakeClock();
  const serviceAccounts = store<ServiceAccountRecord>({
    indexBy: (record) => record.namespace,
    share: { limits: { own: 0, max, pool: Infinity }, bytesOf: () => 1 },
  });
  const feed = serviceAccounts.feed();
  for (const account of accounts) feed.observed(account);
  const findings = statusCache(clock);
  findings.setSecret("team-a", "regcred", { state: "usable", credentials: new Map() });
  const patched: string[] = [];
  const published: string[] = [];
  const context = contextOf({
    runtime: {
      clock,
      events: { publish: ({ note }: { note: string }) => published.push(note) },
      log: { debug: () => undefined },
    },
    credentials: {
      members: { holders: () => [], secretNamesIn: () => [] },
      index: {
        isInUse: (name: string) => name === "regcred",
        contributorsIn: () => new Map([["regcred", [contributor()]]]),
        unreadable: () => new Set<string>(),
      },
      statusCache: findings,
    },
    cluster: {
      stores: {
        credentials: new Map(),
        namespaces: seen((name) => (name === "team-a" ? namespace() : undefined)),
        pullSecrets: new Map([["team-a/regcred", secretRecord()]]),
        serviceAccounts,
      },
      transforms: { serviceAccount: () => undefined },
      api: { patchServiceAccount: async (_namespace: string, name: string) => patched.push(name) },
      permissions: { serviceAccounts: () => undefined },
      callFailure: () => ({ kind: undefined, failure: {} }),
    },
    queue: { enqueue: () => undefined },
  });
  const reconcile = referencesReconciler();
  // As the queue does it: a run that has not ended the round goes on.
  for (let isOver = false; !isOver;) {
    const outcome = await reconcile(context, "team-a", never);
    isOver = !("unfinished" in outcome);
  }
  return { patched, published, failures: findings.references("team-a")?.failures ?? [] };
}

const large = (count: number): ServiceAccountRecord[] =>
  Array.from({ length: count }, (_, index) =>
    serviceAccount({ key: `team-a/large-${index}`, name: `large-${index}`, references: undefined, tooLarge: true }),
  );

describe("ServiceAccounts that are too large", () => {
  it("are left alone and told in one failure and one Event, and the others get their reference", async () => {
    const { patched, published, failures } = await reportOf([...large(1000), serviceAccount()]);
    expect(patched).toEqual(["default"]);
    expect(failures).toMatchObject([{ reason: "TooLarge", cause: "Tenant", retry: "on-change" }]);
    expect(failures[0]?.message).toContain("large-0, large-1, large-2, and 997 more");
    expect(published).toHaveLength(1);
  });

  it("are told, too, where there are more of them than are kept", async () => {
    const { failures } = await reportOf([serviceAccount(), ...large(1)], 1);
    expect(failures).toMatchObject([{ reason: "TooLarge", cause: "Tenant" }]);
    expect(failures[0]?.message).toContain("more ServiceAccounts than regcred keeps");
  });

  it("are no news where nobody wants anything of them", async () => {
    const { failures } = await reportOf([serviceAccount()]);
    expect(failures).toEqual([]);
  });
});

describe("the ServiceAccounts of a namespace", () => {
  // Touching anything that is not here throws.
  const run = (sighting: Sighting<NamespaceRecord>) =>
    referencesReconciler()(
      contextOf({ cluster: { stores: { namespaces: { look: () => sighting } } } }),
      "team-a",
      never,
    );

  it.each(["not-seen", "not-permitted"] as const)("wait for it where it is %s", async (kind) => {
    expect(await run({ kind })).toEqual({ waitsFor: [textOfWaited({ of: "namespaces", object: "team-a" })] });
  });

  it("are left alone where it is gone or going", async () => {
    expect(await run(knownAbsent)).toEqual({});
    expect(await run({ kind: "there", record: namespace({ terminating: true }) })).toEqual({});
  });
});
