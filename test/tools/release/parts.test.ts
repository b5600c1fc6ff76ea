// Tests that a release's arguments, its list of what ships, krew's manifest and the chart's version say what they should.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { releaseArguments, schemeOf } from "../../../tools/release/arguments.ts";
import { withRepository, withVersion } from "../../../tools/release/chart-package.ts";
import { krewManifest } from "../../../tools/release/krew-manifest.ts";
import { blobOf, manifestOf } from "../../../tools/release/oci.ts";
import { debianParts, lockPathsOf, nodeParts, npmPackages, sbom } from "../../../tools/release/sbom.ts";

const chart = join(import.meta.dirname, "../../../config/chart");
const sound = ["--registry=registry.example.com:5000/platform/tools", "--version=1.2.3-rc.1"];

describe("the arguments", () => {
  it("say where the release goes", () => {
    expect(releaseArguments([...sound, "--dry-run", "--downloads=https://a.example/1/"])).toMatchObject({
      host: "registry.example.com:5000",
      path: "platform/tools",
      version: "1.2.3-rc.1",
      dryRun: true,
      downloads: "https://a.example/1",
    });
  });

  it("say where a release is copied from", () => {
    const from = { host: "registry.example.org", path: "vendor" };
    expect(releaseArguments([...sound, "--from=registry.example.org/vendor"])).toMatchObject({ from });
  });

  it.each([
    [["--version=1.0.0"], /--registry cannot be ""/],
    [[...sound, "--from=registry.example.org"], /--from cannot be "registry.example.org": write HOST\/PATH/],
    [[...sound, "--from=registry.example.org/vendor", "--key=k"], /--from makes nothing, so leave --key out/],
    [["--registry=registry.example.com", "--version=1.0.0"], /write HOST\/PATH/],
    [["--registry=https://registry.example.com/a", "--version=1.0.0"], /write HOST\/PATH/],
    [["--registry=registry.example.com/Team", "--version=1.0.0"], /write HOST\/PATH/],
    [["--registry=registry.example.com/a", "--version=v1"], /--version cannot be "v1"/],
    [["--registry=registry.example.com/a", "--version=1.0.0+build"], /--version cannot be/],
    [[...sound, "--downloads=http://a.example"], /--downloads cannot be/],
    [[...sound, "--dryrun"], /--dryrun/],
  ])("%j are refused in a sentence", (args, sentence) => {
    expect(() => releaseArguments(args)).toThrow(sentence);
  });
});

it.each([
  ["127.0.0.1:5000", "http"],
  ["localhost", "http"],
  ["localhost.example.com", "https"],
  ["registry.example.com:80", "https"],
])("--plain-http asks %s by %s", (host, scheme) => {
  expect([schemeOf(host, true), schemeOf(host, false)]).toEqual([scheme, "https"]);
});

describe("a manifest", () => {
  it("of the same parts is the same, and says what it is about", () => {
    const config = blobOf("application/vnd.oci.empty.v1+json", Buffer.from("{}"));
    const about = { mediaType: "a", digest: "sha256:0", size: 1 };
    const made = (): ReturnType<typeof manifestOf> =>
      manifestOf({ config, layers: [], artifactType: "b/c", subject: about });
    expect(made().descriptor).toEqual(made().descriptor);
    expect(JSON.parse(Buffer.from(made().bytes).toString())).toMatchObject({ artifactType: "b/c", subject: about });
  });
});

describe("the chart of a release", () => {
  it("is of its version, and pulls its image", () => {
    const described = parse(withVersion(readFileSync(join(chart, "Chart.yaml"), "utf8"), "1.2.3")) as object;
    expect(described).toMatchObject({ name: "regcred", version: "1.2.3", appVersion: "1.2.3" });
    const values = withRepository(readFileSync(join(chart, "values.yaml"), "utf8"), "registry.example.com/a/regcred");
    expect(parse(values)).toMatchObject({ image: { repository: "registry.example.com/a/regcred" } });
    expect(values).not.toContain("published nowhere");
  });

  it("is not made of a chart that has no such line", () => {
    expect(() => withVersion("name: regcred\n", "1.2.3")).toThrow(/has no line/);
  });
});

describe("krew's manifest", () => {
  it("names the archives with their checksums", () => {
    const text = krewManifest("1.2.3", "https://a.example", [
      {
        platforms: [{ os: "linux", arch: "arm64" }],
        bin: "kubectl-regcred",
        url: "https://a.example/x.tar.gz",
        sha256: "ab",
      },
      {
        platforms: ["amd64", "arm64"].map((arch) => ({ os: "darwin", arch })),
        bin: "regcred.mjs",
        url: "https://a.example/y.tar.gz",
        sha256: "cd",
      },
    ]);
    expect(parse(text)).toMatchObject({
      metadata: { name: "regcred" },
      spec: {
        version: "v1.2.3",
        platforms: [
          {
            selector: { matchLabels: { os: "linux", arch: "arm64" } },
            uri: "https://a.example/x.tar.gz",
            sha256: "ab",
            bin: "kubectl-regcred",
          },
          { selector: { matchLabels: { os: "darwin", arch: "amd64" } }, bin: "regcred.mjs" },
          { selector: { matchLabels: { os: "darwin", arch: "arm64" } }, bin: "regcred.mjs" },
        ],
      },
    });
  });
});

describe("the list of what ships", () => {
  const modules = [
    "/w/src/main.ts",
    "/w/node_modules/undici/lib/a.js",
    "/w/node_modules/undici/lib/b.js",
    "/w/node_modules/@azure/identity/dist/c.js",
    "/w/node_modules/a/node_modules/@b/c/d.js",
  ];

  it("has each package of the bundle once, by where the lock file has it", () => {
    expect(lockPathsOf(modules)).toEqual([
      "node_modules/@azure/identity",
      "node_modules/a/node_modules/@b/c",
      "node_modules/undici",
    ]);
  });

  const locked = {
    "node_modules/undici": { version: "8.0.0", license: "MIT", integrity: "sha512-AAEC" },
    "node_modules/@azure/identity": { version: "4.0.0" },
  };

  it("names them with version, licence and checksum, what is in Node, and Debian's, in a text that stays the same", () => {
    const shipped = [
      ...npmPackages(lockPathsOf(modules.slice(0, 4)), locked),
      ...nodeParts({ node: "26.10.0", openssl: "3.5.4", modules: "147" }, "certificates"),
      ...debianParts([
        { name: "libstdc++6", version: "12+b1", license: "GPL-3.0-or-later", sha256: { amd64: "aa", arm64: "bb" } },
      ]),
    ];
    const options = { version: "1.2.3", created: "2026-01-01T00:00:00Z", shipped };
    const text = sbom(options);
    expect(sbom(options)).toBe(text);
    const { packages, relationships } = JSON.parse(text) as { packages: object[]; relationships: object[] };
    expect(packages).toEqual([
      expect.objectContaining({ name: "regcred", versionInfo: "1.2.3" }),
      expect.objectContaining({ name: "@azure/identity", licenseDeclared: "NOASSERTION" }),
      expect.objectContaining({
        name: "undici",
        licenseDeclared: "MIT",
        checksums: [{ algorithm: "SHA512", checksumValue: "000102" }],
      }),
      expect.objectContaining({ name: "openssl", versionInfo: "3.5.4" }),
      expect.objectContaining({ name: "ca-certificates of Mozilla", licenseDeclared: "MPL-2.0" }),
      expect.objectContaining({ name: "libstdc++6", checksums: [{ algorithm: "SHA256", checksumValue: "aa" }] }),
      expect.objectContaining({ name: "libstdc++6", checksums: [{ algorithm: "SHA256", checksumValue: "bb" }] }),
    ]);
    expect(relationships).toHaveLength(packages.length);
    const ids = packages.map((each) => (each as { SPDXID: string }).SPDXID);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("is not made where the lock file does not know what is in the bundle", () => {
    expect(() => npmPackages(["node_modules/x"], {})).toThrow(/x is in the bundle, and not in package-lock\.json/);
  });
});
