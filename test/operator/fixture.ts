// What the operator's tests begin with: a cluster in memory, replicas of the whole operator on a clock that the test moves.
import { expect } from "vitest";
import { type Operator, operator } from "../../src/operator.ts";
import { type OperatorSettings, operatorConfigFrom } from "../../src/config/config.ts";
import type { Http } from "../../src/providers/http/http.ts";
import { providers } from "../../src/providers/index.ts";
import { NetworkError } from "../../src/providers/http/network-error.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import type { Log } from "../../src/runtime/observability/log.ts";
import { minimal } from "../api/registry-credential.ts";
import { fakeClock } from "../fake-clock.ts";
import { apiServer, type PlayedObject } from "./api-server.ts";
import { laws, referencesOf } from "./laws.ts";
import { playedConnection, type Recorded, type Wiring, type Faults } from "./played-pools.ts";

// What mints is loaded when it is first asked for, which takes time that the test's clock does not have.
await Promise.all(providers.map(({ load }) => load()));

export const ops = "regcred-system";
const secretPlace = "regcred";

export interface ReplicaOptions {
  /** Its own namespace. */
  readonly namespace?: string;
  readonly leaderElection?: boolean;
  readonly settings?: Partial<OperatorSettings>;
  /** The answer of registries and clouds; there are none, if absent. */
  readonly clouds?: Http;
  /** Default: the one that the test moves. */
  readonly clock?: Clock;
}

export interface Replica extends Operator {
  /** Why it must not go on. */
  readonly end: () => string | undefined;
}

const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ milliseconds: count * 1000 });

/** A cluster with namespaces, each with ServiceAccounts. */
export function fixture({
  namespaces = ["team-a"],
  accounts = ["default"],
}: { readonly namespaces?: readonly string[]; readonly accounts?: readonly string[] } = {}) {
  const clock = fakeClock();
  const server = apiServer(() => clock.now());
  const places = new Map<string, Required<Pick<ReplicaOptions, "namespace" | "leaderElection">>>();
  const rules = laws(
    server,
    (by) => places.get(by)?.namespace ?? ops,
    (by) => places.get(by)?.leaderElection ?? true,
  );
  const noFaults: Faults = () => undefined;
  const wiring: Wiring = {
    server,
    clock,
    recorded: [],
    closed: [],
    onCall: (call, at) => rules.check(call, at),
    faults: noFaults,
  };
  const logged: string[] = [];
  const say = (message: string): void => void logged.push(message);
  const log: Log = { debug: () => undefined, info: say, warn: say, error: say };

  const addNamespace = (name: string, more: object = {}, names: readonly string[] = accounts): void => {
    server.create({ apiVersion: "v1", kind: "Namespace", metadata: { name, ...more } });
    for (const each of names) addAccount(name, each);
  };
  const addAccount = (namespace: string, name: string, more: object = {}): void => {
    server.create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace, name, ...more } });
  };
  const addSource = (name: string, password: string, namespace = ops): void => {
    const data = { username: btoa("ada"), password: btoa(password) };
    server.create({ apiVersion: "v1", kind: "Secret", metadata: { namespace, name }, type: "Opaque", data });
  };
  for (const name of namespaces) addNamespace(name);
  addNamespace("default", {}, []);
  addNamespace(ops, {}, []);
  addSource("docker-hub", "first");

  return {
    clock,
    server,
    recorded: wiring.recorded,
    closed: wiring.closed,
    logged,
    broken: rules.broken,
    addNamespace,
    addAccount,
    addSource,
    /** A RegistryCredential for the host, with the login of the source. */
    addCredential: (
      name: string,
      spec: object = {},
      { host = "docker.io", source = "docker-hub" } = {},
    ): PlayedObject =>
      server.create({
        ...minimal,
        metadata: { name },
        spec: {
          registries: [{ name: "hub", provider: "Static", hosts: [host], static: { secretName: source } }],
          namespaces: { include: ["team-*"] },
          ...spec,
        },
      }),
    /** What somebody beside the replicas reaches the cluster through. */
    connection: playedConnection(wiring, "person"),
    setFaults: (faults: Faults = noFaults): void => void (wiring.faults = faults),
    run: (
      by: string,
      { namespace = ops, leaderElection = true, settings, clouds, ...its }: ReplicaOptions = {},
    ): Replica => {
      places.set(by, { namespace, leaderElection });
      const made = operator({
        connection: playedConnection(wiring, by),
        settings: {
          ...operatorConfigFrom({}, {}),
          namespace,
          concurrency: 4,
          leaderElection,
          ...settings,
        },
        network: {
          http: clouds ?? unreachable,
          withEndpoints: clouds ?? unreachable,
          withMetadata: unreachable,
          close: async () => say("network closed"),
        },
        log,
        clock: its.clock ?? clock,
        random: () => 0.5,
        version: "0.0.0",
        instance: by,
      });
      let end: string | undefined;
      made.started.catch((error: Error) => (end = error.message));
      made.failed.catch((error: Error) => (end = error.message));
      return { ...made, end: () => end };
    },
    /** Lets so many seconds pass. */
    pass: (count: number): Promise<void> => clock.advance(seconds(count)),
    /** Stops the replica as a signal does, while time passes. */
    stop: async (replica: Operator, limit = 20): Promise<void> => {
      const stopped = replica.stop(seconds(limit));
      await clock.advance(seconds(limit + 3));
      await stopped;
    },
    /** The password that stands for each host in the pull Secret; undefined where there is no such Secret. */
    logins: (namespace: string, name = secretPlace): Readonly<Record<string, string>> | undefined => {
      const data = server.get("secrets", `${namespace}/${name}`)?.["data"] as
        | Readonly<Record<string, string>>
        | undefined;
      return data && passwordsIn(data[".dockerconfigjson"] ?? "");
    },
    /** Reasons that its status tells. */
    failures: (name: string): readonly string[] => {
      const status = server.get("registrycredentials", name)?.["status"] as
        | { failures?: { reason: string }[] }
        | undefined;
      return (status?.failures ?? []).map(({ reason }) => reason);
    },
    references: (namespace: string, account = "default"): readonly string[] =>
      referencesOf(server.get("serviceaccounts", `${namespace}/${account}`)),
    /** What was written, but for Leases and Events. */
    writes: (by?: string): readonly Recorded[] =>
      wiring.recorded.filter((each) => isWrite(each) && (by === undefined || each.by === by)),
    /** And for what is no tenant's. */
    toTenants: (): readonly Recorded[] =>
      wiring.recorded.filter((each) => isWrite(each) && each.namespace?.startsWith("team-")),
    /** And for what was refused. */
    tried: (): readonly Recorded[] =>
      wiring.recorded.filter(({ method, namespace }) => method !== "GET" && namespace?.startsWith("team-")),
    isLawful: (): void => expect(rules.broken).toEqual([]),
  };
}

const unreachable: Http = async ({ url }) => {
  throw new NetworkError(new URL(url).host, "ENOTFOUND");
};

export type Fixture = ReturnType<typeof fixture>;

function isWrite({ method, resource, code }: Recorded): boolean {
  return (
    method !== "GET" && code < 300 && !["leases", "events"].includes(resource) && !resource.endsWith("accessreviews")
  );
}

function passwordsIn(encoded: string): Readonly<Record<string, string>> {
  const { auths = {} } = JSON.parse(atob(encoded) || "{}") as {
    readonly auths?: Readonly<Record<string, { auth?: string }>>;
  };
  return Object.fromEntries(
    Object.entries(auths).map(([host, { auth = "" }]) => [host, atob(auth).split(":").slice(1).join(":")]),
  );
}

/** `PUT secrets/regcred`, for each. */
export const reported = (calls: readonly Recorded[]): readonly string[] =>
  calls.map(({ method, resource, subresource, name, body }) => {
    const whose = name ?? (body as PlayedObject).metadata.name;
    return `${method} ${resource}/${whose}${subresource === undefined ? "" : `/${subresource}`}`;
  });
