// Answers one request of the kubelet: from standard input to standard output.
import { dirname, join } from "node:path";
import { nodeSettingsFrom } from "../../config/config.ts";
import { privateFiles } from "../../credential-provider/private-files.ts";
import { runPlugin } from "../../credential-provider/plugin.ts";
import { printable } from "../../runtime/foreign-text.ts";
import type { CommandLineOptions } from "../command-line.ts";
import { exitCodes } from "../exit-codes.ts";

const root = 0;
// Of a request: an image's name, a token of some KiB, and annotations, which Kubernetes bounds at 256 KiB.
const longest = 1024 * 1024;

/** Gives the exit code. Throws ConfigError where a variable leads a cloud's calls nowhere. */
export async function answerKubelet(config: string, given: CommandLineOptions): Promise<number> {
  const { stdin, stdout, stderr, clock, filesOwner = root } = given;
  const secrets = join(dirname(config), "secrets");
  const { answer, notes } = await runPlugin({
    config,
    secrets,
    files: privateFiles(secrets, filesOwner),
    input: async () => (stdin ? boundedText(stdin()) : ""),
    clock,
    ...nodeSettingsFrom(given.environment),
    parse: async (text) => (await import("yaml")).parse(text) as unknown,
  });
  for (const note of notes) stderr.write(printable(`${answer ? "note" : "error"}: ${note}\n`));
  if (!answer) return exitCodes.failed;
  stdout.write(`${JSON.stringify(answer)}\n`);
  return exitCodes.succeeded;
}

/** What is longer is cut, and so no whole request. */
async function boundedText(input: AsyncIterable<Uint8Array | string>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of input) {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    if (text.length > longest) break;
  }
  return text;
}
