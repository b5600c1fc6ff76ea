// Which tokens does an entry still have from before it was altered, and which Secrets live by them?
import type { Entry } from "../../api/registry-credential.ts";
import type { Cause, Failure } from "../../runtime/errors.ts";
import { canonical, type Former, type Served } from "./plan-content.ts";
import { secretKey } from "../keys.ts";
import type { SourcePlace } from "../../cluster/install-steps.ts";
import type { PullSecretPlan, Wanted } from "./plan-types.ts";
import type { NamespaceRecord } from "../../cluster/records.ts";
import { isAlive } from "../../cluster/token.ts";
import type { Context } from "../context.ts";
import type { Participant } from "../../entitlement/credential-index.ts";
import { keptItem } from "../token/kept-tokens.ts";

/** An entry's hosts that one token serves, or why there is none. */
export type Group = {
  readonly entry: Entry;
  readonly hosts: readonly string[];
} & (
  | { readonly failure: Failure; readonly grantKey?: undefined; readonly cause?: undefined; readonly place?: undefined }
  | {
      readonly failure?: undefined;
      readonly grantKey: string;
      readonly cause: Cause;
      readonly place: SourcePlace | undefined;
    }
);

export interface RenderedCredential extends Pick<Participant, "credential" | "held"> {
  readonly groups: readonly Group[];
}

export interface Formers {
  /** Of a group of hosts, the latest first. */
  readonly of: (group: Group) => readonly Former[];
  /** Those that the Secret is known to have had: see `TokenBook.keep`. */
  readonly known: ReadonlySet<string>;
}

// Each is made by a person who alters the entry, or a tenant who makes its ServiceAccount anew, within ten minutes.
const mostFormers = 16;

/** The living tokens of each group of hosts from before its entry was altered, where it needs them. */
export function formersOf(
  { tokens, clock, entitlements }: Pick<Context, "tokens" | "clock" | "entitlements">,
  user: string,
  namespace: NamespaceRecord,
  rendered: readonly RenderedCredential[],
): Formers {
  const now = clock.now();
  const formers = new Map<Group, readonly Former[]>();
  const known = new Set<string>();
  for (const { credential, groups, held } of rendered) {
    // A hold keeps what stands by the Secret's own record.
    for (const group of held ? [] : groups) {
      const { entry, hosts, grantKey } = group;
      const made = tokens
        .madeFor(credential.uid, entry.name, namespace)
        .filter((each) => each.token.grantKey !== grantKey && isAlive(each.token, now))
        .filter(({ maker }) => overlaps(maker.hosts, hosts))
        .toSorted((one, other) => Temporal.Instant.compare(other.token.issuedAt, one.token.issuedAt))
        .slice(0, mostFormers)
        .map((each): Former => {
          // Where the pull Secret has another name by now, what the one of before had is its own as well.
          const users = [
            user,
            ...entitlements.namesOf(credential.name).map((of) => secretKey(namespace.name, of.secretName)),
          ];
          const isKnown = users.some((of) => tokens.had(of, each));
          if (isKnown) known.add(keptItem(each.token.grantKey, credential.uid, entry.name));
          return { token: each.token, hosts: each.maker.hosts, known: isKnown };
        });
      if (made.length > 0) formers.set(group, made);
    }
  }
  return { known, of: (group) => formers.get(group) ?? [] };
}

/** As it was decided: what a Secret lives by from before, and whose that is. */
interface Decided {
  readonly plan: Pick<PullSecretPlan, "state" | "decided">;
  readonly wanted: Pick<Wanted, "content"> | undefined;
}

type Contributing = readonly Pick<Participant, "name" | "credential">[];

/**
 * Notes what the Secret lives by from before, and what it `keeps` beside that: see `TokenBook.keep`. Where it has retired since,
 * the one of the present name may be given the same, which it may not know.
 */
export function keepDecided(
  { tokens, enqueue }: Pick<Context, "tokens" | "enqueue">,
  place: { readonly namespace: string; readonly name: string; readonly keeps?: ReadonlySet<string> },
  decided: Decided,
  contributing: Contributing,
): void {
  const { namespace, name, keeps = new Set() } = place;
  const formers = formersIn(decided);
  const credentials = new Map(contributing.map((each) => [each.name, each.credential]));
  const items = formers.map(({ grantKey, credential, entry }) =>
    keptItem(grantKey, credentials.get(credential)?.uid ?? "", entry),
  );
  if (!tokens.keep(secretKey(namespace, name), new Set([...items, ...keeps]))) return;
  const names = formers.map(({ credential }) => credentials.get(credential)?.spec.pullSecret.name);
  for (const present of new Set(names)) {
    if (present !== undefined && present !== name) enqueue(secretKey(namespace, present), { lane: "normal" });
  }
}

function formersIn({ plan, wanted }: Decided): readonly Served[] {
  if (plan.state !== "usable" && plan.state !== "absent") return [];
  // What is offered only over a login that stands is no one's until it has been seen to stand.
  const free = wanted?.content.served.filter(({ onlyOver }) => onlyOver === undefined);
  return (plan.decided?.served ?? free ?? []).filter(({ former }) => former);
}

function overlaps(some: readonly string[], others: readonly string[]): boolean {
  if (some.includes("*") || others.includes("*")) return true;
  return !new Set(some.map(canonical)).isDisjointFrom(new Set(others.map(canonical)));
}
