// What the laws of the world of played failures allow, taken away: each allowance is needed by a history.
import type { Mutant } from "./mutant.ts";

/** @param test part of what the history is called that needs it */
const allowance = (name: string, test: string, file: string, from: string, to = ""): Mutant => ({
  fault: "world",
  name: `not allowed: ${name}`,
  edits: [{ file: `test/world/${file}`, from, to }],
  foundBy: { phase: "unit", path: "test/world/world.test.ts", test },
});

export const allowanceMutants: readonly Mutant[] = [
  allowance(
    "what only marks say where nothing could be stored",
    "where that could not be stored before a restart",
    "secret-laws.ts",
    "    if (last && isUnrecorded(ledger, object.metadata, last.uid)) continue;\n",
  ),
  allowance(
    "what an entry had before it was altered unseen",
    "given by an entry that had been altered unseen",
    "secret-laws.ts",
    " || named.has(anywhere(each.identity))",
  ),
  allowance(
    "what an entry had before it was altered",
    "gives back, where tenants have overwritten it",
    "secret-laws.ts",
    "[...past.withGrant(mint.grantKey, since), ...before]",
    "[...past.withGrant(mint.grantKey, since)]",
  ),
  allowance(
    "to wait for what may not be seen",
    "renews nothing in Secrets that may not be seen",
    "excuses.ts",
    "    listFaults.some((each) => isUnseen(each, claim)) ||\n",
  ),
  allowance(
    "the record of a name that is nobody's",
    "leaves the record of a name that is nobody's",
    "rest.ts",
    "    Object.keys(data).every((each) => watched.has(each)) && !truth",
    "    !truth",
  ),
  allowance(
    "a login of the same entry, however it is rendered now",
    "whose template names a source that is missing",
    "rest.ts",
    "      if (truth.of(namespace, name).some((claim) => isOfEntry(claim, identity))) continue;\n",
  ),
  allowance(
    "a reference without a record",
    "leaves a reference whose record its tenant has dropped",
    "oracle.ts",
    " ||\n      ledger.foreignReferences.get(object.metadata.uid)?.has(name) === true;",
    ";",
  ),
  allowance(
    "a reference beside a login of one who is gone",
    "leaves what refers to a Secret with the login of one who is gone",
    "oracle.ts",
    "      isOrphaned(ledger, secret) ||\n",
  ),
  allowance(
    "a reference of one who is suspended",
    "leaves what refers to a Secret for one who is suspended",
    "oracle.ts",
    "      claims.some(({ credential }) => credential.spec.suspend) ||\n",
  ),
  allowance(
    "a reference of one that is to be deleted and cannot be read",
    "leaves a reference that may be of one that is to be deleted",
    "oracle.ts",
    "      isUnreadableOnesThatEnds(standing, claims[0]) ||\n",
  ),
  allowance(
    "a Secret without a mark that could not be recorded",
    "takes a Secret for its tenant's that was made while nothing could be stored",
    "oracle.ts",
    "  if (secret.metadata.labels?.[managedByLabel] === undefined && ledger.unrecorded.has(secret.metadata.uid)) return true;\n",
  ),
  allowance(
    "what one who leaves has a host of",
    "takes back what one of a name that comes again has hosts for",
    "secret-laws.ts",
    "    if (its.some((host) => !taken.has(host)))",
    "    if (its.length > 0 || taken.size < 0)",
  ),
  allowance(
    "the record of who had a part beside one who is gone",
    "remembers all who had a part in a Secret",
    "rest.ts",
    " && !isBesideOneGone(world, recorded)",
  ),
  allowance(
    "what was believed by who cannot hear",
    "what it was to have when it was heard of last",
    "secret-laws.ts",
    "!isBlind() || !mayBelieve(ledger, [namespaceUid, name], key)",
    "true",
  ),
  allowance(
    "a former name that is served",
    "serves a former name with what the entries have become",
    "secret-laws.ts",
    "isHere(each) && isServedUnder(ledger, each, name)",
    'isHere(each) && each.split(" ")[1] === name',
  ),
  allowance(
    "to wait with ServiceAccounts that cannot be written",
    "whose ServiceAccounts cannot be written",
    "excuses.ts",
    'return of.namespace === undefined || of.namespace === namespace.name;\n      case "registry',
    'return false;\n      case "registry',
  ),
  allowance(
    "to wait with a label that was not asked for",
    "waits with a label that has not been asked for",
    "excuses.ts",
    " ||\n    JSON.stringify(credential.spec).includes(teamLabel);",
    ";",
  ),
  allowance(
    "the same login of another one",
    "what another one has been given the same of",
    "rest.ts",
    "wantedByAny.has(withoutEntry(identity)) || isGranted",
    "wantedByAny.has(withoutEntry(identity))",
  ),
  allowance(
    "a login of one that cannot be read",
    "takes nothing for one that cannot be read",
    "rest.ts",
    ' ||\n    !isReadable(server.get({ resource: "registrycredentials", name }));',
    ";",
  ),
  allowance(
    "a host of one that has it under a former name",
    "whoever claims it under that name now",
    "oracle.ts",
    "(isFormerName(world.ledger, holder) || isUnreadable(world, holder))",
    "isUnreadable(world, holder)",
  ),
  allowance(
    "a tenant's own Secret",
    "leaves a tenant's own Secret alone",
    "oracle.ts",
    "(!ledger.ours.has(secret.metadata.uid) || isGivenUp(ledger, secret))",
    "isGivenUp(ledger, secret)",
  ),
  allowance(
    "a Secret of one whose deletion was seen",
    "whose finalizer somebody takes off after its deletion was seen",
    "secret-laws.ts",
    "isDrained(credential) || isDeselectedUnheard",
    "isDeselectedUnheard",
  ),
];
