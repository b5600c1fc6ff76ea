// How a tenant tries each of the steps of a history: with its own rights, and whatever the API server answers.
import {
  managedAnnotation,
  credentialsAnnotation,
  entriesAnnotation,
  referencesAnnotation,
} from "../../src/api/names.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type KubeObject, Refused } from "../cluster/admin-client.ts";
import {
  type CredentialName,
  fields,
  type Forgery,
  type Place,
  type TenantStep,
  type Value,
} from "../threats/steps.ts";
import { eventually } from "./test-env.ts";
import type { Stage } from "./threat-stage.ts";

export interface Tenant {
  readonly prefix: string;
  readonly stage: Stage;
  /** What it has kept, newest last. */
  readonly kept: KubeObject[];
  /** Its namespaces in which it has not only used what regcred lets everybody use. */
  readonly meddledWith: Set<string>;
}

const clock = systemClock();
const secretsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/secrets`;
const accountsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/serviceaccounts`;
const dockerConfig = "kubernetes.io/dockerconfigjson";
/** As much as the API server takes, base64 and all. */
const large = 700_000;

export function placeName(prefix: string, at: Place): string {
  return `${prefix}-m${at}`;
}

/** What the API server refuses is no matter. */
export async function tryAs(tenant: Tenant, step: TenantStep): Promise<void> {
  try {
    await attempt(tenant, step);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
}

async function attempt(tenant: Tenant, step: TenantStep): Promise<void> {
  if (step.act === "spread") return await spread(tenant, step.of, step.namespaces);
  const namespace = placeName(tenant.prefix, step.at);
  if (!harmless.has(step.act)) tenant.meddledWith.add(namespace);
  const { tenant: client, admin } = tenant.stage;
  switch (step.act) {
    case "forge":
      return await put(tenant, namespace, step.name, forged(tenant, step.forgery));
    case "keep": {
      const found = await client.get(`${secretsOf(namespace)}/regcred`);
      return void (found && tenant.kept.push(found));
    }
    case "put back":
      return await putBack(tenant, namespace, step.name);
    case "remove":
      return await client.remove(`${secretsOf(namespace)}/${step.name}`);
    case "strip":
      return await transform(tenant, namespace, step.what);
    case "flap":
      return await flap(tenant, namespace, step.of, step.times);
    case "crowd":
      return await crowd(tenant, namespace, step.names, step.times);
    case "finalizer":
      return void (await client.patch(`${secretsOf(namespace)}/regcred`, {
        metadata: { finalizers: step.on ? ["threat.example.com/kept"] : null },
      }));
    case "accounts":
      return await accounts(tenant, namespace, step);
    case "refer":
      return await refer(tenant, namespace, step.times);
    case "event":
      return void (await client.create(
        `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
        claimedEvent(namespace, step.length),
      ));
    case "label":
      return await label(tenant, namespace, step.how);
    case "quota":
      return await (
        step.on
          ? client.create(`/api/v1/namespaces/${namespace}/resourcequotas`, {
              metadata: { name: "none" },
              spec: { hard: { "count/secrets": "0", secrets: "0" } },
            })
          : client.remove(`/api/v1/namespaces/${namespace}/resourcequotas/none`)
      ).then(() => undefined);
    case "vacate": {
      await client.remove(`/api/v1/namespaces/${namespace}`);
      await (step.forced ? forceOut(tenant, namespace) : letGo(tenant, namespace));
      await eventually("it is gone", async () => (await admin.get(`/api/v1/namespaces/${namespace}`)) === undefined);
      return await tenant.stage.ownedByTenant(namespace);
    }
    case "field":
      return void (await client.patch(
        pathOf(step.of, namespace),
        patchOf(fields[step.of][step.field] ?? "", step.value, tenant),
      ));
  }
}

const harmless: ReadonlySet<TenantStep["act"]> = new Set(["keep", "event", "label"]);

/** Creates it, or replaces it, or makes it anew. */
async function put({ stage: { tenant } }: Tenant, namespace: string, name: string, secret: object): Promise<void> {
  const path = secretsOf(namespace);
  const body = { ...secret, metadata: { ...(secret as KubeObject).metadata, name } };
  try {
    await tenant.create(path, body);
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== 409) throw error;
    await tenant.replace(`${path}/${name}`, body).catch(async () => {
      await tenant.remove(`${path}/${name}`);
      await tenant.create(path, body);
    });
  }
}

async function putBack(tenant: Tenant, namespace: string, name: string): Promise<void> {
  const kept = tenant.kept.at(-1);
  if (!kept) return;
  const { labels = {}, annotations = {} } = kept.metadata;
  await put(tenant, namespace, name, { metadata: { labels, annotations }, type: kept["type"], data: kept["data"] });
}

async function transform({ stage: { tenant } }: Tenant, namespace: string, what: string): Promise<void> {
  const path = `${secretsOf(namespace)}/regcred`;
  const found = await tenant.get(path);
  if (!found) return;
  const { labels = {}, annotations = {}, name } = found.metadata;
  await tenant.replace(path, {
    ...found,
    metadata: {
      name,
      ...(what === "annotations" && { labels }),
      ...(what === "labels" && { annotations }),
    },
  });
}

/** The marks of a member, on what holds nothing. */
function member(credentials: string): object {
  return {
    metadata: {
      labels: { "app.kubernetes.io/managed-by": "regcred" },
      annotations: { [credentialsAnnotation]: credentials },
    },
    type: dockerConfig,
    stringData: { ".dockerconfigjson": madeUp("member.example.com") },
  };
}

async function flap(tenant: Tenant, namespace: string, of: CredentialName, times: number): Promise<void> {
  const path = secretsOf(namespace);
  for (let time = 0; time < times; time += 1) {
    await put(tenant, namespace, "regcred", member(`${tenant.prefix}-${of}`));
    await tenant.stage.tenant.remove(`${path}/regcred`);
  }
  await put(tenant, namespace, "regcred", member(`${tenant.prefix}-${of}`));
}

async function spread(tenant: Tenant, of: CredentialName, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `${tenant.prefix}-more-${index}`);
  await Promise.all(
    names.map(async (name) => {
      if (!(await tenant.stage.admin.get(`/api/v1/namespaces/${name}`))) await tenant.stage.ownedByTenant(name);
    }),
  );
  await Promise.all(names.map((name) => put(tenant, name, "regcred", member(`${tenant.prefix}-${of}`))));
}

async function crowd(tenant: Tenant, namespace: string, names: number, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    const madeUpNames = Array.from({ length: names }, (_, index) => `none-${time}-${index}`);
    await put(tenant, namespace, "regcred", member(madeUpNames.join()));
  }
}

async function accounts(
  { stage: { tenant } }: Tenant,
  namespace: string,
  { count, references, length, record }: Extract<TenantStep, { act: "accounts" }>,
): Promise<void> {
  // The API server takes 1.5 MB.
  const max = Math.min(references, Math.max(1, Math.floor(1_200_000 / length)));
  const list = Array.from({ length: max }, (_, index) => ({ name: `${"r".repeat(length)}-${index}` }));
  for (let index = 0; index < count; index += 1) {
    const name = index === 0 ? "default" : `app-${index}`;
    const body = {
      metadata: {
        name,
        annotations: {
          ...(record === "all" && {
            [referencesAnnotation]: JSON.stringify(list.slice(0, 1_000).map((each) => each.name)).slice(0, 200_000),
          }),
          ...(record === "broken" && { [referencesAnnotation]: '["regcred"' }),
        },
      },
      imagePullSecrets: list,
    };
    const path = accountsOf(namespace);
    await tenant.create(path, body).catch(() => tenant.patch(`${path}/${name}`, body));
  }
}

async function refer({ stage: { tenant } }: Tenant, namespace: string, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    const annotations = { [referencesAnnotation]: time % 2 === 0 ? '["regcred"]' : null };
    const body = { metadata: { annotations }, imagePullSecrets: [{ name: "regcred" }] };
    await tenant.patch(`${accountsOf(namespace)}/default`, body);
    await clock.sleep(Temporal.Duration.from({ milliseconds: 100 }));
  }
}

function claimedEvent(namespace: string, length: number): object {
  const regarding = { kind: "Namespace", name: namespace, namespace };
  return {
    metadata: { generateName: "claimed-" },
    // eventTime is a MicroTime.
    eventTime: "2026-01-01T00:00:00.000000Z",
    type: "Warning",
    reason: "RemovalHeld",
    action: "Removing",
    reportingController: "regcred.dev/operator",
    reportingInstance: "regcred",
    regarding,
    note: `kubectl create clusterrolebinding ${"x".repeat(length)}`.slice(0, 1_024),
  };
}

async function label({ prefix, stage: { tenant } }: Tenant, namespace: string, how: string): Promise<void> {
  const many = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`many-${index}`, "x".repeat(63)]));
  const metadata = {
    join: { labels: { threat: prefix } },
    leave: { labels: { threat: null } },
    "opt out": { annotations: { "regcred.dev/ignore": "true" } },
    "opt in": { annotations: { "regcred.dev/ignore": null } },
    many: { labels: many },
    long: { annotations: { long: "z".repeat(200_000) } },
  }[how];
  await tenant.patch(`/api/v1/namespaces/${namespace}`, { metadata });
}

/** What is left in a namespace that is gone will be there when one of the same name is made. */
async function forceOut({ stage: { tenant } }: Tenant, namespace: string): Promise<void> {
  const found = await tenant.get(`/api/v1/namespaces/${namespace}`);
  if (found) await tenant.replace(`/api/v1/namespaces/${namespace}/finalize`, { ...found, spec: { finalizers: [] } });
}

/** A Secret that its tenant's finalizer holds would hold the namespace, whatever the operator does. */
async function letGo({ stage: { tenant } }: Tenant, namespace: string): Promise<void> {
  const held = (await tenant.list(secretsOf(namespace))).filter(({ metadata }) => metadata.finalizers !== undefined);
  for (const { metadata } of held) {
    await tenant.patch(`${secretsOf(namespace)}/${metadata.name}`, { metadata: { finalizers: null } });
  }
}

function madeUp(host: string): string {
  return JSON.stringify({ auths: { [host]: { username: "mallory", password: "own", auth: btoa("mallory:own") } } });
}

function forged({ prefix, kept }: Tenant, forgery: Forgery): object {
  const last = kept.at(-1);
  const { annotations: keptAnnotations = {} } = last?.metadata ?? {};
  const credentials = Array.isArray(forgery.credentials)
    ? forgery.credentials.map((each: string) => `${prefix}-${each}`).join()
    : typeof forgery.credentials === "number"
      ? Array.from({ length: forgery.credentials }, (_, index) => `made-up-${index}`).join()
      : "canary";
  const entry = { credential: `${prefix}-a`, name: "main", hosts: ["a.example.com", "*"], grant: "v1" };
  const entries = {
    kept: keptAnnotations[entriesAnnotation],
    forged: JSON.stringify([{ ...entry, expiresAt: "9999-12-31T23:59:59Z" }]),
    long: JSON.stringify(Array.from({ length: 1_000 }, () => entry)),
    none: undefined,
  }[forgery.entries ?? "none"];
  const managed = {
    everything: JSON.stringify({ labels: ["app"], annotations: ["a"], hosts: ["a.example.com", "member.example.com"] }),
    broken: '{"hosts":[1,{"a":',
    none: undefined,
  }[forgery.managed ?? "none"];
  return {
    metadata: {
      labels: forgery.managedBy === undefined ? {} : { "app.kubernetes.io/managed-by": forgery.managedBy },
      annotations: {
        [credentialsAnnotation]: credentials,
        ...(entries !== undefined && { [entriesAnnotation]: entries }),
        ...(managed !== undefined && { [managedAnnotation]: managed }),
        ...(forgery.adopt && { "regcred.dev/adopt": "true" }),
      },
      ...(forgery.finalizer && { finalizers: ["threat.example.com/kept"] }),
      ...(forgery.owner && {
        ownerReferences: [
          { apiVersion: "v1", kind: "ConfigMap", name: "none", uid: "11111111-2222-3333-4444-555555555555" },
        ],
      }),
    },
    type: forgery.type,
    ...(forgery.immutable && { immutable: true }),
    ...dataOf(forgery.config, last, `${prefix}.example.com`),
  };
}

function dataOf(config: Forgery["config"], kept: KubeObject | undefined, host: string): object {
  switch (config) {
    case "kept":
      return kept ? { data: kept["data"] } : { stringData: { ".dockerconfigjson": madeUp(host) } };
    case "made up":
      return { stringData: { ".dockerconfigjson": madeUp(host) } };
    case "empty":
      return { stringData: { ".dockerconfigjson": '{"auths":{ }}' } };
    case "garbage":
      return { stringData: { ".dockerconfigjson": '{"auths":{"a":{"auth":"%%%"}},"credHelpers":7}' } };
    case "large":
      return { stringData: { ".dockerconfigjson": madeUp(host), blob: "x".repeat(large) } };
  }
}

function pathOf(of: keyof typeof fields, namespace: string): string {
  if (of === "secrets") return `${secretsOf(namespace)}/regcred`;
  if (of === "serviceaccounts") return `${accountsOf(namespace)}/default`;
  return `/api/v1/namespaces/${namespace}`;
}

/** @param path by points, which `\\.` keeps in a name */
function patchOf(path: string, value: Value, { prefix }: Tenant): object {
  const names = path.split(/(?<!\\)\./).map((each) => each.replaceAll("\\.", "."));
  const last = names.at(-1);
  const set =
    last === "imagePullSecrets" || last === "secrets"
      ? [{ name: value }]
      : last === "ownerReferences"
        ? [{ apiVersion: "v1", kind: String(value), name: String(value), uid: "u", controller: true }]
        : value === "a"
          ? `${prefix}-a`
          : value;
  return names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), set) as object;
}
