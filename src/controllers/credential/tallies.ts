// The tallies of all RegistryCredentials, brought up to date when a status is to be told: of one namespace's change only that one is
// looked at again.
import type { RegistryCredential } from "../../api/registry-credential.ts";
import { isSameSpec } from "../../entitlement/last-good-spec.ts";
import { MultiMap } from "../../runtime/multi-map.ts";
import { isAnotherIdentity } from "../changes.ts";
import type { Context } from "../context.ts";
import { type Counted, counted, emptyTally, formerNames, foundIn } from "./observe.ts";
import type { Tally } from "./tally.ts";

export interface Tallies {
  /** From now on what changes is noted. To be called once, before anything is counted. */
  follow(): void;
  of(credential: RegistryCredential): Promise<Counted>;
  forget(credentialName: string): void;
}

interface Known {
  /** As it was when all were counted. */
  readonly credential: RegistryCredential;
  readonly tally: Tally;
  /** All are counted. */
  complete: boolean;
  /** Namespaces that are to be looked at again. */
  readonly changed: Set<string>;
  /** Grants, likewise. */
  readonly changedGrants: Set<string>;
  /** Names that it had, and has to leave by now: see `formerNames`. */
  readonly formers: string;
  /** Of what concerns every namespace. */
  readonly epoch: number;
  /** The removal guard held some. Who is held changes with time, too. */
  readonly held: boolean;
}

// Beside the namespaces that are there: names of those that have gone.
const maxChanged = 1_000;

export function tallies(context: Context): Tallies {
  return new KeptTallies(context);
}

class KeptTallies implements Tallies {
  readonly #context;
  readonly #known = new Map<string, Known>();
  /** By grant: the RegistryCredentials whose tallies have it. */
  readonly #having = new MultiMap<string, string>();
  #epoch = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  readonly #note = (credentials: Iterable<string>, namespace: string): void => {
    for (const name of credentials) {
      const changed = this.#known.get(name)?.changed.add(namespace);
      // Nobody counts it meanwhile, as of one whose deletion lasts: all is counted anew.
      if (changed && changed.size > maxChanged + this.#context.cluster.stores.namespaces.size) this.forget(name);
    }
  };

  readonly #noteConcerned = (name: string): void => {
    const namespace = this.#context.cluster.stores.namespaces.get(name);
    if (namespace) this.#note(this.#context.credentials.index.concerned(namespace), name);
  };

  readonly #noteGrant = (key: string | undefined): void => {
    if (key === undefined) return;
    for (const name of this.#having.of(key)) this.#known.get(name)?.changedGrants.add(key);
  };

  readonly #everythingChanges = (): void => void (this.#epoch += 1);

  readonly #formersOf = (credential: RegistryCredential): string => formerNames(this.#context, credential).join();

  readonly #isStill = (before: Known | undefined, now: RegistryCredential): before is Known => {
    if (!before?.complete || before.held || before.epoch !== this.#epoch) return false;
    if (this.#context.credentials.index.held(now.name)) return false;
    const { credential, formers } = before;
    const { uid, creationTimestamp } = credential;
    const isSame = uid === now.uid && creationTimestamp.equals(now.creationTimestamp) && isSameSpec(credential, now);
    return isSame && formers === this.#formersOf(now);
  };

  readonly #countedAnew = async (credential: RegistryCredential): Promise<Counted> => {
    const { name } = credential;
    this.forget(name);
    // What changes meanwhile is looked at the next time.
    const begun: Known = {
      credential,
      tally: emptyTally(this.#context, {
        onGrant: (key, isHad) => {
          if (this.#known.get(name) !== begun) return;
          if (isHad) this.#having.add(key, name);
          else this.#having.delete(key, name);
        },
      }),
      complete: false,
      changed: new Set(),
      changedGrants: new Set(),
      epoch: this.#epoch,
      held: this.#context.credentials.index.held(name) !== undefined,
      formers: this.#formersOf(credential),
    };
    this.#known.set(name, begun);
    const all = await counted(this.#context, credential, begun.tally);
    begun.complete = true;
    return all;
  };

  readonly follow: Tallies["follow"] = () => {
    const { stores } = this.#context.cluster;
    const { index, statusCache } = this.#context.credentials;
    const { signals } = this.#context.queue;
    statusCache.subscribe(({ namespace, credentials }) => {
      this.#note(credentials, namespace);
      this.#noteConcerned(namespace);
    });
    stores.namespaces.subscribe(({ key, before, after }) => {
      // Of whom something was found in one that is gone is told when that is forgotten.
      for (const each of [before, after]) if (each) this.#note(index.concerned(each), key);
    });
    stores.operatorSecrets.subscribe(({ before, after }) => {
      for (const record of [before, after]) if (record?.kind === "token") this.#noteGrant(record.token?.grantKey);
    });
    this.#context.grants.tokens.subscribe(this.#noteGrant);
    stores.serviceAccounts.subscribe((change) => {
      const account = change.after ?? change.before;
      if (!account || !isAnotherIdentity(change)) return;
      // As one of the operator's own, entries may ask everywhere.
      if (account.namespace === this.#context.settings.namespace) this.#everythingChanges();
      else this.#noteConcerned(account.namespace);
    });
    signals.permissions.subscribe(this.#everythingChanges);
    signals.clockSteps.subscribe(this.#everythingChanges);
  };

  readonly of: Tallies["of"] = async (credential) => {
    const before = this.#known.get(credential.name);
    if (!this.#isStill(before, credential)) return this.#countedAnew(credential);
    const { tally, changed, changedGrants } = before;
    const { namespaces } = this.#context.cluster.stores;
    const again = [...changed];
    await this.#context.runtime.inSlices(again, (name) => {
      changed.delete(name);
      const namespace = namespaces.get(name);
      tally.put(name, namespace ? foundIn(this.#context, credential, namespace) : {});
    });
    for (const key of changedGrants) tally.grantChanged(key);
    changedGrants.clear();
    return { tally, looked: again.length };
  };

  readonly forget: Tallies["forget"] = (name) => {
    for (const key of this.#known.get(name)?.tally.grants() ?? []) this.#having.delete(key, name);
    this.#known.delete(name);
  };
}
