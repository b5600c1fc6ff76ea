// Leader election: carries out what `nextStep` decides, until it is stopped or the lease is lost.
import type { Clock, Random } from "../clock.ts";
import { OperatorError } from "../errors.ts";
import { isNotOlder, olderThan } from "../watch/resource-version.ts";
import { ApiError } from "../client/api-error.ts";
import { heldLease, type LeaseName, type LeaseRecord, releasedLease } from "./lease.ts";
import {
  after,
  type ElectionInput,
  type ElectionState,
  initialState,
  leaseDuration,
  type Loss,
  nextStep,
  renewDeadline,
} from "./lease-state.ts";
import type { Leases } from "./leases.ts";
import { leaseFence, type WriteFence } from "./write-fence.ts";

/** What an onlooker (logs) is told. */
export type ElectionEvent =
  | { readonly kind: "leading"; readonly transitions: number }
  /** Another holds the Lease. */
  | { readonly kind: "following"; readonly holder: string }
  | { readonly kind: "lost"; readonly loss: Loss }
  | { readonly kind: "released" }
  /** The Lease is older than what was known of it, or has been made before that: etcd was restored. */
  | { readonly kind: "wentBack" }
  /** The Lease could not be read or written; it is tried again. */
  | { readonly kind: "failed"; readonly error: unknown };

export interface LeaderElectionOptions {
  readonly leases: Leases;
  readonly lease: LeaseName;
  /** Of this process, and of no other ever. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly observe?: (event: ElectionEvent) => void;
}

export interface LeaderElection {
  start(): void;
  /** The watch has seen the Lease change; `gone` is what it was when it was deleted. */
  seen(change: { readonly now: LeaseRecord } | { readonly gone: LeaseRecord }): void;
  /** Resolves once this replica leads; pends for ever where it never does. */
  readonly led: Promise<void>;
  /** Rejects with an OperatorError when it leads no more, without having released the Lease; pends otherwise. */
  readonly lost: Promise<never>;
  leading(): boolean;
  /** Leading although nothing was heard of the Lease for longer than it lives: something here is stuck. */
  stuck(): boolean;
  /** Lets writes through while this replica is certain to lead. */
  readonly fence: WriteFence;
  /** Stops, and gives the Lease back where it is ours: call it when the guarded work has ended. Never rejects. */
  release(): Promise<void>;
}

// Half of the renew deadline, so that a renewal can be tried twice.
const requestDeadline = 5_000;
// A conflict with our own last renewal, or with somebody's label, is worth another try.
const maxReleases = 3;
const stuckAfter = leaseDuration + 5_000;

export function leaderElection(options: LeaderElectionOptions): LeaderElection {
  return new LeaseElection(options);
}

class LeaseElection implements LeaderElection {
  readonly #leases;
  readonly #lease;
  readonly #identity;
  readonly #clock;
  readonly #random;
  readonly #observe;
  readonly #fence;
  readonly #led = Promise.withResolvers<void>();
  readonly #lost = Promise.withResolvers<never>();
  #state: ElectionState = initialState;
  #current: LeaseRecord | undefined;
  /** The version of the last one, which may be gone. */
  #newest = "";
  #wroteOnce = false;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  readonly led;
  readonly lost;
  readonly fence;

  constructor(options: LeaderElectionOptions) {
    const { leases, lease, identity, clock, random, observe } = options;
    this.#leases = leases;
    this.#lease = lease;
    this.#identity = identity;
    this.#clock = clock;
    this.#random = random;
    this.#observe = observe;
    this.#fence = leaseFence(clock);
    // Nobody may be listening yet, or any more.
    this.#lost.promise.catch(() => undefined);
    this.led = this.#led.promise;
    this.lost = this.#lost.promise;
    this.fence = this.#fence;
  }

  #wake: () => void = () => undefined;

  readonly #take = (input: ElectionInput): void => {
    const before = this.#state;
    this.#state = after(this.#state, input, this.#identity, { at: this.#clock.elapsed(), random: this.#random() });
    if (this.#state.name === "lost") this.#fence.close();
    if (before.name !== "leading" && this.#state.name === "leading") {
      this.#observe?.({ kind: "leading", transitions: this.#current?.object.spec?.leaseTransitions ?? 0 });
      this.#led.resolve();
    }
  };

  readonly #isOlder = (record: LeaseRecord | undefined): boolean =>
    record !== undefined &&
    this.#current !== undefined &&
    olderThan(record.resourceVersion, this.#current.resourceVersion);

  readonly #seen = (record: LeaseRecord | undefined, wentBack = false): void => {
    const holder = record?.view.holder ?? "";
    const isChanged = holder !== "" && holder !== this.#identity && holder !== this.#current?.view.holder;
    this.#current = record;
    if (record) this.#newest = record.resourceVersion;
    this.#take({ kind: "seen", lease: record?.view, wentBack });
    if (isChanged && this.#state.name === "following") this.#observe?.({ kind: "following", holder });
  };

  readonly #read = async (): Promise<void> => {
    const before = this.#current;
    const record = await this.#leases.get(this.#lease, this.#within());
    // A GET tells what is there. Where it is older than what was known before it was sent, etcd has been restored; than what
    // the watch has brought meanwhile, it is late.
    if (!this.#isOlder(record)) this.#seen(record);
    else if (this.#current === before) {
      this.#observe?.({ kind: "wentBack" });
      this.#seen(record, true);
    } else this.#seen(this.#current);
  };

  readonly #failed = (error: unknown): void => {
    if (error instanceof ApiError && denials.has(error.kind)) {
      this.#take({ kind: "refused" });
      return;
    }
    this.#observe?.({ kind: "failed", error });
    this.#take({ kind: "failed" });
  };

  /** While it leads, no call may last longer than the leadership without it. */
  readonly #within = (): Temporal.Duration => {
    const end =
      this.#state.name === "leading" ? this.#state.renewedAt + renewDeadline - this.#clock.elapsed() : requestDeadline;
    return Temporal.Duration.from({ milliseconds: Math.max(Math.floor(Math.min(end, requestDeadline)), 1) });
  };

  readonly #write = async (): Promise<void> => {
    this.#wroteOnce = true;
    const mark = this.#fence.mark();
    const formerVersion = this.#current ? undefined : this.#newest;
    const record = await this.#leases.put(
      this.#lease,
      heldLease(this.#lease, this.#current, this.#identity, this.#clock.now()),
      this.#within(),
    );
    if (this.#state.name === "lost") return;
    if (formerVersion !== undefined && olderThan(record.resourceVersion, formerVersion)) {
      this.#observe?.({ kind: "wentBack" });
    }
    if (
      !this.#current ||
      this.#current.uid !== record.uid ||
      isNotOlder(record.resourceVersion, this.#current.resourceVersion)
    ) {
      this.#current = record;
      this.#newest = record.resourceVersion;
    }
    this.#fence.renewed(mark);
    this.#take({ kind: "written", sentAt: mark.elapsed });
  };

  readonly #wait = async (until: number): Promise<void> => {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    const left = Math.max(Math.ceil(until - this.#clock.elapsed()), 0);
    await this.#clock.sleep(Temporal.Duration.from({ milliseconds: left }), woken.signal).catch(() => undefined);
  };

  readonly #campaign = async (): Promise<void> => {
    while (!this.#stopping.signal.aborted) {
      const step = nextStep(this.#state, this.#clock.elapsed());
      switch (step.kind) {
        case "read":
          await this.#read().catch(this.#failed);
          break;
        case "write":
          await this.#write().catch(this.#failed);
          break;
        case "wait":
          await this.#wait(step.until);
          break;
        case "end":
          this.#fence.close();
          this.#state = { name: "lost", loss: step.loss };
          this.#observe?.({ kind: "lost", loss: step.loss });
          this.#lost.reject(leaseLost(step.loss));
          return;
      }
    }
  };

  readonly #giveBack = async (): Promise<void> => {
    const deadline = Temporal.Duration.from({ milliseconds: requestDeadline });
    for (let attempt = 1; attempt <= maxReleases; attempt += 1) {
      try {
        const record = await this.#leases.get(this.#lease, deadline);
        if (record?.view.holder !== this.#identity) return;
        await this.#leases.put(this.#lease, releasedLease(record, this.#clock.now()), deadline);
        this.#observe?.({ kind: "released" });
        return;
      } catch (error) {
        if (error instanceof ApiError && denials.has(error.kind)) continue;
        this.#observe?.({ kind: "failed", error });
        return;
      }
    }
  };

  readonly start: LeaderElection["start"] = () => {
    this.#running ??= this.#campaign();
  };

  readonly seen: LeaderElection["seen"] = (change) => {
    // The watch and our own calls race: what is older than what we know says nothing.
    if ("now" in change) {
      if (!this.#isOlder(change.now)) this.#seen(change.now);
    }
    // A deletion that we have answered already by making it anew is no news.
    else if (this.#current?.uid === change.gone.uid) this.#seen(undefined);
    this.#wake();
  };

  readonly leading: LeaderElection["leading"] = () => this.#state.name === "leading" && !this.#stopping.signal.aborted;

  readonly stuck: LeaderElection["stuck"] = () =>
    this.#state.name === "leading" && this.#clock.elapsed() - this.#state.renewedAt > stuckAfter;

  readonly release: LeaderElection["release"] = async () => {
    this.#stopping.abort();
    this.#fence.close();
    this.#wake();
    await this.#running;
    if (this.#wroteOnce && this.#state.name !== "lost") await this.#giveBack();
  };
}

/** Another write came first, or the Lease that was to be replaced is gone. */
const denials: ReadonlySet<ApiError["kind"]> = new Set(["conflict", "alreadyExists", "notFound"]);

function leaseLost(loss: Loss): OperatorError {
  const why =
    loss.kind === "expired"
      ? `it could not be renewed within ${renewDeadline / 1000} s`
      : loss.holder === ""
        ? "somebody has emptied it"
        : `${loss.holder} has taken it`;
  return new OperatorError({
    reason: "LeaseLost",
    cause: "Platform",
    retry: "backoff",
    message: `the lease is lost: ${why}; nothing more is written, another replica goes on`,
  });
}
