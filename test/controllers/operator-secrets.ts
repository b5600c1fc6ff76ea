// The Secrets of the operator's namespace as the grant tracker sees them, with their changes.
import type { OperatorSecretRecord } from "../../src/cluster/records.ts";
import type { Listener } from "../../src/runtime/watch/store.ts";

type Secrets = ReadonlyMap<string, OperatorSecretRecord>;

export interface OperatorSecrets extends Pick<Secrets, "get" | "values"> {
  set(key: string, record: OperatorSecretRecord): void;
  delete(key: string): void;
  subscribe(listener: Listener<OperatorSecretRecord>): () => void;
}

export function operatorSecrets(): OperatorSecrets {
  const records = new Map<string, OperatorSecretRecord>();
  const listeners = new Set<Listener<OperatorSecretRecord>>();
  const changes = (key: string, act: () => void): void => {
    const before = records.get(key);
    act();
    const after = records.get(key);
    for (const listener of listeners) listener({ key, ...(before && { before }), ...(after && { after }) });
  };
  return {
    get: (key) => records.get(key),
    values: () => records.values(),
    set: (key, record) => changes(key, () => records.set(key, record)),
    delete: (key) => changes(key, () => records.delete(key)),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
