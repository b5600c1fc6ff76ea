// How do logins that are there already become RegistryCredentials?
import { readFile } from "node:fs/promises";
import { ConfigError } from "../../config.ts";
import { foreignText } from "../../foreign-text.ts";
import { kinds } from "../../kube/object-reader.ts";
import { parseDockerConfig } from "../../registry/docker-config.ts";
import { dockerConfigType } from "../../plan/pull-secret-plan.ts";
import type { Action } from "../cluster-command.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Session } from "../session.ts";
import { yamlDocument } from "../terminal/yaml-document.ts";
import { secretGroups } from "./groups.ts";
import { type Import, manifests } from "./manifests.ts";

// As the schema bounds a list of globs: src/api/field-schemas.ts. A larger group becomes several RegistryCredentials.
const mostNamespaces = 64;
// A short name is easier to read, and leaves room for a number.
const longestName = 50;
const longestRemark = 1000;

export const importLogins: Action = async (session, _args, { filename, secrets, name, namespaces }) => {
  const { out, operatorNamespace } = session;
  // It holds passwords: meant for a file that only its owner reads, not for a screen that others see.
  if (out.width !== undefined) {
    throw new ConfigError(
      "what import writes holds passwords: send it to a file, (umask 077; regcred import ... > import.yaml)",
    );
  }
  const prefix = String(name);
  if (typeof filename === "string" && secrets !== true) {
    const found = await fromFile(filename, prefix, namespaces as readonly string[]);
    out.write(documents([found], [], operatorNamespace));
    return exitCodes.succeeded;
  }
  if (secrets !== true || filename !== undefined) {
    throw new ConfigError("name a docker config with -f FILE, or take what tenants have with --secrets");
  }
  const { imports, remarks } = await fromSecrets(session, prefix);
  out.write(documents(imports, remarks, operatorNamespace));
  return remarks.length > 0 ? exitCodes.no : exitCodes.succeeded;
};

async function fromFile(file: string, name: string, globs: readonly string[]): Promise<Import> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new ConfigError(`cannot read ${file}: ${error instanceof Error ? error.message : "unreadable"}`);
  }
  const parsed = parseDockerConfig(text, "dockerconfigjson");
  if (!parsed.ok) throw new ConfigError(`${file}: this docker config ${parsed.problem}`);
  return { name, hosts: [...parsed.logins.keys()].toSorted(), text, namespaces: { include: globs } };
}

async function fromSecrets(
  { objects, operatorNamespace }: Session,
  prefix: string,
): Promise<{ readonly imports: readonly Import[]; readonly remarks: readonly string[] }> {
  const raws = await objects.list(kinds.secrets, { fieldSelector: `type=${dockerConfigType}` });
  const { groups, skipped } = secretGroups(raws, operatorNamespace);
  const names = new Set<string>();
  const parts = groups.flatMap((group) =>
    Array.from({ length: Math.ceil(group.namespaces.length / mostNamespaces) }, (_, index) => ({
      ...group,
      namespaces: group.namespaces.slice(index * mostNamespaces, (index + 1) * mostNamespaces),
    })),
  );
  const imports = parts.map(({ hosts, text, secretName, namespaces }): Import => {
    const name = freeName(`${prefix}-${(hosts[0] ?? "").replaceAll(/[^a-z0-9]+/g, "-")}`, names);
    names.add(name);
    return { name, hosts, text, secretName, namespaces: { include: namespaces } };
  });
  const lost = groups.flatMap(({ lost: some, namespaces, secretName }) =>
    some.map(
      (what) =>
        `${namespaces[0]}/${secretName}${namespaces.length > 1 ? ` and ${namespaces.length - 1} more` : ""}: ${what}`,
    ),
  );
  return {
    imports,
    remarks: [...skipped.map((each) => `left out: ${each}`), ...lost.map((each) => `would be lost: ${each}`)],
  };
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  const base = wanted.slice(0, longestName).replace(/-+$/, "");
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!taken.has(name)) return name;
  }
}

function documents(imports: readonly Import[], remarks: readonly string[], operatorNamespace: string): string {
  const header = remarks.map((remark) => `# ${foreignText(remark, longestRemark)}\n`).join("");
  const objects = imports.flatMap((each) => manifests(each, operatorNamespace));
  return header + objects.map((object) => `---\n${yamlDocument(object)}`).join("");
}
