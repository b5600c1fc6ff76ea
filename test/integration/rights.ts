// The rights that an install grants, one by one, and what is left of it without one of them.
import type { KubeObject } from "../cluster/admin-client.ts";
import type { RunningOperator } from "./test-env.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** One verb of one rule, and one name where the rule has names. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string | undefined;
  /** The Role or ClusterRole that grants it. */
  readonly role: KubeObject;
  readonly index: number;
}

export const rbac = "/apis/rbac.authorization.k8s.io/v1";

/** Those of all Roles and ClusterRoles among the objects. */
export function rightsIn(objects: readonly KubeObject[]): readonly Right[] {
  return objects
    .filter(({ kind }) => kind === "Role" || kind === "ClusterRole")
    .flatMap((role) =>
      rulesOf(role).flatMap(({ apiGroups, resources, resourceNames = [undefined], verbs }, index) =>
        verbs.flatMap((verb) =>
          resourceNames.map((name) => ({
            verb,
            group: apiGroups.join(),
            resource: resources.join(),
            name,
            role,
            index,
          })),
        ),
      ),
    );
}

/** All that the role of the right grants but the right. */
export function rulesWithout({ verb, name, role, index }: Right): readonly Rule[] {
  return rulesOf(role)
    .flatMap((rule, at) => {
      if (at !== index) return [rule];
      const others = rule.resourceNames?.filter((each) => each !== name) ?? [];
      return [
        { ...rule, verbs: rule.verbs.filter((each) => each !== verb) },
        ...(others.length > 0 ? [{ ...rule, resourceNames: others, verbs: [verb] }] : []),
      ];
    })
    .filter(({ verbs }) => verbs.length > 0);
}

export function rulesOf(role: KubeObject): readonly Rule[] {
  return role["rules"] as readonly Rule[];
}

/** The sentence with which an operator refuses to start. One that starts is stopped. */
export async function failureOf(starting: Promise<RunningOperator>): Promise<string> {
  try {
    const running = await starting;
    await running.stop();
    return "it starts";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
