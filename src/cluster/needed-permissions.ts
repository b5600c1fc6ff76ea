// The rights that the operator needs, as they follow from what it watches and does.
import type { StoredObject } from "../runtime/watch/object-meta.ts";
import type { Install } from "./install-mode.ts";
import { type Kind, kindNames, kinds, type KindWatch, type Verb, type WithoutRights } from "./kinds.ts";
import { type Resource, resources } from "./resources.ts";

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

/**
 * What the controllers do, as the rights that they need in this install; `config/rbac` grants those of the default one. Not those
 * in the namespaces of `watchNamespaces`: each of these may come later, and its watches tell what is missing there.
 * @param without of kinds without whose rights the operator does this
 */
export function neededPermissions(
  install: Install & { readonly leaderElection: boolean },
  without: readonly WithoutRights[] = ["fails", "waits"],
): readonly Permission[] {
  const wanted = kindNames.filter((name) => without.includes(kinds[name].withoutRights));
  return [
    ...wanted.flatMap((name) => rightsOnKind(kinds[name], install)),
    ...(without.includes("fails") ? rights(["create", "patch"], resources.events) : []),
    ...(without.includes("fails") && install.leaderElection ? leaseRights(install.namespace) : []),
  ];
}

/** Of a row what does not depend on its records. */
interface WithRights extends Pick<Kind<StoredObject>, "resource" | "rights"> {
  readonly watches: (install: Install) => readonly Pick<KindWatch<StoredObject>, "verbs" | "namespace" | "name">[];
}

function rightsOnKind({ resource, watches, rights: others }: WithRights, install: Install): readonly Permission[] {
  return [
    ...watches(install).flatMap(({ verbs, namespace, name }) => rights(verbs, resource, { namespace, name })),
    ...(others?.(install) ?? []).flatMap(({ verbs, subresource, name }) =>
      rights(verbs, resource, { subresource, name }),
    ),
  ];
}

function leaseRights(namespace: string): readonly Permission[] {
  return [
    ...rights(["create"], resources.leases, { namespace }),
    ...rights(["list", "watch", "update"], resources.leases, { namespace, name: leaseName }),
    // In every namespace: whether another install lives.
    ...rights(["get"], resources.leases, { name: leaseName }),
  ];
}

function rights(
  verbs: readonly Verb[],
  { group, resource }: Resource,
  {
    subresource,
    namespace,
    name,
  }: {
    readonly subresource?: string | undefined;
    readonly namespace?: string | undefined;
    readonly name?: string | undefined;
  } = {},
): readonly Permission[] {
  return verbs.map((verb) => ({
    verb,
    group,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
  }));
}
