// The doctor on names: which ones an install has given its rights, its policies and its ServiceAccount.
import { resources } from "../../cluster/resources.ts";
import { there } from "../seen.ts";
import { seenAll } from "../reads.ts";
import type { Session } from "../session.ts";

export interface InstallNames {
  /** The name of the ClusterRole, with which those of all other objects of the cluster begin. */
  readonly prefix: string;
  readonly serviceAccount: string;
}

/** What a check needs that asks for an object of the install by its name. */
export interface Named {
  readonly names: InstallNames;
}

/** Those of config/default, and of the chart without values for them. */
export const defaultNames: InstallNames = { prefix: "regcred", serviceAccount: "regcred" };

/** Every object of an install has it, whatever labels the chart's values add. */
export const partOfSelector = "app.kubernetes.io/part-of=regcred";

interface Binding {
  readonly metadata: { readonly name: string };
  readonly roleRef: { readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[] | null;
}

// Of a failed uninstall, with a ServiceAccount of its own.
const drain = /-drain$/;

/** By the ClusterRoleBinding of the install in the operator's namespace; the default ones where none is to be seen. */
export async function installNames({
  objects,
  operatorNamespace,
}: Pick<Session, "objects" | "operatorNamespace">): Promise<InstallNames> {
  const listing = { labelSelector: partOfSelector };
  const found = await seenAll(objects.list(resources.clusterRoleBindings, listing), (raw) => raw as Binding);
  const installs = (there(found) ?? [])
    .filter(({ metadata, roleRef }) => metadata.name === roleRef.name && !drain.test(metadata.name))
    // The names of all its other bindings begin with this one's.
    .toSorted((one, other) => one.metadata.name.length - other.metadata.name.length)
    .flatMap(({ metadata, subjects }) =>
      (subjects ?? [])
        .filter(({ kind, namespace }) => kind === "ServiceAccount" && namespace === operatorNamespace)
        .map(({ name }) => ({ prefix: metadata.name, serviceAccount: name })),
    );
  return installs[0] ?? defaultNames;
}
