// What tests of a removal begin with.
import { contextOf } from "./context-of.ts";
import { seen } from "../runtime/watch/seen.ts";
import type { NamespaceRecord, SecretRecord } from "../../src/cluster/records.ts";
import { statusCache } from "../../src/controllers/status-cache.ts";
import { grantKeys } from "../../src/providers/grant-keys.ts";
import { members } from "../../src/entitlement/members.ts";
import { pullSecretReconciler } from "../../src/controllers/pull-secret/controller.ts";
import { store } from "../../src/runtime/watch/store.ts";
import { keyedDigest } from "../../src/cluster/digest.ts";
import { transformSecret } from "../../src/cluster/transform/secret.ts";
import { fakeClock } from "../fake-clock.ts";
import { unrestricted } from "../mode.ts";
import { allPermitted } from "./all-permitted.ts";
import { contributor, credential, namespace } from "../entitlement/objects.ts";
import { inSlices } from "../../src/runtime/in-slices.ts";

const never = new AbortController().signal;

export interface Removal {
  /** So many times its tenant changes the Secret, each before it is deleted. */
  readonly changes: number;
  /** It is only said that it was changed. */
  readonly pretends?: boolean;
  /** Milliseconds that each look at the clock takes, which stands for what is done between two of them. */
  readonly thinking?: number;
}

/** A Secret that acme has to leave. */
export function removalScenario({ changes, pretends = false, thinking = 0 }: Removal) {
  const still = fakeClock();
  let elapsed = 0;
  const clock = { ...still, elapsed: () => (elapsed += thinking) };
  const transform = transformSecret(keyedDigest(new Uint8Array(32)));
  const pullSecrets = store<SecretRecord>();
  const feed = pullSecrets.feed();
  let version = 1;
  const stands = (): object => ({
    metadata: {
      namespace: "team-a",
      name: "regcred",
      uid: "u",
      resourceVersion: String(version),
      labels: { "app.kubernetes.io/managed-by": "regcred" },
      annotations: { "regcred.dev/credentials": "acme", "regcred.dev/managed": "{}" },
      managedFields: [{ manager: "regcred", operation: "Update" }],
    },
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": btoa("{}") },
  });
  feed.observed(transform(stands()));
  const tracker = members();
  tracker.begin(credential().uid);
  let deletions = 0;
  const context = contextOf({
    runtime: {
      clock,
      inSlices: inSlices(clock),
      events: { publish: () => undefined },
      log: { debug: () => undefined, warn: () => undefined },
    },
    credentials: {
      statusCache: statusCache(clock),
      members: tracker,
      judged: { judged: () => undefined, unjudged: () => undefined },
      index: {
        names: () => ["regcred"],
        isInUse: (name: string) => name === "regcred",
        namesOf: () => [],
        contributors: () => [contributor(credential(), { entitled: false })],
        unreadable: () => new Set<string>(),
      },
    },
    grants: {
      grantKey: grantKeys(),
      scopeOf: (of: NamespaceRecord) => ({ namespace: of, operatorNamespace: "ops", serviceAccount: () => undefined }),
      tokens: { use: () => [], keep: () => undefined },
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
        pullSecrets,
      },
      api: {
        getSecret: async () => stands(),
        deleteSecret: async () => {
          deletions += 1;
          if (deletions > changes) return;
          if (!pretends) version += 1;
          throw new Error("changed");
        },
      },
      callFailure: () => ({
        kind: "conflict",
        failure: { reason: "Conflict", cause: "Platform", retry: "backoff", message: "changed" },
      }),
      namesSynced: () => true,
      permissions: allPermitted,
    },
    queue: { enqueue: () => undefined },
  });
  const reconcile = pullSecretReconciler();
  return {
    run: () => reconcile(context, "team-a", "regcred", never),
    deletions: () => deletions,
    /** What the status cache says of acme there. */
    reported: () =>
      context.credentials.statusCache.secret("team-a", "regcred")?.credentials.get("acme")?.failures ?? [],
    pullSecrets,
  };
}
