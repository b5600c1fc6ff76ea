// Checks before the start that the operator can work on this cluster, or says which command mends it.
import { failure, type FailureReason } from "../api/reasons.ts";
import { groupPath, resourcePath } from "../runtime/client/resource-path.ts";
import type { V1NamespaceList, V1SelfSubjectAccessReview } from "@kubernetes/client-node";
import { group, kind, plural, version } from "../api/names.ts";
import { OperatorError } from "../runtime/errors.ts";
import { audienceOverlap } from "../providers/audiences.ts";
import { applyKind, grantRights } from "../cluster/install-steps.ts";
import type { Install } from "../cluster/install-mode.ts";
import { neededPermissions, type Permission } from "../cluster/needed-permissions.ts";
import { kubectl, type MessageWithSteps, textWithSteps } from "../runtime/steps.ts";
import { ApiError, type ApiErrorKind, malformed } from "../runtime/client/api-error.ts";
import { rightOn } from "../cluster/api-failure.ts";
import type { Transport } from "../runtime/client/transport.ts";
import { unreachable } from "../runtime/client/unreachable.ts";

export interface PreflightOptions {
  readonly transport: Transport;
  readonly install: Install & { readonly leaderElection: boolean };
  /** What tokens of ServiceAccounts may be asked for, and what the API server itself takes tokens for. */
  readonly audiences: { readonly listed: readonly string[]; readonly own: readonly string[] };
  /** Is told, in a sentence, of rights that the operator can do without. */
  readonly goesOnWithout: (sentence: string) => void;
  readonly signal?: AbortSignal;
}

/** Resolves when there is nothing to mend; rejects with an OperatorError whose last step is the command. */
export async function preflight(options: PreflightOptions): Promise<void> {
  const { transport, install, audiences, goesOnWithout, signal } = options;
  const { namespace } = install;
  const overlap = audienceOverlap(audiences.listed, audiences.own);
  if (overlap !== undefined) throw stop("AudienceOverlap", { message: overlap });
  await expectKind(transport, signal);
  await expectNamespace(transport, namespace, signal);
  const missingOf = async (wanted: readonly Permission[]): Promise<readonly Permission[]> => {
    const denied = await Promise.all(
      wanted.map(async (permission) => ((await isAllowed(transport, permission, signal)) ? [] : [permission])),
    );
    return denied.flat();
  };
  const tolerated = await missingOf(neededPermissions(install, ["goes on", "waits"]));
  if (tolerated.length > 0)
    goesOnWithout(
      textWithSteps({ message: `the operator may not ${sentenceFrom(tolerated)}`, steps: [grantRights(namespace)] }),
    );
  const missing = await missingOf(neededPermissions(install, ["fails"]));
  if (missing.length === 0) return;
  throw stop("NotPermitted", {
    message: `the operator may not ${sentenceFrom(missing)}`,
    steps: [grantRights(namespace)],
  });
}

interface Listing<Field extends string = string> {
  readonly is: string;
  readonly in: Field;
}

/** Every authenticated user may read this list: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#discovery-roles */
async function expectKind(transport: Transport, signal: AbortSignal | undefined): Promise<void> {
  const absent: MessageWithSteps = { message: `${kind} is not installed`, steps: [applyKind] };
  const resources = (await answered(
    transport,
    { method: "GET", path: groupPath({ group, version }), signal },
    { is: "a list of resources", in: "resources" },
    { notFound: absent },
  )) as readonly { readonly name: string }[];
  if (!resources.some(({ name }) => name === plural)) throw stop("NotInstalled", absent);
}

/** By a list, which the operator needs the right to anyway. Who lacks it is told of the missing rights instead. */
async function expectNamespace(transport: Transport, name: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    const query = { fieldSelector: `metadata.name=${name}` };
    const path = resourcePath({ group: "", version: "v1", resource: "namespaces" });
    const answer = (await transport.request({ method: "GET", path, query, signal })).json();
    const wanted: Listing<keyof V1NamespaceList> = { is: "a list of namespaces", in: "items" };
    if (listIn(answer, wanted).length > 0) return;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.kind === "forbidden") return;
    throw unreachable(transport.server, error);
  }
  throw stop("NamespaceMissing", {
    message: `the operator's namespace ${name} does not exist`,
    steps: [
      { message: "choose another with --namespace" },
      { message: "or create it", command: kubectl`create namespace ${name}` },
    ],
  });
}

const reviews = { group: "authorization.k8s.io", version: "v1", resource: "selfsubjectaccessreviews" };

// k8s.io/api/authorization/v1: SelfSubjectAccessReview asks about whoever asks; every authenticated user may.
async function isAllowed(
  transport: Transport,
  { resource, ...permission }: Permission,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const [plain = "", subresource] = resource.split("/");
  const resourceAttributes = { ...permission, resource: plain, ...(subresource && { subresource }) };
  const review: V1SelfSubjectAccessReview = {
    apiVersion: `${reviews.group}/${reviews.version}`,
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes },
  };
  const body = JSON.stringify(review);
  try {
    // A question; asked twice it is the same.
    const call = { method: "POST", path: resourcePath(reviews), body, idempotent: true, signal } as const;
    const { status } = Object((await transport.request(call)).json()) as Partial<V1SelfSubjectAccessReview>;
    if (status === undefined) throw malformed("the API server's answer is no review of access");
    return status.allowed;
  } catch (error) {
    throw error instanceof ApiError ? unreachable(transport.server, error) : error;
  }
}

async function answered(
  transport: Transport,
  call: Parameters<Transport["request"]>[0],
  wanted: Listing,
  sentences: Partial<Record<ApiErrorKind, MessageWithSteps>>,
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
function listIn(answer: unknown, wanted: Listing): readonly unknown[] {
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

function stop(reason: FailureReason, { message, steps = [] }: MessageWithSteps, origin?: unknown): OperatorError {
  return new OperatorError(failure(reason, { message, steps }), origin);
}
