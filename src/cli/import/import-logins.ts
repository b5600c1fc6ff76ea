// Imports logins that are there already as RegistryCredentials.
import { readFile } from "node:fs/promises";
import { ConfigError } from "../../config/config.ts";
import { foreignText } from "../../runtime/foreign-text.ts";
import { resources } from "../../cluster/resources.ts";
import { asciiLowerCase } from "../../runtime/ascii.ts";
import { parseDockerConfig } from "../../registry/docker-config.ts";
import { isObjectName } from "../../cluster/object-name.ts";
import { fields, optional } from "../../runtime/watch/object-meta.ts";
import type { Action } from "../cluster-command.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Session } from "../session.ts";
import { yamlDocument } from "../terminal/yaml-document.ts";
import { importedTypes, secretGroups } from "./groups.ts";
import { type Import, manifests } from "./manifests.ts";
import { besideLogins, placesOf, type Remarks } from "./remarks.ts";

// As the schema bounds a list of globs: src/api/field-schemas.ts. A larger group becomes several RegistryCredentials.
const maxNamespaces = 64;
// A short name is easier to read, and leaves room for a number.
const longestName = 50;
const longestRemark = 1000;
// Of a namespace's name.
const longestGlob = 63;

export const importLogins: Action = async (session, _args, { filename, secrets, name, namespaces }) => {
  const { out, operatorNamespace } = session;
  // It holds passwords: meant for a file that only its owner reads, not for a screen that others see.
  if (out.width !== undefined) {
    throw new ConfigError(
      "what import writes holds passwords: send it to a file, (umask 077; regcred import ... > import.yaml)",
    );
  }
  const isFile = typeof filename === "string" && secrets !== true;
  if (!isFile && (secrets !== true || filename !== undefined)) {
    throw new ConfigError("name a docker config with -f FILE, or take what tenants have with --secrets");
  }
  const prefix = String(name);
  // The API server would refuse what is written of it.
  if (!isObjectName(prefix)) throw new ConfigError("--name is no name that an object can have");
  const { imports, remarks } = isFile
    ? await fromFile(filename, prefix, globsFrom(namespaces as readonly string[]))
    : await fromSecrets(session, prefix);
  out.write(documents(imports, remarks, operatorNamespace));
  return remarks.missing.length > 0 ? exitCodes.no : exitCodes.succeeded;
};

interface Found {
  readonly imports: readonly Import[];
  readonly remarks: Remarks;
}

/** As the schema takes a list of them: src/api/field-schemas.ts. */
function globsFrom(globs: readonly string[]): readonly string[] {
  const distinct = [...new Set(globs)];
  const isRight = (glob: string): boolean => glob.length <= longestGlob && /^[-a-z0-9.*?]+$/.test(glob);
  if (!distinct.every(isRight))
    throw new ConfigError("--namespaces takes names and globs of namespaces, such as team-*");
  if (distinct.length > maxNamespaces) throw new ConfigError(`--namespaces takes ${maxNamespaces} globs at most`);
  return distinct;
}

async function fromFile(file: string, name: string, globs: readonly string[]): Promise<Found> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new ConfigError(`cannot read ${file}: ${error instanceof Error ? error.message : "unreadable"}`);
  }
  const parsed = parseDockerConfig(text, "dockerconfigjson");
  if (!parsed.ok) throw new ConfigError(`${file}: this docker config ${parsed.problem}`);
  const { missing, aside } = besideLogins(text);
  const lost = parsed.skipped.map(({ host, why }) => `would be lost: ${host} ${why}`);
  return {
    imports: [{ name, hosts: [...parsed.logins.keys()].toSorted(), text, namespaces: { include: globs } }],
    remarks: { missing: [...lost, ...missing], aside },
  };
}

async function fromSecrets({ objects, operatorNamespace }: Session, prefix: string): Promise<Found> {
  const raws = await Promise.all(
    importedTypes.map(async (type) => {
      const listed = await objects.list(resources.secrets, { fieldSelector: `type=${type}` });
      return listed.filter((raw) => optional(fields(raw, "Secret"), "type") === type);
    }),
  );
  const { groups, leftOut, ours } = secretGroups(raws.flat(), operatorNamespace);
  // A RegistryCredential writes no pull Secret of the name of its own source.
  const names = new Set(groups.map(({ secretName }) => secretName));
  const parts = groups.flatMap((group) =>
    Array.from({ length: Math.ceil(group.namespaces.length / maxNamespaces) }, (_, index) => ({
      ...group,
      namespaces: group.namespaces.slice(index * maxNamespaces, (index + 1) * maxNamespaces),
    })),
  );
  const imports = parts.map(({ hosts, text, secretName, namespaces }): Import => {
    const name = freeName(`${prefix}-${asciiLowerCase(hosts[0] ?? "").replaceAll(/[^a-z0-9]+/g, "-")}`, names);
    names.add(name);
    return { name, hosts, text, secretName, namespaces: { include: namespaces } };
  });
  const lost = groups.flatMap(({ lost: some, namespaces, secretName, text }) =>
    [...some.map((what) => `would be lost: ${what}`), ...besideLogins(text).missing].map((remark) =>
      remark.replace(/^would be lost: /, `would be lost: ${placesOf(namespaces, secretName)}: `),
    ),
  );
  const left = leftOut.map(
    ({ namespaces, secretName, why }) => `left out: ${placesOf(namespaces, secretName)}: ${why}`,
  );
  return {
    imports,
    remarks: { missing: [...left, ...lost], aside: ours > 0 ? [`${ours} Secrets are regcred's already`] : [] },
  };
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  const base = wanted.slice(0, longestName).replace(/-+$/, "");
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!taken.has(name)) return name;
  }
}

function documents(imports: readonly Import[], { missing, aside }: Remarks, operatorNamespace: string): string {
  const header = [...missing, ...aside].map((remark) => `# ${foreignText(remark, longestRemark)}\n`).join("");
  const objects = imports.flatMap((each) => manifests(each, operatorNamespace));
  return header + objects.map((object) => `---\n${yamlDocument(object)}`).join("");
}
