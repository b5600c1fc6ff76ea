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
    "controllers/pull-secret/apply.ts",
    ["merged || members.owns(place, uid) ? uid : anyUid", "uid"],
    "controllers/pull-secret/merge-race",
  ),
  fault(
    "whether a Secret was merged into is what its tenant's marks say",
    "controllers/pull-secret/apply.ts",
    ["const merged = members.merged(place, uid);", "const merged = before !== undefined && isMerged(before);"],
    "controllers/pull-secret/note-members",
  ),
  fault(
    "whoever cannot be read loses its place in a Secret that is made anew",
    "controllers/pull-secret/apply.ts",
    ["before ? members.holders(place, before.uid) : []", "before && stays ? members.holders(place, before.uid) : []"],
    "controllers/pull-secret/note-members",
  ),
  fault(
    "what a registry calls its token server is repeated to a person, whatever it says",
    "registry/realm.ts",
    ["url.host.length <= longestServer && nameOfServer.test(url.host)", "url.host !== ''"],
    "registry/pull-check",
  ),
  fault(
    "who holds a login is not known where the fields could not be given up after it",
    "controllers/pull-secret/apply.ts",
    [".catch(() => written)", ""],
    "controllers/pull-secret/given-up-late",
  ),
  fault(
    "who undoes a reference before its fields are given up is answered at once, each time",
    "controllers/service-account/apply.ts",
    ["counted = afterWrite(reverts, purpose, clock.elapsed());", "counted = reverts;"],
    "controllers/pull-secret/given-up-late",
  ),
  fault(
    "a tenant whose token is refused keeps all tokens that nobody needs",
    "controllers/pull-secret/observe.ts",
    ['grantKey === undefined && hasTrait(failure, "unseen")', 'grantKey !== "" && hasTrait(failure, "unseen")'],
    "controllers/pull-secret/hidden-denied",
  ),
];
