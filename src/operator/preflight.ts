// Can the operator work on this cluster at all, and if not, which command mends it?
import type { AuthorizationV1Api, CoreV1Api } from "@kubernetes/client-node";
import { crdName, defaultPullSecretName, group, kind, plural, version } from "../api/names.ts";
import { OperatorError } from "../runtime/errors.ts";
import { audienceOverlap } from "../providers/audiences.ts";
import { applyKind, grantRights } from "../cluster/install-steps.ts";
import type { Mode } from "../cluster/install-mode.ts";
import { kubectl, type Told, toldText } from "../runtime/steps.ts";
import { ApiError, type ApiErrorKind, malformed } from "../runtime/client/api-error.ts";
import { rightOn } from "../cluster/api-failure.ts";
import type { Transport } from "../runtime/client/transport.ts";
import { typedApi } from "../runtime/client/typed-api.ts";
import { unreachable } from "../runtime/client/unreachable.ts";

/** A right as RBAC writes it. */
export interface Permission {
  readonly verb: string;
  readonly group: string;
  /** `secrets`, or `registrycredentials/status`. */
  readonly resource: string;
  /** Left out: in every namespace. */
  readonly namespace?: string;
  /** Left out: whatever the name. */
  readonly name?: string;
}

/** Of the Lease in the operator's namespace, by which its replicas elect a leader. */
export const leaseName = "regcred";

export interface Install {
  readonly operatorNamespace: string;
  readonly sourceNamespaces: readonly string[];
  readonly mode: Mode;
  readonly leaderElection: boolean;
}

/**
 * What the loops do, as the rights that they need in this mode; `config/rbac` grants those of the default one. Not those
 * in the namespaces of `watchNamespaces`: each of these may come later, and its watches tell what is missing there.
 */
export function neededPermissions(install: Install): readonly Permission[] {
  const { operatorNamespace, sourceNamespaces, mode, leaderElection } = install;
  return [
    ...rights(["list", "watch", "patch"], { group, resource: plural }),
    ...rights(["patch"], { group, resource: `${plural}/status` }),
    ...rights(["list", "watch"], { group: "", resource: "namespaces" }),
    ...(mode.watchNamespaces.length === 0
      ? inEveryNamespace(mode)
      : // The identities of entries.
        rights(["list", "watch"], { group: "", resource: "serviceaccounts", namespace: operatorNamespace })),
    // Sources, and our own token Secrets.
    ...rights(["list", "watch", "create", "update", "delete"], {
      group: "",
      resource: "secrets",
      namespace: operatorNamespace,
    }),
    ...sourceNamespaces.flatMap((namespace) =>
      rights(["list", "watch"], { group: "", resource: "secrets", namespace }),
    ),
    ...rights(["create", "patch"], { group: "events.k8s.io", resource: "events" }),
    ...(leaderElection ? leaseRights(operatorNamespace) : []),
  ];
}

function inEveryNamespace({ pullSecretNames, podRecovery }: Mode): Permission[] {
  const names = pullSecretNames.length > 0 ? pullSecretNames : [defaultPullSecretName];
  return [
    ...rights(["get", "list", "watch", "patch"], { group: "", resource: "serviceaccounts" }),
    ...rights(["create"], { group: "", resource: "secrets" }),
    // By name only, so that the operator needs no right to read other Secrets of tenants.
    ...names.flatMap((name) =>
      rights(["get", "list", "watch", "update", "delete"], { group: "", resource: "secrets", name }),
    ),
    ...(podRecovery ? podRights() : []),
  ];
}

function podRights(): readonly Permission[] {
  return [
    ...rights(["list", "watch"], { group: "", resource: "pods" }),
    ...rights(["create"], { group: "", resource: "pods/eviction" }),
  ];
}

function leaseRights(namespace: string): readonly Permission[] {
  const [group, resource] = ["coordination.k8s.io", "leases"];
  const on = { group, resource, namespace };
  return [
    ...rights(["create"], on),
    ...rights(["list", "watch", "update"], { ...on, name: leaseName }),
    // In every namespace: whether another install lives.
    ...rights(["get"], { group, resource, name: leaseName }),
  ];
}

function rights(verbs: readonly string[], on: Omit<Permission, "verb">): Permission[] {
  return verbs.map((verb) => ({ verb, ...on }));
}

/** Without it the operator goes on, and cannot tell an older kind: see plan/crd-outdated.ts. */
const toCompareSchemas = rights(["list", "watch"], {
  group: "apiextensions.k8s.io",
  resource: "customresourcedefinitions",
  name: crdName,
});

/** Nor does it need references to serve Secrets: they wait, and the status of each RegistryCredential says for what. */
function isSpared({ resource }: Permission): boolean {
  return resource === "serviceaccounts";
}

export interface PreflightOptions {
  readonly transport: Transport;
  /** The operator's own. */
  readonly namespace: string;
  readonly permissions: readonly Permission[];
  /** What tokens of ServiceAccounts may be asked for, and what the API server itself takes tokens for. */
  readonly audiences: { readonly listed: readonly string[]; readonly own: readonly string[] };
  /** Is told, in a sentence, of rights that the operator can do without. */
  readonly goesOnWithout: (sentence: string) => void;
  readonly signal?: AbortSignal;
}

/** Resolves when there is nothing to mend; rejects with an OperatorError whose last step is the command. */
export async function preflight(options: PreflightOptions): Promise<void> {
  const { transport, namespace, permissions, audiences, goesOnWithout, signal } = options;
  const overlap = audienceOverlap(audiences.listed, audiences.own);
  if (overlap !== undefined) throw stop("AudienceOverlap", { message: overlap });
  await expectKind(transport, signal);
  const { core, authorization } = typedApi(transport);
  await expectNamespace(core, transport.server, namespace);
  const missingOf = async (wanted: readonly Permission[]): Promise<readonly Permission[]> => {
    const denied = await Promise.all(
      wanted.map(async (permission) =>
        (await isAllowed(authorization, transport.server, permission)) ? [] : [permission],
      ),
    );
    return denied.flat();
  };
  const lacking = await missingOf([...toCompareSchemas, ...permissions.filter(isSpared)]);
  if (lacking.length > 0)
    goesOnWithout(
      toldText({ message: `the operator may not ${sentenceFrom(lacking)}`, steps: [grantRights(namespace)] }),
    );
  const missing = await missingOf(permissions.filter((each) => !isSpared(each)));
  if (missing.length === 0) return;
  throw stop("NotPermitted", {
    message: `the operator may not ${sentenceFrom(missing)}`,
    steps: [grantRights(namespace)],
  });
}

/** Every authenticated user may read this list: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#discovery-roles */
async function expectKind(transport: Transport, signal: AbortSignal | undefined): Promise<void> {
  const absent: Told = { message: `${kind} is not installed`, steps: [applyKind] };
  const resources = (await answered(
    transport,
    { method: "GET", path: `/apis/${group}/${version}`, signal },
    { is: "a list of resources", in: "resources" },
    { notFound: absent },
  )) as readonly { readonly name: string }[];
  if (!resources.some(({ name }) => name === plural)) throw stop("NotInstalled", absent);
}

/** By a list, which the operator needs the right to anyway. Who lacks it is told of the missing rights instead. */
async function expectNamespace(core: CoreV1Api, server: string, name: string): Promise<void> {
  try {
    const answer = await core.listNamespace({ fieldSelector: `metadata.name=${name}` });
    if (listIn(answer, { is: "a list of namespaces", in: "items" }).length > 0) return;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.kind === "forbidden") return;
    throw unreachable(server, error);
  }
  throw stop("NamespaceMissing", {
    message: `the operator's namespace ${name} does not exist`,
    steps: [
      { says: "choose another with --namespace" },
      { says: "or create it", command: kubectl`create namespace ${name}` },
    ],
  });
}

// k8s.io/api/authorization/v1: SelfSubjectAccessReview asks about whoever asks; every authenticated user may.
async function isAllowed(
  authorization: AuthorizationV1Api,
  server: string,
  { resource, ...permission }: Permission,
): Promise<boolean> {
  const [plain = "", subresource] = resource.split("/");
  const resourceAttributes = { ...permission, resource: plain, ...(subresource && { subresource }) };
  try {
    const { status } = await authorization.createSelfSubjectAccessReview({ body: { spec: { resourceAttributes } } });
    if (status === undefined) throw malformed("the API server's answer is no review of access");
    return status.allowed;
  } catch (error) {
    throw error instanceof ApiError ? unreachable(server, error) : error;
  }
}

async function answered(
  transport: Transport,
  call: Parameters<Transport["request"]>[0],
  wanted: { readonly is: string; readonly in: string },
  sentences: Partial<Record<ApiErrorKind, Told>>,
): Promise<readonly unknown[]> {
  try {
    return listIn((await transport.request(call)).json(), wanted);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const sentence = sentences[error.kind];
    if (sentence !== undefined) throw stop("NotInstalled", sentence, error);
    throw unreachable(transport.server, error);
  }
}

/** Whatever answers in the API server's place heals by itself, and must not be taken for one in which something is missing. */
function listIn(answer: unknown, wanted: { readonly is: string; readonly in: string }): readonly unknown[] {
  const list = (Object(answer) as Readonly<Record<string, unknown>>)[wanted.in];
  if (Array.isArray(list)) return list;
  throw malformed(`the API server's answer is not ${wanted.is}`);
}

/** `list, watch secrets "regcred"; patch serviceaccounts`. */
function sentenceFrom(missing: readonly Permission[]): string {
  const verbsOf = new Map<string, string[]>();
  for (const { verb, name, ...rest } of missing) {
    const target = `${rightOn(rest)}${name === undefined ? "" : ` named ${name}`}`;
    verbsOf.set(target, [...(verbsOf.get(target) ?? []), verb]);
  }
  return [...verbsOf].map(([target, verbs]) => `${verbs.join(", ")} ${target}`).join("; ");
}

function stop(reason: string, { message, steps = [] }: Told, origin?: unknown): OperatorError {
  return new OperatorError({ reason, cause: "Platform", message, steps, retry: "slowly" }, origin);
}
