// Small files of src: each has a reason why what it holds stands alone. A new one is better merged into the file of its subject.
import { globSync, readFileSync } from "node:fs";
import { join, matchesGlob } from "node:path";

/** From how many lines on a file needs no reason. */
const minLines = 25;

/** By path, or by a pattern for files that are of one kind in each folder. */
const reasons: Readonly<Record<string, string>> = {
  "src/cli/all-commands.ts": "the list of commands",
  "src/cli/seen.ts": "pure, beside the reads that are not",
  "src/cli/doctor/*.ts": "one file for what one check of the doctor finds",
  "src/cli/credential-provider/entries.ts": "a command of its own, below another one",
  "src/cli/credential-provider/write-kubelet-config.ts": "what a command needs to work is loaded when it runs",
  "src/cli/terminal/sentences.ts": "sentences that commands share",
  "src/cli/terminal/yaml-document.ts": "loads the YAML library, which most commands do without",
  "src/providers/*/{settings,grant,fetch,index}.ts": "every provider has these four files",
  "src/providers/unseen.d.ts": "what the compiler sees in place of another file",
  "src/controllers/*/{controller,watches,observe,plan,apply,report}.ts": "controllers are of one shape",
  "src/metrics/*-metrics.ts": "one file for the metrics of one subject",
  "src/cluster/transform/*.ts": "one file for the transform of one kind",
  "src/regcred.mjs": "an old Node must be able to read all of it",

  "src/api/cloud-annotations.ts": "derives from the providers, which read the other names",
  "src/api/entry-bounds.ts": "read beside the schemas, without them",
  "src/api/named-labels.ts": "of the spec as a whole, where placeholders are of one text",
  "src/api/placeholder-syntax.ts": "shared by the rules and by the schemas of fields",
  "src/cluster/object-name.ts": "five folders ask it",
  "src/cluster/record-bytes.ts": "sizes that were measured, beside types that hold none",
  "src/controllers/crd-outdated.ts": "the tokens' and the statuses' controllers tell it alike",
  "src/controllers/signals.ts": "the one list of what is no change of a store",
  "src/controllers/timing.ts": "lengths that several controllers share",
  "src/providers/audiences.ts": "asked at the start, by the doctor and for each token",
  "src/providers/scope-of.ts": "reads stores, which what renders does not see",
  "src/registry/azure-registries.ts": "the pull check needs it without the provider",
  "src/runtime/aborted.ts": "of one subject, and used in every layer",
  "src/runtime/ascii.ts": "of one subject, and used in every layer",
  "src/runtime/json-object.ts": "of one subject, and used in every layer",
  "src/runtime/jwt-claims.ts": "tokens of the API server and of clouds are read alike",
  "src/runtime/max-entries.ts": "of one subject, and used in every layer",
  "src/runtime/time-text.ts": "whatever is written to the API server is written alike",
  "src/runtime/client/denial-names.ts": "expressions that are tried by themselves for what they cost",
  "src/runtime/client/kubeconfig/open-id.ts": "loads client-node, which other logins do without",
  "src/runtime/watch/backoff.ts": "reflectors and the first list wait alike",
  "src/runtime/watch/reflector-event.ts": "logs and metrics see it without the reflector",
  "src/runtime/watch/resource-version.ts": "stores and writes compare alike",
};

/** A command as the help shows it, in the folder of its name: what it needs to work is loaded when it runs. */
const command = /^src\/cli\/([^/]+)\/\1\.ts$/;

/** Small files below `root` without a reason, and reasons of files that are small no more, each as "PATH: what is wrong". */
export function smallFileViolations(root: string): readonly string[] {
  const small = globSync("src/**/*.{ts,mjs}", { cwd: root })
    .toSorted()
    .filter((path) => readFileSync(join(root, path), "utf8").trimEnd().split("\n").length < minLines);
  const isExplained = (path: string): boolean =>
    command.test(path) || Object.keys(reasons).some((each) => matchesGlob(path, each));
  const unexplained = small.filter((path) => !isExplained(path));
  const stale = Object.keys(reasons).filter((each) => !each.includes("*") && !small.includes(each));
  return [
    ...unexplained.map(
      (path) => `${path}: is shorter than ${minLines} lines: merge it into the file of its subject, or say why not`,
    ),
    ...stale.map((path) => `${path}: needs no reason any more`),
  ];
}
