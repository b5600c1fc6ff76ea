// The doctor on admission policies: which ones the API server really enforces.
import { resources } from "../../cluster/resources.ts";
import { seenAll } from "../reads.ts";
import type { Session } from "../session.ts";

export interface Admission {
  readonly policies: readonly Policy[];
  /** It is there, it fails closed, and something binds it to refuse, everywhere. */
  readonly enforces: (name: string) => boolean;
}

export interface Policy {
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly failurePolicy?: string;
    readonly variables?: readonly { readonly name: string; readonly expression: string }[];
  };
}

interface Binding {
  readonly spec?: {
    readonly policyName?: string;
    readonly validationActions?: readonly string[];
    readonly matchResources?: object;
  };
}

/** Undefined where policies may not be read. */
export async function admission({ objects }: Pick<Session, "objects">): Promise<Admission | undefined> {
  const [policies, bindings] = await Promise.all([
    seenAll(objects.list(resources.admissionPolicies), (raw) => raw as Policy),
    seenAll(objects.list(resources.admissionBindings), (raw) => raw as Binding),
  ]);
  if (policies.seen !== "there" || bindings.seen !== "there") return undefined;
  return {
    policies: policies.value,
    enforces: (name) =>
      policies.value.some(({ metadata, spec }) => metadata.name === name && spec?.failurePolicy !== "Ignore") &&
      bindings.value.some(
        ({ spec }) =>
          spec?.policyName === name &&
          spec.validationActions?.includes("Deny") === true &&
          !narrows(spec.matchResources),
      ),
  };
}

/** A variable of the policy that is a list of strings as CEL writes it. */
export function listIn({ spec }: Policy, name: string): readonly string[] {
  const expression = spec?.variables?.find((each) => each.name === name)?.expression ?? "";
  return [...expression.matchAll(/'([^']*)'|"([^"]*)"/g)].map(([, one, other]) => one ?? other ?? "");
}

/** The API server fills in empty selectors. */
function narrows(matchResources: object | undefined): boolean {
  const {
    namespaceSelector = {},
    objectSelector = {},
    resourceRules,
    excludeResourceRules,
  } = (matchResources ?? {}) as Readonly<Record<string, object | undefined>>;
  return (
    resourceRules !== undefined ||
    excludeResourceRules !== undefined ||
    Object.keys(namespaceSelector).length > 0 ||
    Object.keys(objectSelector).length > 0
  );
}
