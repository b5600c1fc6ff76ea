// The command line of a release.
import { parseArgs } from "node:util";

interface Place {
  /** `host[:port]`. */
  readonly host: string;
  /** Of all that is pushed, below the host. */
  readonly path: string;
}

export interface ReleaseArguments extends Place {
  readonly version: string;
  readonly dryRun: boolean;
  /** Where the version is that is copied; undefined: it is made. */
  readonly from: Place | undefined;
  /** A private key; undefined: nothing is signed. */
  readonly key: string | undefined;
  /** An OCI image layout that is there already; undefined: the images are made. */
  readonly images: string | undefined;
  /** Where the plugin's archives will be for download; undefined: no manifest for krew is written. */
  readonly downloads: string | undefined;
  readonly dockerConfig: string | undefined;
  readonly plainHTTP: boolean;
  readonly to: string | undefined;
}

export const usage = `Usage: npm run release -- --registry HOST/PATH --version V [--dry-run]
       npm run release -- --from HOST/PATH --registry HOST/PATH --version V [--dry-run]
  --registry HOST/PATH   the image goes to HOST/PATH/regcred, the chart to HOST/PATH/charts/regcred
  --version V            that of package.json, such as 0.1.0
  --dry-run              make everything, send nothing
  --from HOST/PATH       make nothing: copy the version from there, with its signatures, byte for byte
  --key FILE             an Ed25519 key that signs it all, in PEM; unsigned if absent
  --images FOLDER        an OCI image layout of linux/amd64 and linux/arm64 that is there already
  --downloads URL        where the plugin's archives will be, for krew's manifest
  --docker-config FILE   of docker login; ~/.docker/config.json if absent
  --plain-http           for registries on this machine
  --to FOLDER            for the files beside the registry; dist/release if absent
`;

// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
const registry =
  /^(?<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?)\/(?<path>[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)$/;
// https://semver.org, without build metadata, which no tag can have.
const semver = /^(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)(?:-[0-9A-Za-z.-]+)?$/;

/** @throws Error whose message is one sentence that says what to write. */
export function releaseArguments(args: readonly string[]): ReleaseArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      registry: { type: "string", default: "" },
      version: { type: "string", default: "" },
      "dry-run": { type: "boolean", default: false },
      from: { type: "string" },
      key: { type: "string" },
      images: { type: "string" },
      downloads: { type: "string" },
      "docker-config": { type: "string" },
      "plain-http": { type: "boolean", default: false },
      to: { type: "string" },
    },
  });
  const place = placeIn("registry", values.registry);
  if (!semver.test(values.version))
    throw new Error(`--version cannot be ${JSON.stringify(values.version)}: write a version such as 0.1.0`);
  const { downloads } = values;
  if (downloads !== undefined && !/^https:\/\/[^\s?#]+$/.test(downloads))
    throw new Error(`--downloads cannot be ${JSON.stringify(downloads)}: write an https URL, which krew asks for`);
  if (values.from !== undefined)
    for (const flag of ["key", "images", "downloads", "to"] as const)
      if (values[flag] !== undefined) throw new Error(`--from makes nothing, so leave --${flag} out`);
  return {
    ...place,
    version: values.version,
    dryRun: values["dry-run"],
    from: values.from === undefined ? undefined : placeIn("from", values.from),
    key: values.key,
    images: values.images,
    downloads: downloads?.replace(/\/$/, ""),
    dockerConfig: values["docker-config"],
    plainHTTP: values["plain-http"],
    to: values.to,
  };
}

// `host[:port]` of this machine.
const ownHost = /^(?:localhost|127(?:\.[0-9]{1,3}){3})(?::[0-9]+)?$/;

/** A login goes over the network encrypted, whatever the flag says. */
export function schemeOf(host: string, plainHTTP: boolean): "http" | "https" {
  return plainHTTP && ownHost.test(host) ? "http" : "https";
}

function placeIn(flag: string, text: string): Place {
  const { host, path } = registry.exec(text)?.groups ?? {};
  if (host === undefined || path === undefined)
    throw new Error(
      `--${flag} cannot be ${JSON.stringify(text)}: write HOST/PATH, such as registry.example.com/platform`,
    );
  return { host, path };
}
