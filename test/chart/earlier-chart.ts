// The chart as the release before might have had it: with a value less, and an older kind.
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseDocument } from "yaml";
import packageJson from "../../package.json" with { type: "json" };
import { releaseAnnotation } from "../../src/api/names.ts";
import { chartFolder } from "./helm.ts";

const { version } = packageJson;

/** Writes it to a folder, which it gives. @throws Error where the chart has nothing of what was less. */
export async function earlierChart(folder: string, earlier: string): Promise<string> {
  await cp(chartFolder, folder, { recursive: true });
  const change = async (file: string, to: (text: string) => string): Promise<void> => {
    const text = await readFile(join(folder, file), "utf8");
    const changed = to(text);
    if (changed === text) throw new Error(`${file} of the chart has nothing to change`);
    await writeFile(join(folder, file), changed);
  };
  await change("Chart.yaml", (text) => text.replaceAll(version, earlier));
  await change("files/regcred.dev_registrycredentials.yaml", (text) =>
    text.replace(`${releaseAnnotation}: ${version}`, `${releaseAnnotation}: ${earlier}`),
  );
  await change("values.yaml", (text) => {
    const values = parseDocument(text);
    values.delete("podDisruptionBudget");
    return values.toString({ lineWidth: 0 });
  });
  await writeFile(join(folder, "templates/manager/pod-disruption-budget.yaml"), "");
  return folder;
}
