// Reads a file of nodes for a person: where it is wrong, the command is.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { parse } from "yaml";
import { ConfigError } from "../../config/config.ts";
import { type NodeFile, parseNodeFile } from "../../credential-provider/node-file.ts";
import { oneLine } from "../../runtime/foreign-text.ts";

/** Throws ConfigError where it cannot be one. */
export async function readNodeFile(path: string): Promise<NodeFile> {
  const read = parseNodeFile(await rawFile(path));
  if (!read.ok) throw new ConfigError(`${path}: ${read.problems.join("; ")}`);
  const { name } = read.file;
  if (basename(path) === `${name}.yaml`) return read.file;
  throw new ConfigError(
    `${path}: its metadata.name is ${name}, so it must be called ${name}.yaml: rename one of the two`,
  );
}

/** Of a file in YAML; throws ConfigError where it cannot be read. */
export async function rawFile(path: string): Promise<unknown> {
  try {
    return parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new ConfigError(`cannot read ${path}: ${oneLine(error instanceof Error ? error.message : "unreadable")}`);
  }
}
