// Tests that `npm ci` accepts our lock file, on every platform. It refuses one that lacks a package which a listed one names.
import { expect, it } from "vitest";
import lockFile from "../package-lock.json" with { type: "json" };

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const packages = lockFile.packages as Readonly<Record<string, Locked>>;

/** Where Node would find the package, seen from the one in this folder. */
function found(name: string, folder: string): boolean {
  if (`${folder === "" ? "" : `${folder}/`}node_modules/${name}` in packages) return true;
  if (folder === "") return false;
  const above = folder.lastIndexOf("/node_modules/");
  return found(name, above === -1 ? "" : folder.slice(0, above));
}

it("lists what each package needs, also the builds for platforms that are not this one", () => {
  const missing = Object.entries(packages).flatMap(([folder, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !found(name, folder))
      .map((name) => `${folder} needs ${name}`),
  );
  expect(missing).toEqual([]);
});
