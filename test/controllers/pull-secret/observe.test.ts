// Tests that a pull Secret waits for a token that is on its way, and for nothing where something in it must go.
import { contextOf } from "../context-of.ts";
import { describe, expect, it } from "vitest";
import type { NamespaceRecord, SecretRecord } from "../../../src/cluster/records.ts";
import { shared } from "../../../src/cluster/transform/shared.ts";
import { statusCache } from "../../../src/controllers/status-cache.ts";
import { grantKeys } from "../../../src/providers/grant-keys.ts";
import { members } from "../../../src/entitlement/members.ts";
import { observeSecret, type Snapshot } from "../../../src/controllers/pull-secret/observe.ts";
import type { Content } from "../../../src/content/content.ts";
import { memory } from "../../../src/runtime/queue/memory.ts";
import { grantTracker, tokenSecretName } from "../../../src/grants/grant-tracker.ts";
import { fakeClock } from "../../fake-clock.ts";
import { unrestricted } from "../../mode.ts";
import { allPermitted } from "../all-permitted.ts";
import { contributor, credential, namespace, secretRecord, staticEntry, token } from "../../entitlement/objects.ts";
import { operatorSecrets } from "../operator-secrets.ts";

const inside = staticEntry();
/** The registry is asked for an image before the token is published. */
const outside = staticEntry({ verify: { image: "docker.io/acme/app" } });

/** What is observed at the very moment at which the first attempt at the one token that is needed begins. */
function observed(
  recordFor: (grantKey: string) => Partial<SecretRecord> | undefined,
  entry: Parameters<typeof staticEntry>[0] = outside,
  /** Has its token already, unless it is pending, too. */
  other?: Parameters<typeof staticEntry>[0] & { readonly pending?: boolean },
) {
  const { pending = false, ...otherEntry } = other ?? {};
  const registries = [entry, ...(other ? [otherEntry] : [])].map(staticEntry);
  const acme = credential({ spec: { registries } });
  const clock = fakeClock();
  const kept = operatorSecrets();
  const tokens = grantTracker({ clock, secrets: kept, operatorNamespace: "ops" });
  const stored: SecretRecord[] = [];
  const context = contextOf({
    runtime: { clock, events: { publish: () => undefined } },
    grants: {
      tokens,
      grantKey: grantKeys(),
      scopeOf: (of: NamespaceRecord) => ({ namespace: of, operatorNamespace: "ops", serviceAccount: () => undefined }),
    },
    credentials: {
      statusCache: statusCache(clock),
      index: {
        contributors: () => [contributor(acme)],
        unreadable: () => new Set<string>(),
      },
      members: members(),
    },
    queue: { enqueue: () => undefined },
    cluster: {
      namesSynced: () => true,
      permissions: allPermitted,
      stores: {
        credentials: new Map(),
        pullSecrets: { get: () => stored.at(-1) },
        serviceAccounts: { byIndex: () => [] },
        operatorSecrets: kept,
      },
      digest: () => "digest",
    },
    settings: { mode: unrestricted },
  });
  const look = () =>
    observeSecret({
      context,
      namespace: namespace(),
      name: "regcred",
      memory: {},
      rendered: memory<Content>(),
      sharedText: shared<string>(),
    });
  look();
  const [[grantKey] = [""], ...rest] = [...tokens.wanted()];
  for (const [key] of pending ? [] : rest) {
    const identity = { key, namespace: "ops", name: key, uid: key, resourceVersion: "1" };
    kept.set(`ops/${tokenSecretName(key)}`, { ...identity, kind: "token", token: token({ grantKey: key }) });
  }
  const changes = recordFor(grantKey);
  if (changes) stored.push(secretRecord({ credentials: ["acme"], labelled: true, ...changes }));
  return look();
}

const entries = (...grants: readonly string[]): Partial<SecretRecord> => ({
  metadata: {
    labels: {},
    annotations: {
      "regcred.dev/entries": JSON.stringify(grants.map((grant) => ({ name: "acme/hub", grant, hosts: ["docker.io"] }))),
    },
  },
});

describe("while the first attempt at a token is under way", () => {
  it.each<[string, (grantKey: string) => Partial<SecretRecord> | undefined]>([
    ["there is no Secret", () => undefined],
    ["all that is in the Secret is of grants in force", (grantKey) => entries(grantKey)],
    ["the Secret is somebody else's", () => ({ ...entries("ended"), credentials: [], labelled: false })],
  ])("its arrival is awaited where %s", (_what, record) => {
    expect(observed(record)).toMatchObject({ requeueAfter: {} });
  });

  it("its arrival is awaited where it is made from what the cluster has: one write, and no reference goes", () => {
    expect(observed((grantKey) => entries(grantKey, "ended"), inside)).toMatchObject({ requeueAfter: {} });
  });

  it.each([
    ["behind", outside, inside],
    ["before", inside, outside],
  ])("so is its arrival %s that of one that is made outside", (_where, first, { verify, ...second }) => {
    const other = {
      ...second,
      name: "other",
      hosts: ["other.example.com"],
      static: { ...inside.static, secretName: "other" },
      ...(verify && { verify: { image: "other.example.com/app" } }),
      pending: true,
    };
    expect(observed((grantKey) => entries(grantKey, "ended"), first, other)).toMatchObject({ requeueAfter: {} });
  });

  it.each<[string, (grantKey: string) => Partial<SecretRecord>]>([
    ["the Secret has something of a grant that has ended", (grantKey) => entries(grantKey, "ended")],
    ["the Secret may have", () => ({ metadata: undefined })],
  ])("nothing is awaited where %s", (_what, record) => {
    const { gathered, content } = observed(record) as Snapshot;
    expect([gathered.waiting, content?.text]).toEqual(["outside", undefined]);
  });

  it("nobody who has a token already waits for one that is made outside", () => {
    const ready = { name: "ready", hosts: ["ready.example.com"], static: { ...inside.static, secretName: "ready" } };
    const { gathered, content } = observed(() => undefined, outside, ready) as Snapshot;
    expect([gathered.waiting, content?.served.map(({ host }) => host)]).toEqual(["outside", ["ready.example.com"]]);
  });
});
