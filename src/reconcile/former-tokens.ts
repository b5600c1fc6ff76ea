// Which tokens does an entry still have from before it was altered, and which Secrets live by them?
import type { Entry } from "../api/registry-credential.ts";
import type { Cause, Failure } from "../errors.ts";
import { canonical, type Former, servesAll } from "../plan/content.ts";
import type { PullSecretPlan, Wanted } from "../plan/pull-secret-plan.ts";
import type { NamespaceRecord } from "../plan/snapshot.ts";
import { isAlive } from "../plan/token.ts";
import type { Context } from "./context.ts";
import type { Participant } from "./entitlements.ts";
import { keptItem } from "./kept-tokens.ts";

/** An entry's hosts that one token serves, or why there is none. */
export type Group = {
  readonly entry: Entry;
  readonly hosts: readonly string[];
} & (
  | { readonly failure: Failure; readonly grantKey?: undefined; readonly cause?: undefined }
  | { readonly failure?: undefined; readonly grantKey: string; readonly cause: Cause }
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
  { tokens, clock }: Pick<Context, "tokens" | "clock">,
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
      const token = grantKey === undefined ? undefined : tokens.token(grantKey);
      if (token && isAlive(token, now) && servesAll(token, hosts)) continue;
      const made = tokens
        .madeFor(credential.uid, entry.name, namespace)
        .filter((each) => each.token.grantKey !== grantKey && isAlive(each.token, now))
        .filter(({ maker }) => overlaps(maker.hosts, hosts))
        .toSorted((one, other) => Temporal.Instant.compare(other.token.issuedAt, one.token.issuedAt))
        .slice(0, mostFormers)
        .map((each): Former => {
          const isKnown = tokens.had(user, each);
          if (isKnown) known.add(keptItem(each.token.grantKey, credential.uid, entry.name));
          return { token: each.token, hosts: each.maker.hosts, known: isKnown };
        });
      if (made.length > 0) formers.set(group, made);
    }
  }
  return { known, of: (group) => formers.get(group) ?? [] };
}

/** What a Secret lives by from before, as it was decided: see `TokenBook.keep`. */
export function keptFor(
  plan: Pick<PullSecretPlan, "state" | "decided">,
  wanted: Pick<Wanted, "content"> | undefined,
  contributing: readonly Pick<Participant, "name" | "credential">[],
): ReadonlySet<string> {
  if (plan.state !== "usable" && plan.state !== "absent") return new Set();
  // What is offered only over a login that stands is no one's until it has been seen to stand.
  const free = wanted?.content.served.filter(({ onlyOver }) => onlyOver === undefined);
  const served = plan.decided?.served ?? free ?? [];
  const uids = new Map(contributing.map(({ name, credential }) => [name, credential.uid]));
  return new Set(
    served
      .filter(({ former }) => former)
      .map(({ grantKey, credential, entry }) => keptItem(grantKey, uids.get(credential) ?? "", entry)),
  );
}

function overlaps(some: readonly string[], others: readonly string[]): boolean {
  if (some.includes("*") || others.includes("*")) return true;
  return !new Set(some.map(canonical)).isDisjointFrom(new Set(others.map(canonical)));
}
