// Writes what really ships as an SBOM: the packages whose modules are in the bundle, and the Node that runs it.

/** Of package-lock.json: https://docs.npmjs.com/cli/configuring-npm/package-lock-json#packages */
export interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
}

export interface SbomOptions {
  readonly version: string;
  /** When the released commit was made: ISO 8601, in UTC. */
  readonly created: string;
  /** Absolute paths of the bundled modules. */
  readonly modules: readonly string[];
  /** By path, such as `node_modules/undici`. */
  readonly locked: Readonly<Record<string, LockedPackage>>;
  readonly node: string;
}

interface Shipped {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly purl: string;
  /** Base64, of SHA-512. */
  readonly integrity: string | undefined;
}

/** SPDX 2.3 as JSON: https://spdx.github.io/spdx-spec/v2.3/ The same parts give the same text. */
export function sbom({ version, created, modules, locked, node }: SbomOptions): string {
  const npm = lockPathsOf(modules).map((path): Shipped => {
    const { version: of, license = "NOASSERTION", integrity } = locked[path] ?? {};
    if (of === undefined) throw new Error(`${path} is in the bundle, and not in package-lock.json`);
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    const purl = `pkg:npm/${name.replace("@", "%40")}@${of}`;
    return { name, version: of, license, purl, integrity };
  });
  const runtime: Shipped = {
    name: "node",
    version: node,
    license: "MIT",
    purl: `pkg:generic/node@${node}`,
    integrity: undefined,
  };
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
  const packages = [...npm, runtime].map(packageOf);
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

function packageOf({ name, version, license, purl, integrity }: Shipped) {
  const digest = integrity?.startsWith("sha512-") === true ? integrity.slice("sha512-".length) : undefined;
  return {
    SPDXID: `SPDXRef-${purl.replaceAll(/[^A-Za-z0-9.]+/g, "-")}`,
    name,
    versionInfo: version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    ...(digest !== undefined && {
      checksums: [{ algorithm: "SHA512", checksumValue: Buffer.from(digest, "base64").toString("hex") }],
    }),
    licenseConcluded: "NOASSERTION",
    licenseDeclared: license,
    copyrightText: "NOASSERTION",
    externalRefs: [{ referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purl }],
  };
}
