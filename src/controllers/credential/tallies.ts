// The tallies of all RegistryCredentials, brought up to date when a status is to be told: of one namespace's change only that one is
// looked at again.
import type { RegistryCredential } from "../../api/registry-credential.ts";
import { isSameSpec } from "../../entitlement/last-good-spec.ts";
import { isAnotherIdentity } from "../changes.ts";
import type { Context } from "../context.ts";
import { counted, foundIn } from "./observe.ts";
import type { Tally } from "./tally.ts";

export interface Tallies {
  /** From now on what changes is noted. To be called once, before anything is counted. */
  follow(): void;
  of(credential: RegistryCredential): Promise<Tally>;
  forget(credentialName: string): void;
}

interface Known {
  /** As it was when all were counted. */
  readonly credential: RegistryCredential;
  /** Undefined until all are counted. */
  tally: Tally | undefined;
  /** Namespaces that are to be looked at again. */
  readonly changed: Set<string>;
  /** Of what concerns every namespace. */
  readonly epoch: number;
  /** The removal guard held some. Who is held changes with time, too. */
  readonly held: boolean;
}

// Beside the namespaces that are there: names of those that have gone.
const maxChanged = 1_000;

export function tallies(context: Context): Tallies {
  const { stores } = context.cluster;
  const { index, statusCache } = context.credentials;
  const { signals } = context.queue;
  const known = new Map<string, Known>();
  let epoch = 0;

  const note = (credentials: Iterable<string>, namespace: string): void => {
    for (const name of credentials) {
      const changed = known.get(name)?.changed.add(namespace);
      // Nobody counts it meanwhile, as of one whose deletion lasts: all is counted anew.
      if (changed && changed.size > maxChanged + stores.namespaces.size) known.delete(name);
    }
  };
  const noteConcerned = (name: string): void => {
    const namespace = stores.namespaces.get(name);
    if (namespace) note(index.concerned(namespace), name);
  };
  const everythingChanges = (): void => void (epoch += 1);

  const isStill = (before: Known | undefined, now: RegistryCredential): before is Known & { readonly tally: Tally } => {
    const { credential, tally, held, epoch: begun } = before ?? {};
    if (!credential || !tally || held || begun !== epoch || index.held(now.name)) return false;
    const { uid, creationTimestamp } = credential;
    return uid === now.uid && creationTimestamp.equals(now.creationTimestamp) && isSameSpec(credential, now);
  };
  const countedAnew = async (credential: RegistryCredential): Promise<Tally> => {
    // What changes meanwhile is looked at the next time.
    const held = index.held(credential.name) !== undefined;
    const begun: Known = { credential, tally: undefined, changed: new Set(), epoch, held };
    known.set(credential.name, begun);
    return (begun.tally = await counted(context, credential));
  };
  return {
    follow: () => {
      statusCache.subscribe(({ namespace, credentials }) => {
        note(credentials, namespace);
        noteConcerned(namespace);
      });
      stores.namespaces.subscribe(({ key, before, after }) => {
        // Who had something in one that is gone is known no more.
        if (!after || before?.uid !== after.uid) note(known.keys(), key);
        else for (const each of [before, after]) note(index.concerned(each), key);
      });
      stores.serviceAccounts.subscribe((change) => {
        const account = change.after ?? change.before;
        if (!account || !isAnotherIdentity(change)) return;
        // As one of the operator's own, entries may ask everywhere.
        if (account.namespace === context.settings.namespace) everythingChanges();
        else noteConcerned(account.namespace);
      });
      signals.permissions.subscribe(everythingChanges);
      signals.clockSteps.subscribe(everythingChanges);
    },
    of: async (credential) => {
      const before = known.get(credential.name);
      if (!isStill(before, credential)) return countedAnew(credential);
      const { tally, changed } = before;
      await context.runtime.inSlices([...changed], (name) => {
        changed.delete(name);
        const namespace = stores.namespaces.get(name);
        tally.put(name, namespace ? foundIn(context, credential, namespace) : {});
      });
      return tally;
    },
    forget: (name) => void known.delete(name),
  };
}
