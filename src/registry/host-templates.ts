// Templates of host names: how a cloud calls its registries, as regular expressions and as a person writes them.
import { asciiLowerCase } from "../runtime/ascii.ts";

/** The names of a cloud's registries. */
export interface RegistryNames {
  /** Host names with `<places>` for what varies. Never a whole domain, under which customers' own servers answer as well. */
  readonly templates: readonly string[];
  /** The same as a person writes them, with capitals for what varies: in messages and in docs/providers.md. */
  readonly forms: readonly string[];
  /** What may stand in a place that only this cloud has. */
  readonly places?: Places;
}

/** Regular expressions by the name of the place, which JavaScript and RE2 read alike. */
type Places = Readonly<Record<string, string>>;

const commonPlaces: Places = {
  label: "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?",
  // `us-isob-east-1`, `eusc-de-east-1`, `us-gov-ashburn-1`
  region: "[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}",
};

/** What to write for a registry of this cloud. */
export function formsText({ forms }: RegistryNames): string {
  return forms.length === 1 ? (forms[0] ?? "") : `${forms.slice(0, -1).join(", ")} or ${forms.at(-1) ?? ""}`;
}

/** A regular expression, without anchors, for the host names that the templates describe. */
export function hostPattern(templates: readonly string[], places: Places = {}): string {
  return `(?:${templates.map((template) => sourceOf(template, (name) => placeOf(name, places))).join("|")})`;
}

/** A host of one of the cloud's registries, in the places of its template; a path may follow it. */
export interface RegistryHost {
  /** In small letters, without a path. */
  readonly host: string;
  readonly places: Readonly<Record<string, string>>;
}

const compiled = new WeakMap<RegistryNames, readonly RegExp[]>();

/** Undefined where the host, `HOST[/PATH]` in whatever letters, names no registry of the cloud. */
export function registryHost(names: RegistryNames, text: string): RegistryHost | undefined {
  const host = asciiLowerCase(text.split("/", 1)[0] ?? "");
  for (const pattern of patternsOf(names)) {
    const found = pattern.exec(host);
    if (found) return { host, places: { ...found.groups } };
  }
  return undefined;
}

/** One of these texts, literally. */
export function oneOf(texts: readonly string[]): string {
  return `(?:${texts.map((text) => text.replaceAll(".", String.raw`\.`)).join("|")})`;
}

function patternsOf(names: RegistryNames): readonly RegExp[] {
  const known = compiled.get(names);
  if (known) return known;
  const patterns = names.templates.map(
    (template) => new RegExp(`^${sourceOf(template, (name) => `(?<${name}>${placeOf(name, names.places)})`)}$`),
  );
  compiled.set(names, patterns);
  return patterns;
}

function placeOf(name: string, places: Places = {}): string {
  return places[name] ?? commonPlaces[name] ?? "";
}

function sourceOf(template: string, place: (name: string) => string): string {
  return template.replaceAll(/<([a-z]+)>|\./g, (_, name?: string) =>
    name === undefined ? String.raw`\.` : place(name),
  );
}
