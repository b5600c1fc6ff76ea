// Leader election: carries out what `nextStep` decides, until it is stopped or the lease is lost.
import type { Clock, Random } from "../clock.ts";
import { OperatorError } from "../errors.ts";
import { atLeast, olderThan } from "../watch/resource-version.ts";
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
  const { leases, lease, identity, clock, random, observe } = options;
  const fence = leaseFence(clock);
  const led = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<never>();
  // Nobody may be listening yet, or any more.
  lost.promise.catch(() => undefined);
  let state: ElectionState = initialState;
  let current: LeaseRecord | undefined;
  let wroteOnce = false;
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  let wake: () => void = () => undefined;

  const take = (input: ElectionInput): void => {
    const before = state;
    state = after(state, input, identity, { at: clock.elapsed(), random: random() });
    if (state.name === "lost") fence.close();
    if (before.name !== "leading" && state.name === "leading") {
      observe?.({ kind: "leading", transitions: current?.object.spec?.leaseTransitions ?? 0 });
      led.resolve();
    }
  };

  const isOlder = (record: LeaseRecord | undefined): boolean =>
    record !== undefined && current !== undefined && olderThan(record.resourceVersion, current.resourceVersion);

  const seen = (record: LeaseRecord | undefined, wentBack = false): void => {
    const holder = record?.view.holder ?? "";
    const isNews = holder !== "" && holder !== identity && holder !== current?.view.holder;
    current = record;
    take({ kind: "seen", lease: record?.view, wentBack });
    if (isNews && state.name === "following") observe?.({ kind: "following", holder });
  };

  const read = async (): Promise<void> => {
    const before = current;
    const record = await leases.get(lease, within());
    // A GET tells what is there. Where it is older than what was known before it was sent, etcd has been restored; than what
    // the watch has brought meanwhile, it is late.
    if (!isOlder(record)) seen(record);
    else if (current === before) seen(record, true);
    else seen(current);
  };

  const failed = (error: unknown): void => {
    if (error instanceof ApiError && refusals.has(error.kind)) {
      take({ kind: "refused" });
      return;
    }
    observe?.({ kind: "failed", error });
    take({ kind: "failed" });
  };

  /** While it leads, no call may last longer than the leadership without it. */
  const within = (): Temporal.Duration => {
    const end = state.name === "leading" ? state.renewedAt + renewDeadline - clock.elapsed() : requestDeadline;
    return Temporal.Duration.from({ milliseconds: Math.max(Math.floor(Math.min(end, requestDeadline)), 1) });
  };

  const write = async (): Promise<void> => {
    wroteOnce = true;
    const mark = fence.mark();
    const record = await leases.put(lease, heldLease(lease, current, identity, clock.now()), within());
    if (state.name === "lost") return;
    if (!current || current.uid !== record.uid || atLeast(record.resourceVersion, current.resourceVersion))
      current = record;
    fence.renewed(mark);
    take({ kind: "written", sentAt: mark.elapsed });
  };

  const wait = async (until: number): Promise<void> => {
    const woken = new AbortController();
    wake = () => woken.abort();
    const left = Math.max(Math.ceil(until - clock.elapsed()), 0);
    await clock.sleep(Temporal.Duration.from({ milliseconds: left }), woken.signal).catch(() => undefined);
  };

  const campaign = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const step = nextStep(state, clock.elapsed());
      switch (step.kind) {
        case "read":
          await read().catch(failed);
          break;
        case "write":
          await write().catch(failed);
          break;
        case "wait":
          await wait(step.until);
          break;
        case "end":
          fence.close();
          state = { name: "lost", loss: step.loss };
          observe?.({ kind: "lost", loss: step.loss });
          lost.reject(leaseLost(step.loss));
          return;
      }
    }
  };

  const giveBack = async (): Promise<void> => {
    const deadline = Temporal.Duration.from({ milliseconds: requestDeadline });
    for (let attempt = 1; attempt <= maxReleases; attempt += 1) {
      try {
        const record = await leases.get(lease, deadline);
        if (record?.view.holder !== identity) return;
        await leases.put(lease, releasedLease(record, clock.now()), deadline);
        observe?.({ kind: "released" });
        return;
      } catch (error) {
        if (error instanceof ApiError && refusals.has(error.kind)) continue;
        observe?.({ kind: "failed", error });
        return;
      }
    }
  };

  return {
    start: () => {
      running ??= campaign();
    },
    seen: (change) => {
      // The watch and our own calls race: what is older than what we know says nothing.
      if ("now" in change) {
        if (!isOlder(change.now)) seen(change.now);
      }
      // A deletion that we have answered already by making it anew is no news.
      else if (current?.uid === change.gone.uid) seen(undefined);
      wake();
    },
    led: led.promise,
    lost: lost.promise,
    leading: () => state.name === "leading" && !stopping.signal.aborted,
    stuck: () => state.name === "leading" && clock.elapsed() - state.renewedAt > stuckAfter,
    fence,
    release: async () => {
      stopping.abort();
      fence.close();
      wake();
      await running;
      if (wroteOnce && state.name !== "lost") await giveBack();
    },
  };
}

/** Another write came first, or the Lease that was to be replaced is gone. */
const refusals: ReadonlySet<ApiError["kind"]> = new Set(["conflict", "alreadyExists", "notFound"]);

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
