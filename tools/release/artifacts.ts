// Lists what of a release goes into the registry, what is said of it before what it is said of.
import type { KeyObject } from "node:crypto";
import { blobOf, type Descriptor, type Manifest, manifestOf, mediaTypes } from "./oci.ts";
import { provenance, sbomStatement } from "./provenance.ts";
import type { Artifact } from "./push.ts";
import { sbom, type Shipped } from "./sbom.ts";
import { attestationManifest, signatureManifest, signatureTag } from "./signature.ts";

export interface ArtifactOptions {
  readonly host: string;
  /** Of all that is pushed, below the host. */
  readonly path: string;
  readonly version: string;
  /** The commit. */
  readonly revision: string;
  /** When it was made: ISO 8601, in UTC. */
  readonly created: string;
  readonly image: Manifest;
  readonly chart: Manifest;
  readonly shipped: readonly Shipped[];
  /** Of package-lock.json, as hexadecimal SHA-256. */
  readonly lockFile: string;
  /** Undefined: nothing is signed. */
  readonly key: KeyObject | undefined;
}

export interface Artifacts {
  /** In the order in which they are pushed: whoever finds the image finds what is said of it. */
  readonly artifacts: readonly Artifact[];
  readonly sbom: string;
  readonly provenance: string;
}

export function artifactsOf(options: ArtifactOptions): Artifacts {
  const { host, path, version, image, chart, key } = options;
  const repositories = { image: `${path}/regcred`, chart: `${path}/charts/regcred` } as const;
  const subjectOf = (repository: string, { descriptor: { digest } }: Manifest) => ({
    name: `${host}/${repository}`,
    digest,
  });
  const ships = sbom(options);
  const subjects = [subjectOf(repositories.image, image), subjectOf(repositories.chart, chart)];
  const statement = provenance({ ...options, subjects });
  const made = JSON.stringify(statement);
  const what = (name: string, tag: string, manifest: Manifest): Artifact => ({
    what: name,
    repository: repositories.image,
    tag,
    manifest,
  });
  const signed = (name: "image" | "chart", manifest: Manifest): readonly Artifact[] => {
    if (!key) return [];
    const repository = repositories[name];
    const { digest } = manifest.descriptor;
    const statements = [
      statement,
      ...(name === "image" ? [sbomStatement(ships, subjectOf(repository, manifest))] : []),
    ];
    const signature = signatureManifest(manifest, `${host}/${repository}`, key);
    return [
      { what: `${name}'s signature`, repository, tag: signatureTag(digest, "sig"), manifest: signature },
      {
        what: `${name}'s attestations`,
        repository,
        tag: signatureTag(digest, "att"),
        manifest: attestationManifest(statements, key),
      },
    ];
  };
  return {
    artifacts: [
      ...signed("image", image),
      what("sbom", `${version}-sbom`, about(image.descriptor, "application/spdx+json", ships)),
      what("provenance", `${version}-provenance`, about(image.descriptor, "application/vnd.in-toto+json", made)),
      what("image", version, image),
      ...signed("chart", chart),
      { what: "chart", repository: repositories.chart, tag: version, manifest: chart },
    ],
    sbom: ships,
    provenance: `${made}\n`,
  };
}

/** https://github.com/opencontainers/image-spec/blob/main/manifest.md#guidelines-for-artifact-usage */
function about({ mediaType, digest, size }: Descriptor, type: string, text: string): Manifest {
  return manifestOf({
    artifactType: type,
    config: blobOf(mediaTypes.empty, Buffer.from("{}")),
    layers: [blobOf(type, Buffer.from(text))],
    subject: { mediaType, digest, size },
  });
}
