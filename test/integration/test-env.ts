// The environment of every integration test: a real cluster with the CRD, the operator in this process, and helpers for both.
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import packageJson from "../../package.json" with { type: "json" };
import { loadConnection } from "../../src/runtime/client/connection.ts";
import { operator } from "../../src/operator.ts";
import { type OperatorSettings, operatorConfigFrom } from "../../src/config/config.ts";
import type { Timing } from "../../src/controllers/timing.ts";
import type { Log, LogFields } from "../../src/runtime/observability/log.ts";
import { type AdminClient, adminClient, type KubeObject } from "../cluster/admin-client.ts";
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from "../cluster/control-plane.ts";
import { sharedControlPlane } from "../cluster/shared-control-plane.ts";
import { atRest } from "./at-rest.ts";
import { brief } from "./brief.ts";
import { eventually } from "./eventually.ts";
import { installed } from "./installed.ts";
import { leapingClock } from "./leaping-clock.ts";
import { operatorNamespace } from "./operator-namespace.ts";
import { networkTo, type Routes } from "./routes.ts";

export { eventually, operatorNamespace };
/** A status is written a moment after what it tells. */
export const soon = { timeout: 20_000, interval: 50 } as const;
export const credentialsPath = "/apis/regcred.dev/v1alpha1/registrycredentials";

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

export interface RunningOperator {
  readonly log: readonly LogLine[];
  /** Resolves once nothing more comes of what was written before; see `atRest` about deletions. */
  atRest(): Promise<void>;
  stop(): Promise<void>;
}

export interface Login {
  readonly username: string;
  readonly password: string;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export interface CredentialStatus {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
  readonly registries?: readonly {
    readonly name: string;
    readonly state: string;
    readonly reason?: string;
    readonly message?: string;
    readonly expiresAt?: string;
    readonly identities: number;
  }[];
  readonly namespaces?: {
    readonly selected: number;
    readonly ready: number;
    readonly pending: number;
    readonly failed: number;
  };
  readonly failures?: readonly {
    readonly reason: string;
    readonly cause: string;
    readonly count: number;
    readonly examples: readonly string[];
  }[];
  readonly retiring?: readonly { readonly secretName: string; readonly until: string }[];
  readonly operatorNamespace?: string;
  readonly extraReferences?: readonly string[];
  readonly expires?: string;
  readonly secretName?: string;
  readonly namespacesReady?: string;
  readonly mode?: string;
}

export interface TestEnv {
  readonly cluster: ControlPlane;
  readonly admin: AdminClient;
  /** Starts the operator in this process and waits until it works. Default settings may be changed. */
  startOperator(options?: {
    readonly settings?: Partial<OperatorSettings>;
    readonly kubeconfig?: string;
    /** Where its calls to registries and clouds end up; as the settings allow, if absent. */
    readonly routes?: Routes;
    /** Short, unless changed. */
    readonly timing?: Timing;
    /** Where its log goes, for who reads it before it has started. */
    readonly lines?: LogLine[];
  }): Promise<RunningOperator>;
  /** Creates namespaces and waits for their default ServiceAccount, unless told not to. */
  namespaces(names: readonly string[], options?: { readonly labels?: Readonly<Record<string, string>> }): Promise<void>;
  /** Creates or replaces a source Secret of type basic-auth in the operator's namespace. */
  source(name: string, login: Login): Promise<void>;
  /** Creates a RegistryCredential. */
  credential(name: string, spec: object): Promise<KubeObject>;
  /** Changes it by a JSON merge patch. */
  patchCredential(name: string, patch: object): Promise<KubeObject>;
  /** Deletes it and waits until it is gone. */
  deleteCredential(name: string, options?: object): Promise<void>;
  status(name: string): Promise<CredentialStatus>;
  condition(name: string, type: string): Promise<Condition | undefined>;
  secret(namespace: string, name?: string): Promise<KubeObject | undefined>;
  /** The logins of a pull Secret by the keys of its docker config; undefined where there is no Secret. */
  logins(namespace: string, name?: string): Promise<Readonly<Record<string, Login>> | undefined>;
  references(namespace: string, serviceAccount?: string): Promise<readonly string[]>;
  /** Events of a namespace, `default` for cluster-scoped objects. */
  events(namespace: string): Promise<readonly KubeObject[]>;
  /** Every operator that runs is at rest: nothing more comes of what was written before; see `atRest` about deletions. */
  atRest(): Promise<void>;
  /** What time it is for the operators. */
  now(): Temporal.Instant;
  /** Waits until they rest, and lets so much time pass for them. */
  leap(duration: Temporal.DurationLike): Promise<void>;
  /** Ends it all. */
  close(): Promise<void>;
}

export interface TestEnvOptions extends ControlPlaneOptions {
  /**
   * The operator has the rights and the restraint that the chart renders with these values, and the token of its
   * ServiceAccount. Left out: it is an administrator.
   */
  readonly install?: object;
}

/** On a control plane as good as new: the one of the file before, unless something is asked of how it is started. */
export async function testEnv({ install, ...options }: TestEnvOptions = {}): Promise<TestEnv> {
  const special = options.apiServerArguments ?? options.controllerArguments ?? options.hosts;
  const cluster = await (special ? ownControlPlane(options) : sharedControlPlane(withKind));
  const admin = await adminClient(cluster);
  const running = new Set<RunningOperator>();
  const clock = leapingClock();
  const allAtRest = async (): Promise<void> => {
    await Promise.all([...running].map((each) => each.atRest()));
  };
  await admin.create("/api/v1/namespaces", { metadata: { name: operatorNamespace } });
  const ownKubeconfig = install ? await installed({ admin, cluster }, install) : cluster.kubeconfig;

  const secret: TestEnv["secret"] = (namespace, name = "regcred") =>
    admin.get(`/api/v1/namespaces/${namespace}/secrets/${name}`);
  const status: TestEnv["status"] = async (name) => (await admin.get(`${credentialsPath}/${name}`))?.["status"] ?? {};
  return {
    cluster,
    admin,
    startOperator: async ({ settings, kubeconfig = ownKubeconfig, routes, timing, lines } = {}) => {
      const log = recordingLog(lines);
      const started = operator({
        connection: loadConnection({ kubeconfig }),
        settings: {
          ...operatorConfigFrom({}, {}),
          namespace: operatorNamespace,
          leaderElection: false,
          ...settings,
        },
        ...(routes && { network: networkTo(routes) }),
        timing: { ...brief, ...timing },
        log,
        clock,
        random: Math.random,
        version: packageJson.version,
        instance: "test",
      });
      const handle: RunningOperator = {
        log: log.lines,
        atRest: () => atRest(admin, started),
        stop: async () => {
          running.delete(handle);
          await started.stop(Temporal.Duration.from({ seconds: 5 }));
        },
      };
      running.add(handle);
      await started.started;
      return handle;
    },
    namespaces: async (names, { labels = {} } = {}) => {
      await Promise.all(names.map((name) => admin.create("/api/v1/namespaces", { metadata: { name, labels } })));
      await Promise.all(
        names.map((name) =>
          eventually(
            `the default ServiceAccount of ${name}`,
            async () => (await admin.get(`/api/v1/namespaces/${name}/serviceaccounts/default`)) !== undefined,
            // kube-controller-manager makes them one after the other, and a busy machine has little time for it.
            Temporal.Duration.from({ minutes: 2 }),
          ),
        ),
      );
    },
    source: async (name, { username, password }) => {
      const path = `/api/v1/namespaces/${operatorNamespace}/secrets`;
      const body = { metadata: { name }, type: "kubernetes.io/basic-auth", stringData: { username, password } };
      if (await admin.get(`${path}/${name}`)) await admin.replace(`${path}/${name}`, body);
      else await admin.create(path, body);
    },
    credential: (name, spec) =>
      admin.create(credentialsPath, {
        apiVersion: "regcred.dev/v1alpha1",
        kind: "RegistryCredential",
        metadata: { name },
        spec,
      }),
    patchCredential: (name, patch) => admin.patch(`${credentialsPath}/${name}`, patch),
    deleteCredential: async (name, deleteOptions) => {
      await admin.remove(`${credentialsPath}/${name}`, deleteOptions);
      await eventually(
        `RegistryCredential ${name} is gone`,
        async () => (await admin.get(`${credentialsPath}/${name}`)) === undefined,
      );
    },
    status,
    condition: async (name, type) => (await status(name)).conditions?.find((condition) => condition.type === type),
    secret,
    logins: async (namespace, name) => loginsIn(await secret(namespace, name)),
    references: async (namespace, serviceAccount = "default") => {
      const account = await admin.get(`/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}`);
      return ((account?.["imagePullSecrets"] ?? []) as { name: string }[]).map(({ name }) => name);
    },
    events: (namespace) => admin.list(`/apis/events.k8s.io/v1/namespaces/${namespace}/events`),
    atRest: allAtRest,
    now: () => clock.now(),
    leap: async (duration) => {
      await allAtRest();
      clock.leap(Temporal.Duration.from(duration));
    },
    close: async () => {
      await Promise.all([...running].map((each) => each.stop()));
      await admin.close();
      await cluster.stop();
    },
  };
}

async function ownControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const cluster = await startControlPlane(options);
  await withKind(cluster);
  return cluster;
}

/** Creates the CRD, and waits until the API server knows it. */
async function withKind(cluster: ControlPlane): Promise<void> {
  const admin = await adminClient(cluster);
  const crd: unknown = parse(
    await readFile(new URL("../../crds/regcred.dev_registrycredentials.yaml", import.meta.url), "utf8"),
  );
  await admin.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd as object);
  await eventually("the CRD is served", () =>
    admin.list(credentialsPath).then(
      () => true,
      () => false,
    ),
  );
  // Discovery, by which the operator looks for it, follows a moment later.
  await eventually("the CRD is announced", async () => {
    const announced = (await admin.get("/apis/regcred.dev/v1alpha1"))?.["resources"] as { name: string }[] | undefined;
    return announced?.some(({ name }) => name === "registrycredentials") === true;
  });
  await admin.close();
}

/** The logins in a pull Secret by the keys of its docker config; undefined where it holds none. */
export function loginsIn(object: KubeObject | undefined): Readonly<Record<string, Login>> | undefined {
  const encoded = (object?.["data"] as Record<string, string> | undefined)?.[".dockerconfigjson"];
  if (encoded === undefined) return undefined;
  return (JSON.parse(Buffer.from(encoded, "base64").toString()) as { auths: Record<string, Login> }).auths;
}

/** A spec with one static entry; anything may be changed. */
export function staticSpec(
  secretName: string,
  changes: { readonly hosts?: readonly string[]; readonly [field: string]: unknown } = {},
): object {
  const { hosts = ["registry.example.com"], ...rest } = changes;
  return {
    registries: [{ name: "main", provider: "Static", hosts, static: { secretName } }],
    namespaces: { include: ["team-*"] },
    ...rest,
  };
}

function recordingLog(lines: LogLine[] = []): Log & { readonly lines: LogLine[] } {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      lines.push({ level, message, fields });
    };
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
