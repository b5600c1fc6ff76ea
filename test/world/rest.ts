// What must hold when everything has come to rest: nothing more is done, by itself, on being asked again, or by a fresh start.
import { createHash } from "node:crypto";
import { credentialKey, membersKey, referencesKey, secretKey, tokenKey } from "../../src/controllers/keys.ts";
import type { ClusterObject, SecretObject } from "../../src/cluster/cluster-api.ts";
import { membersPartOf, rowsFromData } from "../../src/cluster/member-rows.ts";
import type { RegistryCredential, Status } from "../../src/api/registry-credential.ts";
import { grantKeys } from "../../src/providers/grant-keys.ts";
import { tokenSecretName } from "../../src/grants/grant-tracker.ts";
import { isFormerName } from "./former-names.ts";
import type { Incarnation } from "./incarnation.ts";
import { isSystems } from "./ledger.ts";
import { loginsIn } from "./logins.ts";
import { isGivenUp, misgivings } from "./oracle.ts";
import { mend } from "./play.ts";
import { isMadeForEntry, isReadable } from "./truth.ts";
import { secretNames, systemNamespaces } from "./words.ts";
import type { World } from "./world.ts";

// What somebody must mend is looked at every five minutes, a fifth more or less; a token that nobody needs goes after ten, one by
// which somebody lives ten after its end, which of a short life is within ten.
const settling = 25 * 60_000;
// So long is a token kept that nobody needs, and is remembered what was drained.
const forgetting = 25 * 60_000;
const starting = 30_000;
// A status waits a second for more.
const telling = 5_000;
// Of what is done when a time is over.
const lateness = 60_000;

export async function rest(world: World): Promise<void> {
  mend(world);
  world.spare();
  world.cloud.life = 12 * 60;
  await world.pass(settling);
  for (const each of misgivings(world, () => false)) world.ledger.complain(`at rest: ${each}`);
  await quiet(world, "asked again", () => askAgain(world.operator()));
  const startAfresh = async (): Promise<void> => world.crown(world.standBy(world.home));
  const unreadable = world.server.list("registrycredentials").filter((each) => !isReadable(each));
  // Nobody who begins knows what one was that cannot be read; whom it has nothing in common with has nothing to do with that.
  if (unreadable.length > 0) await quiet(world, "started beside one that cannot be read", startAfresh, unreadable);
  await quiet(world, "started afresh", startAfresh);
  await world.pass(forgetting);
  for (const each of [...misgivings(world, () => false), ...leftovers(world)])
    world.ledger.complain(`at last: ${each}`);
  const stopped = world.operator().stop();
  await world.pass(1_000);
  await stopped;
  const timers = world.operator().timers();
  if (timers > 0) world.ledger.complain(`at last: ${timers} timers are left`);
}

/**
 * Nothing is written; where a token has come due meanwhile, or just before, nothing is said.
 * @param excusing RegistryCredentials for whose sake something may be written, to them and in Secrets of their names
 */
async function quiet(
  world: World,
  what: string,
  how: () => Promise<void>,
  excusing: readonly ClusterObject[] = [],
): Promise<void> {
  const minted = world.cloud.minted.size;
  const isBeingTold = mintedSince(world, world.clock.elapsed() - telling);
  const before = world.writes().length;
  const takes = excusing.length > 0 ? settling : starting;
  // As they are now: a name that ends meanwhile is none of theirs afterwards.
  const isExcused = excusedBy(world, [...excusing, ...endingWithin(world, takes)]);
  let isOver = false;
  const over = how().then(() => (isOver = true));
  await world.pass(takes);
  if (!isOver) world.ledger.complain(`${what}, it did not come to an end`);
  else await over;
  if (world.cloud.minted.size > minted || isBeingTold) return;
  for (const each of world.writes().slice(before)) {
    if (!isExcused(each)) world.ledger.complain(`${what}, it wrote: ${each}`);
  }
}

/** A cloud has minted then: of a Secret's logins nothing changes that a status tells. */
function mintedSince({ cloud }: World, time: number): boolean {
  return [...cloud.minted.values()].some(({ mintedAt, expiresAt }) => mintedAt > time && expiresAt < Infinity);
}

/** RegistryCredentials that give up a former name meanwhile: an hour after they have left it, whatever else happens. */
function endingWithin({ server, clock }: World, milliseconds: number): readonly ClusterObject[] {
  const [from, to] = [clock.now().subtract({ milliseconds: lateness }), clock.now().add({ milliseconds })];
  return server.list("registrycredentials").filter((each) =>
    (each as { readonly status?: Status }).status?.retiring?.some(({ until }) => {
      const end = Temporal.Instant.from(until);
      return Temporal.Instant.compare(from, end) < 0 && Temporal.Instant.compare(end, to) < 0;
    }),
  );
}

/** The writes that may be made for the sake of these. */
function excusedBy({ server }: World, theirs: readonly ClusterObject[]): (write: string) => boolean {
  if (theirs.length === 0) return () => false;
  const secretNamesOfTheirs = new Set(theirs.flatMap(namesOf));
  const sharing = server
    .list("registrycredentials")
    .filter((each) => namesOf(each).some((name) => secretNamesOfTheirs.has(name)));
  return (write) => {
    const [, resource = "", place = ""] = write.split(" ");
    const [namespace, name = ""] = place.split("/");
    if (resource.startsWith("registrycredentials")) return sharing.some(({ metadata }) => metadata.name === name);
    // Of tokens and of the record it is not said whose they are; of references, to which Secret.
    return resource !== "secrets" || isSystems(namespace) || secretNamesOfTheirs.has(name);
  };
}

/** Of its pull Secret, those that it has left included. */
function namesOf(credential: ClusterObject): readonly string[] {
  const { spec, status } = credential as unknown as Pick<RegistryCredential, "spec" | "status">;
  return [
    spec.pullSecret.name,
    status?.secretName ?? [],
    (status?.retiring ?? []).map((each) => each.secretName),
  ].flat();
}

/** Runs every key of every controller once more. */
async function askAgain({ parts: { context, run } }: Incarnation): Promise<void> {
  const { stores } = context.cluster;
  const { index: credentialIndex } = context.credentials;
  const { tokens } = context.grants;
  const names = [...new Set([...secretNames, ...credentialIndex.names()])];
  const keys = [
    ...[...tokens.wanted()].map(([grantKey]) => tokenKey(grantKey)),
    ...[...stores.namespaces.values()].flatMap(({ name }) => [
      ...names.map((each) => secretKey(name, each)),
      referencesKey(name),
    ]),
    ...[...stores.credentials.values()].flatMap(({ name, uid }) => [credentialKey(name), membersKey(uid)]),
  ];
  for (const key of keys) await run(key, new AbortController().signal);
}

/** As src/providers/grant-keys.ts makes them. */
function shortened(grantKey: string): string {
  return createHash("sha256").update(grantKey).digest("hex").slice(0, 32);
}

/** What is there of what has gone. */
function leftovers(world: World): readonly string[] {
  const { server, ledger, home, operator, cloud } = world;
  const truth = ledger.past.now();
  const shortKey = grantKeys();
  const wanted = new Set(truth.claims.flatMap(({ grant }) => (grant ? [tokenSecretName(shortKey(grant))] : [])));
  const uids = new Set(server.list("registrycredentials").map(({ metadata }) => metadata.uid));
  const isKept = ({ name, spec, deletionTimestamp }: RegistryCredential): boolean =>
    spec.suspend ||
    deletionTimestamp !== undefined ||
    !isReadable(server.get({ resource: "registrycredentials", name }));
  const isLeftBy = (identity: string): boolean => {
    const holder = truth.credentials.find(({ uid }) => uid === identity.split(" ")[2]);
    return holder === undefined || isKept(holder) || isFormerName(ledger, identity);
  };
  // What stands with a tenant that is still to have it is remembered, whatever its grant is by now.
  for (const secret of server.list("secrets")) {
    const { namespace, uid } = secret.metadata;
    for (const [key, password] of loginsIn(secret)) {
      const identity = ledger.writtenFor(uid, key, password) ?? "";
      const mint = cloud.minted.get(password);
      // Who had the same login beside the one for whom it was written has it still.
      const holders = [identity, ...ledger.past.withGrant(mint?.grantKey ?? "", 0)];
      const isWanted =
        truth.claims.some(
          (claim) => claim.namespace.name === namespace && holders.some((each) => isMadeForEntry(claim, each)),
        ) || isFormerName(ledger, identity);
      if (!isWanted || !mint) continue;
      // An install that moved has copied its sources, and has the login by the one that is here.
      for (const each of systemNamespaces) wanted.add(tokenSecretName(shortened(mint.grantKey.replace(home, each))));
    }
  }
  const found: string[] = [];
  const wantedByAny = new Set([...truth.identities].map(withoutEntry));
  // Of one that cannot be read it is not known which tokens it needs.
  const areAllRead = server.list("registrycredentials").every(isReadable);
  // What was left of a Secret name that is nobody's any more can be seen by nobody, and where one is suspended nobody looks.
  const watched = new Set<string>(truth.credentials.map(({ spec }) => spec.pullSecret.name));
  const isSeen = ({ data = {} }: Partial<SecretObject>): boolean =>
    Object.keys(data).every((each) => watched.has(each)) && !truth.credentials.some(({ spec }) => spec.suspend);
  for (const secret of server.list("secrets")) {
    const { namespace = "", name, uid } = secret.metadata;
    if (namespace === home) {
      if (name.startsWith("regcred-token-") && !wanted.has(name) && areAllRead) found.push(`the token Secret ${name}`);
      const recorded = membersPartOf(name)?.credentialUid;
      const isLeft = recorded !== undefined && !uids.has(recorded) && !isKeptBySecrets(world, recorded, secret);
      if (isLeft && isSeen(secret)) found.push(`the record ${name}`);
      continue;
    }
    if ((systemNamespaces as readonly string[]).includes(namespace) || isGivenUp(ledger, secret)) continue;
    for (const [key, password] of loginsIn(secret)) {
      const identity = ledger.writtenFor(uid, key, password);
      const [, , credentialUid = ""] = identity?.split(" ") ?? [];
      const credential = truth.credentials.find((each) => each.uid === credentialUid);
      // Of one that has gone it stays where it was to be retained, or where nobody could drain it.
      if (!credential || identity === undefined || isKept(credential)) continue;
      // The same login may be another entry's by now, or another RegistryCredential's.
      const isGranted = truth.of(namespace, name).some(({ host, grantKey }) => {
        return host === key && grantKey !== undefined && grantKey === cloud.minted.get(password)?.grantKey;
      });
      if (wantedByAny.has(withoutEntry(identity)) || isGranted) continue;
      // Of several who had the same login there, the Secret does not say whose it is: of who is gone it stays, or is kept, or it
      // has a former name here that it keeps for a while.
      const holders = holdersThere(world, identity, password);
      if (holders.some(isLeftBy)) continue;
      // Or it has passed to another one, who keeps it until its entry has another.
      const had = [identity, ...ledger.past.withGrant(cloud.minted.get(password)?.grantKey ?? "", 0)];
      if (truth.of(namespace, name).some((claim) => had.some((each) => isMadeForEntry(claim, each)))) continue;
      if (isFormerName(ledger, identity)) continue;
      found.push(`${key} of ${credential.name}, which does not want it there, in ${namespace}/${name}`);
    }
  }
  for (const raw of server.list("registrycredentials")) {
    const { name, deletionTimestamp } = raw.metadata;
    if (deletionTimestamp !== undefined && !saysWhyItStays(raw)) found.push(`${name}, whose deletion has no end`);
  }
  const {
    grants: { tokens },
  } = operator().parts.context;
  for (const [grantKey] of tokens.wanted()) {
    if (!wanted.has(tokenSecretName(grantKey)) && areAllRead) found.push(`an attempt at the grant ${grantKey}`);
  }
  return found;
}

/** Who went without a drain is remembered as long as a Secret is there in which it had a part, whatever its tenant has made of it. */
function isKeptBySecrets(world: World, credentialUid: string, { data = {} }: Partial<SecretObject>): boolean {
  const present = new Set(world.server.list("secrets").map(({ metadata }) => metadata.uid));
  return !world.ledger.drainedUids.has(credentialUid) && rowsFromData(data).some((row) => present.has(row.secretUid));
}

/** Those who have ever had the same login for the same host in the same Secret. */
function holdersThere({ ledger: { past }, cloud }: World, identity: string, password: string): readonly string[] {
  const { grantKey } = cloud.minted.get(password) ?? {};
  const [namespace, secretName, , , host] = identity.split(" ");
  return past.withGrant(grantKey ?? "", 0).filter((each) => {
    const [ofNamespace, ofSecret, , , ofHost] = each.split(" ");
    return ofNamespace === namespace && ofSecret === secretName && ofHost === host;
  });
}

/** What cannot be read has to be mended before it can be taken from tenants. */
function saysWhyItStays(raw: ClusterObject): boolean {
  const { status = {} } = raw as { readonly status?: Status };
  const isReported = status.conditions?.some(({ reason }) => reason === "InvalidSpec") === true;
  return isReported && !isReadable(raw);
}

/** Namespace, Secret, RegistryCredential and host. */
function withoutEntry(identity: string): string {
  return identity.split(" ").toSpliced(3, 1).join(" ");
}
