// The answer to the kubelet: logins by host, and for how long it may keep them.
import type { Login } from "../registry/login.ts";
import type { NodeFile } from "./node-file.ts";
import { exchangeVersion } from "./request.ts";

export interface FoundLogin {
  /** Of an entry; the kubelet matches it as a key of a docker config. */
  readonly host: string;
  readonly login: Login;
  /** Undefined: the login names no end. */
  readonly expiresAt: Temporal.Instant | undefined;
}

/** As JSON: https://kubernetes.io/docs/reference/config-api/kubelet-credentialprovider.v1/#credentialprovider-kubelet-k8s-io-v1-CredentialProviderResponse */
export interface ProviderAnswer {
  readonly apiVersion: typeof exchangeVersion;
  readonly kind: "CredentialProviderResponse";
  readonly cacheKeyType: "Image" | "Registry";
  /** As Go writes a duration; `0s` is not kept at all. */
  readonly cacheDuration: string;
  readonly auth: Readonly<Record<string, { readonly username: string; readonly password: string }>>;
}

// A login without an end lies in a file that may be changed at any time; one that has no life left to speak of, too.
const withoutEnd = Temporal.Duration.from({ minutes: 1 });

/**
 * @param found none: the image is pulled without a login of ours
 * @param isWhole whether every entry that is for the pod has given its login: what is missing is asked for again
 */
export function answerOf(
  found: readonly FoundLogin[],
  file: Pick<NodeFile, "entries">,
  { isWhole, now }: { readonly isWhole: boolean; readonly now: Temporal.Instant },
): ProviderAnswer {
  const kept = found.length > 0 && isWhole ? shortest(found.map(({ expiresAt }) => keptFor(expiresAt, now))) : 0;
  return {
    apiVersion: exchangeVersion,
    kind: "CredentialProviderResponse",
    cacheKeyType: isForWholeRegistry(found, file) ? "Registry" : "Image",
    cacheDuration: `${kept}s`,
    auth: Object.fromEntries(
      found.map(({ host, login }) => [host, { username: login.username, password: login.password.reveal() }]),
    ),
  };
}

/** Half of what is left, in seconds: a pull that begins at the last moment has the other half. */
function keptFor(expiresAt: Temporal.Instant | undefined, now: Temporal.Instant): number {
  if (!expiresAt) return withoutEnd.total("seconds");
  return Math.max(0, Math.floor(now.until(expiresAt).total("seconds") / 2));
}

function shortest(seconds: readonly number[]): number {
  return Math.min(...seconds);
}

/**
 * Under the key Registry the kubelet takes the same answer for every image of the host. So nothing of this registry may depend
 * on the path. Whose pod it is, is a part of every key where the file serves pods.
 */
function isForWholeRegistry(found: readonly FoundLogin[], { entries }: Pick<NodeFile, "entries">): boolean {
  const [first] = found;
  if (found.length !== 1 || !first || first.host.includes("/")) return false;
  const paths = entries.flatMap(({ entry }) => entry.hosts).filter((host) => host.includes("/"));
  // A star stands for one label at most: whoever has a path under any host of as many labels might be meant.
  return !paths.some((host) => host.split("/", 1)[0] === first.host || first.host.includes("*") || host.includes("*"));
}
