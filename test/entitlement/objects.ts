// Inputs of the decisions under test. Frozen to the bottom, so that a decision that writes on them fails.
import type { Entry, RegistryCredential, Spec, Status } from "../../src/api/registry-credential.ts";
import type { Contributor } from "../../src/entitlement/credential-index.ts";
import type { Failure } from "../../src/runtime/errors.ts";
import type { EntryToken } from "../../src/content/content.ts";
import type { NamespaceRecord, PodRecord, SecretRecord, ServiceAccountRecord } from "../../src/cluster/records.ts";
import type { Token } from "../../src/cluster/token.ts";
import { Redacted } from "../../src/runtime/redacted.ts";
import type { Login } from "../../src/registry/login.ts";

export function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) frozen(member);
  }
  return value;
}

/** The time at which everything in these tests happens, plus so many minutes. */
export function minute(minutes: number): Temporal.Instant {
  return Temporal.Instant.from("2026-01-01T12:00:00Z").add({ minutes });
}
export const now = minute(0);

export function namespace(changes: Partial<NamespaceRecord> = {}): NamespaceRecord {
  const name = changes.name ?? "team-a";
  return frozen({
    key: name,
    name,
    resourceVersion: "1",
    uid: `uid-${name}`,
    labels: {},
    optedOut: false,
    terminating: false,
    ...changes,
  });
}

export function serviceAccount(changes: Partial<ServiceAccountRecord> = {}): ServiceAccountRecord {
  const { namespace = "team-a", name = "default" } = changes;
  return frozen({
    key: `${namespace}/${name}`,
    resourceVersion: "1",
    namespace,
    name,
    uid: `uid-${name}`,
    optedOut: false,
    references: [],
    cloud: {},
    record: undefined,
    terminating: false,
    ...changes,
  });
}

/** Stuck, of a ReplicaSet, made while its ServiceAccount listed nothing. */
export function pod(changes: Partial<PodRecord> = {}): PodRecord {
  const name = changes.name ?? "app-1";
  return frozen({
    key: `team-a/${name}`,
    resourceVersion: "9",
    namespace: "team-a",
    name,
    uid: `uid-${name}`,
    createdAt: minute(-10),
    serviceAccount: "default",
    references: [],
    stuckImages: ["a.example.com/app:1"],
    controller: { apiVersion: "apps/v1", kind: "ReplicaSet", uid: "uid-app" },
    ...changes,
  });
}

/** A Secret of the tenant's, without any mark of ours. */
export function secretRecord(changes: Partial<SecretRecord> = {}): SecretRecord {
  return frozen({
    key: "team-a/regcred",
    resourceVersion: "7",
    namespace: "team-a",
    name: "regcred",
    uid: "uid-regcred",
    type: "kubernetes.io/dockerconfigjson",
    immutable: false,
    terminating: false,
    digest: "digest of the tenant's",
    metadata: { labels: {}, annotations: {} },
    labelled: false,
    credentials: [],
    controller: undefined,
    ...changes,
  });
}

type StaticEntry = Extract<Entry, { provider: "Static" }>;

export function staticEntry(changes: Partial<StaticEntry> = {}): StaticEntry {
  return frozen({
    name: "hub",
    hosts: ["docker.io"],
    identity: { from: "Operator" },
    provider: "Static",
    static: { secretName: "docker-hub", usernameKey: "username", passwordKey: "password" },
    ...changes,
  });
}

export function credential(
  changes: Partial<Omit<RegistryCredential, "spec">> & { readonly spec?: Partial<Spec>; readonly status?: Status } = {},
): RegistryCredential {
  const { spec, ...rest } = changes;
  return frozen({
    name: "acme",
    uid: "uid-acme",
    generation: 3,
    resourceVersion: "1",
    creationTimestamp: minute(-1000),
    finalizers: [],
    annotations: {},
    ...rest,
    spec: {
      registries: [staticEntry()],
      namespaces: { include: ["team-*"] },
      references: "ServiceAccounts",
      serviceAccounts: { include: ["*"] },
      pullSecret: { name: "regcred", onConflict: "Fail" },
      podRecovery: "None",
      deletionPolicy: "Delete",
      suspend: false,
      ...spec,
    },
  });
}

/** Who is in a pull Secret rightly. */
export function contributor(of = credential(), changes: Partial<Contributor> = {}): Contributor {
  return frozen({
    name: of.name,
    credential: of,
    role: "current",
    entitled: true,
    held: false,
    deleting: false,
    retains: false,
    confirmed: true,
    ...changes,
  });
}

export function login(username = "ada", password = "secret"): Login {
  return { username, password: new Redacted(password) };
}

/** Alive for an hour. */
export function token(changes: Partial<Token> = {}): Token {
  return frozen({
    grantKey: "grant-a",
    logins: { all: login() },
    issuedAt: minute(-60),
    expiresAt: minute(60),
    fingerprint: "f",
    state: "Issued",
    revision: "1",
    ...changes,
  });
}

export function entryToken(changes: Partial<EntryToken> = {}): EntryToken {
  const source = changes.source ?? token();
  const grantKey = "grantKey" in source ? source.grantKey : "grant-a";
  return frozen({ entry: "hub", hosts: ["a.example.com"], grantKey, source, cause: "Platform", ...changes });
}

export function failure(changes: Partial<Failure> = {}): Failure {
  return frozen({
    reason: "SourceMissing",
    cause: "Platform",
    retry: "on-change",
    message: "the source Secret regcred-system/docker-hub does not exist: create it",
    ...changes,
  });
}
