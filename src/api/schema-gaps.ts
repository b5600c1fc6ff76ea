// Compares the installed CustomResourceDefinition with this release's schema: what it lacks.
import { boundedNumber, bounds } from "../runtime/foreign-numbers.ts";
import { credentialSchema, type Schema } from "./crd.ts";
import { releaseAnnotation, version } from "./names.ts";

/** The parts of an installed CRD that are looked at. Nothing of it is certain: it may be of any release, or edited. */
interface InstalledCrd {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly versions?: readonly {
      readonly name: string;
      readonly schema?: { readonly openAPIV3Schema?: InstalledSchema };
    }[];
  };
}

type InstalledSchema = Partial<Omit<Schema, "properties" | "items" | "additionalProperties">> & {
  readonly properties?: Readonly<Record<string, InstalledSchema>>;
  readonly items?: InstalledSchema;
  readonly additionalProperties?: InstalledSchema;
};

let ours: Schema | undefined;
/** It takes some 20 ms to make, once in a process, which nobody is to wait for while events come. */
const ourSchema = (): Schema => (ours ??= credentialSchema());

/**
 * Fields, values and rules of this release that the installed schema does not have, each as a path. None where it is of a
 * later release, whatever it holds: an operator that is rolled back works with what it knows.
 */
export function schemaGaps(release: string): (installed: unknown) => readonly string[] {
  const wanted = ourSchema();
  return (installed) => {
    const { metadata, spec } = installed as InstalledCrd;
    if (isLater(metadata?.annotations?.[releaseAnnotation], release)) return [];
    const served = spec?.versions?.find(({ name }) => name === version);
    return gapsIn(wanted, served?.schema?.openAPIV3Schema ?? {}, "");
  };
}

function gapsIn(ours: Schema, theirs: InstalledSchema, path: string): readonly string[] {
  const fields = Object.entries(ours.properties ?? {}).flatMap(([name, field]) => {
    const inner = path === "" ? name : `${path}.${name}`;
    const found = theirs.properties?.[name];
    return found ? gapsIn(field, found, inner) : [inner];
  });
  const values = (ours.enum ?? [])
    .filter((value) => theirs.enum?.includes(value) === false)
    .map((value) => `${path} ${value}`);
  const known = new Set(theirs["x-kubernetes-validations"]?.map(({ rule }) => rule));
  const rules = (ours["x-kubernetes-validations"] ?? [])
    .filter(({ rule }) => !known.has(rule))
    .map(({ message }) => `the rule of ${path || "the object"} "${message}"`);
  return [
    ...fields,
    ...values,
    ...rules,
    ...(ours.items ? gapsIn(ours.items, theirs.items ?? {}, `${path}[]`) : []),
    ...(ours.additionalProperties
      ? gapsIn(ours.additionalProperties, theirs.additionalProperties ?? {}, `${path}{}`)
      : []),
  ];
}

/** By the three numbers of https://semver.org; what is no release is never later. */
function isLater(one: string | undefined, other: string): boolean {
  const numbers = (text = ""): readonly number[] | undefined =>
    /^(\d+)\.(\d+)\.(\d+)/
      .exec(text)
      ?.slice(1)
      .map((digits) => boundedNumber(digits, bounds.count) ?? 0);
  const [a, b] = [numbers(one), numbers(other)];
  if (!a || !b) return false;
  const at = a.findIndex((number, index) => number !== b[index]);
  return at >= 0 && (a[at] ?? 0) > (b[at] ?? 0);
}
