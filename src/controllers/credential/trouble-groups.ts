// Troubles of namespaces in groups, kept so that one namespace's change costs the same however many there are.
import type { Failure } from "../../runtime/errors.ts";
import { heap, type Heap, notPlaced, type Placed } from "../../runtime/heap.ts";
import { earliestInstant, isEarlier } from "../../runtime/time-text.ts";
import { groupKey } from "./plan-status-text.ts";
import type { Lasting, TroubleGroup } from "./plan-types.ts";

export interface TroubleGroups {
  /** What was known of the namespace before is replaced. */
  set(namespace: string, before: readonly Lasting[], after: readonly Lasting[]): void;
  all(): readonly TroubleGroup[];
}

// Examples in a group, as the API bounds them.
const maxExamples = 3;

interface Named extends Placed {
  readonly name: string;
  readonly failure: Failure;
}

interface Dated extends Placed {
  readonly since: Temporal.Instant;
}

interface Member {
  readonly named: Named;
  readonly dated: Dated;
  readonly foundAtStart: boolean;
}

class Group {
  readonly reason;
  readonly cause;
  /** By name of the namespace, in the order in which they have come. */
  readonly #members = new Map<string, Member>();
  readonly #byName: Heap<Named> = heap((one, other) => one.name < other.name);
  readonly #bySince: Heap<Dated> = heap((one, other) => isEarlier(one.since, other.since));
  #foundAtStart = 0;

  constructor({ reason, cause }: Failure) {
    this.reason = reason;
    this.cause = cause;
  }

  get size(): number {
    return this.#members.size;
  }

  readonly #unplace = ({ named, dated, foundAtStart }: Member): void => {
    this.#byName.remove(named);
    this.#bySince.remove(dated);
    if (foundAtStart) this.#foundAtStart -= 1;
  };

  readonly set = (name: string, [first, ...others]: readonly [Lasting, ...Lasting[]]): void => {
    const before = this.#members.get(name);
    if (before) this.#unplace(before);
    const all = [first, ...others];
    const member = {
      named: { name, failure: first.failure, position: notPlaced },
      dated: { since: earliestInstant(all.map(({ since }) => since)), position: notPlaced },
      foundAtStart: all.some(({ foundAtStart }) => foundAtStart),
    };
    this.#byName.put(member.named);
    this.#bySince.put(member.dated);
    if (member.foundAtStart) this.#foundAtStart += 1;
    this.#members.set(name, member);
  };

  readonly delete = (name: string): void => {
    const before = this.#members.get(name);
    if (!before) return;
    this.#unplace(before);
    this.#members.delete(name);
  };

  readonly view = (): TroubleGroup | undefined => {
    const [first, ...others] = this.#byName.firstOnes(maxExamples);
    const since = this.#bySince.first()?.since;
    if (!first || !since) return undefined;
    const { reason, cause, size: count } = this;
    return {
      reason,
      cause,
      count,
      since,
      foundAtStart: this.#foundAtStart > 0,
      examples: [first.name, ...others.map(({ name }) => name)],
      failure: first.failure,
      names: () => this.#members.keys(),
    };
  };
}

export function troubleGroups(): TroubleGroups {
  const groups = new Map<string, Group>();
  return {
    set: (namespace, before, after) => {
      const now = new Map<string, [Lasting, ...Lasting[]]>();
      for (const each of after) {
        const key = groupKey(each.failure);
        const others = now.get(key);
        if (others) others.push(each);
        else now.set(key, [each]);
      }
      for (const { failure } of before) {
        const key = groupKey(failure);
        if (now.has(key)) continue;
        const group = groups.get(key);
        group?.delete(namespace);
        if (group?.size === 0) groups.delete(key);
      }
      for (const [key, troubles] of now) {
        const group = groups.get(key) ?? new Group(troubles[0].failure);
        groups.set(key, group);
        group.set(namespace, troubles);
      }
    },
    all: () => [...groups.values()].flatMap((group) => group.view() ?? []),
  };
}
