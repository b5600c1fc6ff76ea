// The doctor on audiences: whether the operator could get tokens for the API server, because both take the same one.
import { ApiError } from "../../runtime/client/api-error.ts";
import { resourcePath } from "../../runtime/client/resource-path.ts";
import { audienceOverlap } from "../../providers/audiences.ts";
import { kubectl } from "../../runtime/steps.ts";
import type { Session } from "../session.ts";
import { admission, listIn } from "./admission.ts";
import { bad, type Finding, notSeen, unknown, well } from "./finding.ts";
import type { Named } from "./install-names.ts";

/** Whoever asks may not, or there is no such ServiceAccount. */
const unseen: ReadonlySet<ApiError["kind"]> = new Set(["forbidden", "notFound", "namespaceNotFound"]);

export async function audiencesDiffer(
  session: Pick<Session, "objects" | "transport" | "operatorNamespace"> & Named,
): Promise<Finding> {
  const check = "audiences";
  const policyName = `${session.names.prefix}-token-requests`;
  const policy = (await admission(session))?.policies.find(({ metadata }) => metadata.name === policyName);
  if (!policy)
    return unknown(check, `those that tokens may be asked for are not known: there is no policy ${policyName}`);
  const listed = listIn(policy, "audiences");
  const own = await apiAudiences(session);
  if (!own) return notSeen(check, "the audiences of the API server, which tell who may ask for tokens,");
  const overlap = audienceOverlap(listed, own);
  return overlap === undefined
    ? well(
        check,
        `the API server takes no tokens for ${listed.join(", ") || "what the operator may ask for, which is nothing"}`,
      )
    : bad(check, overlap, kubectl`get validatingadmissionpolicy ${policyName} -o yaml`);
}

/** It writes its own into a request that names none. The token that comes with them is for the operator, and is let go. */
async function apiAudiences({
  transport,
  operatorNamespace: namespace,
  names,
}: Pick<Session, "transport" | "operatorNamespace"> & Named): Promise<readonly string[] | undefined> {
  const path = resourcePath({
    group: "",
    version: "v1",
    resource: "serviceaccounts",
    namespace,
    name: names.serviceAccount,
    subresource: "token",
  });
  const body = JSON.stringify({
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: 600 },
  });
  try {
    const answer = await transport.request({ method: "POST", path, body, idempotent: true });
    return (answer.json() as { readonly spec?: { readonly audiences?: readonly string[] } }).spec?.audiences ?? [];
  } catch (error) {
    if (error instanceof ApiError && unseen.has(error.kind)) return undefined;
    throw error;
  }
}
