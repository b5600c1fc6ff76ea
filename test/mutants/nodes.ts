// What a node gives to whom it should not, or lets a kubelet keep for too long.
import type { Mutant } from "./mutant.ts";

const fault = (name: string, file: string, [from, to]: readonly [string, string], foundBy: string): Mutant => ({
  fault: "failures",
  name,
  edits: [{ file: `src/credential-provider/${file}.ts`, from, to }],
  foundBy: { phase: "unit", path: `test/credential-provider/${foundBy}.test.ts` },
});

export const nodeMutants: readonly Mutant[] = [
  fault(
    "a pod of any namespace is served",
    "choices",
    ["if (!selectsNamespace(pods.namespaces, namespaceRecord(namespace), defaultOperatorNamespace))", "if (false)"],
    "choices",
  ),
  fault(
    "a pod of any ServiceAccount is served",
    "choices",
    ["  if (!selectsServiceAccount(pods.serviceAccounts, name)) return", "  if (name === undefined) return"],
    "choices",
  ),
  fault(
    "a ServiceAccount's consent is not asked for",
    "choices",
    ["if (missing !== undefined)", "if (false)"],
    "choices",
  ),
  fault(
    "a ServiceAccount asks in another's name",
    "choices",
    ["!globMatches(identity.name, name)", "!globMatches(identity.name, identity.name)"],
    "choices",
  ),
  fault(
    "a token for another audience decides",
    "pod-account",
    ["if (!audiences.includes(audience))", "if (audiences.length === 0)"],
    "pod-account",
  ),
  fault(
    "a token that has ended decides",
    "pod-account",
    ["if (!end || Temporal.Instant.compare(end, now) <= 0)", "if (!end)"],
    "pod-account",
  ),
  fault(
    "a cloud is asked with a token for another audience",
    "login-source",
    ["audience === handed.audience", 'handed.audience !== ""'],
    "login-source",
  ),
  fault(
    "a login of one image is kept for every image of its registry",
    "answer",
    ['isForWholeRegistry(found, file) ? "Registry" : "Image"', '"Registry"'],
    "answer",
  ),
  fault("a login is kept until its last second", "answer", ['.total("seconds") / 2)', '.total("seconds"))'], "answer"),
  fault(
    "an answer that lacks an entry's login is kept",
    "answer",
    ["found.length > 0 && isWhole", "found.length > 0"],
    "answer",
  ),
  fault(
    "what ends with a pod's token outlives it in the kubelet",
    "kubelet-config",
    ['cacheType: isExchanged ? "Token" : "ServiceAccount"', 'cacheType: "ServiceAccount"'],
    "kubelet-config",
  ),
  fault(
    "who may write a link decides which file is read",
    "private-files",
    ["constants.O_NOFOLLOW | ", ""],
    "private-files",
  ),
  fault(
    "a password that others may read is used",
    "private-files",
    ["contentOf(join(place, key), owner, othersAccess)", "contentOf(join(place, key), owner, othersWrite)"],
    "private-files",
  ),
  fault(
    "a file that others own is used",
    "private-files",
    ["  if (uid !== owner) {", "  if (uid !== owner && uid === -1) {"],
    "private-files",
  ),
  fault(
    "a node's own login goes to whoever the kubelet asks for by name",
    "plugin",
    ["    return token === undefined\n", "    return token !== null\n"],
    "plugin",
  ),
  fault(
    "one entry's failure takes the others' logins",
    "plugin",
    ["if (found.length === 0 && failures.length > 0)", "if (failures.length > 0)"],
    "plugin",
  ),
  fault(
    "a cloud that hangs keeps the kubelet waiting",
    "plugin",
    ['await Promise.race([mint(grant), late("its cloud")])', "await mint(grant)"],
    "plugin",
  ),
  fault(
    "standard error repeats what somebody else's error says",
    "plugin",
    [
      "error instanceof Error ? error.name : typeof error}): report that",
      "error instanceof Error ? error.message : typeof error}): report that",
    ],
    "plugin",
  ),
  fault(
    "a star takes everybody's login to whoever has a name under it",
    "node-file",
    ["    ...ruleProblems(specSchema.shape.registries, read.written.map(withOneAccount), prefix),\n", ""],
    "node-file",
  ),
  fault(
    "a typing error in a node's file is passed over",
    "node-file",
    ["Object.hasOwn(known, name)\n      ? unknownFields", "known !== undefined\n      ? unknownFields"],
    "node-file",
  ),
  {
    fault: "failures",
    name: "a pod that has its reference is patched all the same, twice, with nothing",
    edits: [
      {
        file: "config/admission/pods/policy.yaml",
        from: "!({'name': name} in object.spec.?imagePullSecrets.orValue([])))",
        to: "true)",
      },
    ],
    foundBy: { phase: "integration", path: "test/integration/pod-admission.test.ts", test: "patched once" },
  },
  {
    fault: "failures",
    name: "a rule matches on a node what the API server's regular expressions would not",
    edits: [{ file: "src/api/cel.ts", from: '(?i:${after})`, "u")', to: "(?i:${after})`)" }],
    foundBy: { phase: "unit", path: "test/api/rule-problems.test.ts" },
  },
  {
    fault: "failures",
    name: "a header stands twice in a node's file",
    edits: [{ file: "src/api/rule-problems.ts", from: ".length !== 1) return []", to: ".length !== -1) return []" }],
    foundBy: { phase: "unit", path: "test/api/rule-problems.test.ts" },
  },
];
