// What a tenant brings about by being first or in between, and a registry by what it answers.
import type { Mutant } from "./mutant.ts";

const fault = (name: string, file: string, [from, to]: readonly [string, string], foundBy: string): Mutant => ({
  fault: "failures",
  name,
  edits: [{ file: `src/${file}`, from, to }],
  foundBy: { phase: "unit", path: `test/${foundBy}.test.ts` },
});

export const attackMutants: readonly Mutant[] = [
  fault(
    "a tenant's own Secret is regcred's as soon as two are to be merged into it",
    "reconcile/note-members.ts",
    ["merged || members.owns(place, uid) ? uid : anyUid", "uid"],
    "reconcile/merge-race",
  ),
  fault(
    "whether a Secret was merged into is what its tenant's marks say",
    "reconcile/note-members.ts",
    ["const merged = members.merged(place, uid);", "const merged = before !== undefined && isMerged(before);"],
    "reconcile/note-members",
  ),
  fault(
    "whoever cannot be read loses its place in a Secret that is made anew",
    "reconcile/note-members.ts",
    ["before ? members.holders(place, before.uid) : []", "before && stays ? members.holders(place, before.uid) : []"],
    "reconcile/note-members",
  ),
  fault(
    "what a registry calls its token server is repeated to a person, whatever it says",
    "registry/realm.ts",
    ["url.host.length <= longestServer && nameOfServer.test(url.host)", "url.host !== ''"],
    "registry/pull-check",
  ),
  fault(
    "who holds a login is not known where the fields could not be given up after it",
    "reconcile/write-secret.ts",
    [".catch(() => written)", ""],
    "reconcile/given-up-late",
  ),
  fault(
    "who undoes a reference before its fields are given up is answered at once, each time",
    "reconcile/refer.ts",
    ["counted = afterWrite(repairs, purpose, clock.elapsed());", "counted = repairs;"],
    "reconcile/given-up-late",
  ),
  fault(
    "a tenant whose token is refused keeps all tokens that nobody needs",
    "reconcile/observe-secret.ts",
    [
      'grantKey === undefined && failure.reason === "NotPermitted"',
      'grantKey !== "" && failure.reason === "NotPermitted"',
    ],
    "reconcile/hidden-refused",
  ),
];
