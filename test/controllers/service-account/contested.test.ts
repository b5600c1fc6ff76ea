// Tests that a fight over a ServiceAccount ends when the other side gives up, and that its end is reported.
import { contextOf } from "../context-of.ts";
import { seen } from "../../runtime/watch/seen.ts";
import { describe, expect, it } from "vitest";
import type { Reverts } from "../../../src/runtime/queue/conflict-backoff.ts";
import type { NamespaceRecord, SecretRecord, ServiceAccountRecord } from "../../../src/cluster/records.ts";
import type { Outcome } from "../../../src/runtime/queue/work-queue.ts";
import { statusCache } from "../../../src/controllers/status-cache.ts";
import { grantKeys } from "../../../src/providers/grant-keys.ts";
import { members } from "../../../src/entitlement/members.ts";
import { pullSecretReconciler } from "../../../src/controllers/pull-secret/controller.ts";
import { patchReferences } from "../../../src/controllers/service-account/apply.ts";
import { keyedDigest } from "../../../src/cluster/digest.ts";
import { transformSecret } from "../../../src/cluster/transform/secret.ts";
import { transformServiceAccount } from "../../../src/cluster/transform/service-account.ts";
import { fakeClock } from "../../fake-clock.ts";
import { unrestricted } from "../../mode.ts";
import { allPermitted } from "../all-permitted.ts";
import { contributor, credential, namespace, serviceAccount, token } from "../../entitlement/objects.ts";
import { sending } from "../sending.ts";

const never = new AbortController().signal;
const tenMinutes = 10 * 60_000;
const ms = (milliseconds: number): Temporal.Duration => Temporal.Duration.from({ milliseconds });

describe("a pull Secret that somebody keeps changing back", () => {
  const acme = credential();

  /** One namespace, one credential with a token, and an API server that takes every write. */
  function fixture() {
    const clock = fakeClock();
    const transform = transformSecret(keyedDigest(new Uint8Array(32)));
    const stored: SecretRecord[] = [];
    const queued: string[] = [];
    let version = 1;
    const stands = (body: object): object => {
      const { metadata, ...rest } = body as { metadata: object };
      return { ...rest, metadata: { ...metadata, uid: "u", resourceVersion: String(++version) } };
    };
    let written = 0;
    const write = (json: string): Promise<object> => {
      written += 1;
      return Promise.resolve(stands(JSON.parse(json) as object));
    };
    const context = contextOf({
      runtime: { clock, events: { publish: () => undefined }, log: { debug: () => undefined } },
      credentials: {
        statusCache: statusCache(clock),
        judged: { judged: () => undefined, unjudged: () => undefined },
        index: {
          names: () => ["regcred"],
          isInUse: (name: string) => name === "regcred",
          contributors: () => [contributor(acme)],
          unreadable: () => new Set<string>(),
          readable: () => acme,
        },
        members: members(),
      },
      grants: {
        grantKey: grantKeys(),
        scopeOf: (of: NamespaceRecord) => ({
          namespace: of,
          operatorNamespace: "ops",
          serviceAccount: () => undefined,
        }),
        tokens: {
          use: () => [],
          keep: () => undefined,
          madeFor: () => [],
          token: (grantKey: string) => token({ grantKey, expiresAt: undefined }),
        },
      },
      settings: { namespace: "ops", mode: unrestricted, maxConfigBytes: 65_536 },
      cluster: {
        digest: keyedDigest(new Uint8Array(32)),
        transforms: { secret: transform },
        stores: {
          credentials: new Map(),
          namespaces: seen(() => namespace()),
          serviceAccounts: { byIndex: () => [] },
          operatorSecrets: { get: () => undefined },
          pullSecrets: { get: () => stored.at(-1), send: sending((record: SecretRecord) => stored.push(record)) },
        },
        api: {
          createSecret: (_namespace: string, json: string) => write(json),
          replaceSecret: (_namespace: string, _name: string, json: string) => write(json),
        },
        namesSynced: () => true,
        permissions: allPermitted,
      },
      queue: { enqueue: (key: string) => queued.push(key) },
    });
    const reconcile = pullSecretReconciler();
    return {
      clock,
      queued,
      run: () => reconcile(context, "team-a", "regcred", never),
      written: () => written,
      changeBack: (): void => {
        const mine = { namespace: "team-a", name: "regcred", labels: {}, annotations: {} };
        stored.push(transform(stands({ metadata: mine, type: "kubernetes.io/dockerconfigjson", data: {} })));
      },
      reasons: () =>
        context.credentials.statusCache
          .secret("team-a", "regcred")
          ?.credentials.get("acme")
          ?.failures.map(({ reason }) => reason),
    };
  }

  it("is contested until ten minutes after the last repair, and no longer", async () => {
    const { clock, queued, run, written, changeBack, reasons } = fixture();
    let outcome: Outcome = await run();
    for (let reverts = 0; reverts < 5; reverts += 1) {
      expect(reasons()).toEqual([]);
      changeBack();
      outcome = await run();
    }
    expect(reasons()).toEqual(["Contested"]);

    // From now on there is a pause before each repair.
    changeBack();
    const before = written();
    outcome = await run();
    expect(written()).toBe(before);
    await clock.advance(waitOf(outcome));
    outcome = await run();
    expect(written()).toBe(before + 1);
    const last = clock.elapsed();

    // The other side gives up. Nothing happens but that the controller comes back when it said.
    while (waitOf(outcome)) {
      expect(reasons()).toEqual(["Contested"]);
      await clock.advance(waitOf(outcome));
      queued.length = 0;
      outcome = await run();
    }
    expect(clock.elapsed() - last).toBe(tenMinutes);
    expect(reasons()).toEqual([]);
    expect(queued, "the credential counts anew").toContain("credential/acme");
    expect(written()).toBe(before + 1);
  });
});

describe("a reference that somebody keeps taking off", () => {
  it("is contested until ten minutes after the last repair, and no longer", async () => {
    const clock = fakeClock();
    const transform = transformServiceAccount();
    let version = 1;
    let account: ServiceAccountRecord = serviceAccount();
    const context = contextOf({
      runtime: { clock, log: { debug: () => undefined } },
      cluster: {
        transforms: { serviceAccount: transform },
        stores: { serviceAccounts: { send: sending((record: ServiceAccountRecord) => (account = record)) } },
        api: {
          patchServiceAccount: (_namespace: string, _name: string, patch: { metadata: object }) =>
            Promise.resolve({
              ...patch,
              metadata: {
                ...patch.metadata,
                namespace: "team-a",
                name: "default",
                uid: "u",
                resourceVersion: `${++version}`,
              },
            }),
        },
      },
    });
    const wanted = {
      secrets: [
        {
          name: "regcred",
          wanted: true,
          usable: true,
          leaving: false,
          foreign: false,
          served: true,
          retained: false,
          frozen: false,
        },
      ],
      extras: [],
      unjudged: new Set<string>(),
      formerExtras: new Set<string>(),
    };
    let reverts: Reverts | undefined;
    const run = async () => {
      const referred = await patchReferences(context, account, { ...wanted, reverts }, never);
      reverts = referred.reverts;
      return referred;
    };
    let referred = await run();
    for (let reverts = 0; reverts < 5; reverts += 1) {
      expect(referred.failure).toBeUndefined();
      account = serviceAccount({ resourceVersion: `${++version}` });
      referred = await run();
    }
    const last = clock.elapsed();
    for (; referred.wait !== undefined; referred = await run()) {
      expect(referred.failure?.reason).toBe("Contested");
      await clock.advance(ms(referred.wait));
    }
    expect(clock.elapsed() - last).toBe(tenMinutes);
    expect(referred.failure).toBeUndefined();
    expect(account.references).toEqual(["regcred"]);
  });
});

function waitOf(outcome: Outcome): Temporal.Duration | undefined {
  return outcome.failed ? undefined : outcome.requeueAfter;
}
