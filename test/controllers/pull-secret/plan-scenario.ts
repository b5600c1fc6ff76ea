// What tests of a pull Secret's plan begin with.
import { type Contribution, contentOf } from "../../../src/content/content.ts";
import type { LiveSecret, PlannedSecret } from "../../../src/cluster/pull-secret-object.ts";
import {
  noOptions,
  type PullSecretOptions,
  type PullSecretPlan,
  type PullSecretSnapshot,
} from "../../../src/controllers/pull-secret/plan-types.ts";
import type { SecretRecord } from "../../../src/cluster/records.ts";
import { frozen, namespace, now, secretRecord } from "../../entitlement/objects.ts";

/** What is wanted under a name. */
export type Wants = Pick<PullSecretSnapshot, "content" | "options">;

/** As it is rendered for many Secrets. */
export function wants(
  contributions: readonly Contribution[],
  options: Partial<PullSecretOptions> = {},
  at: Temporal.Instant = now,
): Wants {
  const content = contentOf(frozen(contributions), at);
  const digest = content.text === undefined ? undefined : `digest of ${content.text}`;
  return frozen({ content: { ...content, digest }, options: { ...noOptions, ...options } });
}

/** Nothing stands there, nothing is wanted. */
export function snapshot(changes: Partial<PullSecretSnapshot> = {}): PullSecretSnapshot {
  return frozen({
    namespace: namespace(),
    name: "regcred",
    content: undefined,
    options: noOptions,
    record: undefined,
    live: undefined,
    knownAsOurs: false,
    knownAsMerged: false,
    formerLogins: [],
    frozen: [],
    settled: undefined,
    referencesLeft: 0,
    retain: false,
    reserved: false,
    maxBytes: 65_536,
    now,
    ...changes,
  });
}

/** What the plan writes. */
export function written({ action }: PullSecretPlan): PlannedSecret {
  if (!("body" in action)) throw new Error(`nothing is written: ${action.kind}`);
  return action.body;
}

/** The record of what was written, as the store would hold it. */
export function recordOf(body: PlannedSecret, changes: Partial<SecretRecord> = {}): SecretRecord {
  const credentials = body.annotations["regcred.dev/credentials"];
  return secretRecord({
    type: body.type,
    digest: `digest of ${body.dockerConfig}`,
    metadata: { labels: body.labels, annotations: body.annotations },
    labelled: body.labels["app.kubernetes.io/managed-by"] === "regcred",
    credentials: credentials === undefined ? [] : credentials.split(","),
    ...changes,
  });
}

/** A foreign one. */
export function live(changes: Partial<LiveSecret> = {}): LiveSecret {
  return frozen({
    uid: "uid-regcred",
    resourceVersion: "7",
    type: "kubernetes.io/dockerconfigjson",
    immutable: false,
    labels: {},
    annotations: {},
    ownerReferences: [],
    finalizers: [],
    dockerConfig: '{"auths":{"theirs.example.com":{"auth":"eDp5"}}}',
    otherData: {},
    ...changes,
  });
}
