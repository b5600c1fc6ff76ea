// The tally of a RegistryCredential: what a status says of the namespaces and grants, kept so that one that changes costs the same
// however many there are.
import type { NamespaceView, Namespaces, Troubled } from "./plan-types.ts";

/** What was found of one namespace. */
export interface Found {
  /** Undefined: it is not entitled to it. */
  readonly view?: NamespaceView | undefined;
  /** By entry: keys of the grants that it has there. */
  readonly grants?: readonly (readonly [entry: string, grantKey: string])[];
  /** It is to lose the credential, and keeps it because something was refused. */
  readonly leaving?: Troubled | undefined;
}

export interface Tally {
  /** What was found of this namespace before is replaced. */
  put(namespace: string, found: Found): void;
  namespaces(): Namespaces;
  leaving(): readonly Troubled[];
  /** Keys of the grants of an entry, each once. */
  grants(entry: string): Iterable<string>;
}

/** What counts of a namespace of which there is no more to tell. Those that are alike share one. */
interface Counted {
  readonly pending: boolean;
  readonly awaiting: boolean;
  readonly failed: boolean;
  readonly grants: readonly (readonly [entry: string, grantKey: string])[];
}

export function tally(): Tally {
  return new KeptTally();
}

class KeptTally implements Tally {
  readonly #counted = new Map<string, Counted>();
  readonly #kinds = new Map<string, { readonly counted: Counted; members: number }>();
  readonly #reported = new Map<string, NamespaceView>();
  readonly #leaving = new Map<string, Troubled>();
  /** By entry: how many namespaces have the grant. */
  readonly #grants = new Map<string, Map<string, number>>();
  readonly #numbers = { unsettled: 0, pending: 0, failed: 0, awaiting: 0 };
  #inOrder: readonly NamespaceView[] | undefined;

  readonly #count = ({ pending, awaiting, failed, grants }: Counted, by: 1 | -1): void => {
    this.#numbers.unsettled += pending ? by : 0;
    this.#numbers.pending += pending && !failed ? by : 0;
    this.#numbers.failed += failed ? by : 0;
    this.#numbers.awaiting += awaiting ? by : 0;
    for (const [entry, key] of grants) {
      const counts = this.#grants.get(entry) ?? new Map<string, number>();
      const left = (counts.get(key) ?? 0) + by;
      if (left > 0) this.#grants.set(entry, counts.set(key, left));
      else counts.delete(key);
    }
  };

  readonly #forget = (namespace: string): void => {
    const before = this.#counted.get(namespace);
    if (!before) return;
    this.#counted.delete(namespace);
    this.#count(before, -1);
    const kind = this.#kinds.get(textOf(before));
    if (kind && (kind.members -= 1) === 0) this.#kinds.delete(textOf(before));
  };

  readonly #keep = (namespace: string, counted: Counted): void => {
    const text = textOf(counted);
    const kind = this.#kinds.get(text) ?? { counted, members: 0 };
    kind.members += 1;
    this.#kinds.set(text, kind);
    this.#counted.set(namespace, kind.counted);
    this.#count(kind.counted, 1);
  };

  readonly put: Tally["put"] = (namespace, { view, grants = [], leaving }) => {
    this.#forget(namespace);
    if (this.#reported.delete(namespace)) this.#inOrder = undefined;
    if (leaving) this.#leaving.set(namespace, leaving);
    else this.#leaving.delete(namespace);
    if (!view) return;
    const { pending, awaiting = false, failures, notes, formers = [] } = view;
    this.#keep(namespace, { pending, awaiting, failed: failures.length > 0, grants });
    if (failures.length + notes.length + formers.length === 0) return;
    this.#reported.set(namespace, view);
    this.#inOrder = undefined;
  };

  readonly namespaces: Tally["namespaces"] = () => {
    this.#inOrder ??= [...this.#reported.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
    return { selected: this.#counted.size, ...this.#numbers, reported: this.#inOrder };
  };

  readonly leaving: Tally["leaving"] = () => [...this.#leaving.values()];

  readonly grants: Tally["grants"] = (entry) => this.#grants.get(entry)?.keys() ?? [];
}

function textOf({ pending, awaiting, failed, grants }: Counted): string {
  return `${pending} ${awaiting} ${failed} ${grants.map(([entry, key]) => `${entry}=${key}`).join()}`;
}

/** All of these at once. */
export function namespacesOf(views: readonly NamespaceView[]): Namespaces {
  const all = tally();
  for (const view of views) all.put(view.name, { view });
  return all.namespaces();
}
