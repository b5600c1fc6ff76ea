// The Secret names in use: those that RegistryCredentials write, have written, or may still be written by a late leader.
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { Clock } from "../runtime/clock.ts";
import type { LastGoodSpecs } from "./last-good-spec.ts";
import type { MarkedSecrets } from "./marked-secrets.ts";
import { type Retired, retiredNames } from "./rename-grace.ts";

export interface NamesInUse {
  /** Each has a watch. Oldest credential first. The same list while they are the same. */
  names(): readonly string[];
  isInUse(secretName: string): boolean;
  /** Former names of the credential. */
  namesOf(credentialName: string): readonly Retired[];
  /** Whose names they are: those that are there, oldest first, then those that were drained lately. */
  credentials(): readonly RegistryCredential[];
  /** Those that are gone. */
  drainedLately(): readonly RegistryCredential[];
  /** See `CredentialIndex`. */
  drained(credential: RegistryCredential): void;
  isDrained(credential: Pick<RegistryCredential, "name" | "uid">): boolean;
  /** Milliseconds. Forgets what is over; `onOver` hears of whom. */
  drainedFor(credentialName: string, onOver: (credential: RegistryCredential) => void): number | undefined;
  /**
   * There is another one of a drained one's name: what bears the name is judged by that one from now on, also once that one is gone.
   * `onOver` hears of the former.
   */
  succeeded(by: Pick<RegistryCredential, "name" | "uid">, onOver: (credential: RegistryCredential) => void): void;
  /** To be called when a credential has changed. */
  follow(): void;
  /** Calls `listener` whenever `names` are others than before, after that, with those that are in use no more. */
  onNames(listener: (lost: readonly string[]) => void): void;
}

// Longer than TCP tries to bring a request to a server that was away: https://docs.kernel.org/networking/ip-sysctl.html, tcp_retries2
const drainedMemory = Temporal.Duration.from({ minutes: 20 });

export function namesInUse(clock: Clock, specs: LastGoodSpecs, marked: Pick<MarkedSecrets, "watched">): NamesInUse {
  const drained = new Map<string, { readonly credential: RegistryCredential; readonly until: number }>();
  const listeners: ((lost: readonly string[]) => void)[] = [];
  let known: readonly string[] = [];

  /** Credentials that are gone, and of which a paused or cut off leader may still write a Secret. */
  const lately = (): readonly RegistryCredential[] =>
    [...drained.values()].flatMap(({ credential, until }) =>
      specs.get(credential.name) !== undefined || until <= clock.elapsed() ? [] : [credential],
    );
  const credentials = (): readonly RegistryCredential[] => [...specs.byAge(), ...lately()];
  const namesOf = (name: string): readonly Retired[] => {
    const credential = specs.get(name);
    return credential ? retiredNames(credential, clock) : [];
  };
  // Which names a credential has does not depend on the time, but for those that were drained.
  let current:
    | { readonly names: readonly string[]; readonly set: ReadonlySet<string>; readonly until: number }
    | undefined;
  const inUse = (): NonNullable<typeof current> => {
    if (current && clock.elapsed() < current.until) return current;
    const set = new Set(
      credentials().flatMap((credential) => [
        credential.spec.pullSecret.name,
        ...namesOf(credential.name).map(({ secretName }) => secretName),
      ]),
    );
    const ends = [...drained.values()].map(({ until }) => until).filter((until) => until > clock.elapsed());
    const names = [...set];
    const before = current?.names ?? [];
    const isSame = names.length === before.length && names.every((name, at) => name === before[at]);
    return (current = { names: isSame ? before : names, set, until: Math.min(...ends) });
  };
  const names = (): readonly string[] => inUse().names;
  /** To be told of every change of `credentials`. */
  const changed = (): void => {
    if (current) current = { ...current, until: 0 };
  };
  specs.subscribe(({ before, after }) => {
    if (before?.uid !== after?.uid || namesText(before) !== namesText(after)) changed();
  });
  const follow = (): void => {
    const now = names();
    marked.watched(now);
    if (now === known) return;
    const lost = known.filter((name) => !inUse().set.has(name));
    known = now;
    for (const listener of listeners) listener(lost);
  };

  return {
    names,
    isInUse: (secretName) => inUse().set.has(secretName),
    namesOf,
    credentials,
    drainedLately: lately,
    drained: (credential) => {
      if ((specs.get(credential.name)?.uid ?? credential.uid) !== credential.uid) return;
      drained.set(credential.name, { credential, until: clock.elapsed() + drainedMemory.total("milliseconds") });
      changed();
    },
    isDrained: ({ name, uid }) => drained.get(name)?.credential.uid === uid,
    drainedFor: (name, onOver) => {
      const { until = 0, credential } = drained.get(name) ?? {};
      const left = until - clock.elapsed();
      if (left > 0) return left;
      if (credential) onOver(credential);
      if (drained.delete(name)) follow();
      return undefined;
    },
    succeeded: ({ name, uid }, onOver) => {
      const { credential } = drained.get(name) ?? {};
      if (!credential || credential.uid === uid) return;
      changed();
      drained.delete(name);
      onOver(credential);
    },
    follow,
    onNames: (listener) => void listeners.push(listener),
  };
}

/** Equal texts: the same names. */
function namesText(credential: RegistryCredential | undefined): string {
  const { spec, status } = credential ?? {};
  const retiring = (status?.retiring ?? []).map(({ secretName }) => secretName);
  return [spec?.pullSecret.name, status?.secretName, ...retiring].join("/");
}
