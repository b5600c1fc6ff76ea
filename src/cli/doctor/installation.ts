// The doctor on the installation: the API server's age, the kind, the namespace, the rights.
import { isDeepStrictEqual } from "node:util";
import packageJson from "../../../package.json" with { type: "json" };
import { customResourceDefinition } from "../../api/crd.ts";
import { defaultOperatorNamespace, kind } from "../../api/names.ts";
import { boundedNumber, bounds } from "../../runtime/foreign-numbers.ts";
import { ApiError } from "../../runtime/client/api-error.ts";
import { rightOn } from "../../cluster/api-failure.ts";
import { resources } from "../../cluster/resources.ts";
import { neededPermissions, type Permission } from "../../cluster/needed-permissions.ts";
import { resourcePath } from "../../runtime/client/resource-path.ts";
import { typedApi } from "../../runtime/client/typed-api.ts";
import type { ServingInstall } from "../../controllers/cluster-claim/plan.ts";
import { grantRights } from "../../cluster/install-steps.ts";
import type { Mode } from "../../cluster/install-mode.ts";
import type { Session } from "../session.ts";
import { seen } from "../reads.ts";
import { bad, type Finding, fixedBy, notSeen, well } from "./finding.ts";
import type { Named } from "./install-names.ts";
import { kubectl } from "../../runtime/steps.ts";

// Validation rules of CustomResourceDefinitions are stable from here on: https://kubernetes.io/docs/reference/using-api/cel/
const oldestMinor = 29;
// The one of config/default: what another install has beside or instead is told by the operator's own status.
const mode: Mode = { pullSecretNames: [], watchNamespaces: [], podRecovery: false };

export async function apiServerVersion({ transport }: Session): Promise<Finding> {
  const check = "API server";
  const { major, minor, gitVersion } = (
    await transport.request({ method: "GET", path: "/version" })
  ).json() as Readonly<Record<string, string>>;
  // Providers write 29+.
  const isOld =
    major === "1" && (boundedNumber(/^\d+/.exec(minor ?? "")?.[0], bounds.count) ?? oldestMinor) < oldestMinor;
  return isOld
    ? bad(check, `it is ${gitVersion}; regcred needs 1.${oldestMinor} or newer`)
    : well(check, `it is ${gitVersion}`);
}

/** The API server itself says whether ours would change anything: it fills in defaults that are not written down. */
export async function crdIsCurrent({ objects, transport }: Session): Promise<Finding> {
  const check = kind;
  const wanted = customResourceDefinition(packageJson.version);
  const { name } = wanted.metadata;
  const found = await seen(objects.get(resources.crds, { name }), (raw) => raw as { metadata: object; spec: object });
  if (found.seen === "hidden") return notSeen(check, "the CustomResourceDefinition");
  if (found.seen === "absent") return bad(check, "it is not installed", kubectl`apply -f crds/`);
  const { metadata, spec } = found.value;
  const path = resourcePath({ ...resources.crds, name });
  const body = JSON.stringify({ ...wanted, metadata });
  const replaced = await seen(
    transport.request({ method: "PUT", path, query: { dryRun: "All" }, body }).then((answer) => answer.json()),
    (raw) => (raw as { spec: object }).spec,
  );
  if (replaced.seen !== "there") return well(check, "it is installed; of which version could not be told");
  return isDeepStrictEqual(replaced.value, spec)
    ? well(check, "it is installed, and of this version")
    : bad(check, "it is of another version than this program", kubectl`apply -f crds/`);
}

export async function namespaceExists(
  { objects, operatorNamespace }: Pick<Session, "objects" | "operatorNamespace">,
  serving: ServingInstall,
): Promise<Finding> {
  const check = "namespace";
  const found = await seen(objects.getMetadata(resources.namespaces, { name: operatorNamespace }), () => true);
  const existence = found.seen === "absent" ? "does not exist; sources and tokens live there" : "exists";
  if (serving.kind === "theirs") {
    const { namespace } = serving;
    return bad(
      check,
      `${operatorNamespace} ${existence}, but the install that serves is in ${namespace}: ask with --namespace=${namespace}`,
    );
  }
  if (found.seen === "hidden") return notSeen(check, `namespace ${operatorNamespace}`);
  if (found.seen === "there") return well(check, `${operatorNamespace} ${existence}`);
  return operatorNamespace === defaultOperatorNamespace
    ? bad(check, `${operatorNamespace} ${existence}`, kubectl`apply -k config/default`)
    : bad(
        check,
        `${operatorNamespace} ${existence}: ask with --namespace about the one that the operator is to be in, or create it`,
        kubectl`create namespace ${operatorNamespace}`,
      );
}

/** Asks about the ServiceAccount of the install, whoever runs the operator now. */
export async function operatorRights({
  transport,
  operatorNamespace,
  names: { prefix, serviceAccount },
}: Pick<Session, "transport" | "operatorNamespace"> & Named): Promise<Finding> {
  const check = "rights";
  const { authorization } = typedApi(transport);
  const isDenied = async ({ resource, ...permission }: Permission): Promise<boolean> => {
    const [plain = "", subresource] = resource.split("/");
    const { status } = await authorization.createSubjectAccessReview({
      body: {
        spec: {
          user: `system:serviceaccount:${operatorNamespace}:${serviceAccount}`,
          groups: ["system:serviceaccounts", `system:serviceaccounts:${operatorNamespace}`],
          resourceAttributes: { ...permission, resource: plain, ...(subresource !== undefined && { subresource }) },
        },
      },
    });
    return status?.allowed !== true;
  };
  try {
    const needed = neededPermissions({
      namespace: operatorNamespace,
      sourceNamespaces: [],
      mode,
      leaderElection: true,
    });
    const denied = await Promise.all(needed.map(async (each) => ((await isDenied(each)) ? [each] : [])));
    const missing = [...Map.groupBy(denied.flat(), rightOn)].map(
      ([on, rights]) => `${[...new Set(rights.map(({ verb }) => verb))].join(", ")} ${on}`,
    );
    return missing.length === 0
      ? well(check, `the ServiceAccount ${operatorNamespace}/${serviceAccount} has all that the operator needs`)
      : fixedBy(
          check,
          `the ServiceAccount ${operatorNamespace}/${serviceAccount} may not ${missing.join("; ")}`,
          grantRights(operatorNamespace, prefix),
        );
  } catch (error) {
    if (error instanceof ApiError && error.kind === "forbidden") return notSeen(check, "the operator's rights");
    throw error;
  }
}
