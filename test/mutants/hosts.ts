// What loses a login, or gives it to another registry, because a name is read otherwise than it was written; and advice that
// the API server refuses.
import type { Mutant } from "./mutant.ts";

const fault = (name: string, file: string, [from, to]: readonly [string, string], foundBy: string): Mutant => ({
  fault: "failures",
  name,
  edits: [{ file: `src/${file}`, from, to }],
  foundBy: { phase: "unit", path: `test/${foundBy}.test.ts` },
});

export const hostMutants: readonly Mutant[] = [
  fault(
    "a host is written in small letters, by which no image is named",
    "registry/host.ts",
    [String.raw`.replace(/\/$/, "");`, String.raw`.replace(/\/$/, "").toLowerCase();`],
    "registry/host",
  ),
  fault(
    "a login serves one name of its registry alone",
    "registry/host.ts",
    ["  for (const [other, login] of byHost) if (registryOf(other) === registry) return login;\n", ""],
    "registry/host",
  ),
  fault(
    "what release 0.1.0 called a host is gone from the logins of a source",
    "providers/static/source-logins.ts",
    ["{ byHost: withFormerNames(byHost) }", "{ byHost }"],
    "providers/static/fetch",
  ),
  fault(
    "the names of release 0.1.0 take the place of a login of their own",
    "registry/host.ts",
    ["if (!all.has(former)) all.set(former, login);", "all.set(former, login);"],
    "registry/host",
  ),
  fault(
    "explain and import write a host that the API server refuses",
    "registry/host.ts",
    [
      String.raw`return canonicalHost(host) === host && !host.includes("*") && !/^\[[^\]]*\./.test(host);`,
      "return true;",
    ],
    "registry/host",
  ),
  fault(
    "a host that is spoken to may have a star in it",
    "providers/http/allow-list.ts",
    ['{ ...registries?.places, accounts: "[0-9]{12}" }', "registries?.places"],
    "providers/http/allow-list",
  ),
  fault(
    "a cloud's registry in capitals is nobody's",
    "registry/host-templates.ts",
    ['const host = asciiLowerCase(text.split("/", 1)[0] ?? "");', 'const host = text.split("/", 1)[0] ?? "";'],
    "providers/registry-hosts",
  ),
  fault(
    "plan foretells what the API server refuses",
    "cli/plan/dry-run-file.ts",
    [
      "for (const each of deleting ? [] : planned.credentials)",
      "for (const each of deleting ? planned.credentials : [])",
    ],
    "cli/exit-codes",
  ),
  fault(
    "plan writes what it is to foretell",
    "cli/plan/denial.ts",
    ['{ dryRun: "All", fieldValidation: "Strict" }', '{ fieldValidation: "Strict" }'],
    "cli/exit-codes",
  ),
  fault(
    "plan is of no use to who may only read",
    "cli/plan/denial.ts",
    ['message.includes("strict decoding error") ? message : undefined', "message"],
    "cli/exit-codes",
  ),
  fault(
    "the command that the doctor advises fails where half of it is done",
    "cli/doctor/drain-rights.ts",
    [" --ignore-not-found`", "`"],
    "cli/doctor/drain-rights",
  ),
];
