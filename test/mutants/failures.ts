// What tests have let through: a failure that does not stay its own, a write that names no version, an exit code that says yes.
import type { Finder, Mutant } from "./mutant.ts";

const operator = (name: string): Finder => ({ phase: "unit", path: `test/operator/${name}.test.ts` });
const [leader, serve, observed, known, clouds] = ["leader", "serve", "observed", "known", "clouds"].map(operator) as [
  Finder,
  Finder,
  Finder,
  Finder,
  Finder,
];
const exitCodes: Finder = { phase: "unit", path: "test/cli/exit-codes.test.ts" };

const fault = (name: string, file: string, [from, to]: readonly [string, string], foundBy: Finder): Mutant => ({
  fault: "failures",
  name,
  edits: [{ file: `src/${file}`, from, to }],
  foundBy,
});

export const failureMutants: readonly Mutant[] = [
  fault(
    "a PUT of a pull Secret names no version",
    "cluster/pull-secret-wire.ts",
    ["      ...(before && { resourceVersion: before.resourceVersion }),\n", ""],
    serve,
  ),
  fault(
    "a patch of a ServiceAccount names no version",
    "controllers/service-account/apply.ts",
    ["metadata: { resourceVersion, annotations", "metadata: { annotations"],
    serve,
  ),
  fault(
    "a PUT of a token names no version",
    "controllers/token/apply.ts",
    ["      ...(before && { resourceVersion: before.resourceVersion }),\n", ""],
    serve,
  ),
  fault(
    "a patch of a status names no version",
    "controllers/credential/apply.ts",
    ["{ metadata: { resourceVersion }, status", "{ metadata: {}, status"],
    leader,
  ),
  fault(
    "a patch of finalizers names no version",
    "controllers/credential/apply.ts",
    ["{ metadata: { resourceVersion, finalizers } }", "{ metadata: { finalizers } }"],
    leader,
  ),
  fault(
    "a Secret that cannot be written goes though the one in its place is refused",
    "controllers/pull-secret/apply.ts",
    ["if (!action.takesBack && leaving.length === 0) await", "if (false) await"],
    operator("made-anew"),
  ),
  fault(
    "what a tenant names by a present entry stays where the Secret that would be without it is refused",
    "content/in-place.ts",
    ["known.get(key)?.some((login) => stands(key, login)) === true", "known.has(key)"],
    operator("made-anew"),
  ),
  fault(
    "under Retain a namespace that is merely deselected keeps its login",
    "controllers/pull-secret/observe.ts",
    ['deleting && credential.spec.deletionPolicy === "Retain"', 'credential.spec.deletionPolicy === "Retain"'],
    serve,
  ),
  fault(
    "a Secret does not wait for its references",
    "controllers/pull-secret/observe.ts",
    ["referencesLeft: record ? referencesTo(context, namespace.name, name) : 0,", "referencesLeft: 0,"],
    serve,
  ),
  fault(
    "a Secret waits for no reference of a list that takes more than one run",
    "controllers/service-account/report.ts",
    [
      "clock.elapsed() - (leavingSince.get(name) ?? clock.elapsed()) >= patience;",
      "clock.elapsed() - (leavingSince.get(name) ?? clock.elapsed()) >= 0;",
    ],
    serve,
  ),
  fault(
    "a suspended RegistryCredential takes references away",
    "controllers/pull-secret/apply.ts",
    ['(action.kind !== "none" || state === "leaving") &&', 'action.kind !== "none" &&'],
    observed,
  ),
  fault(
    "suspend counts for one of two",
    "controllers/pull-secret/apply.ts",
    [
      "return actors.every(({ credential, deleting }) => credential.spec.suspend && !deleting);",
      "return actors.some(({ credential, deleting }) => credential.spec.suspend && !deleting);",
    ],
    serve,
  ),
  fault(
    "a ServiceAccount that opts out is referred from",
    "controllers/service-account/observe.ts",
    ["    !serviceAccount.optedOut &&\n", ""],
    serve,
  ),
  fault(
    "a renewed token is never rendered",
    "grants/contributions.ts",
    [".${source.revision}.${isAlive(source, now)}`", ".${isAlive(source, now)}`"],
    serve,
  ),
  fault(
    "the text that all share is written into a Secret that was merged",
    "controllers/pull-secret/apply.ts",
    ["text === content?.text ? content?.encodedConfig", "text !== undefined ? content?.encodedConfig"],
    serve,
  ),
  fault(
    "a deletion ends though Secrets are out of sight",
    "controllers/credential/observe-left.ts",
    ["  if (denied) return { failure: denied };\n", ""],
    known,
  ),
  fault(
    "a deletion ends though Secrets are not known yet",
    "controllers/credential/observe-left.ts",
    [
      "  if (unseen === undefined) return undefined;\n",
      "  if (unseen !== undefined || unseen === undefined) return undefined;\n",
    ],
    serve,
  ),
  fault(
    "writes go past the fence",
    "operator.ts",
    ["withMetrics(clusterObjects(fenced,", "withMetrics(clusterObjects(api,"],
    leader,
  ),
  fault("work begins before the Lease is held", "operator.ts", ["  await leads.led;\n", ""], leader),
  fault("the Lease is given back before runs have ended", "operator.ts", ["  await work.drain(limit);\n", ""], leader),
  fault(
    "a tenant is written to whichever install the RegistryCredential names",
    "entitlement/credential-index.ts",
    ["(credential.status?.operatorNamespace ?? operatorNamespace) === operatorNamespace,", "true,"],
    { phase: "unit", path: "test/entitlement/credential-index.test.ts" },
  ),
  fault(
    "a cloud that hangs holds up Secrets",
    "operator/controllers.ts",
    [
      '(keyOf(key).controller === "token" ? workQueues.tokens : workQueues.tenants).add(key, how)',
      "workQueues.tenants.add(key, how)",
    ],
    clouds,
  ),
  fault(
    "a token whose end is near is made anew again and again",
    "controllers/token/plan-refresh.ts",
    ["Math.max(share, shortestRest)", "share"],
    { phase: "unit", path: "test/controllers/token/plan-due-at.test.ts" },
  ),
  fault(
    "verify says yes where one of two images cannot be pulled",
    "cli/verify/verify-pulls.ts",
    ['(["no", "unknown", "yes"] as const)', '(["yes", "unknown", "no"] as const)'],
    exitCodes,
  ),
  fault(
    "a drain that has not ended in time says yes",
    "cli/drain/drain-all.ts",
    ["    return exitCodes.no;", "    return exitCodes.succeeded;"],
    exitCodes,
  ),
  fault("what does not fit is taken away", "content/fit.ts", ["(steps[index] === 0 ? left : [])", "[]"], {
    phase: "unit",
    path: "test/controllers/pull-secret/too-large.test.ts",
  }),
  fault(
    "a former login is nobody's after a restart",
    "controllers/pull-secret/plan.ts",
    ["return { ...planContent(snapshot, content), decided: content };", "return planContent(snapshot, content);"],
    operator("large-and-ending"),
  ),
  fault(
    "who has ceased to use a grant loses what others renew",
    "grants/grant-tracker.ts",
    ["its && isAlive(its, this.#clock.now()) ? [{ ...maker, until }] : []", "[]"],
    operator("large-and-ending"),
  ),
  fault(
    "that somebody always writes first is told to nobody",
    "controllers/pull-secret/report.ts",
    ["finding: always && findingOfFailure(decision, always),", "finding: undefined,"],
    { phase: "unit", path: "test/controllers/pull-secret/removal-in-conflict.test.ts" },
  ),
  fault(
    "doctor --fix takes away a Secret that is somebody's again",
    "cli/doctor/orphans.ts",
    ["name, { uid, resourceVersion });", "name, { uid } as never);"],
    exitCodes,
  ),
  fault(
    "a tenant's docker config is read again for each entry that is tried in it",
    "content/in-place.ts",
    [
      "    return merge.with(",
      "    const again = mergeInto(dockerConfig);\n    return (again.ok ? again : merge).with(",
    ],
    { phase: "unit", path: "test/controllers/pull-secret/too-large.test.ts" },
  ),
  fault(
    "a tenant without consent tells that an authority is there",
    "providers/with-admission.ts",
    ['isUnasked(error) ? "unasked" : "answer"', '"answer"'],
    { phase: "unit", path: "test/grants/admission.test.ts" },
  ),
  fault(
    "a namespace that is made anew gets the former login of the one before",
    "controllers/pull-secret/run.ts",
    ["if (before?.uid === uid) return before.secrets;", "if (before) return before.secrets;"],
    { phase: "unit", path: "test/controllers/pull-secret/remade-namespace.test.ts" },
  ),
  fault(
    "a deletion waits for tenants that take turns in keeping their Secrets",
    "controllers/credential/plan-drain.ts",
    ["const patienceWithTurns = 60_000;", "const patienceWithTurns = 1e12;"],
    { phase: "unit", path: "test/controllers/credential/drain.test.ts" },
  ),
  fault(
    "an image that a tenant has chosen, and nobody may pull, keeps a new login from all who share it",
    "controllers/token/apply.ts",
    ["image === undefined || target.ofNamespace === true", "image === undefined"],
    { phase: "unit", path: "test/controllers/token/controller.test.ts" },
  ),
];
