// What a status is made of, from namespaces and grants that are given one by one.
import { grantTally } from "../../../src/controllers/credential/grant-tally.ts";
import type {
  EntryView,
  GrantView,
  Namespaces,
  NamespaceView,
  Troubled,
} from "../../../src/controllers/credential/plan-types.ts";
import { tally } from "../../../src/controllers/credential/tally.ts";

/** An entry with the grants that it has. */
export interface Granted {
  readonly name: string;
  readonly grants: readonly GrantView[];
}

/** @param leaving those that are to lose it */
export function namespacesOf(views: readonly NamespaceView[], leaving: readonly Troubled[] = []): Namespaces {
  const all = tally({ look: () => ({ token: undefined, failure: undefined }) });
  for (const view of views) all.put(view.name, { view });
  for (const each of leaving) all.put(each.name, { leaving: each });
  return all.namespaces();
}

export function entryOf({ name, grants }: Granted, now: Temporal.Instant): EntryView {
  const all = grantTally((key) => grants[Number(key)] ?? { token: undefined, failure: undefined });
  for (const key of grants.keys()) all.add(String(key));
  return { name, ...all.view(now) };
}
