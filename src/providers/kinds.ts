// The kinds of a list of providers by name: what the rest of the program looks up of an entry or a grant.
import type { AnyProvider, ProviderList, RegistryKind } from "./definition.ts";

/** A kind with the provider that it is of. */
export interface ListedKind extends RegistryKind {
  readonly provider: AnyProvider;
}

const known = new WeakMap<ProviderList, ReadonlyMap<string, ListedKind>>();

/** In the order of the list. Throws TypeError where two providers claim one name: the first would hide the other. */
export function kindsOf(providers: ProviderList): ReadonlyMap<string, ListedKind> {
  const before = known.get(providers);
  if (before) return before;
  const kinds = new Map<string, ListedKind>();
  for (const provider of providers) {
    for (const [name, kind] of Object.entries(provider.kinds)) {
      if (kinds.has(name)) throw new TypeError(`two providers are called ${name}`);
      kinds.set(name, { ...kind, provider });
    }
  }
  known.set(providers, kinds);
  return kinds;
}

/** Throws TypeError for a name that no provider of the list has. */
export function kindOf(providers: ProviderList, name: string): ListedKind {
  const kind = kindsOf(providers).get(name);
  if (!kind) throw new TypeError(`no provider is called ${name}`);
  return kind;
}

/** Whether a cloud runs the registries of that kind. */
export function isCloud(providers: ProviderList, name: string): boolean {
  return kindsOf(providers).get(name)?.registries !== undefined;
}
