// Writes the kubelet's CredentialProviderConfig for files of nodes.
import { ConfigError } from "../../config/config.ts";
import { kubeletConfig } from "../../credential-provider/kubelet-config.ts";
import type { CommandLineOptions } from "../command-line.ts";
import { exitCodes } from "../exit-codes.ts";
import { readNodeFile } from "./read-node-file.ts";
import { yamlDocument } from "../terminal/yaml-document.ts";

/** Gives the exit code. Throws ConfigError where a file cannot be one of a node. */
export async function writeKubeletConfig(
  paths: readonly string[],
  folder: string,
  { stdout }: Pick<CommandLineOptions, "stdout">,
): Promise<number> {
  if (!folder.startsWith("/")) throw new ConfigError("--folder is a path from the root, such as /etc/regcred");
  const files = await Promise.all(paths.map(readNodeFile));
  const twice = files.find(({ name }, index) => files.findIndex((each) => each.name === name) !== index);
  if (twice)
    throw new ConfigError(`two files have the metadata.name ${twice.name}: a kubelet tells its providers apart by it`);
  stdout.write(yamlDocument(kubeletConfig(files, folder)));
  return exitCodes.succeeded;
}
