// Finding for one image: whether it can be pulled with the Secrets that are referred to, and if not, why.
import type { RegistryCredential } from "../../api/registry-credential.ts";
import { quotedText } from "../../runtime/foreign-text.ts";
import { type Command, jsonValue, kubectl } from "../../runtime/steps.ts";
import { mergedHosts } from "../../cluster/marks.ts";
import { configKey } from "../../registry/host.ts";
import { parseImageReference } from "../../registry/image-reference.ts";
import { loginsFor } from "../../registry/kubelet-match.ts";
import { entryForHost } from "./entry-for-host.ts";
import type { Blocker } from "./blocker.ts";
import { referenceBlocker } from "./reference-blocker.ts";
import { type Candidate, servingBlocker, type Stopped } from "./serving-blocker.ts";
import { referencesOf, type SecretView, type ExplainInput } from "./input.ts";
import { type Seen, there } from "../seen.ts";
import { type Recorded, shownEntries } from "../../cluster/entries-annotation.ts";

/** A login that a kubelet would try. */
export interface FoundLogin extends Pick<Recorded, "name" | "expiresAt"> {
  readonly secret: string;
}

export type ImageFinding = { readonly image: string } & (
  | {
      readonly answer: "yes";
      readonly login: FoundLogin;
      /** Until when: of several logins that fit, the last to end. */
      readonly until: Temporal.Instant | undefined;
    }
  | { readonly answer: "no"; readonly blocker: Blocker }
  /** It hangs on something that was not seen. */
  | { readonly answer: "unknown"; readonly why: string; readonly blocker: Blocker | undefined }
);

export function imageFinding(input: ExplainInput, image: string): ImageFinding {
  const reference = parseImageReference(image);
  if (!reference.ok) return { image, answer: "no", blocker: malformed(image, reference.problem) };
  const names = referencesOf(input);
  if (names === undefined) {
    return { image, answer: "unknown", why: "the ServiceAccount could not be read", blocker: undefined };
  }
  const referred = names.map((name) => ({ name, secret: input.secrets.get(name) }));
  const logins = loginsFor(
    image,
    referred.flatMap(({ secret }) => loginsIn(there(secret))),
  );
  const alive = logins.filter((login) => isAlive(login, input.now));
  const best = alive.reduce<FoundLogin | undefined>(
    (longest, login) => (endsLater(login, longest) ? login : longest),
    undefined,
  );
  if (best) {
    const refused = refusedLogin(input, image, best);
    if (refused) return { image, answer: "no", blocker: refused };
    return { image, answer: "yes", login: best, until: best.expiresAt };
  }
  const blocker = logins[0] ? ended(input, logins[0]) : withoutLogin(input, image, names);
  const doubts = referred.flatMap(({ name, secret }) => doubtAbout(name, secret, image));
  if (doubts.length > 0) return { image, answer: "unknown", why: doubts.join("; "), blocker };
  return { image, answer: "no", blocker };
}

function loginsIn(secret: SecretView | undefined): (readonly [string, FoundLogin])[] {
  if (!secret) return [];
  return (shownEntries(secret.annotations) ?? []).flatMap(({ name, hosts, expiresAt }) =>
    hosts.map((host) => [configKey(host), { name, expiresAt, secret: secret.name }] as const),
  );
}

function isAlive({ expiresAt }: FoundLogin, now: Temporal.Instant): boolean {
  return expiresAt === undefined || Temporal.Instant.compare(now, expiresAt) < 0;
}

function endsLater(one: FoundLogin, other: FoundLogin | undefined): boolean {
  if (!other) return true;
  if (one.expiresAt === undefined || other.expiresAt === undefined) return other.expiresAt !== undefined;
  return Temporal.Instant.compare(one.expiresAt, other.expiresAt) > 0;
}

/** A Secret may hold logins that its annotation does not tell of: one of the tenant's own, or one that was merged into. */
function doubtAbout(name: string, seen: Seen<SecretView> | undefined, image: string): string[] {
  if (seen?.seen === "hidden") return [`the Secret ${name} could not be read`];
  const secret = there(seen);
  if (!secret || (shownEntries(secret.annotations) && mergedHosts(secret) === undefined)) return [];
  if (secret.hosts === undefined) {
    return [`the Secret ${name} is not regcred's, and what it holds was not read (--read-secrets reads its hosts)`];
  }
  return loginsFor(
    image,
    secret.hosts.map((host) => [host, host] as const),
  ).length > 0
    ? [`the Secret ${name}, which is not regcred's, has a login for it, which was not tried (\`verify\` tries it)`]
    : [];
}

/** A try at the registry has shown that the login may not pull just this. */
function refusedLogin({ credentials }: ExplainInput, image: string, { name }: FoundLogin): Blocker | undefined {
  const [credentialName, entryName] = name.split("/");
  const credential = credentials.find((record) => record.name === credentialName)?.credential;
  const entry = credential?.spec.registries.find((each) => each.name === entryName);
  const status = credential?.status?.registries?.find((each) => each.name === entryName);
  if (!credential || status?.state !== "PublishedUnverified" || entry?.verify === undefined) return undefined;
  if (entry.verify.image.includes("$(") || repositoryOf(entry.verify.image) !== repositoryOf(image)) return undefined;
  return {
    reason: "VerificationDenied",
    cause: "Platform",
    others: Math.max((credential.status?.namespaces?.selected ?? 1) - 1, 0),
    why: `the registry refused the login of ${name} when the operator tried it with ${entry.verify.image}`,
    remedy: {
      change: "put a login that may pull it into the source, then have it read again",
      commands: [kubectl`regcred refresh ${credential.name}`],
    },
  };
}

function repositoryOf(image: string): string {
  const parsed = parseImageReference(image);
  return parsed.ok ? `${parsed.image.domain}/${parsed.image.path}` : image;
}

function ended(input: ExplainInput, { name, secret, expiresAt }: FoundLogin): Blocker {
  const candidate = candidatesFor(input).find(({ credential, entry }) => `${credential.name}/${entry.name}` === name);
  const because = candidate && servingBlocker(input, candidate).blocker;
  const expired = `the login of ${name} in the Secret ${secret} expired at ${expiresAt?.toString({ smallestUnit: "second" }) ?? ""}`;
  if (because) return { ...because, why: `${expired}: ${because.why}` };
  return {
    reason: "TokenExpired",
    cause: "Platform",
    others: 0,
    why: `${expired}, and its RegistryCredential is not there any more, or could not be read`,
    remedy: { change: "see whether it should be there", commands: [kubectl`regcred status`] },
  };
}

function withoutLogin(input: ExplainInput, image: string, references: readonly string[]): Blocker {
  const candidates = candidatesFor(input, image);
  const stops = candidates.map((candidate): Stopped => {
    const { name } = candidate.credential.spec.pullSecret;
    const isServed = loginsFor(image, loginsIn(there(input.secrets.get(name)))).some((login) =>
      isAlive(login, input.now),
    );
    return isServed && !references.includes(name)
      ? { stage: Infinity, blocker: referenceBlocker(input, candidate.credential) }
      : servingBlocker(input, candidate);
  });
  const [farthest] = stops.toSorted((one, other) => other.stage - one.stage);
  return farthest?.blocker ?? noEntry(input, image);
}

/** Entries whose hosts fit the image, or all; one that takes whatever its source holds comes last. */
function candidatesFor({ credentials }: ExplainInput, image?: string): readonly Candidate[] {
  const all = credentials.flatMap((record) => {
    const { credential } = record;
    return credential ? credential.spec.registries.map((entry): Candidate => ({ record, credential, entry })) : [];
  });
  if (image === undefined) return all;
  const fits = ({ entry }: Candidate): boolean =>
    loginsFor(
      image,
      entry.hosts.map((host) => [configKey(host), host] as const),
    ).length > 0;
  const narrow = all.filter(fits);
  return narrow.length > 0 ? narrow : all.filter(({ entry }) => entry.hosts.includes("*"));
}

function noEntry({ credentials, imagesAsked }: ExplainInput, image: string): Blocker {
  const reference = parseImageReference(image);
  const host = reference.ok ? reference.image.domain : quotedText(image);
  const invalid = credentials.filter(({ credential }) => !credential).map(({ name }) => name);
  const unread = invalid.length > 0 ? `; the spec of ${invalid.join(", ")} cannot be read` : "";
  const [only, ...others] = credentials.flatMap(({ credential }) => (credential ? [credential] : []));
  const single = others.length === 0 ? only : undefined;
  const entry = single && entryForHost(single, host);
  return {
    reason: "NoEntry",
    cause: "Platform",
    others: 0,
    why: `no RegistryCredential has an entry for ${host}, so only what everybody may pull there can be pulled${unread}`,
    remedy: {
      change: "if the platform is to serve it, add the host to an entry, or write a RegistryCredential for it",
      // Where logins go is not for a pod to say: its host is told, and whoever means it types it.
      commands: single && entry !== undefined ? [addHost(single, entry, imagesAsked ? host : "HOST")] : [],
    },
  };
}

/** Lists are replaced as wholes by a merge patch, so one item is added by a JSON patch. */
function addHost({ name }: RegistryCredential, entry: number, host: string): Command {
  const patch = [{ op: "add", path: `/spec/registries/${entry}/hosts/-`, value: host }];
  return kubectl`patch regcred ${name} --type=json -p ${jsonValue(patch)}`;
}

function malformed(image: string, problem: string): Blocker {
  return {
    reason: "InvalidImage",
    cause: "Tenant",
    others: 0,
    why: `the image reference ${quotedText(image)} ${problem}`,
    remedy: { change: "write it right in the pod's template", commands: [] },
  };
}
