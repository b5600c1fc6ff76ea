// Faults that the world of played failures finds, each within the fixed seeds of its test.
import type { Edit, Mutant } from "./mutant.ts";

const found = (name: string, ...edits: readonly Edit[]): Mutant => ({
  fault: "world",
  name,
  edits,
  foundBy: { phase: "unit", path: "test/world/world.test.ts" },
});

/** By a history that went wrong once: part of what it is called. */
const known = (name: string, test: string, edit: Edit): Mutant => ({
  fault: "world",
  name,
  edits: [edit],
  foundBy: { phase: "unit", path: "test/world/world.test.ts", test },
});

export const worldMutants: readonly Mutant[] = [
  found("a pull Secret is written whatever has become of it", {
    file: "src/cluster/pull-secret-wire.ts",
    from: "      ...(before && { resourceVersion: before.resourceVersion }),\n",
    to: "",
  }),
  found("a ServiceAccount is patched whatever has become of it", {
    file: "src/controllers/service-account/apply.ts",
    from: "      metadata: { resourceVersion, annotations:",
    to: "      metadata: { annotations:",
  }),
  found("a token is stored over whatever is there", {
    file: "src/controllers/token/apply.ts",
    from: "      ...(before && { resourceVersion: before.resourceVersion }),\n",
    to: "",
  }),
  found("a namespace that opts out is served", {
    file: "src/entitlement/selection.ts",
    from: '  if (namespace.optedOut) return { kind: "optedOut" };\n',
    to: "",
  }),
  known("suspend is ignored", "writes nothing for one that is suspended", {
    file: "src/controllers/pull-secret/apply.ts",
    from: "credential.spec.suspend && !deleting",
    to: "credential.spec.suspend && deleting",
  }),
  found("under Retain a namespace that is merely not selected any more keeps its login", {
    file: "src/controllers/pull-secret/observe.ts",
    from: 'deleting && credential.spec.deletionPolicy === "Retain"',
    to: 'credential.spec.deletionPolicy === "Retain"',
  }),
  found("a renewed token is not rendered", {
    file: "src/grants/contributions.ts",
    from: "${entry.name}=${grantKey}.${source.revision}.",
    to: "${entry.name}=${grantKey}.",
  }),
  found("what a tenant does to a pull Secret is not noticed", {
    file: "src/controllers/pull-secret/watches.ts",
    from: '      return [{ key: secretKey(record.namespace, record.name), options: { lane: "normal" } }];',
    to: "      return [];",
  }),
  found("a new ServiceAccount is not noticed", {
    file: "src/controllers/service-account/watches.ts",
    from: "ask(after.namespace, { lane: before",
    to: "ask(`${after.namespace}.`, { lane: before",
  }),
  found("another label of a Namespace is not noticed", {
    file: "src/controllers/pull-secret/watches.ts",
    from: "      const names = namesConcerning(context, change);",
    to: "      const names = change.before ? [] : namesConcerning(context, change);",
  }),
  found("another source is not noticed", {
    file: "src/grants/grants-by-source.ts",
    from: "grants.of(source)",
    to: "grants.of(`${source}.`)",
  }),
  found("foreign references are thrown out", {
    file: "src/controllers/service-account/plan.ts",
    from: "  const references = [...current.filter((name) => !removed.includes(name)), ...added];",
    to: "  const references = [...current.filter((name) => bySecret.has(name) && !removed.includes(name)), ...added];",
  }),
  known("who has left a Secret is not of what was judged", "judges a Secret anew when one has left it", {
    file: "src/controllers/pull-secret/observe.ts",
    from: "...leaving.map(({ name }) => `-${name}`),",
    to: "",
  }),
  known("a label that cannot be read yet holds up every RegistryCredential", "hears of one RegistryCredential", {
    file: "src/cluster/watched-labels.ts",
    from: "        return pending.length > 0;",
    to: "        return readings.size > 0;",
  }),
  known("who is suspended counts as served with what it needs", "for which nothing was ever written", {
    file: "src/grants/former-logins.ts",
    from: "!credential.spec.suspend && users.some(",
    to: "users.some(",
  }),
  known("what is refused as changed and is not is asked for five times in a row", "refused as changed and is not", {
    file: "src/controllers/pull-secret/observe.ts",
    from: "if (!record || record.resourceVersion === judged)",
    to: "if (!record)",
  }),
  known(
    "references are not looked at when somebody else's login leaves the Secret",
    "refers no more to what was left long ago",
    {
      file: "src/controllers/service-account/watches.ts",
      from: "(isSame && !isChanged)",
      to: "isSame",
    },
  ),
  known("who uses a token is stored no more while its source is missing", "stores who uses a token", {
    file: "src/controllers/token/apply.ts",
    from: 'if (otherwise.failed && otherwise.retry !== "on-change") return otherwise;',
    to: "if (otherwise.failed) return otherwise;",
  }),
  known("a login comes into a Secret of several before the record says so", "in the moment before a crash", {
    file: "src/controllers/pull-secret/apply.ts",
    from: "  if (names.length < 2 && !areLeaving && !isUnreadable) return [];",
    to: "  if (names.length > 0) return [];",
  }),
  known("whose a Secret is is forgotten as soon as a namesake is there", "while nobody of its name was there", {
    file: "src/entitlement/roles.ts",
    from: "gone: isNamed || contributors.some(isNamesake) ? uids : [] };",
    to: "gone: isNamed ? uids : [] };",
  }),
  known("the record of a reference is dropped behind a tenant's own Secret", "gone behind it", {
    file: "src/controllers/service-account/plan.ts",
    from: "const comesBack = secret.foreign && secret.served && !secret.retained;",
    to: "const comesBack = false;",
  }),
  known("what one that stays has no more of is left with what another one retains", "retains nothing of one", {
    file: "src/content/rest.ts",
    from: "  if (!rest?.ok) return { dockerConfig, otherData };",
    to: "  if (keys.length >= 0 || !rest?.ok) return { dockerConfig, otherData };",
  }),
  known("a token is collected though it cannot be seen who needs it", "accounts that may not be seen after", {
    file: "src/controllers/pull-secret/controller.ts",
    from: "if (!snapshot.hidden) context.credentials.judged.judged(namespace.name, name);",
    to: "context.credentials.judged.judged(namespace.name, name);",
  }),
  {
    fault: "world",
    name: "a deletion asks once a second for what was refused",
    edits: [
      {
        file: "src/controllers/credential/observe-left.ts",
        from: 'retry !== "on-change"',
        to: 'retry === "slowly"',
      },
    ],
    foundBy: { phase: "unit", path: "test/controllers/credential/drain.test.ts" },
  },
  known("who has left a name long ago goes on referring to it", "what was left long ago", {
    file: "src/controllers/service-account/observe.ts",
    from: 'referring.filter(({ role }) => role === "retiring")',
    to: 'referring.filter(({ role }) => role !== "current")',
  }),
  known("the record of one that was read and cannot be any more is never begun", "before a record of it was begun", {
    file: "src/controllers/credential/controller.ts",
    from: "  if (credential && !beginRecord(context, credential)) return waitsForSecrets(context, credential);\n",
    to: "",
  }),
  {
    fault: "world",
    name: "of several tokens that fail the one is told that was asked for first",
    edits: [
      {
        file: "src/controllers/credential/grant-tally.ts",
        from: "? one.failure.message < other.failure.message : one.lacksToken,",
        to: "? false : one.lacksToken,",
      },
    ],
    foundBy: { phase: "unit", path: "test/controllers/credential/plan-status.test.ts" },
  },
  known("what waits for a name that nobody has any more is not looked at", "a name that nobody has any more", {
    file: "src/controllers/service-account/watches.ts",
    from: "      lost.length === 0 ? [] : referring(lost.map((name) => ({ name }))),",
    to: "      lost.length >= 0 ? [] : referring(lost.map((name) => ({ name }))),",
  }),
  known("a record that comes into sight is looked at by nobody", "whose creation had no answer, and was not seen", {
    file: "src/controllers/members/watches.ts",
    from: 'after?.kind === "members" && !before ?',
    to: 'after?.kind === "members" && before && !before ?',
  }),
  known("who asked before a name was known has yet to be judged for ever", "before its name was known", {
    file: "src/controllers/pull-secret/watches.ts",
    from: "  for (const namespace of others) judged.judged(namespace, name);\n",
    to: "",
  }),
  known(
    "who cannot be read is recorded after its login stands there",
    "keeps the login of one that cannot be read in a namespace made anew",
    {
      file: "src/controllers/pull-secret/apply.ts",
      from: " && !areLeaving && !isUnreadable)",
      to: " && !areLeaving)",
    },
  ),
];
