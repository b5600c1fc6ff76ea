// What tests have let through of the loops: pods, members, removals, what is kept of an altered entry, memories that never end.
import type { Mutant } from "./mutant.ts";

const fault = (name: string, file: string, [from, to]: readonly [string, string], foundBy: string): Mutant => ({
  fault: "failures",
  name,
  edits: [{ file: `src/${file}.ts`, from, to }],
  foundBy: { phase: "unit", path: `test/${foundBy}.test.ts` },
});

export const loopMutants: readonly Mutant[] = [
  fault(
    "who is turned away in a silence is remembered for ever",
    "reconcile/token-admission",
    ["forget: (key) => turnedAway.forget(key),", "forget: () => undefined,"],
    "reconcile/token-admission",
  ),
  fault(
    "nobody who remembers something of a grant hears that it is forgotten",
    "reconcile/token-book",
    ["      onForgotten?.(key);\n", ""],
    "reconcile/token-book",
  ),
  fault(
    "an altered entry whose successor does not fit loses the login of before",
    "plan/target",
    ["stood: formers.flatMap(({ stood }) => stood ?? []),", "stood: [],"],
    "plan/too-large",
  ),
  fault(
    "a login of before is given where it has never been, because the successor does not fit",
    "plan/target",
    ["const known = all.find((each) => each.known);", "const [known] = all;"],
    "plan/too-large",
  ),
  fault(
    "the token of before is collected while its successor does not fit",
    "plan/target",
    [", ...(instead.length > 0 && { decided })", ""],
    "reconcile/make-before-break",
  ),
  fault(
    "a pod is evicted for a token that is over",
    "reconcile/pods",
    ["if (!token || !isAlive(token, clock.now())) return [];", "if (!token) return [];"],
    "reconcile/pods",
  ),
  fault(
    "pods of an owner are evicted again and again",
    "reconcile/pods",
    ["if (owner !== undefined && !firstEvictions.has(owner))", "if (owner !== undefined)"],
    "reconcile/pods",
  ),
  fault(
    "who waits for others' evictions is told of a share",
    "reconcile/pods",
    ["const own = past.filter((each) => each.namespace === namespaceName);", "const own = past;"],
    "reconcile/pods",
  ),
  fault(
    "a record without members that somebody deletes is not written again",
    "reconcile/members",
    ["parts: new Map([[0, new Set()]]),", "parts: new Map(),"],
    "reconcile/store-members",
  ),
  fault(
    "it is not stored that a Secret was made anew",
    "reconcile/members",
    [
      "const isNews = known.secretUid !== secretUid || known.merged !== merged;",
      "const isNews = known.merged !== merged;",
    ],
    "reconcile/members",
  ),
  fault(
    "a Secret in which nothing of ours is left is owned",
    "reconcile/members",
    ["      cells?.delete(cell.secretName);\n", ""],
    "reconcile/members",
  ),
  fault(
    "a PUT of the record of members names no version",
    "reconcile/store-members",
    ["    ...(before && { resourceVersion: before.resourceVersion }),\n", ""],
    "reconcile/store-members",
  ),
  fault(
    "the record of a RegistryCredential that is not seen is deleted",
    "reconcile/store-members",
    ['const isOver = credential.kind === "absent" && [', 'const isOver = credential.kind !== "there" && ['],
    "reconcile/store-members",
  ),
  fault(
    "a change that comes while the record is written is taken for stored",
    "reconcile/store-members",
    [
      "    members.saved(part);\n    try {\n      await storePart(context, part, rows, signal);",
      "    try {\n      await storePart(context, part, rows, signal);\n      members.saved(part);",
    ],
    "reconcile/store-members",
  ),
  fault(
    "whose login does not stand in a Secret is a member",
    "reconcile/note-members",
    ["contributing.filter(({ name }) => record.credentials.includes(name)).map", "contributing.map"],
    "reconcile/note-members",
  ),
  fault(
    "a hold is one of whatever spec comes next",
    "reconcile/removals",
    ["wasHeld: group.heldAt === generation,", "wasHeld: group.heldAt !== undefined,"],
    "reconcile/removals",
  ),
  fault(
    "under Retain a namespace is forgotten once its login is out of the record",
    "reconcile/retained",
    ["      if (holds) served.set(uid, known.add(namespace.uid));\n", ""],
    "reconcile/retained",
  ),
  fault(
    "what is left of an hour's budget is lost to rounding",
    "reconcile/mint-budget",
    ["> mostInHour + rounding) return false;", "> mostInHour) return false;"],
    "reconcile/mint-budget",
  ),
  fault(
    "a fight over a status is not counted",
    "reconcile/write-status",
    ["          context.board.contested(name, fight);\n", ""],
    "reconcile/contested-credentials",
  ),
];
