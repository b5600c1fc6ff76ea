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
    "whoever is no longer selected is not looked at",
    "controllers/concerned-namespaces",
    ["[before?.credential, after?.credential].filter", "[after?.credential].filter"],
    "controllers/watches",
  ),
  fault(
    "a namespace that was asked for once is not told what specs select since",
    "entitlement/selections",
    ["for (; before.upTo < now; before.upTo += 1)", "for (; before.upTo < 0; before.upTo += 1)"],
    "entitlement/selections",
  ),
  fault(
    "who has a login in a namespace, and does not select it, is not asked for it",
    "entitlement/concerned",
    ["    for (const holder of holders)", "    for (const holder of [] as string[])"],
    "entitlement/credential-index",
  ),
  fault(
    "a drained one of the same name comes back when its successor is gone",
    "entitlement/names-in-use",
    ["      drained.delete(name);\n      onOver(credential);\n    },\n    follow,", "    },\n    follow,"],
    "entitlement/credential-index",
  ),
  fault(
    "what is found out of a restore after all was read is passed over",
    "cluster/one-history",
    ["      isDue = true;\n      clock", "      if (isDue) clock"],
    "cluster-state/one-history",
  ),
  fault(
    "a watch goes on from a version of before whoever answers",
    "runtime/watch/reflector",
    ["if (olderThan(newest.resourceVersion, resourceVersion)) {", "if (signal.aborted) {"],
    "operator/restored-etcd",
  ),
  fault(
    "a watch that ended before its time goes on whoever answers",
    "runtime/watch/reflector-state",
    [
      "return due ? beginWatch(health, state.resourceVersion) : resumeWatch(health, state.resourceVersion);",
      "return beginWatch(health, state.resourceVersion);",
    ],
    "runtime/watch/reflector",
  ),
  fault(
    "nobody hears that the Lease went back",
    "operator",
    ["restored.subscribe(() => work.wentBack());", ""],
    "operator/restored-etcd",
  ),
  fault(
    "who is turned away in a silence is remembered for ever",
    "controllers/token/admission",
    ["= (key) => this.#turnedAway.forget(key);", "= () => undefined;"],
    "controllers/token/admission",
  ),
  fault(
    "nobody who remembers something of a grant hears that it is forgotten",
    "controllers/token/grant-tracker",
    ["    this.#onForgotten?.(key);\n", ""],
    "controllers/token/grant-tracker",
  ),
  fault(
    "an altered entry whose successor does not fit loses the login of before",
    "content/fit",
    ["stood: formers.flatMap(({ stood }) => stood ?? []),", "stood: [],"],
    "controllers/pull-secret/too-large",
  ),
  fault(
    "a login of before is given where it has never been, because the successor does not fit",
    "content/fit",
    ["const known = all.find((each) => each.known);", "const [known] = all;"],
    "controllers/pull-secret/too-large",
  ),
  fault(
    "the token of before is collected while its successor cannot be written",
    "controllers/pull-secret/observe-contributions",
    [", ...(decided.replaces ?? []).flatMap(knownFormers)]", "]"],
    "controllers/pull-secret/make-before-break",
  ),
  fault(
    "what a Secret has had is forgotten before it is written",
    "controllers/pull-secret/controller",
    ['plan.action.kind === "none" ? "stands" : "is to be written"', '"stands"'],
    "world/world",
  ),
  fault(
    "the token of before is collected while its successor does not fit",
    "content/fit",
    [", ...(instead.length > 0 && { decided })", ""],
    "controllers/pull-secret/make-before-break",
  ),
  fault(
    "a pod is evicted for a token that is over",
    "controllers/pod-recovery/observe",
    ["if (!token || !isAlive(token, clock.now())) return [];", "if (!token) return [];"],
    "controllers/pod-recovery/controller",
  ),
  fault(
    "pods of an owner are evicted again and again",
    "controllers/pod-recovery/apply",
    ["if (owner !== undefined && !firstEvictions.has(owner))", "if (owner !== undefined)"],
    "controllers/pod-recovery/controller",
  ),
  fault(
    "who waits for others' evictions is told of a share",
    "controllers/pod-recovery/apply",
    ["const own = known.past.filter((each) => each.namespace === namespace);", "const own = known.past;"],
    "controllers/pod-recovery/controller",
  ),
  fault(
    "a record without members that somebody deletes is not written again",
    "entitlement/members",
    ["parts: new Map([[0, new Set()]]),", "parts: new Map(),"],
    "controllers/members/controller",
  ),
  fault(
    "it is not stored that a Secret was made anew",
    "entitlement/members",
    [
      "const changed = known.secretUid !== secretUid || known.merged !== merged;",
      "const changed = known.merged !== merged;",
    ],
    "entitlement/members",
  ),
  fault(
    "a Secret in which nothing of ours is left is owned",
    "entitlement/members",
    ["      cells?.delete(cell.secretName);\n", ""],
    "entitlement/members",
  ),
  fault(
    "a PUT of the record of members names no version",
    "controllers/members/apply",
    ["    ...(before && { resourceVersion: before.resourceVersion }),\n", ""],
    "controllers/members/controller",
  ),
  fault(
    "the record of a RegistryCredential that is not seen is deleted",
    "controllers/members/apply",
    ['const isOver = credential.kind === "absent" && [', 'const isOver = credential.kind !== "there" && ['],
    "controllers/members/controller",
  ),
  fault(
    "a change that comes while the record is written is taken for stored",
    "controllers/members/apply",
    [
      "    members.saved(part);\n    try {\n      await storePart(context, part, rows, signal);",
      "    try {\n      await storePart(context, part, rows, signal);\n      members.saved(part);",
    ],
    "controllers/members/controller",
  ),
  fault(
    "whose login does not stand in a Secret is a member",
    "controllers/pull-secret/apply",
    ["contributing.filter(({ name }) => record.credentials.includes(name)).map", "contributing.map"],
    "controllers/pull-secret/note-members",
  ),
  fault(
    "a hold is one of whatever spec comes next",
    "entitlement/removal-guard",
    ["wasHeld: group.heldAt === generation,", "wasHeld: group.heldAt !== undefined,"],
    "entitlement/removal-guard",
  ),
  fault(
    "under Retain a namespace is forgotten once its login is out of the record",
    "entitlement/retained",
    ["      if (holds) served.set(uid, known.add(namespace.uid));\n", ""],
    "entitlement/retained",
  ),
  fault(
    "what is left of an hour's budget is lost to rounding",
    "controllers/token/mint-budget",
    ["> maxInHour + rounding) return false;", "> maxInHour) return false;"],
    "controllers/token/mint-budget",
  ),
  fault(
    "a fight over a status is not counted",
    "controllers/credential/apply",
    ["      context.credentials.statusCache.contested(name, fight);\n", ""],
    "controllers/credential/contested",
  ),
  fault(
    "of a record with several parts all but the first stay behind",
    "controllers/members/apply",
    ["of parts) {", "of [...parts].slice(0, 1)) {"],
    "controllers/members/controller",
  ),
  fault(
    "a deletion takes for gone what stands in a namespace that is not seen",
    "controllers/credential/observe-left",
    ['    if (namespace === "not seen") secrets.add(name);\n', ""],
    "controllers/credential/drain-over-time",
  ),
  fault(
    "a new leader takes a Secret for somebody else's that its tenant has stripped",
    "controllers/pull-secret/observe",
    [" || members.owns(place, record.uid)", ""],
    "operator/stripped-at-hand-over",
  ),
  fault(
    "a new leader forgets that it has merged into a Secret that its tenant has stripped",
    "controllers/pull-secret/observe",
    ["members.merged(place, record.uid)", "false"],
    "operator/stripped-at-hand-over",
  ),
];
