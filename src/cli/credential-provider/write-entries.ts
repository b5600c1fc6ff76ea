// Writes a file for nodes, made of the RegistryCredentials of a cluster.
import { transformCredential } from "../../cluster/transform/credential.ts";
import { resources } from "../../cluster/resources.ts";
import { ConfigError } from "../../config/config.ts";
import { nodeFileFrom } from "../../credential-provider/from-credentials.ts";
import { parseNodeFile } from "../../credential-provider/node-file.ts";
import { foreignText } from "../../runtime/foreign-text.ts";
import type { Action } from "../cluster-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { yamlDocument } from "../terminal/yaml-document.ts";

const longestRemark = 1000;

export const writeEntries: Action = async ({ objects, out }, args, { audience, name }) => {
  const asked = (args as readonly unknown[]).flat().filter((each) => typeof each === "string");
  const records = (await objects.list(resources.credentials)).map(transformCredential);
  const missing = asked.filter((each) => !records.some((record) => record.name === each));
  if (missing.length > 0) throw new ConfigError(`there is no RegistryCredential ${missing.join(", ")}`);
  const chosen = records.filter((record) => asked.length === 0 || asked.includes(record.name));
  const { file, remarks } = nodeFileFrom(
    chosen.flatMap(({ credential }) => credential ?? []),
    { name: String(name), audience: typeof audience === "string" ? audience : undefined },
  );
  const unread = chosen
    .filter(({ credential }) => !credential)
    .map((record) => `left out: ${record.name} cannot be read`);
  const all = [...unread, ...remarks];
  out.write(all.map((remark) => `# ${foreignText(remark, longestRemark)}\n`).join(""));
  if (!file) return exitCodes.no;
  const read = parseNodeFile(file);
  if (!read.ok)
    throw new ConfigError(
      `together they make no file: ${read.problems.join("; ")}; name some of them, for a file each`,
    );
  out.write(yamlDocument(file));
  return all.some((remark) => remark.startsWith("left out")) ? exitCodes.no : exitCodes.succeeded;
};
