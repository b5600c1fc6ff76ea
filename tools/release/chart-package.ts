// Packs the chart for a version and a registry, as `helm install oci://...` takes it.
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { archive } from "./archive.ts";
import { blobOf, type Manifest, manifestOf } from "./oci.ts";

// https://helm.sh/docs/topics/registries/#helm-chart-manifest
const configType = "application/vnd.cncf.helm.config.v1+json";
const contentType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

export interface ChartOptions {
  /** The folder of the chart. */
  readonly chart: string;
  /** Where it is put together. */
  readonly folder: string;
  readonly version: string;
  /** Of the image, with the host. */
  readonly repository: string;
}

/** The manifest, and the archive as `helm install FILE` takes it. */
export async function chartPackage({ chart, folder, version, repository }: ChartOptions): Promise<{
  readonly manifest: Manifest;
  readonly archive: Uint8Array;
}> {
  const own = join(folder, "regcred");
  await cp(chart, own, { recursive: true });
  const edit = async (file: string, change: (text: string) => string): Promise<string> => {
    const text = change(await readFile(join(own, file), "utf8"));
    await writeFile(join(own, file), text);
    return text;
  };
  const metadata = await edit("Chart.yaml", (text) => withVersion(text, version));
  await edit("values.yaml", (text) => withRepository(text, repository));
  const packed = await archive(folder, ["regcred"]);
  const described = parse(metadata) as { readonly name: string; readonly description: string };
  const manifest = manifestOf({
    config: blobOf(configType, Buffer.from(JSON.stringify(described))),
    layers: [blobOf(contentType, packed)],
    annotations: {
      "org.opencontainers.image.title": described.name,
      "org.opencontainers.image.description": described.description,
      "org.opencontainers.image.version": version,
    },
  });
  return { manifest, archive: packed };
}

/** Chart.yaml of that version. @throws Error where it has no line for one. */
export function withVersion(text: string, version: string): string {
  return replaced(
    replaced(text, /^version: .*$/m, `version: ${version}`),
    /^appVersion: .*$/m,
    `appVersion: ${version}`,
  );
}

/** values.yaml whose image is that one. @throws Error where it has no line for one. */
export function withRepository(text: string, repository: string): string {
  return replaced(
    replaced(text, /^ {2}repository: regcred$/m, `  repository: ${repository}`),
    / It is published nowhere: .*$/m,
    "",
  );
}

function replaced(text: string, line: RegExp, by: string): string {
  if (!line.test(text)) throw new Error(`the chart has no line ${line.source}`);
  // What it is replaced by is no pattern.
  return text.replace(line, () => by);
}
