// The grace after a rename: under which former names a credential still keeps pull Secrets, and until when.
import type { RegistryCredential, Retiring } from "../api/registry-credential.ts";
import { timeOfText } from "../runtime/foreign-numbers.ts";

/** Pods hold the old name until they are replaced, so a former Secret stays fresh for a while (docs/design.md). */
const renameGrace = Temporal.Duration.from({ hours: 1 });

export interface Retired {
  readonly secretName: string;
  readonly until: Temporal.Instant;
  /** The time is over: the Secret goes. */
  readonly over: boolean;
}

/**
 * The status remembers them across restarts: `secretName` is the name that tenants were last served under, `retiring` the
 * ones before. A name that has become the current one again is not retired.
 */
export function retiredNames(credential: RegistryCredential, clock: { now(): Temporal.Instant }): readonly Retired[] {
  const { spec, status } = credential;
  const current = spec.pullSecret.name;
  // As nearly always: this is asked for each RegistryCredential in each namespace, and what time it is takes a while to say.
  if ((status?.retiring ?? []).length === 0 && (status?.secretName ?? current) === current) return [];
  const now = clock.now();
  const retired = new Map<string, Temporal.Instant>();
  const latest = now.add(renameGrace);
  for (const { secretName, until } of status?.retiring ?? []) {
    const stated = timeOfText(until) ?? latest;
    // Nobody retires for longer, whatever was written into the status.
    const end = Temporal.Instant.compare(stated, latest) > 0 ? latest : stated;
    if (secretName !== current) retired.set(secretName, end);
  }
  const last = status?.secretName;
  if (last !== undefined && last !== current && !retired.has(last)) retired.set(last, latest);
  return [...retired].map(([secretName, until]) => ({
    secretName,
    until,
    over: Temporal.Instant.compare(until, now) <= 0,
  }));
}

/** As the status lists them; one that is over stays listed as long as Secrets of that name are left. */
export function retiringStatus(retired: readonly Retired[], left: (secretName: string) => boolean): Retiring[] {
  return retired
    .filter(({ secretName, over }) => !over || left(secretName))
    .map(({ secretName, until }) => ({ secretName, until: until.toString({ smallestUnit: "second" }) }))
    .slice(0, 16);
}
