// One situation: a credential, a namespace, a pod, and what is wrong with them.
import { forceFinalizeAnnotation } from "../../src/api/names.ts";
import { type KubeObject, Refused } from "../cluster/admin-client.ts";
import type { Registry } from "../cluster/registry.ts";
import { tryPull } from "../cluster/try-pull.ts";
import { ask } from "./ask.ts";
import { credentialsPath, eventually, operatorNamespace, type TestEnv } from "./test-env.ts";

/** All that a situation is made of, before anything of it is created. Faults change it. */
export interface Draft {
  readonly namespace: string;
  readonly credential: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  accountAnnotations: Record<string, string>;
  spec: { [field: string]: unknown; registries: Record<string, unknown>[]; namespaces: Record<string, unknown> };
  /** Undefined: there is none. */
  source: { type: string; annotations?: Record<string, string>; stringData: Record<string, string> } | undefined;
  /** A Secret of the tenant's own, under the name of the pull Secret. */
  ownSecret: object | undefined;
  podSpec: Record<string, unknown>;
  /** The pod is there before the credential. */
  podFirst: boolean;
  /** Of a ResourceQuota of the namespace. */
  quota: Record<string, string> | undefined;
  /** What happens once the pod is there and the operator has looked at it all. */
  later: ((acts: Acts) => Promise<void>) | undefined;
  /** Other namespaces that it made. */
  readonly beside: string[];
  image: string;
  /** Ask about this ServiceAccount, and not about a pod. */
  serviceAccount: string | undefined;
  flags: string[];
}

export interface Acts {
  readonly world: TestEnv;
  readonly registry: Registry;
  readonly operator: Switch;
  /** A pull with the very Secrets that the pod has. */
  pulls(): Promise<boolean>;
}

/** The operator, which may be down for a while. */
export interface Switch {
  start(): Promise<void>;
  stop(): Promise<void>;
}

export const login = { username: "ann", password: "right-password" };
export const repository = "team/app";
/** Of namespaces in which the cluster lets the operator write no Secret. */
export const frozenLabel = "acme.io/frozen";

export function draft(index: number, registry: Registry): Draft {
  const namespace = `case-${index}`;
  const image = `${registry.host}/${repository}:1`;
  return {
    namespace,
    credential: `credential-${index}`,
    labels: {},
    annotations: {},
    accountAnnotations: {},
    spec: {
      registries: [
        { name: "main", provider: "Static", hosts: [registry.host], static: { secretName: `source-${index}` } },
      ],
      namespaces: { include: ["case-*"] },
    },
    source: { type: "kubernetes.io/basic-auth", stringData: { ...login } },
    ownSecret: undefined,
    podSpec: {},
    podFirst: false,
    quota: undefined,
    later: undefined,
    beside: [],
    image,
    serviceAccount: undefined,
    flags: [],
  };
}

export interface Stage {
  readonly draft: Draft;
  /** Creates the pod as its controller would: again, if it is gone. */
  makePod(): Promise<void>;
  explain(): Promise<{ readonly code: number; readonly text: string; readonly json: Explained }>;
  /** A pull with the very Secrets that the pod has. */
  pulls(): Promise<boolean>;
  remove(): Promise<void>;
}

export interface Remedied {
  readonly reason: string;
  readonly remedy: { readonly change: string; readonly commands: readonly string[] };
}

export interface Explained {
  readonly answer: string;
  readonly obstacle?: Remedied;
  readonly images: readonly { readonly answer: string; readonly obstacle?: Remedied }[];
}

/** Builds it and waits until the operator has seen it all. */
export async function stage({ world, registry, operator }: Omit<Acts, "pulls">, plan: Draft): Promise<Stage> {
  const { admin } = world;
  const { namespace, credential, spec, source, ownSecret } = plan;
  const at = `/api/v1/namespaces/${namespace}`;
  const sourceName = `source-${credential.split("-")[1]}`;
  const pod = `${at}/pods/web`;
  const makePod = async (): Promise<void> => {
    if (plan.serviceAccount !== undefined || (await admin.get(pod))) return;
    await admin.create(`${at}/pods`, {
      metadata: { name: "web" },
      spec: { containers: [{ name: "web", image: plan.image }], ...plan.podSpec },
    });
  };
  await admin.create("/api/v1/namespaces", {
    metadata: { name: namespace, labels: plan.labels, annotations: plan.annotations },
  });
  await eventually(
    "the default ServiceAccount",
    async () => (await admin.get(`${at}/serviceaccounts/default`)) !== undefined,
  );
  await admin.patch(`${at}/serviceaccounts/default`, { metadata: { annotations: plan.accountAnnotations } });
  if (plan.quota) await limit(world, namespace, plan.quota);
  if (ownSecret) await admin.create(`${at}/secrets`, { metadata: { name: "regcred" }, ...ownSecret });
  if (plan.podFirst) await makePod();
  if (source) {
    const { annotations = {}, ...rest } = source;
    await admin.create(`/api/v1/namespaces/${operatorNamespace}/secrets`, {
      metadata: { name: sourceName, annotations },
      ...rest,
    });
  }
  await world.credential(credential, spec);
  await eventually("the operator has looked at it", async () => {
    const { observedGeneration, namespaces, registries } = await world.status(credential);
    return (
      observedGeneration === 1 && (spec["suspend"] === true || namespaces?.pending === 0) && registries !== undefined
    );
  });
  await makePod();
  const pulls = async (): Promise<boolean> => {
    const subject = await admin.get(plan.serviceAccount ? `${at}/serviceaccounts/${plan.serviceAccount}` : pod);
    const secrets = await Promise.all(referencesIn(subject).map((name) => admin.get(`${at}/secrets/${name}`)));
    return await anyPulls(registry, plan.image, secrets.flatMap(configIn));
  };
  await plan.later?.({ world, registry, operator, pulls });
  const who = plan.serviceAccount ?? "pod/web";
  const args = ["explain", namespace, who, ...(plan.serviceAccount ? ["--image", plan.image] : []), ...plan.flags];
  return {
    draft: plan,
    makePod,
    explain: async () => {
      const { kubeconfig } = world.cluster;
      const at = world.now();
      const { stdout: text, stderr, code } = await ask(kubeconfig, args, { at });
      if (stderr !== "") throw new Error(stderr);
      return {
        code,
        text,
        json: JSON.parse((await ask(kubeconfig, [...args, "-o", "json"], { at })).stdout) as Explained,
      };
    },
    pulls,
    remove: async () => {
      // Where the story has ended before its end, something may still hold it.
      if (plan.beside.length > 0 && (await admin.get(`${credentialsPath}/${credential}`)))
        await world.patchCredential(credential, { metadata: { annotations: { [forceFinalizeAnnotation]: "true" } } });
      await world.deleteCredential(credential);
      for (const each of [namespace, ...plan.beside]) await admin.remove(`/api/v1/namespaces/${each}`);
    },
  };
}

/** A quota counts once its controller has filled in what is used. */
async function limit({ admin }: TestEnv, namespace: string, hard: object): Promise<void> {
  const quotas = `/api/v1/namespaces/${namespace}/resourcequotas`;
  await admin.create(quotas, { metadata: { name: "small" }, spec: { hard } });
  await eventually("the quota is in force", async () => {
    const status = (await admin.get(`${quotas}/small`))?.["status"] as { readonly hard?: object } | undefined;
    return status?.hard !== undefined;
  });
}

/** The policy on frozen namespaces is in force there. */
export async function refusesSecrets({ admin }: TestEnv, namespace: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/secrets?dryRun=All`;
  await eventually(`${namespace} is frozen`, () =>
    admin.create(path, { metadata: { name: "tried" } }).then(
      () => false,
      (error: unknown) => error instanceof Refused && error.code === 422,
    ),
  );
}

function referencesIn(subject: KubeObject | undefined): readonly string[] {
  const { spec, imagePullSecrets } = (subject ?? {}) as {
    readonly spec?: { readonly imagePullSecrets?: { name: string }[] };
    readonly imagePullSecrets?: { name: string }[];
  };
  return (spec ? spec.imagePullSecrets : imagePullSecrets)?.map(({ name }) => name) ?? [];
}

/** A kubelet looks into Secrets of this type only. */
function configIn(secret: KubeObject | undefined): string[] {
  const encoded = (secret?.["data"] as Record<string, string> | undefined)?.[".dockerconfigjson"];
  return secret?.["type"] === "kubernetes.io/dockerconfigjson" && encoded !== undefined
    ? [Buffer.from(encoded, "base64").toString()]
    : [];
}

async function anyPulls(registry: Registry, image: string, configs: readonly string[]): Promise<boolean> {
  if (image !== `${registry.host}/${repository}:1`) return false;
  for (const config of [undefined, ...configs]) {
    if ((await tryPull(registry, repository, "1", config)).ok) return true;
  }
  return false;
}
