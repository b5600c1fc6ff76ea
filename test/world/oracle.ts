// What must stand with the tenants when all is at rest: ten lines, and what they leave open.
import type { ClusterObject, SecretObject, ServiceAccountObject } from "../../src/cluster/cluster-api.ts";
import { managedByLabel } from "../../src/api/names.ts";
import { grantKeys } from "../../src/providers/grant-keys.ts";
import { tokenSecretName } from "../../src/grants/grant-tracker.ts";
import { tokenFromData } from "../../src/cluster/token-wire.ts";
import { textOfBase64 } from "../../src/runtime/base64.ts";
import { isFormerName, isStillNamed, keptUnderFormerName } from "./former-names.ts";
import type { Ledger } from "./ledger.ts";
import { loginsIn } from "./logins.ts";
import { type Claim, isMadeForEntry, isOfEntry, isReadable, selects } from "./truth.ts";
import { accounts, hosts, secretNames } from "./words.ts";
import type { World } from "./world.ts";

/** What of a world is judged. */
export type Standing = Pick<World, "server" | "home" | "cloud" | "clock" | "ledger">;

const shortKey = grantKeys();

/** The login that a claim has; undefined: there is none to be had. */
function loginOf({ server, home, cloud, clock }: Standing, { grant }: Claim): string | undefined {
  if (!grant) return undefined;
  if (grant.provider === "Static") {
    const source = server.get({ resource: "secrets", namespace: grant.namespace, name: grant.name });
    return textOfBase64((source as SecretObject | undefined)?.data?.["password"] ?? "") || undefined;
  }
  const stored = server.get({ resource: "secrets", namespace: home, name: tokenSecretName(shortKey(grant)) });
  const token = tokenFromData((stored as SecretObject | undefined)?.data, "");
  const password = token && "all" in token.logins ? token.logins.all.password.reveal() : undefined;
  const mint = cloud.minted.get(password ?? "");
  return mint && mint.expiresAt > clock.elapsed() ? password : "a token that lives";
}

/** What is wrong. @param excused claims that some fault has a say in */
export function misgivings(world: Standing, excused: (claim: Claim) => boolean): readonly string[] {
  const { server, ledger } = world;
  const truth = ledger.past.now();
  return truth.namespaces.flatMap(({ name: namespace, terminating }) =>
    secretNames.flatMap((name) => {
      const secret = server.get({ resource: "secrets", namespace, name });
      const claims = truth.of(namespace, name);
      if (terminating || (secret && (!ledger.ours.has(secret.metadata.uid) || isGivenUp(ledger, secret)))) return [];
      // Nobody asks for a write: neither who is suspended, nor who cannot be read.
      const isSilent = ({ credential, identity }: Claim): boolean =>
        credential.spec.suspend || isUnreadable(world, identity);
      if (claims.length > 0 && claims.every(isSilent)) return [];
      const has = loginsIn(secret);
      return [
        ...hosts.flatMap((host) =>
          ofHost(
            world,
            claims.filter((each) => each.host === host),
            has.get(host),
            secret?.metadata.uid,
            excused,
          ),
        ),
        ...(secret && claims.length > 0 && !claims.some(excused) ? referencesIn(world, secret, claims) : []),
      ];
    }),
  );
}

function ofHost(
  world: Standing,
  claims: readonly Claim[],
  found: string | undefined,
  secretUid: string | undefined,
  excused: (claim: Claim) => boolean,
): readonly string[] {
  for (const claim of claims) {
    const raw = world.server.get({ resource: "registrycredentials", name: claim.credential.name });
    if (excused(claim) || !isReadable(raw)) return [];
    const wanted = loginOf(world, claim);
    const where = `${claim.namespace.name}/${claim.secretName} for ${claim.host}`;
    const holder = found && world.ledger.writtenFor(secretUid ?? "", claim.host, found);
    if (holder !== undefined && isUnreadable(world, holder)) return [];
    const of = world.cloud.minted.get(found ?? "")?.grantKey;
    // Whoever was given it first under the same grant.
    const holders = of === undefined ? [] : world.ledger.past.withGrant(of, 0).filter((each) => isWhere(claim, each));
    if (holders.some((each) => isFormerName(world.ledger, each))) return [];
    if (wanted !== undefined) return wanted === found ? [] : [`${where}: ${found ?? "nothing"} instead of ${wanted}`];
    // What its source last had is its own, whoever was given it before under the same grant.
    if (claim.grantKey !== undefined && of === claim.grantKey) return [];
    // The same of a grant that it had before it was altered into what cannot be rendered.
    if (of !== undefined && world.ledger.past.withGrant(of, 0).some((each) => isMadeForEntry(claim, each))) return [];
    // Without a login of its own it may keep the one that it was given.
    if (holder !== undefined && isOfEntry(claim, holder)) return [];
  }
  return [];
}

/** For the same host of the same Secret. */
function isWhere({ namespace, secretName, host }: Claim, identity: string): boolean {
  const [ofNamespace, ofSecret, , , ofHost] = identity.split(" ");
  return ofNamespace === namespace.uid && ofSecret === secretName && ofHost === host;
}

/** Of whom nothing can be read keeps what it has, whoever claims it. */
function isUnreadable({ server }: Standing, identity: string): boolean {
  const uid = identity.split(" ")[2];
  const raw = server.list("registrycredentials").find(({ metadata }) => metadata.uid === uid);
  return raw !== undefined && !isReadable(raw);
}

/** Somebody has left this very Secret for one of another name: with its login, what refers to it stays. */
function isLeftOf({ ledger, clock }: Standing, claim: Claim | undefined): boolean {
  if (!claim) return false;
  const { namespace, secretName } = claim;
  const { past } = ledger;
  return past.now().credentials.some(({ uid, spec }) => {
    const left = past.lastLeft({ namespaceUid: namespace.uid, secretName, credentialUid: uid });
    if (spec.pullSecret.name === secretName || left === undefined) return false;
    return clock.elapsed() - left < keptUnderFormerName || isStillNamed(ledger, uid, secretName);
  });
}

/** Who is to be deleted and cannot be read was to serve it: what may be its own stays until it can be drained. */
function isUnreadableOnesThatEnds({ server, ledger: { past } }: Standing, claim: Claim | undefined): boolean {
  if (!claim) return false;
  const { namespace, secretName } = claim;
  return past.now().credentials.some(({ name, spec, deletionTimestamp }) => {
    const isOfSecret = spec.pullSecret.name === secretName && selects(spec.namespaces, namespace);
    return deletionTimestamp && isOfSecret && !isReadable(server.get({ resource: "registrycredentials", name }));
  });
}

function referencesIn(standing: Standing, secret: ClusterObject, claims: readonly Claim[]): readonly string[] {
  const { server, ledger } = standing;
  const { namespace = "", name } = secret.metadata;
  return accounts.flatMap((account) => {
    const object: ServiceAccountObject | undefined = server.get({
      resource: "serviceaccounts",
      namespace,
      name: account,
    });
    if (!object) return [];
    const isThere = (object.imagePullSecrets ?? []).some((each) => each.name === name);
    const isWanted = claims.some(
      ({ credential: { spec }, identity }) =>
        !isUnreadable(standing, identity) &&
        spec.references === "ServiceAccounts" &&
        spec.serviceAccounts.exclude?.includes(account) !== true &&
        !spec.suspend,
    );
    if (isWanted && !isThere) return [`${namespace}/${account} does not refer to ${name}`];
    const isKnown =
      claims.some(({ credential }) => credential.spec.suspend) ||
      isOrphaned(ledger, secret) ||
      // The spec as it was last read wants it; after a start nobody knows of that.
      claims.some(({ identity }) => isUnreadable(standing, identity)) ||
      isUnreadableOnesThatEnds(standing, claims[0]) ||
      holdersIn(ledger, secret).some((each) => isUnreadable(standing, each)) ||
      isLeftOf(standing, claims[0]) ||
      ledger.foreignReferences.get(object.metadata.uid)?.has(name) === true;
    return !isWanted && isThere && !isKnown ? [`${namespace}/${account} still refers to ${name}`] : [];
  });
}

/** Somebody who went without a drain has left a login in it, and what refers to it stays with that. */
export function isOrphaned(ledger: Ledger, secret: ClusterObject): boolean {
  const { past } = ledger;
  const uids = new Set(past.now().credentials.map(({ uid }) => uid));
  return holdersIn(ledger, secret).some((each) => !uids.has(each.split(" ")[2] ?? ""));
}

/**
 * Its tenant has taken the mark off, and it is the tenant's by now: all who had a login in it went without a drain, or whose it is could
 * not be stored by then.
 */
export function isGivenUp(ledger: Ledger, secret: ClusterObject): boolean {
  if (secret.metadata.labels?.[managedByLabel] === undefined && ledger.unrecorded.has(secret.metadata.uid)) return true;
  const uids = new Set(ledger.past.now().credentials.map(({ uid }) => uid));
  const isPresent = (identity: string): boolean => uids.has(identity.split(" ")[2] ?? "");
  return secret.metadata.labels?.[managedByLabel] === undefined && !holdersIn(ledger, secret).some(isPresent);
}

/** Identities of those who have a login in it. */
function holdersIn({ writtenFor }: Ledger, secret: ClusterObject): readonly string[] {
  return [...loginsIn(secret)].flatMap(([key, password]) => writtenFor(secret.metadata.uid, key, password) ?? []);
}
