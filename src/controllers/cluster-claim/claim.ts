// The claim of the cluster: whether this install serves it, or another one, which it must not disturb.
import { failure } from "../../api/reasons.ts";
import type { Cancel, Random } from "../../runtime/clock.ts";
import { OperatorError } from "../../runtime/errors.ts";
import type { LeaseView } from "../../runtime/leader/lease-state.ts";
import type { RegistryCredential } from "../../api/registry-credential.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import { maxLost } from "../lost-races.ts";
import { servingInstall, type ServingInstall } from "./plan.ts";
import type { Context } from "../context.ts";
import { textWithSteps } from "../../runtime/steps.ts";

export interface ClusterClaimOptions extends Pick<Context, "runtime" | "settings" | "cluster"> {
  readonly random: Random;
  /** The Lease by which the install of that namespace elects its leader; undefined where there is none. */
  readonly leaseOf: (namespace: string) => Promise<LeaseView | undefined>;
}

export interface ClusterClaim {
  /** Resolves when this install serves; as long as another does, it looks again and again. Rejects with the signal's reason. */
  claimed(signal: AbortSignal): Promise<void>;
  /** From now on, calls back when another install has taken the cluster over. */
  watch(onLost: (error: OperatorError) => void): Cancel;
  /** Why this install does not serve, for people; undefined where it does, or has not been asked to yet. */
  blocker(): string | undefined;
}

// A second install is somebody's mistake, or waits for the first one's removal: both have time.
const lookEvery = 5_000;
// Who serves already is in no hurry to write that where something refuses it: doubled each time in a row, up to this.
const longestWait = 5 * 60_000;
// Another has changed the object meanwhile: the watch tells of it soon. Doubled each time in a row, up to the above.
const afterConflict = 200;

export function clusterClaim(options: ClusterClaimOptions): ClusterClaim {
  return new ClaimOfInstall(options);
}

class ClaimOfInstall implements ClusterClaim {
  readonly #clock;
  readonly #random;
  readonly #stores;
  readonly #transforms;
  readonly #api;
  readonly #log;
  readonly #callFailure;
  readonly #leaseOf;
  readonly #own;
  readonly #sightings = new Map<string, { readonly sign: string; readonly until: number }>();
  #standsByFor: string | undefined;

  constructor(options: ClusterClaimOptions) {
    const { clock, log } = options.runtime;
    const { stores, transforms, api, callFailure } = options.cluster;
    const { random, settings, leaseOf } = options;
    this.#clock = clock;
    this.#random = random;
    this.#stores = stores;
    this.#transforms = transforms;
    this.#api = api;
    this.#log = log;
    this.#callFailure = callFailure;
    this.#leaseOf = leaseOf;
    this.#own = settings.namespace;
  }

  readonly #serving = (but: ReadonlySet<string> = new Set()): ServingInstall => {
    const readable: RegistryCredential[] = [];
    for (const { credential } of this.#stores.credentials.values()) {
      if (credential && !but.has(credential.uid)) readable.push(credential);
    }
    return servingInstall(readable, this.#own);
  };

  /** Whether an install lives there: its Lease is held, and has been renewed since we first saw it so. */
  readonly #lives = async (namespace: string): Promise<boolean> => {
    const lease = await this.#leaseOf(namespace);
    if (!lease || lease.holder === "") return false;
    const before = this.#sightings.get(namespace);
    if (before?.sign === lease.sign) return this.#clock.elapsed() < before.until;
    this.#sightings.set(namespace, { sign: lease.sign, until: this.#clock.elapsed() + lease.durationMs });
    return true;
  };

  /** Whether it can be claimed at all: an older CRD has no field for it, and is no reason to serve nobody. */
  readonly #take = async ({ name, resourceVersion }: RegistryCredential, signal?: AbortSignal): Promise<boolean> => {
    const patch = { metadata: { resourceVersion }, status: { operatorNamespace: this.#own } };
    const written = this.#transforms.credential(await this.#api.patchCredentialStatus(name, patch, signal));
    if (written) this.#stores.credentials.wrote(written);
    return written?.credential?.status?.operatorNamespace === this.#own;
  };

  readonly #pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
    this.#clock.sleep(
      Temporal.Duration.from({ milliseconds: Math.round(milliseconds * (1 + this.#random() / 2)) }),
      signal,
    );

  readonly #standBy = (namespace: string): void => {
    if (this.#standsByFor !== namespace) this.#log.warn("another install serves this cluster", { namespace });
    this.#standsByFor = namespace;
  };

  readonly blocker: ClusterClaim["blocker"] = () =>
    this.#standsByFor === undefined
      ? undefined
      : `another install of regcred serves this cluster, in namespace ${this.#standsByFor}: remove one of the two`;

  readonly claimed: ClusterClaim["claimed"] = async (signal) => {
    // By uid: whose status a policy does not let be written, or somebody else writes whenever we are about to. It holds up nobody
    // else: the next one is claimed.
    let refused: readonly string[] = [];
    const conflicts = new Map<string, number>();
    for (;;) {
      const verdict = this.#serving(new Set(refused));
      let wait = lookEvery;
      let taken: RegistryCredential | undefined;
      try {
        if (verdict.kind === "ours" || (verdict.kind === "nobody" && refused.length === 0)) break;
        if (verdict.kind === "nobody") refused = [];
        else if (verdict.kind === "theirs" && (await this.#lives(verdict.namespace))) this.#standBy(verdict.namespace);
        else {
          taken = verdict.anchor;
          if (await this.#take(taken, signal)) continue;
          break;
        }
      } catch (error) {
        signal.throwIfAborted();
        const { kind, failure } = this.#callFailure(error, "see which install serves this cluster");
        const isLate = kind === "conflict" || kind === "notFound";
        if (!isLate) this.#log.warn("cluster not claimed", { reason: failure.reason, detail: textWithSteps(failure) });
        const races = isLate && taken ? (conflicts.get(taken.uid) ?? 0) + 1 : 0;
        if (taken) conflicts.set(taken.uid, races);
        if (taken && (failure.retry === "slowly" || races >= maxLost)) {
          refused = [...refused, taken.uid];
          continue;
        }
        if (races > 0) wait = Math.min(afterConflict * 2 ** (races - 1), lookEvery);
      }
      await this.#pause(wait, signal);
    }
    this.#standsByFor = undefined;
  };

  readonly watch: ClusterClaim["watch"] = (onLost) => {
    const look = async (): Promise<void> => {
      const verdict = this.#serving();
      if (verdict.kind !== "theirs") return;
      if (await this.#lives(verdict.namespace)) onLost(lost(verdict.namespace));
      else await this.#take(verdict.anchor);
    };
    let ended = false;
    let failures = 0;
    let forgetNext: Cancel = () => undefined;
    const looked = (): void => void (failures = 0);
    const notLooked = (error: unknown): void => {
      this.#log.debug("claim not looked at", { detail: textWithSteps(this.#callFailure(error, "").failure) });
      forgetNext();
      const wait = Math.min(lookEvery * 2 ** failures, longestWait) * (1 + this.#random() / 2);
      failures += 1;
      // What could not be read or written is looked at again, whether or not anything changes.
      const after = Temporal.Duration.from({ milliseconds: Math.round(wait) });
      if (!ended) forgetNext = this.#clock.schedule(after, lookNow);
    };
    const lookNow = (): void => {
      forgetNext();
      look().then(looked, notLooked);
    };
    const unsubscribe = this.#stores.credentials.subscribe(({ before, after }) => {
      if (claimOf(before) !== claimOf(after)) lookNow();
    });
    return () => {
      ended = true;
      unsubscribe();
      forgetNext();
    };
  };
}

/** What a RegistryCredential says of who serves: all that a verdict goes by. */
function claimOf(record: CredentialRecord | undefined): string {
  const { credential } = record ?? {};
  return credential ? `${credential.uid} ${credential.status?.operatorNamespace ?? ""}` : "";
}

function lost(namespace: string): OperatorError {
  return new OperatorError(
    failure("AnotherInstall", {
      message: `another install of regcred has taken this cluster over, in namespace ${namespace}: remove one of the two`,
    }),
  );
}
