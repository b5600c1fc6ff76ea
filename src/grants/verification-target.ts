// The target of a verification: an image, or a login only.
import type { Entry } from "../api/registry-credential.ts";
import { registryOf, servedHost } from "../registry/host.ts";
import { parseImageReference } from "../registry/image-reference.ts";
import { hasPlaceholders, rendered } from "../api/placeholders.ts";
import type { NamespaceRecord } from "../cluster/records.ts";

export interface VerificationTarget {
  /** A full reference; undefined: only the login is tried. */
  readonly image: string | undefined;
  /** The canonical host among the entry's hosts whose login is tried. */
  readonly host: string;
  /** Token servers besides the registry's own, `host[:port]`. */
  readonly tokenServers?: readonly string[];
  /** Of the operator's namespace: whose certificates count there. */
  readonly caSecretName?: string;
  /** The image is one namespace's, which may have chosen it; others may share the token. */
  readonly ofNamespace?: true;
}

type VerifiedEntry = Pick<Entry, "verify" | "provider" | "registry" | "tokenServers" | "caSecretName">;

/** Undefined where nothing is to be tried: a Static entry without an image, or an image that these hosts do not serve. */
export function verificationTargetOf(
  entry: VerifiedEntry,
  hosts: readonly string[],
  namespace: NamespaceRecord,
): VerificationTarget | undefined {
  if (!entry.verify) return loginTarget(entry, hosts);
  const image = rendered(entry.verify.image, namespace);
  if (typeof image !== "string") return undefined;
  const parsed = parseImageReference(image);
  if (!parsed.ok) return undefined;
  const { domain, path } = parsed.image;
  const served = hosts.map(servedHost);
  const host = served.find((each) => each === "*" || isWithin(each, domain, path));
  if (host === undefined) return undefined;
  return {
    image,
    host: host.startsWith("*") ? domain : host,
    ...trustOf(entry),
    ...(hasPlaceholders(entry.verify.image) && { ofNamespace: true }),
  };
}

function isWithin(host: string, domain: string, path: string): boolean {
  // Of `*.dkr.ecr.REGION.amazonaws.com` the star is the account.
  const [name, repository] = host.startsWith("*.")
    ? [host.slice(1), `${domain.slice(domain.indexOf("."))}/${path}`]
    : [host, `${domain}/${path}`];
  const [asked, ours] = [registryOf(repository), registryOf(name)];
  return asked === ours || asked.startsWith(`${ours}/`);
}

/** A login that an administrator keeps is never tried unasked: such an entry opens no connection. */
function loginTarget(entry: VerifiedEntry, hosts: readonly string[]): VerificationTarget | undefined {
  // The cloud's own name is the one that the operator can trust, and a star is nobody's.
  const host = entry.registry ?? hosts.find((each) => !each.startsWith("*"));
  if (entry.provider === "Static" || host === undefined) return undefined;
  const [domain = ""] = servedHost(host).split("/");
  return { image: undefined, host: domain, ...trustOf(entry) };
}

function trustOf({
  tokenServers,
  caSecretName,
}: VerifiedEntry): Pick<VerificationTarget, "tokenServers" | "caSecretName"> {
  return {
    ...(tokenServers === undefined ? {} : { tokenServers }),
    ...(caSecretName === undefined ? {} : { caSecretName }),
  };
}

/** Of those of one grant: the first with an image, else the first. */
export function bestTarget(targets: Iterable<VerificationTarget | undefined>): VerificationTarget | undefined {
  let best: VerificationTarget | undefined;
  for (const target of targets) {
    if (target?.image !== undefined) return target;
    best ??= target;
  }
  return best;
}

/** Those that the users of one grant have, kept so that the best costs the same however many use it. */
export interface Targets {
  /** Undefined: the user has none. */
  set(user: string, target: VerificationTarget | undefined): void;
  best(): VerificationTarget | undefined;
}

export function targets(): Targets {
  // In the order in which they came, as `bestTarget` has it.
  const withImage = new Map<string, VerificationTarget>();
  const ofLogin = new Map<string, VerificationTarget>();
  return {
    set: (user, target) => {
      const into = target && (target.image === undefined ? ofLogin : withImage);
      for (const each of [withImage, ofLogin]) if (each !== into) each.delete(user);
      if (target) into?.set(user, target);
    },
    best: () => withImage.values().next().value ?? ofLogin.values().next().value,
  };
}
