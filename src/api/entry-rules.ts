// Rules by which the API server judges an item of `spec.registries`; they follow from the list of providers.
import type { AnyProvider, ProviderList, RegistryKind } from "../providers/definition.ts";
import { formsText, hostPattern, type RegistryNames } from "../registry/host-templates.ts";
import type { Rule } from "./rules.ts";

/** In the order in which they stand in the CRD. */
export function entryRules(providers: ProviderList): readonly Rule[] {
  const isCloud = ({ kinds }: AnyProvider): boolean => Object.values(kinds).some(({ registries }) => registries);
  const ownRules = (of: readonly AnyProvider[]): readonly Rule[] => of.flatMap(({ rules = [] }) => rules);
  const clouds = providers.flatMap(({ kinds }) => Object.entries(kinds).flatMap(cloudOf));
  return [
    ...clouds.flatMap(([kind, names]) => cloudRules(kind, names)),
    belongs(
      "registry",
      clouds.map(([kind]) => kind),
    ),
    ...ownRules(providers.filter(isCloud)),
    ...providers.map(({ block, kinds }) => belongs(block, Object.keys(kinds))),
    ...providers.flatMap(neededBlock),
    ...providers.flatMap(withoutIdentity),
    ...ownRules(providers.filter((each) => !isCloud(each))),
    {
      rule: "!has(self.verify) || self.hosts.exists(host, host.startsWith('*') || self.verify.image.startsWith(host + '/'))",
      message: "write a verify.image that begins with one of this entry's hosts, such as HOST/REPOSITORY:TAG",
    },
  ];
}

function cloudOf([kind, { registries }]: readonly [string, RegistryKind]): readonly (readonly [
  string,
  RegistryNames,
])[] {
  return registries ? [[kind, registries]] : [];
}

// What is wrong with a scheme or with "*" alone is for other rules to say.
function cloudRules(kind: string, names: RegistryNames): readonly Rule[] {
  const pattern = (places = {}): string => `(?i)${hostPattern(names.templates, { ...names.places, ...places })}`;
  return [
    {
      rule: `self.provider != '${kind}' || has(self.registry) || self.hosts.all(host, host == '*' || host.matches(r"^([a-zA-Z]+://)?${pattern()}(/.*)?$"))`,
      message: `write hosts of ${kind}: ${formsText(names)}, without port; for a name of your own, write that registry in registry`,
    },
    {
      rule: `self.provider != '${kind}' || !has(self.registry) || self.registry.matches(r"^${pattern({ accounts: "[0-9]{12}" })}$")`,
      message: `write the host of the ${kind} registry itself in registry, without port and path, and in hosts the names of your own that lead to it`,
    },
  ];
}

/** A member may stand only beside its kinds. */
function belongs(member: string, kinds: readonly string[]): Rule {
  return {
    rule: `!has(self.${member}) || self.provider in [${kinds.map((kind) => `'${kind}'`).join(", ")}]`,
    message: `remove ${member}, or write provider: ${kinds.join(" or ")}`,
  };
}

function neededBlock({ block, kinds, missing }: AnyProvider): readonly Rule[] {
  if (missing === undefined) return [];
  return Object.keys(kinds).map((kind) => ({
    rule: `self.provider != '${kind}' || has(self.${block})`,
    message: `write ${missing(kind)}`,
  }));
}

function withoutIdentity({ kinds, identities }: AnyProvider): readonly Rule[] {
  if (identities) return [];
  return Object.keys(kinds).map((kind) => ({
    rule: `self.provider != '${kind}' || self.identity.from == 'Operator'`,
    message: `remove identity: provider ${kind} has none, its Secret is the credential`,
  }));
}
