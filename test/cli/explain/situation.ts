// A situation that `explain` is asked about: all is well, but for what a test says.
import { transformCredential } from "../../../src/cluster/transform/credential.ts";
import type { CredentialRecord, NamespaceRecord, ServiceAccountRecord } from "../../../src/cluster/records.ts";
import type { ExplainInput, PodView, SecretView } from "../../../src/cli/explain/input.ts";
import type { Candidate } from "../../../src/cli/explain/serving-blocker.ts";
import type { Seen } from "../../../src/cli/seen.ts";
import { commandText } from "../../../src/runtime/steps.ts";
import type { Blocker } from "../../../src/cli/explain/blocker.ts";
import { minimal, stored } from "../../api/registry-credential.ts";

export const now = Temporal.Instant.from("2026-11-30T12:00:00Z");
const [hub] = minimal.spec.registries;

export const seen = <T>(value: T): Seen<T> => ({ seen: "there", value });

/** Serves docker.io to `team-*` by its entry `hub`, and was observed. */
export function credential({
  name = "acme",
  spec = {},
  status = {},
  metadata = {},
}: {
  readonly name?: string;
  readonly spec?: object;
  readonly status?: object;
  readonly metadata?: object;
} = {}): CredentialRecord {
  const raw = stored({ ...minimal, metadata: { name }, spec: { ...minimal.spec, ...spec } });
  return transformCredential({
    ...raw,
    metadata: { ...raw.metadata, ...metadata },
    status: { observedGeneration: 1, ...status },
  });
}

/** The entry `hub` with other fields, or another one. */
export const entry = (more: object = {}): object => ({ ...hub, ...more });

export function secret(name: string, more: Partial<SecretView> = {}): SecretView {
  return {
    name,
    uid: `uid-${name}`,
    labels: {},
    annotations: {},
    terminating: false,
    controller: undefined,
    hosts: undefined,
    ...more,
  };
}

export interface Login {
  readonly name?: string;
  readonly hosts?: readonly string[];
  readonly expires?: string;
}

/** One of ours with these logins. */
export function ours(name: string, ...logins: readonly Login[]): SecretView {
  const entries = logins.map((login) => ({ name: "acme/hub", grant: "g", hosts: ["docker.io"], ...login }));
  return secret(name, { annotations: { "regcred.dev/entries": JSON.stringify(entries) } });
}

export const secrets = (...all: readonly SecretView[]): ExplainInput["secrets"] =>
  new Map(all.map((each) => [each.name, seen(each)]));

export function account(more: Partial<ServiceAccountRecord> = {}): Seen<ServiceAccountRecord> {
  const name = "default";
  return seen({
    key: `team-a/${name}`,
    resourceVersion: "1",
    namespace: "team-a",
    name,
    uid: "uid-default",
    optedOut: false,
    references: ["regcred"],
    cloud: {},
    record: undefined,
    terminating: false,
    ...more,
  });
}

export function namespace(more: Partial<NamespaceRecord> = {}): Seen<NamespaceRecord> {
  return seen({
    key: "team-a",
    resourceVersion: "1",
    name: "team-a",
    uid: "uid-team-a",
    labels: {},
    optedOut: false,
    terminating: false,
    ...more,
  });
}

export function pod(more: Partial<PodView> = {}): PodView {
  return {
    name: "web",
    serviceAccountName: "default",
    images: ["nginx"],
    pullPolicies: new Map(),
    pullSecrets: ["regcred"],
    owner: undefined,
    ...more,
  };
}

/** About the ServiceAccount `default` of team-a, which refers to a Secret that is not there yet. */
export function situation(more: Partial<ExplainInput> = {}): ExplainInput {
  return {
    now,
    operatorNamespace: "ops",
    namespaceName: "team-a",
    namespace: namespace(),
    serviceAccountName: "default",
    serviceAccount: account(),
    pod: undefined,
    images: ["nginx"],
    imagesAsked: false,
    credentials: [credential()],
    allCredentials: true,
    secrets: new Map([["regcred", { seen: "absent" }]]),
    serviceAccountOf: () => undefined,
    accountsSeen: true,
    ...more,
  };
}

/** Its first entry. */
export function candidate(record: CredentialRecord): Candidate {
  const [first] = record.credential?.spec.registries ?? [];
  if (!record.credential || !first) throw new Error(record.problems.join("; "));
  return { record, credential: record.credential, entry: first };
}

/** A blocker as a person reads it. */
export function told({ reason, cause, others, why, remedy }: Blocker): object {
  return { reason, cause, others, why, change: remedy.change, commands: remedy.commands.map(commandText) };
}
