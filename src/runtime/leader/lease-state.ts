// The state machine of leader election: decides about the Lease by what was seen of it, on our own monotonic clock, in milliseconds. (pure)

// The rules and numbers of client-go: https://github.com/kubernetes/client-go/blob/master/tools/leaderelection/leaderelection.go
/** A holder is believed for so long after its last sign of life, and others wait for as long. */
export const leaseDuration = 15_000;
/** Who could not renew for so long leads no more; well before anybody else may lead. */
export const renewDeadline = 10_000;
/** The leader renews after this time. */
const retryPeriod = 2_000;
// client-go jitters its tries by this factor.
const jitterFactor = 1.2;
// A renewal that failed is tried again sooner, because the deadline comes near.
const renewAgain = 500;
// Another has written first. It will be seen at once, so this only keeps an API server whose word does not hold (a broken one,
// or one whose etcd was restored) from being asked in a loop.
const afterDenial = 100;
// The watch tells of every change. Should it be deaf, the follower hears of a release this way.
const lookPeriod = 10_000;

/** A Lease as far as the election goes. */
export interface LeaseView {
  /** Empty: nobody's. */
  readonly holder: string;
  readonly durationMs: number;
  /** Changes with each sign of life of a holder, and with nothing else. */
  readonly sign: string;
}

export type ElectionState =
  | {
      readonly name: "following";
      /** Whether the Lease is as we last saw it. False before the first look, and after a write whose fate is unknown. */
      readonly sure: boolean;
      readonly sign: string | undefined;
      /** Until when what we have seen of another holder binds us, also where the Lease has been deleted since. */
      readonly boundUntil: number;
      /** Nothing is tried before. */
      readonly notBefore: number;
      readonly lookAt: number;
    }
  | {
      readonly name: "leading";
      readonly sure: boolean;
      /** When the last renewal that was acknowledged had been sent. */
      readonly renewedAt: number;
      readonly nextAt: number;
    }
  | { readonly name: "lost"; readonly loss: Loss };

export type Loss =
  /** Somebody else's name, or none, stands in the Lease. */
  | { readonly kind: "taken"; readonly holder: string }
  /** It could not be renewed in time. */
  | { readonly kind: "expired" };

export type ElectionInput =
  /**
   * The Lease as it was read or watched; undefined where it is absent. `wentBack`: it is older than what was known of it, as
   * after a restore of etcd, so it tells nothing of who has led since.
   */
  | { readonly kind: "seen"; readonly lease: LeaseView | undefined; readonly wentBack?: boolean }
  /** Our write was acknowledged; it had been sent then. */
  | { readonly kind: "written"; readonly sentAt: number }
  /** Our write was refused: another came first. */
  | { readonly kind: "refused" }
  /** No answer to a read or a write, which may have been carried out or not. */
  | { readonly kind: "failed" };

export type ElectionStep =
  | { readonly kind: "read" }
  /** Take the Lease, or renew it. */
  | { readonly kind: "write" }
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "end"; readonly loss: Loss };

export interface Moment {
  readonly at: number;
  /** A fraction in [0, 1). */
  readonly random: number;
}

export const initialState: ElectionState = {
  name: "following",
  sure: false,
  sign: undefined,
  boundUntil: 0,
  notBefore: 0,
  lookAt: 0,
};

export function nextStep(state: ElectionState, at: number): ElectionStep {
  switch (state.name) {
    case "lost":
      return { kind: "end", loss: state.loss };
    case "leading": {
      const { sure, renewedAt, nextAt } = state;
      if (at >= renewedAt + renewDeadline) return { kind: "end", loss: { kind: "expired" } };
      if (at < nextAt) return { kind: "wait", until: Math.min(nextAt, renewedAt + renewDeadline) };
      return sure ? { kind: "write" } : { kind: "read" };
    }
    case "following": {
      const { sure, boundUntil, notBefore, lookAt } = state;
      if (at < notBefore) return { kind: "wait", until: notBefore };
      if (!sure) return { kind: "read" };
      if (at >= boundUntil) return { kind: "write" };
      if (at >= lookAt) return { kind: "read" };
      return { kind: "wait", until: Math.min(boundUntil, lookAt) };
    }
  }
}

/** @param identity ours, which no other process ever had or will have. */
export function after(state: ElectionState, input: ElectionInput, identity: string, moment: Moment): ElectionState {
  switch (state.name) {
    case "lost":
      return state;
    case "leading":
      return whileLeading(state, input, identity, moment);
    case "following":
      return whileFollowing(state, input, identity, moment);
  }
}

function whileLeading(
  state: ElectionState & { readonly name: "leading" },
  input: ElectionInput,
  identity: string,
  { at, random }: Moment,
): ElectionState {
  switch (input.kind) {
    case "written":
      return leadingSince(input.sentAt);
    case "seen":
      // Deleted, or put back to a time before ours: who has seen it held waits as long as if it still were, so it is ours to
      // write again.
      if (!input.lease || input.wentBack) return { ...state, sure: true, nextAt: at };
      if (input.lease.holder === identity) return { ...state, sure: true };
      return { name: "lost", loss: { kind: "taken", holder: input.lease.holder } };
    case "refused":
      return { ...state, sure: false, nextAt: at + afterDenial * (1 + random) };
    case "failed":
      return { ...state, sure: false, nextAt: at + renewAgain * (1 + random) };
  }
}

function whileFollowing(
  state: ElectionState & { readonly name: "following" },
  input: ElectionInput,
  identity: string,
  { at, random }: Moment,
): ElectionState {
  const jittered = at + retryPeriod * (1 + jitterFactor * random);
  switch (input.kind) {
    case "written":
      return leadingSince(input.sentAt);
    case "seen": {
      const { lease } = input;
      const seen = { ...state, sure: true, notBefore: at, lookAt: at + lookPeriod * (1 - random / 2) };
      if (!lease) return { ...seen, sign: undefined };
      // Ours: a write of ours whose answer was lost.
      if (lease.holder === "" || lease.holder === identity) {
        // It was given back before the one took it who may lead still.
        return { ...seen, sign: lease.sign, boundUntil: input.wentBack ? Math.max(state.boundUntil, at) : at };
      }
      // Counted from when we saw it change, never from a time that another machine wrote.
      return lease.sign === state.sign ? seen : { ...seen, sign: lease.sign, boundUntil: at + lease.durationMs };
    }
    case "refused":
      return { ...state, sure: false, notBefore: at + afterDenial * (1 + random) };
    case "failed":
      return { ...state, sure: false, notBefore: jittered };
  }
}

function leadingSince(sentAt: number): ElectionState {
  return { name: "leading", sure: true, renewedAt: sentAt, nextAt: sentAt + retryPeriod };
}
