// Former names of a pull Secret that are still to be reported, and when the next grace is over.
import type { RegistryCredential, Retiring } from "../../api/registry-credential.ts";
import { secretKey } from "../keys.ts";
import { type Retired, retiringStatus } from "../../entitlement/rename-grace.ts";
import type { Context } from "../context.ts";
import { isKeptByTenant } from "../pull-secret/report.ts";
import { holderOf } from "./left-behind.ts";

// As a deletion does not wait for longer either: for what any tenant may have written, or keeps from being taken away.
const patience = Temporal.Duration.from({ seconds: 10 });

const lookAgain = 1_000;

export interface RenameGrace {
  readonly retiring: Retiring[];
  /** Milliseconds until one is over, or no longer waited for. */
  readonly nextGraceEnd: number | undefined;
}

export async function renameGraceOf(context: Context, credential: RegistryCredential): Promise<RenameGrace> {
  const { credentialIndex, clock } = context;
  const retired = credentialIndex.namesOf(credential.name);
  const left = new Set<string>();
  for (const each of retired) {
    if (each.over && (await isLeft(context, credential, each))) left.add(each.secretName);
  }
  const waits = retired.filter(({ over }) => !over).map(({ until }) => until.since(clock.now()).total("milliseconds"));
  if (left.size > 0) waits.push(patience.total("milliseconds"));
  return {
    retiring: retiringStatus(retired, (secretName) => left.has(secretName)),
    nextGraceEnd: waits.length > 0 ? Math.max(Math.min(...waits), lookAgain) : undefined,
  };
}

/** Something of the credential is left under the name, and worth waiting for. All of it is queued again. */
async function isLeft(
  context: Context,
  credential: RegistryCredential,
  { secretName, until }: Retired,
): Promise<boolean> {
  const { clock, inSlices, enqueue, credentialIndex, namesSynced, stores } = context;
  if (!namesSynced(secretName)) return true;
  const holds = holderOf(context, credential);
  const isRecent = Temporal.Instant.compare(clock.now(), until.add(patience)) < 0;
  let isWaitedFor = false;
  await inSlices(credentialIndex.mayHold(credential.name), (name) => {
    const namespace = stores.namespaces.get(name);
    const secret = stores.pullSecrets.look(`${name}/${secretName}`);
    if (!namespace || secret.kind === "absent") return;
    if (secret.kind !== "there") {
      // One that may not be seen may be there.
      isWaitedFor = true;
      return;
    }
    const isHolder = holds(namespace, secretName);
    if (!isHolder && !secret.record.credentials.includes(credential.name)) return;
    enqueue(secretKey(name, secretName), { lane: "bulk", flow: credential.name });
    if (isRecent || (isHolder && !isGivenUp(context, credential, name, secretName))) isWaitedFor = true;
  });
  return isWaitedFor;
}

/** Its tenant has kept it for long enough. */
function isGivenUp(
  { statusCache, clock, stores }: Context,
  credential: RegistryCredential,
  namespace: string,
  secretName: string,
): boolean {
  if (!isKeptByTenant({ statusCache, stores }, credential, namespace, [secretName])) return false;
  const failures = statusCache.secret(namespace, secretName)?.credentials.get(credential.name)?.failures ?? [];
  return failures.every((failure) => {
    const { since } = statusCache.lasting(namespace, failure);
    return Temporal.Instant.compare(since.add(patience), clock.now()) <= 0;
  });
}
