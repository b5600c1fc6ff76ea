// The options with which `npm start` runs Node. What is measured and tested runs with the same.
import packageJson from "../package.json" with { type: "json" };

// docs/performance.md, Memory, tells why the young generation is small.
const start = /^node tools\/launch\.mjs (?<options>(?:--\S+ )*)src\/main\.ts run$/;

export const nodeOptions: readonly string[] = optionsIn(packageJson.scripts.start);

function optionsIn(command: string): readonly string[] {
  const options = start.exec(command)?.groups?.["options"];
  if (options === undefined) throw new Error(`package.json starts the operator in a way unknown here: ${command}`);
  return options.split(" ").filter((option) => option !== "");
}
