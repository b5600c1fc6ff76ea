// Files of a node that nobody but root may write, or read: the configuration and the Secrets of a credential provider.
import { configPlaces } from "../registry/docker-config.ts";
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, type Stats } from "node:fs";
import { join } from "node:path";
import { failure, type FailureReason } from "../api/reasons.ts";
import { OperatorError } from "../runtime/errors.ts";
import { Redacted } from "../runtime/redacted.ts";
import { isObjectName } from "../cluster/object-name.ts";
import type { OperatorSecretRecord } from "../cluster/records.ts";

export interface PrivateFiles {
  /** Of a file that others may read but not write. Throws OperatorError. */
  text(path: string): string;
  /**
   * The Secret that lies as a folder of this name, with a file for each key, as a volume has it. Only the owner may read what is
   * in it. Throws OperatorError, also where there is none.
   */
  secret(name: string): OperatorSecretRecord;
}

// As much as a source may hold: src/cluster/transform/operator-secret.ts. A configuration of 16 entries has a tenth of it.
const longest = 64 * 1024;
const othersWrite = 0o022;
const othersAccess = 0o077;
// A Secret's keys: https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data
const keySyntax = /^[-._a-zA-Z0-9]{1,253}$/;

/** @param owner the uid that must own all of them: root's, 0 */
export function privateFiles(folder: string, owner: number): PrivateFiles {
  return {
    text: (path) => contentOf(path, owner, othersWrite),
    secret: (name) => {
      const place = join(folder, name);
      // A name that a placeholder made has been checked already; what leads elsewhere is no name.
      if (!isObjectName(name)) throw unusable("SourceInvalid", `no folder of ${folder} can be called so`);
      checkFolder(folder, owner);
      const keys = checkFolder(place, owner).filter((key) => keySyntax.test(key) && !key.startsWith(".."));
      const values = keys.map((key) => [key, new Redacted(contentOf(join(place, key), owner, othersAccess))] as const);
      const type = Object.entries(configPlaces).find(([, { key }]) => keys.includes(key))?.[0] ?? "Opaque";
      return {
        key: name,
        resourceVersion: "0",
        namespace: "",
        name,
        uid: "",
        kind: "source",
        type,
        values: Object.fromEntries(values),
        offered: true,
        expiresAt: undefined,
      };
    },
  };
}

/** The names in it. Who may write a folder puts files of others in the place of ours. */
function checkFolder(folder: string, owner: number): readonly string[] {
  return opened(folder, constants.O_DIRECTORY, (descriptor) => {
    checkStats(folder, fstatSync(descriptor), owner, othersWrite);
    return readdirSync(folder).toSorted();
  });
}

function contentOf(path: string, owner: number, forbidden: number): string {
  return opened(path, 0, (descriptor) => {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw unusable("SourceInvalid", `${path} is no file`);
    // Of what is open, not of the name: it cannot be exchanged in between.
    checkStats(path, stats, owner, forbidden);
    if (stats.size > longest) throw unusable("SourceTooLarge", `${path} is larger than ${longest / 1024} KiB`);
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(descriptor));
    } catch {
      throw unusable("SourceInvalid", `${path} is not UTF-8 text: write it as UTF-8`);
    }
  });
}

/** A link is not followed: where it leads may be anybody's. */
function opened<T>(path: string, flags: number, use: (descriptor: number) => T): T {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | flags);
  } catch (error) {
    throw unusable("SourceMissing", `${path} ${whyNot(error)}`, error);
  }
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function checkStats(path: string, { uid, mode }: Stats, owner: number, forbidden: number): void {
  if (uid !== owner) {
    throw unusable(
      "SourceRefused",
      `${path} belongs to the user ${uid}, who can change it: chown ${owner}:${owner} ${path}`,
    );
  }
  if ((mode & forbidden) === 0) return;
  const what = (mode & othersWrite) === 0 ? "can be read by others" : "can be written by others";
  const letters = forbidden === othersWrite ? "go-w" : "go-rwx";
  throw unusable("SourceRefused", `${path} ${what} than its owner: chmod ${letters} ${path}`);
}

function whyNot(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
      return "does not exist: create it, as docs/nodes.md says";
    case "ELOOP":
      return "is a symbolic link: put what it leads to in its place";
    case "ENOTDIR":
      return "is no folder: a Secret is a folder with a file for each key";
    default:
      return `cannot be read (${typeof code === "string" ? code : "unknown"})`;
  }
}

function unusable(reason: FailureReason, message: string, origin?: unknown): OperatorError {
  return new OperatorError(failure(reason, { message }), origin);
}
