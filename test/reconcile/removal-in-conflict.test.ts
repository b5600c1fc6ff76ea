// Is a login taken back from a tenant that writes to its Secret all the time?
import { expect, it } from "vitest";
import type { NamespaceRecord, SecretRecord } from "../../src/plan/snapshot.ts";
import { board } from "../../src/reconcile/board.ts";
import type { Context } from "../../src/reconcile/context.ts";
import { grantKeys } from "../../src/reconcile/grant-keys.ts";
import { members } from "../../src/reconcile/members.ts";
import { pullSecretLoop } from "../../src/reconcile/pull-secret.ts";
import { store } from "../../src/watch/store.ts";
import { keyedDigest } from "../../src/watch/digest.ts";
import { stripSecret } from "../../src/watch/strip/secret.ts";
import { fakeClock } from "../fake-clock.ts";
import { unrestricted } from "../mode.ts";
import { allInReach } from "./all-in-reach.ts";
import { credential, namespace } from "../plan/objects.ts";

const never = new AbortController().signal;

/** A Secret that acme has to leave, and that its tenant has changed before each of the first deletions. */
function situation(changes: number) {
  const clock = fakeClock();
  const strip = stripSecret(keyedDigest(new Uint8Array(32)));
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
    },
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": btoa("{}") },
  });
  feed.observed(strip(stands()));
  const book = members();
  book.begin(credential().uid);
  let deletions = 0;
  const context = {
    clock,
    board: board(clock),
    grantKey: grantKeys(),
    members: book,
    settings: { namespace: "ops", mode: unrestricted, maxConfigBytes: 65_536 },
    scopeOf: (of: NamespaceRecord) => ({ namespace: of, operatorNamespace: "ops", serviceAccount: () => undefined }),
    tokens: { use: () => [], needed: () => [] },
    digest: keyedDigest(new Uint8Array(32)),
    strips: { secret: strip },
    stores: {
      credentials: new Map(),
      namespaces: { get: () => namespace() },
      serviceAccounts: { byIndex: () => [] },
      operatorSecrets: { get: () => undefined },
      pullSecrets,
    },
    api: {
      getSecret: async () => stands(),
      deleteSecret: async () => {
        deletions += 1;
        if (deletions > changes) return;
        version += 1;
        throw new Error("changed");
      },
    },
    entitlements: {
      namesOf: () => [],
      participants: () => [
        {
          name: "acme",
          credential: credential(),
          role: "current",
          entitled: false,
          held: false,
          deleting: false,
          confirmed: true,
        },
      ],
      unreadable: () => false,
    },
    refusal: () => ({
      kind: "conflict",
      failure: { reason: "Conflict", cause: "Platform", retry: "backoff", message: "changed" },
    }),
    events: { publish: () => undefined },
    enqueue: () => undefined,
    log: { debug: () => undefined, warn: () => undefined },
    namesSynced: () => true,
    reach: allInReach,
  } as unknown as Context;
  const loop = pullSecretLoop();
  return { run: () => loop(context, "team-a", "regcred", never), deletions: () => deletions, pullSecrets };
}

it("is taken away in the same run, though the tenant has changed it meanwhile, and again", async () => {
  const { run, deletions, pullSecrets } = situation(3);
  expect(await run()).not.toMatchObject({ failed: true });
  expect([deletions(), pullSecrets.get("team-a/regcred")]).toEqual([4, undefined]);
});

it("is tried no more than five times in one run", async () => {
  const { run, deletions } = situation(100);
  expect(await run()).toMatchObject({ failed: true, retry: "backoff" });
  expect(deletions()).toBe(5);
});
