// Tests that what our own GET finds corrects what is stored, also backwards, before anything is judged by it.
import { contextOf } from "../context-of.ts";
import { describe, expect, it } from "vitest";
import type { StoredObject } from "../../../src/runtime/watch/object-meta.ts";
import { readLive } from "../../../src/controllers/pull-secret/observe.ts";
import { patchReferences } from "../../../src/controllers/service-account/apply.ts";
import { takeLoginsOut } from "../../../src/controllers/pull-secret/apply.ts";
import { store } from "../../../src/runtime/watch/store.ts";
import { namespace, secretRecord, serviceAccount } from "../../entitlement/objects.ts";

interface Found {
  readonly metadata: { readonly resourceVersion: string };
}

/** A store that knows the object in a version that etcd has no more, and what a GET answers. */
function fixture(record: StoredObject, found: Found | undefined) {
  const records = store<StoredObject>();
  const feed = records.feed();
  feed.begin();
  feed.observed(record);
  feed.completed(record.resourceVersion);
  const read = (): Promise<Found | undefined> => Promise.resolve(found);
  const transform = ({ metadata }: Found): StoredObject => ({ ...record, resourceVersion: metadata.resourceVersion });
  const context = contextOf({
    runtime: { clock: { elapsed: () => 0 } },
    cluster: {
      stores: { pullSecrets: records, serviceAccounts: records },
      transforms: { secret: transform, serviceAccount: transform },
      api: { getSecret: read, getServiceAccount: read },
      callFailure: () => ({ kind: "forbidden" }),
      digest: () => "ours",
    },
  });
  return { context, stored: () => records.get(record.key)?.resourceVersion };
}

const signal = AbortSignal.timeout(60_000);
const secret = secretRecord({ resourceVersion: "150" });
const account = serviceAccount({ resourceVersion: "150", references: undefined });
const answers: readonly (readonly [string, Found | undefined, string | undefined])[] = [
  ["an older version", { metadata: { resourceVersion: "7" } }, "7"],
  ["none", undefined, undefined],
];

describe("a GET that finds", () => {
  it.each(answers)("%s of a pull Secret is known of where it is read", async (_what, found, expected) => {
    const { context, stored } = fixture(secret, found);
    const run = { context, namespace: namespace({ name: secret.namespace }), name: secret.name };
    expect(await readLive(run, secret, signal)).toBeUndefined();
    expect(stored()).toBe(expected);
  });

  it.each(answers)("%s of a pull Secret is known of where its logins are taken out", async (_what, found, expected) => {
    const { context, stored } = fixture(secret, found);
    await takeLoginsOut(context, secret, new Error("a policy keeps it"), signal);
    expect(stored()).toBe(expected);
  });

  it.each(answers)("%s of a ServiceAccount is known of", async (_what, found, expected) => {
    const { context, stored } = fixture(account, found);
    const wanted = {
      secrets: [{ name: "regcred", wanted: true, usable: true, leaving: false }],
      extras: [],
      formerExtras: new Set<string>(),
    } as unknown as Parameters<typeof patchReferences>[2];
    await patchReferences(context, account, { ...wanted, reverts: undefined }, signal);
    expect(stored()).toBe(expected);
  });
});
