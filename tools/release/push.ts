// Pushes what a release consists of. A tag that is there stays as it is, and what has come before is not sent again.
import { blobsOf, type Manifest } from "./oci.ts";
import type { RegistryClient } from "./registry.ts";

export interface Artifact {
  /** Such as the image or the chart. */
  readonly what: string;
  readonly repository: string;
  readonly tag: string;
  readonly manifest: Manifest;
}

export type Registry = Pick<RegistryClient, "manifest" | "hasBlob" | "pushBlob" | "pushManifest">;

/**
 * Each content first, then what names it, the tag last: whoever pulls meanwhile finds all or nothing. Tells each step.
 * @throws Error before anything is sent where a tag names something else, or with the registry's refusal.
 */
export async function pushAll(
  artifacts: readonly Artifact[],
  registry: Registry,
  tell: (line: string) => void,
): Promise<void> {
  const missing: Artifact[] = [];
  for (const artifact of artifacts) {
    const { what, repository, tag, manifest } = artifact;
    const there = await registry.manifest(repository, tag);
    const name = `${repository}:${tag}`;
    if (there === undefined) missing.push(artifact);
    else if (there === manifest.descriptor.digest) tell(`${what}: ${name} is there already`);
    else
      throw new Error(
        `${name} is there already, and is another: ${there} instead of ${manifest.descriptor.digest}. A version is never overwritten: choose another one`,
      );
  }
  for (const artifact of missing) await push(artifact, registry, tell);
}

async function push(
  { what, repository, tag, manifest }: Artifact,
  registry: Registry,
  tell: (line: string) => void,
): Promise<void> {
  const blobs = blobsOf(manifest);
  for (const [index, blob] of blobs.entries()) {
    const { digest, size } = blob.descriptor;
    const name = `${what}: ${index + 1} of ${blobs.length}, ${digest.slice(0, "sha256:".length + 12)} (${megabytes(size)} MB)`;
    if (await registry.hasBlob(repository, digest)) {
      tell(`${name} is there already`);
    } else {
      tell(name);
      await registry.pushBlob(repository, blob);
    }
  }
  for (const each of manifest.manifests) await registry.pushManifest(repository, each, each.descriptor.digest);
  await registry.pushManifest(repository, manifest, tag);
  tell(`${what}: ${repository}:${tag} ${manifest.descriptor.digest}`);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
