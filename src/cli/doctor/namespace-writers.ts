// The doctor on labels of Namespaces: who may change them by RBAC, and could not send every login anywhere as it is.
import { group, plural } from "../../api/names.ts";
import { foreignText } from "../../runtime/foreign-text.ts";
import { resources, type Resource } from "../../cluster/resources.ts";
import { there } from "../seen.ts";
import type { Session } from "../session.ts";
import { seenAll } from "../reads.ts";

export interface NamespaceWriters {
  /** Such as `Group tenants` or `ServiceAccount ci/deployer (Namespace team-a)`, sorted. */
  readonly subjects: readonly string[];
  /** Who may update RegistryCredentials everywhere, sorted: they choose logins as it is. */
  readonly administrators: readonly string[];
  /** What could not be read. */
  readonly hidden: readonly string[];
}

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly verbs?: readonly string[];
}

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
}

interface Role {
  readonly metadata: Metadata;
  readonly rules?: readonly Rule[] | null;
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

interface Binding {
  readonly metadata: Metadata;
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly Subject[] | null;
}

export async function namespaceWriters({ objects }: Pick<Session, "objects">): Promise<NamespaceWriters> {
  const hidden: string[] = [];
  const read = async <T>(kind: Resource): Promise<readonly T[]> => {
    const found = await seenAll(objects.list(kind), (raw) => raw as T);
    if (found.seen === "hidden") hidden.push(kind.resource);
    return there(found) ?? [];
  };
  const [clusterRoles, roles, clusterBindings, bindings] = await Promise.all([
    read<Role>(resources.clusterRoles),
    read<Role>(resources.roles),
    read<Binding>(resources.clusterRoleBindings),
    read<Binding>(resources.roleBindings),
  ]);
  return {
    ...writersIn([...clusterRoles, ...roles], [...clusterBindings, ...bindings]),
    hidden: hidden.toSorted(),
  };
}

export function writersIn(
  roles: readonly Role[],
  bindings: readonly Binding[],
): Pick<NamespaceWriters, "subjects" | "administrators"> {
  const rulesOf = new Map(roles.map(({ metadata, rules }) => [keyOf(metadata.namespace, metadata.name), rules ?? []]));
  const administrators = new Set<string>();
  const writers = new Map<string, string>();
  for (const { metadata, roleRef, subjects } of bindings) {
    const { namespace } = metadata;
    const rules = rulesOf.get(keyOf(roleRef.kind === "Role" ? namespace : undefined, roleRef.name)) ?? [];
    for (const subject of (subjects ?? []).filter((each) => !runsTheCluster(each))) {
      const name = subjectText(subject, namespace);
      if (namespace === undefined && rules.some(writesCredentials)) administrators.add(name);
      // Kubernetes asks for the rights on a Namespace in that namespace itself, so a RoleBinding gives them, too.
      if (rules.some(writesNamespaces))
        writers.set(namespace === undefined ? name : `${name} (Namespace ${namespace})`, name);
    }
  }
  return {
    subjects: [...writers].flatMap(([text, name]) => (administrators.has(name) ? [] : [text])).toSorted(),
    administrators: [...administrators].toSorted(),
  };
}

function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ""}/${name}`;
}

// Each of these writes takes labels, those of the subresources as well.
const writingVerbs = ["create", "update", "patch", "*"];
const labelled = ["namespaces", "namespaces/status", "namespaces/finalize", "namespaces/*", "*", "*/*"];

function writesNamespaces(rule: Rule): boolean {
  return allows(rule, ["", "*"], [...labelled, "*/status", "*/finalize"], writingVerbs);
}

function writesCredentials(rule: Rule): boolean {
  return allows(rule, [group, "*"], [plural, "*"], ["update", "*"]);
}

function allows(
  { apiGroups = [], resources = [], verbs = [] }: Rule,
  groups: readonly string[],
  named: readonly string[],
  wanted: readonly string[],
): boolean {
  return (
    apiGroups.some((each) => groups.includes(each)) &&
    resources.some((each) => named.includes(each)) &&
    verbs.some((each) => wanted.includes(each))
  );
}

/** Whoever may bind a role writes the names of its subjects. */
function subjectText({ kind, name, namespace }: Subject, ofBinding: string | undefined): string {
  return foreignText(kind === "ServiceAccount" ? `${kind} ${namespace ?? ofBinding ?? ""}/${name}` : `${kind} ${name}`);
}

/** Its controllers may do much, and no person is one of them. */
function runsTheCluster({ kind, namespace }: Subject): boolean {
  return kind === "ServiceAccount" && namespace === "kube-system";
}
