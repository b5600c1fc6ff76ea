// How is a status told: as metrics, and written where it says something new, as a merge patch?
import type { RegistryCredential, Status } from "../api/registry-credential.ts";
import type { CredentialRecord } from "../plan/snapshot.ts";
import type { NamespaceView } from "../plan/status-snapshot.ts";
import type { Context } from "./context.ts";
import { publishTransitions } from "./transitions.ts";

/**
 * @param credential as it was read; undefined where it cannot be, and of its status only what is told here is looked at
 * @param namespaces what the status counts
 */
export async function writeStatus(
  context: Context,
  record: CredentialRecord,
  credential: RegistryCredential | undefined,
  says: Status,
  namespaces: readonly NamespaceView[],
  signal: AbortSignal,
): Promise<void> {
  const status = { ...says, operatorNamespace: context.settings.namespace };
  // Of a spec that cannot be read the metrics stay: tenants keep what they had, and it still ends when it ends.
  if (credential) context.metrics.publish(credential, status, namespaces);
  const before = credential ? (credential.status ?? {}) : pick(record.status ?? {}, Object.keys(status));
  if (sameJson(before, status) && record.statusDamaged !== true) return;
  const { name, resourceVersion } = record;
  const patch = { metadata: { resourceVersion }, status: withRemovals(before, status) };
  const answer = await context.api.patchCredentialStatus(name, patch, signal);
  const written = context.strips.credential(answer);
  if (written) context.stores.credentials.wrote(written);
  publishTransitions(context, record, before, status);
}

function pick(status: Status, keys: readonly string[]): Status {
  return Object.fromEntries(Object.entries(status).filter(([key]) => keys.includes(key)));
}

/** A merge patch keeps what it does not name. */
function withRemovals(before: Status, after: Status): object {
  const gone = Object.keys(before).filter((key) => !(key in after));
  return { ...Object.fromEntries(gone.map((key) => [key, null])), ...after };
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}
