// Makes the operator do what is measured: a process of its own, RegistryCredentials, source Secrets.
import { randomBytes } from "node:crypto";
import type { KubeObject } from "../cluster/admin-client.ts";
import { withFreePort } from "../cluster/free-port.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import { atOnce } from "./at-once.ts";
import { untilAtRest, untilReady } from "./at-rest.ts";
import { builtProgram } from "./built-program.ts";
import type { Child } from "./child.ts";
import { hostsOfSecret, includes, passwordBytesOf } from "./dimensions.ts";
import { patience } from "./patience.ts";
import { credentialsPath, operatorNamespace, operatorSecret, secretsCalled, type Stage } from "./stage.ts";

export interface Started {
  readonly child: Child;
  /** Both since it was started. */
  readonly readySeconds: number;
  readonly restSeconds: number;
}

export interface OperatorSide {
  readonly bundleMegabytes: number;
  /** What V8 has compiled of it. */
  readonly compiledMegabytes: number;
  /** Starts the program of the image as the image does, with further flags. Resolves at once. */
  start(flags?: readonly string[]): Child;
  /** The same; resolves when it is ready and has nothing more to do. */
  startAtRest(): Promise<Started>;
  /** As long as the dimensions allow. */
  newPassword(): string;
  /** Gives each source Secret the same password, a new one if none is given; resolves to it. */
  changeSource(password?: string): Promise<string>;
  /** Where each namespace has sources of its own: makes those of namespaces that come later. */
  createSources(namespaces: readonly string[]): Promise<void>;
  /** All RegistryCredentials. */
  createCredential(references: "ServiceAccounts" | "None"): Promise<void>;
  referFromServiceAccounts(): Promise<void>;
  /** Resolves when all are gone. */
  deleteCredential(): Promise<void>;
  /** Selects nobody instead of everybody, and takes it back once the removal guard holds all of them. */
  mistypeGlob(): Promise<void>;
  /** Whether a pull Secret holds every login that its namespace is to have. */
  isWhole(secret: KubeObject): boolean;
  /** Whether each of its logins has this password. */
  holds(secret: KubeObject, password: string): boolean;
  /** @throws Error unless every tenant's Secret holds what `changeSource` gave. */
  verify(password: string): Promise<void>;
}

const credential = "bench";
const source = "bench-source";
const sources = `/api/v1/namespaces/${operatorNamespace}/secrets`;

/** `kubeconfig`: by which the operator reaches the API server; left out: straight. */
export async function operatorSide(
  { cluster, admin, namespaces, dimensions }: Stage,
  kubeconfig = cluster.kubeconfig,
): Promise<OperatorSide> {
  const { credentials, grantsPerNamespace } = dimensions;
  const newPassword = (): string => randomBytes(passwordBytesOf(dimensions)).toString("base64url");
  const body = (name: string, password: string): object => ({
    metadata: { name },
    type: "kubernetes.io/basic-auth",
    stringData: { username: "bench", password },
  });
  const sourceNames: string[] = [];
  const createNamed = async (names: readonly string[], password: string): Promise<void> => {
    await atOnce(names, (name) => admin.create(sources, body(name, password)));
    sourceNames.push(...names);
  };
  const namesIn = (all: readonly string[]): readonly string[] =>
    all.flatMap((namespace) =>
      Array.from({ length: grantsPerNamespace }, (_, grant) => `${source}-${namespace}-${grant}`),
    );
  await createNamed(grantsPerNamespace === 0 ? [source] : namesIn(namespaces), newPassword());

  const registries = (index: number): readonly object[] =>
    Array.from({ length: Math.max(grantsPerNamespace, 1) }, (_, grant) => ({
      name: `registry-${grant}`,
      provider: "Static",
      hosts: [`registry-${index}-${grant}.example.com`],
      static: { secretName: grantsPerNamespace === 0 ? source : `${source}-$(namespace.name)-${grant}` },
    }));
  const all = includes(dimensions, namespaces).map((include, index) => ({
    name: credentials === 1 ? credential : `${credential}-${index}`,
    spec: { registries: registries(index), namespaces: { include } },
  }));
  const limit = patience(namespaces.length * credentials);
  const program = await builtProgram(cluster.folder);

  const start = (flags: readonly string[] = []): Child =>
    program.start(["run", "--namespace", operatorNamespace, "--kubeconfig", kubeconfig, ...flags]);
  const holds = ({ data }: KubeObject, password: string): boolean => {
    const held = passwordsIn(data);
    return held.length === hostsOfSecret(dimensions) && held.every((each) => each === password);
  };

  return {
    bundleMegabytes: program.bundleMegabytes,
    compiledMegabytes: program.compiledMegabytes,
    start,
    startAtRest: () =>
      withFreePort(async (port) => {
        const child = start(["--health-address", `127.0.0.1:${port}`]);
        await untilReady(child, port, namespaces.length);
        const readySeconds = (performance.now() - child.startedAt) / 1000;
        const since = await untilAtRest(child, namespaces.length, hostsOfSecret(dimensions));
        return { child, readySeconds, restSeconds: (since - child.startedAt) / 1000 };
      }),
    newPassword,
    changeSource: async (password = newPassword()) => {
      await atOnce(sourceNames, (name) => admin.replace(`${sources}/${name}`, body(name, password)));
      return password;
    },
    createSources: (later) => createNamed(namesIn(later), newPassword()),
    createCredential: (references) =>
      atOnce(all, ({ name, spec }) =>
        admin.create(credentialsPath, {
          apiVersion: "regcred.dev/v1alpha1",
          kind: "RegistryCredential",
          metadata: { name },
          spec: { ...spec, references },
        }),
      ),
    referFromServiceAccounts: () =>
      atOnce(all, ({ name }) => admin.patch(`${credentialsPath}/${name}`, { spec: { references: "ServiceAccounts" } })),
    deleteCredential: async () => {
      await atOnce(all, ({ name }) => admin.remove(`${credentialsPath}/${name}`));
      await pollUntil(async () => (await admin.list(credentialsPath)).length === 0, {
        what: "the RegistryCredentials to be gone",
        limit,
        every: Temporal.Duration.from({ milliseconds: 20 }),
      });
    },
    mistypeGlob: async () => {
      const select = (include: readonly string[], name: string): Promise<unknown> =>
        admin.patch(`${credentialsPath}/${name}`, { spec: { namespaces: { include } } });
      const held = (wanted: boolean): Promise<unknown> =>
        pollUntil(async () => (await admin.list(credentialsPath)).every((one) => isHeld(one) === wanted), {
          what: wanted ? "the removals to be held" : "the removals to be held no longer",
          limit,
        });
      await atOnce(all, ({ name }) => select(["taem-*"], name));
      await held(true);
      await atOnce(all, ({ name, spec }) => select(spec.namespaces.include, name));
      await held(false);
    },
    isWhole: (secret) => passwordsIn(secret["data"]).length === hostsOfSecret(dimensions),
    holds,
    verify: async (password) => {
      const tenants = new Set(namespaces);
      const right = (await secretsCalled(admin, operatorSecret)).filter(
        (secret) => tenants.has(secret.metadata.namespace ?? "") && holds(secret, password),
      );
      if (right.length !== namespaces.length) {
        throw new Error(`only ${right.length} of ${namespaces.length} Secrets hold the new password`);
      }
    },
  };
}

function isHeld({ status }: KubeObject): boolean {
  const { conditions = [] } = (status ?? {}) as { conditions?: readonly { type: string; status: string }[] };
  return conditions.some((condition) => condition.type === "RemovalHeld" && condition.status === "True");
}

function passwordsIn(data: unknown): readonly unknown[] {
  const encoded = (data as Record<string, string> | undefined)?.[".dockerconfigjson"] ?? "";
  const config = JSON.parse(Buffer.from(encoded, "base64").toString() || "{}") as {
    auths?: Record<string, { password?: string }>;
  };
  return Object.values(config.auths ?? {}).map(({ password }) => password);
}
