// Makes the image of both architectures without a builder: layers, configuration, manifests and their index.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Architecture, architectures } from "../build/architectures.ts";
import { compressed, tarball } from "./archive.ts";
import { heapGrowth, type Program, runtimeNames, writeProgram, writeRuntime } from "./image-root.ts";
import { type Blob, blobOf, digestOf, indexOf, type Manifest, manifestOf } from "./oci.ts";

// https://github.com/opencontainers/image-spec/blob/main/media-types.md
const configType = "application/vnd.oci.image.config.v1+json";
const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";

export interface ImageOptions {
  readonly version: string;
  readonly revision: string;
  /** When the commit was made: ISO 8601, in UTC. */
  readonly created: string;
  readonly program: Program;
  /** The package of Node for each. */
  readonly nodes: ReadonlyMap<Architecture, string>;
  /** Where it is put together. */
  readonly folder: string;
}

/** Of the process, as the Dockerfile has it. */
export const environment = {
  NODE_COMPILE_CACHE: "/regcred/compiled",
  UV_THREADPOOL_SIZE: "32",
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "16384",
  MALLOC_TRIM_THRESHOLD_: "0",
  MALLOC_TOP_PAD_: "0",
} as const;

/** What a container of it runs, and as whom: as the Dockerfile says, which a test compares. */
export function containerConfig({ version, revision }: Pick<ImageOptions, "version" | "revision">) {
  return {
    User: "65532:65532",
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    Entrypoint: ["/usr/local/bin/node", "--max-semi-space-size=4", heapGrowth, "/regcred/regcred.mjs"],
    Cmd: ["run"],
    Labels: {
      "org.opencontainers.image.title": "regcred",
      "org.opencontainers.image.description":
        "Keeps working registry credentials in every tenant namespace of a Kubernetes cluster",
      "org.opencontainers.image.licenses": "Apache-2.0",
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.revision": revision,
    },
  };
}

/** The same commit gives the same digest, on a machine of either architecture. */
export async function assembledImages(options: ImageOptions): Promise<Manifest> {
  const images: Manifest[] = [];
  for (const architecture of architectures) images.push(await assembled(architecture, options));
  return indexOf(images);
}

async function assembled(architecture: Architecture, options: ImageOptions): Promise<Manifest> {
  const { nodes, program, created } = options;
  const folder = join(options.folder, architecture.name);
  const root = join(folder, "root");
  await mkdir(root, { recursive: true });
  await writeRuntime(architecture, nodes.get(architecture) ?? "", { root, folder });
  await writeProgram(architecture, program, root);
  const layers = [await layer(root, runtimeNames(architecture)), await layer(root, ["regcred"])];
  const platform = { architecture: architecture.name, os: "linux" };
  const config = {
    created,
    ...platform,
    config: containerConfig(options),
    rootfs: { type: "layers", diff_ids: layers.map(({ diffID }) => diffID) },
    history: [
      { created, created_by: "Node, the libraries that it links to, certificates" },
      { created, created_by: "regcred, and what V8 has compiled of it" },
    ],
  };
  const manifest = manifestOf({
    config: blobOf(configType, Buffer.from(JSON.stringify(config))),
    layers: layers.map(({ blob }) => blob),
  });
  return { ...manifest, descriptor: { ...manifest.descriptor, platform } };
}

async function layer(
  root: string,
  names: readonly string[],
): Promise<{ readonly blob: Blob; readonly diffID: string }> {
  const tar = await tarball(root, names);
  return { blob: blobOf(layerType, await compressed(tar)), diffID: digestOf(tar) };
}
