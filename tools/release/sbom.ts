// Writes what really ships as an SBOM: the packages whose modules are in the bundle, Node with its parts, its libraries, certificates.
import { createHash } from "node:crypto";
import type { DebianPackage } from "../build/debian-packages.ts";

/** Of package-lock.json: https://docs.npmjs.com/cli/configuring-npm/package-lock-json#packages */
export interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
}

/** Something that ships. */
export interface Shipped {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, or NOASSERTION. */
  readonly license: string;
  /** https://github.com/package-url/purl-spec */
  readonly purl: string;
  /** Hexadecimal. */
  readonly checksum?: { readonly algorithm: "SHA256" | "SHA512"; readonly value: string };
}

/** The packages of bundled modules, by package-lock.json. @throws Error where that does not know one. */
export function npmPackages(
  paths: readonly string[],
  locked: Readonly<Record<string, LockedPackage>>,
): readonly Shipped[] {
  return paths.map((path) => {
    const { version, license = "NOASSERTION", integrity } = locked[path] ?? {};
    if (version === undefined) throw new Error(`${path} is in the bundle, and not in package-lock.json`);
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    const digest = integrity?.startsWith("sha512-") === true ? integrity.slice("sha512-".length) : undefined;
    return {
      name,
      version,
      license,
      purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
      ...(digest !== undefined && {
        checksum: { algorithm: "SHA512" as const, value: Buffer.from(digest, "base64").toString("hex") },
      }),
    };
  });
}

/** Debian's packages whose files are in the images. */
export function debianParts(packages: readonly DebianPackage[]): readonly Shipped[] {
  return packages.flatMap(({ name, version, license, sha256 }) =>
    Object.entries(sha256).map(([architecture, value]) => ({
      name,
      version,
      license,
      purl: `pkg:deb/debian/${name.replaceAll("+", "%2B")}@${version.replaceAll("+", "%2B")}?arch=${architecture}&distro=debian-12`,
      checksum: { algorithm: "SHA256" as const, value },
    })),
  );
}

/** What is compiled into Node, as `process.versions` tells it, and the certificates. */
export function nodeParts(
  versions: Readonly<Record<string, string | undefined>>,
  certificates: string,
): readonly Shipped[] {
  // The first is the package itself, the others are numbers of interfaces.
  const { node = "", modules: _modules, napi: _napi, ...parts } = versions;
  return [
    ...Object.entries(parts).map(([name, version = "NOASSERTION"]) => ({
      name,
      version,
      license: "NOASSERTION",
      purl: `pkg:generic/${name}@${encodeURIComponent(version)}`,
    })),
    {
      name: "ca-certificates of Mozilla",
      version: `as in Node ${node}`,
      license: "MPL-2.0",
      purl: `pkg:generic/mozilla-ca-certificates@node-${node}`,
      checksum: { algorithm: "SHA256", value: createHash("sha256").update(certificates).digest("hex") },
    },
  ];
}

export interface SbomOptions {
  readonly version: string;
  /** When the released commit was made: ISO 8601, in UTC. */
  readonly created: string;
  readonly shipped: readonly Shipped[];
}

/** SPDX 2.3 as JSON: https://spdx.github.io/spdx-spec/v2.3/ The same parts give the same text. */
export function sbom({ version, created, shipped }: SbomOptions): string {
  const root = {
    SPDXID: "SPDXRef-regcred",
    name: "regcred",
    versionInfo: version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    licenseConcluded: "Apache-2.0",
    licenseDeclared: "Apache-2.0",
    copyrightText: "NOASSERTION",
  };
  const packages = shipped.map(packageOf);
  return `${JSON.stringify(
    {
      spdxVersion: "SPDX-2.3",
      dataLicense: "CC0-1.0",
      SPDXID: "SPDXRef-DOCUMENT",
      name: `regcred-${version}`,
      documentNamespace: `https://regcred.dev/sbom/${version}`,
      creationInfo: { created, creators: ["Tool: regcred tools/release"] },
      packages: [root, ...packages],
      relationships: [
        { spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: root.SPDXID },
        ...packages.map(({ SPDXID }) => ({
          spdxElementId: root.SPDXID,
          relationshipType: "CONTAINS",
          relatedSpdxElement: SPDXID,
        })),
      ],
    },
    undefined,
    2,
  )}\n`;
}

/** The packages of modules, by their paths in the lock file: sorted, each once. Our own modules are in none. */
export function lockPathsOf(modules: readonly string[]): readonly string[] {
  const paths = modules.flatMap((module) => {
    const at = module.lastIndexOf("/node_modules/");
    if (at < 0) return [];
    const [, name] = /^\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(module.slice(at)) ?? [];
    // Nested ones have the path of who needs them before their own.
    const outer = module.slice(module.indexOf("/node_modules/") + 1, at + 1);
    return name === undefined ? [] : [`${outer}node_modules/${name}`];
  });
  return [...new Set(paths)].toSorted();
}

function packageOf({ name, version, license, purl, checksum }: Shipped) {
  return {
    SPDXID: `SPDXRef-${purl.replaceAll(/[^A-Za-z0-9.]+/g, "-")}`,
    name,
    versionInfo: version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    ...(checksum && { checksums: [{ algorithm: checksum.algorithm, checksumValue: checksum.value }] }),
    licenseConcluded: "NOASSERTION",
    licenseDeclared: license,
    copyrightText: "NOASSERTION",
    externalRefs: [{ referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purl }],
  };
}
