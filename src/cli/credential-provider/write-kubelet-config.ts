// Writes the kubelet's CredentialProviderConfig for files of nodes.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { parse } from "yaml";
import { ConfigError } from "../../config/config.ts";
import { kubeletConfig } from "../../credential-provider/kubelet-config.ts";
import { type NodeFile, parseNodeFile } from "../../credential-provider/node-file.ts";
import { oneLine } from "../../runtime/foreign-text.ts";
import type { CommandLineOptions } from "../command-line.ts";
import { exitCodes } from "../exit-codes.ts";
import { yamlDocument } from "../terminal/yaml-document.ts";

/** Gives the exit code. Throws ConfigError where a file cannot be one of a node. */
export async function writeKubeletConfig(
  paths: readonly string[],
  folder: string,
  { stdout }: Pick<CommandLineOptions, "stdout">,
): Promise<number> {
  if (!folder.startsWith("/")) throw new ConfigError("--folder is a path from the root, such as /etc/regcred");
  const files = await Promise.all(paths.map(nodeFile));
  const twice = files.find(({ name }, index) => files.findIndex((each) => each.name === name) !== index);
  if (twice)
    throw new ConfigError(`two files have the metadata.name ${twice.name}: a kubelet tells its providers apart by it`);
  stdout.write(yamlDocument(kubeletConfig(files, folder)));
  return exitCodes.succeeded;
}

async function nodeFile(path: string): Promise<NodeFile> {
  const read = parseNodeFile(await rawFile(path));
  if (!read.ok) throw new ConfigError(`${path}: ${read.problems.join("; ")}`);
  const { name } = read.file;
  if (basename(path) === `${name}.yaml`) return read.file;
  throw new ConfigError(
    `${path}: its metadata.name is ${name}, so it must be called ${name}.yaml: rename one of the two`,
  );
}

async function rawFile(path: string): Promise<unknown> {
  try {
    return parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new ConfigError(`cannot read ${path}: ${oneLine(error instanceof Error ? error.message : "unreadable")}`);
  }
}
