// Faults 1 and 3, as they were seen: a hold gives, and what a tenant writes counts.
import type { Mutant } from "./mutant.ts";

const threats = { phase: "integration", path: "test/integration/threats.test.ts" } as const;
const credentialIndex = "src/entitlement/credential-index.ts";
const followsRemovals = "src/entitlement/follow-removals.ts";
const heldContent = "src/content/frozen.ts";

/** A hold writes a login wherever it entitles. */
const aHoldGives = {
  file: heldContent,
  from: "  if (!content.served.some(isGift)) return content;",
  to: "  if (content.served.length >= 0) return content;",
};
/** Whoever carries the marks is a member, and is looked at whenever they change. */
const marksCount = [
  {
    file: credentialIndex,
    from: "namespaceOf, members, guard });",
    to: "namespaceOf, members, guard, marked, pullSecrets });",
  },
  {
    file: followsRemovals,
    from: "    else if (!members.has(credential.uid, namespace.uid)) guard.left(",
    to: "    else if (!options.marked.has(credential.name, namespace.name)) guard.left(",
  },
  {
    file: followsRemovals,
    from: "  specs.subscribe(",
    to: `  options.pullSecrets.subscribe(({ before, after }) => {
    for (const name of new Set([...(before?.credentials ?? []), ...(after?.credentials ?? [])])) {
      const credential = specs.get(name);
      const namespace = namespaces.get((after ?? before)?.namespace ?? "");
      if (credential && namespace) judge(credential, namespace, "Spec");
    }
  });
  specs.subscribe(`,
  },
  {
    file: "src/entitlement/removal-guard.ts",
    from: "      removedAt.delete(uid);\n      removedAt.set(uid, this.#clock.elapsed());",
    to: "      removedAt.set(`${uid} ${removedAt.size}`, this.#clock.elapsed());",
  },
] as const;

export const membershipMutants: readonly Mutant[] = [
  {
    fault: 1,
    name: "marks that a tenant writes make its namespace a member, each time anew, and a hold gives",
    edits: [...marksCount, aHoldGives],
    foundBy: { ...threats, test: "makes and deletes a forged member again and again" },
  },
  {
    fault: 1,
    name: "marks that a tenant writes make its namespaces members, and a hold gives, to many at once",
    edits: [...marksCount, aHoldGives],
    foundBy: { ...threats, test: "forges members in 13 namespaces at once" },
  },
  {
    fault: 1,
    name: "marks that a tenant writes count while a hold lasts, and a hold gives",
    edits: [...marksCount, aHoldGives],
    foundBy: { ...threats, test: "forges a member while a hold lasts" },
  },
  {
    fault: 1,
    name: "marks that a tenant writes hold up its own removal",
    edits: marksCount,
    foundBy: { ...threats, test: "is taken out of the selection and forges members to be held" },
  },
  {
    fault: 1,
    name: "a hold writes where no login stands",
    edits: [aHoldGives],
    foundBy: { ...threats, test: "writes something else into its pull Secret while a hold lasts" },
  },
  {
    fault: 1,
    name: "what a hold leaves to tenants is not compared",
    edits: [aHoldGives],
    foundBy: { phase: "unit", path: "test/controllers/pull-secret/plan-held.test.ts" },
  },
  {
    fault: 1,
    name: "a namespace that is made anew under its name is the one before",
    edits: [
      {
        file: followsRemovals,
        from: "      members.forgetNamespace(before.uid, gone);",
        to: "      if (!after) members.forgetNamespace(before.uid, gone);",
      },
      {
        file: followsRemovals,
        from: "        if (credential) guard.stays(credential, before.name);\n",
        to: "",
      },
    ],
    foundBy: { phase: "unit", path: "test/entitlement/credential-index.test.ts" },
  },
  {
    fault: 1,
    name: "who is taken out is held with what it has unlabelled itself",
    edits: [
      {
        file: "src/entitlement/removal-guard.ts",
        from: "    this.#dropFrom(Labels, namespace.name);\n    this.#addTo(Spec, ",
        to: "    this.#addTo(Labels, ",
      },
    ],
    foundBy: { phase: "unit", path: "test/entitlement/credential-index.test.ts" },
  },
  {
    fault: 3,
    name: "names that no RegistryCredential has are kept",
    edits: [
      {
        file: "src/entitlement/marked-secrets.ts",
        from: "      const bySecret = marked.get(each);\n      if (bySecret) mark(bySecret, after);",
        to: "      const bySecret = marked.get(each) ?? new Map<string, Set<string>>();\n      marked.set(each, bySecret);\n      mark(bySecret, after);",
      },
    ],
    foundBy: { phase: "unit", path: "test/entitlement/credential-index.test.ts" },
  },
  {
    fault: 3,
    name: "each name in a Secret costs a look at all that were ever named",
    edits: [
      {
        file: "src/entitlement/marked-secrets.ts",
        from: "    for (const each of after.credentials) {\n",
        to: "    for (const each of after.credentials) {\n      seen.add(each);\n      for (const other of seen) if (other === `${each} `) return;\n",
      },
      {
        file: "src/entitlement/marked-secrets.ts",
        from: "  const marked = new Map<string, Map<string, Set<string>>>();\n",
        to: "  const marked = new Map<string, Map<string, Set<string>>>();\n  const seen = new Set<string>();\n",
      },
      {
        file: "src/cluster/transform/secret.ts",
        from: "const maxCredentials = 256;",
        to: "const maxCredentials = 100_000;",
      },
    ],
    foundBy: { ...threats },
  },
];
