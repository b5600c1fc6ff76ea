// The tally of a RegistryCredential: what a status says of the namespaces and grants, kept so that one that changes costs the same
// however many there are.
import { heap, type Heap, notPlaced, type Placed } from "../../runtime/heap.ts";
import { isEarlier } from "../../runtime/time-text.ts";
import { type GrantTally, grantTally } from "./grant-tally.ts";
import type {
  Blocking,
  EntryView,
  FormerGroup,
  FormerView,
  GrantView,
  Namespaces,
  NamespaceView,
  Troubled,
} from "./plan-types.ts";
import { troubleGroups } from "./trouble-groups.ts";

/** What was found of one namespace. */
export interface Found {
  /** Undefined: it is not entitled to it. */
  readonly view?: NamespaceView | undefined;
  /** By entry: keys of the grants that it has there. */
  readonly grants?: readonly (readonly [entry: string, grantKey: string])[];
  /** It, or what it has under a former name, is to lose the credential, and keeps it because something was refused. */
  readonly leaving?: Troubled | undefined;
}

export interface Tally {
  /** What was found of this namespace before is replaced. */
  put(namespace: string, found: Found): void;
  /** Something is counted of it. */
  has(namespace: string): boolean;
  namespaces(): Namespaces;
  entry(name: string, now: Temporal.Instant): EntryView;
  /** Keys of all grants. */
  grants(): Iterable<string>;
  /** It is to be looked at again. */
  grantChanged(key: string): void;
}

export interface TallyOptions {
  readonly look: (grantKey: string) => GrantView;
  /** Somebody has the grant now, or nobody any more. Default: nobody hears of it. */
  readonly onGrant?: (grantKey: string, isHad: boolean) => void;
}

/** What counts of a namespace of which there is no more to tell. Those that are alike share one. */
interface Counted {
  readonly pending: boolean;
  readonly awaiting: boolean;
  readonly failed: boolean;
  readonly grants: readonly (readonly [entry: string, grantKey: string])[];
}

export function tally(options: TallyOptions): Tally {
  return new KeptTally(options);
}

class KeptTally implements Tally {
  readonly #look;
  readonly #onGrant;
  readonly #counted = new Map<string, Counted>();
  readonly #kinds = new Map<string, { readonly counted: Counted; members: number }>();
  /** Of those of which there is more to tell. */
  readonly #told = new Map<string, Told>();
  readonly #failing = troubleGroups();
  readonly #troubled = troubleGroups();
  readonly #retried = blockingByName();
  readonly #stuck = blockingByName();
  readonly #formers = new Map<string, Formers>();
  readonly #grants = new Map<string, GrantTally>();
  readonly #numbers = { unsettled: 0, pending: 0, failed: 0, awaiting: 0 };

  constructor({ look, onGrant }: TallyOptions) {
    this.#look = look;
    this.#onGrant = onGrant;
  }

  readonly #grantsOf = (entry: string): GrantTally => {
    const known = this.#grants.get(entry) ?? grantTally(this.#look);
    this.#grants.set(entry, known);
    return known;
  };

  readonly #count = ({ pending, awaiting, failed, grants }: Counted, by: 1 | -1): void => {
    this.#numbers.unsettled += pending ? by : 0;
    this.#numbers.pending += pending && !failed ? by : 0;
    this.#numbers.failed += failed ? by : 0;
    this.#numbers.awaiting += awaiting ? by : 0;
    for (const [entry, key] of grants) {
      const all = this.#grantsOf(entry);
      if (by > 0 ? all.add(key) : all.remove(key)) this.#onGrant?.(key, by > 0);
    }
  };

  readonly #keep = (namespace: string, counted: Counted | undefined): void => {
    const before = this.#counted.get(namespace);
    const text = counted && textOf(counted);
    if (before && text === textOf(before)) return;
    if (counted && text !== undefined) {
      const kind = this.#kinds.get(text) ?? { counted, members: 0 };
      kind.members += 1;
      this.#kinds.set(text, kind);
      this.#counted.set(namespace, kind.counted);
      this.#count(kind.counted, 1);
    } else this.#counted.delete(namespace);
    if (!before) return;
    this.#count(before, -1);
    const kind = this.#kinds.get(textOf(before));
    if (kind && (kind.members -= 1) === 0) this.#kinds.delete(textOf(before));
  };

  readonly #tell = (namespace: string, told: Told | undefined): void => {
    const before = this.#told.get(namespace);
    if (!before && !told) return;
    const { failures: were = [], others: otherWere = [] } = before ?? {};
    const { failures = [], others = [] } = told ?? {};
    this.#failing.set(namespace, were, failures);
    this.#troubled.set(namespace, [...were, ...otherWere], [...failures, ...others]);
    const blocking = failures.filter(({ failure }) => failure.cause === "Platform").map(({ failure }) => failure);
    this.#retried.set(
      namespace,
      blocking.find(({ retry }) => retry === "backoff"),
    );
    this.#stuck.set(
      namespace,
      blocking.find(({ retry }) => retry !== "backoff"),
    );
    for (const { entry } of before?.formers ?? []) this.#formers.get(entry)?.set(namespace, undefined);
    for (const former of told?.formers ?? []) {
      const its = this.#formers.get(former.entry) ?? new Formers();
      this.#formers.set(former.entry, its);
      its.set(namespace, former);
    }
    if (told) this.#told.set(namespace, told);
    else this.#told.delete(namespace);
  };

  readonly put: Tally["put"] = (namespace, { view, grants = [], leaving }) => {
    const { failures = [], notes = [], formers = [] } = view ?? {};
    const isFailed = failures.length > 0;
    this.#keep(
      namespace,
      view && { pending: view.pending, awaiting: view.awaiting ?? false, failed: isFailed, grants },
    );
    const others = [...notes, ...(leaving?.troubles ?? [])];
    const isTold = failures.length + others.length + formers.length > 0;
    this.#tell(namespace, isTold ? { failures, others, formers } : undefined);
  };

  readonly has: Tally["has"] = (namespace) => this.#counted.has(namespace) || this.#told.has(namespace);

  readonly namespaces: Tally["namespaces"] = () => ({
    selected: this.#counted.size,
    ...this.#numbers,
    failing: this.#failing.all(),
    troubled: this.#troubled.all(),
    blocking: [this.#retried, this.#stuck]
      .flatMap((each) => each.first() ?? [])
      .toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    formers: [...this.#formers].flatMap(([entry, its]) => its.view(entry) ?? []),
  });

  readonly entry: Tally["entry"] = (name, now) => ({ name, ...this.#grantsOf(name).view(now) });

  readonly grants: Tally["grants"] = () => [...this.#grants.values()].flatMap((each) => [...each.keys()]);

  readonly grantChanged: Tally["grantChanged"] = (key) => {
    for (const each of this.#grants.values()) each.changed(key);
  };
}

interface Told extends Pick<NamespaceView, "failures"> {
  /** Notes, and what keeps it from leaving. */
  readonly others: NamespaceView["notes"];
  readonly formers: readonly FormerView[];
}

interface PlacedBlocking extends Blocking, Placed {}

function blockingByName() {
  const order: Heap<PlacedBlocking> = heap((one, other) => one.name < other.name);
  const known = new Map<string, PlacedBlocking>();
  return {
    set: (name: string, failure: Blocking["failure"] | undefined): void => {
      const before = known.get(name);
      if (before) order.remove(before);
      if (!failure) {
        known.delete(name);
        return;
      }
      const item = { name, failure, position: notPlaced };
      order.put(item);
      known.set(name, item);
    },
    first: (): Blocking | undefined => {
      const first = order.first();
      return first && { name: first.name, failure: first.failure };
    },
  };
}

interface PlacedEnd extends Placed {
  readonly until: Temporal.Instant;
}

/** Namespaces that live by a login of before of one entry. */
class Formers {
  readonly #known = new Map<string, { readonly former: FormerView; readonly end: PlacedEnd | undefined }>();
  readonly #ends: Heap<PlacedEnd> = heap((one, other) => isEarlier(one.until, other.until));
  #pending = 0;

  readonly set = (namespace: string, former: FormerView | undefined): void => {
    const before = this.#known.get(namespace);
    if (before?.end) this.#ends.remove(before.end);
    if (before?.former.pending) this.#pending -= 1;
    if (!former) {
      this.#known.delete(namespace);
      return;
    }
    const end = former.until && { until: former.until, position: notPlaced };
    if (end) this.#ends.put(end);
    if (former.pending) this.#pending += 1;
    this.#known.set(namespace, { former, end });
  };

  readonly view = (entry: string): FormerGroup | undefined => {
    const { size: namespaces } = this.#known;
    if (namespaces === 0) return undefined;
    return { entry, namespaces, until: this.#ends.first()?.until, pending: this.#pending === namespaces };
  };
}

function textOf({ pending, awaiting, failed, grants }: Counted): string {
  return `${pending} ${awaiting} ${failed} ${grants.map(([entry, key]) => `${entry}=${key}`).join()}`;
}
