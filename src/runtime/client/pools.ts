// Connection pools, so that bulk writes never hold up a watch or the lease.
import { createHash } from "node:crypto";
import { type Dispatcher, Pool } from "undici";
import type { Clock } from "../clock.ts";
import type { Proxy } from "../network/proxy-for.ts";
import { throughProxy } from "../network/proxy-connector.ts";
import type { TlsMaterial } from "./connection.ts";

export type Purpose =
  /** Reads and writes of single objects. */
  | "writes"
  /** Watches, and the lists before them. */
  | "watches"
  /** Lease renewals, which must pass while everything else is jammed. */
  | "lease"
  /** Whether who asks for metrics may read them. Strangers decide how often that is asked. */
  | "access";

export interface Pools {
  pool(purpose: Purpose): Dispatcher;
  /** Opens new pools when the CA or the client certificate has changed; calls under way end on the old ones. */
  trust(tls: TlsMaterial): void;
  /** Waits for calls under way but cuts watches; no further call is taken. */
  close(): Promise<void>;
}

// HTTP/1.1: a pool of it recovers per socket from a black hole and is deaf to GOAWAY, and sixteen connections get twice
// out of an API server what one HTTP/2 connection does (measured on Kubernetes 1.37).
const shared = {
  allowH2: false,
  pipelining: 1,
  connectTimeout: 10_000,
  // Below the 90 s after which the API server closes an idle connection: k8s.io/apiserver/pkg/server/secure_serving.go
  keepAliveTimeout: 45_000,
  keepAliveMaxTimeout: 60_000,
};

const limits = {
  writes: { connections: 16, headersTimeout: 30_000, bodyTimeout: 60_000 },
  // A watch may be silent for ever: whoever reads it has a watchdog. One connection each, as many as there are watches.
  watches: { headersTimeout: 30_000, bodyTimeout: 0 },
  // Shorter than client-go's renew deadline of 10 s, so that a renewal can be tried twice.
  lease: { connections: 2, headersTimeout: 5_000, bodyTimeout: 5_000 },
  access: { connections: 4, headersTimeout: 5_000, bodyTimeout: 5_000 },
} as const satisfies Record<Purpose, object>;

type PoolSet = Readonly<Record<Purpose, Dispatcher>>;

export interface PoolsOptions {
  /** Left out: straight to the server. */
  readonly proxy?: Proxy | undefined;
  readonly clock: Clock;
}

/** One pool per purpose to one origin. */
export function pools(origin: string, options: PoolsOptions): Pools {
  let current: { readonly tls: TlsMaterial; readonly fingerprint: string; readonly set: PoolSet } | undefined;
  const retired = new Set<Dispatcher>();
  let closed = false;

  const retire = (pool: Dispatcher): void => {
    retired.add(pool);
    // Resolves after the last call, which may be a watch of some minutes.
    void pool.close().then(() => retired.delete(pool));
  };

  return {
    pool: (purpose) => {
      if (!current) throw new Error("no credentials yet");
      return current.set[purpose];
    },
    trust: (tls) => {
      if (closed || tls === current?.tls) return;
      // Reread about once a minute, and mostly the same.
      const fingerprint = fingerprintOf(tls);
      if (current?.fingerprint === fingerprint) {
        current = { ...current, tls };
        return;
      }
      if (current) Object.values(current.set).forEach(retire);
      current = { tls, fingerprint, set: opened(origin, tls, options) };
    },
    close: async () => {
      closed = true;
      const { watches, ...others } = current?.set ?? {};
      await Promise.all([...retired, ...(watches ? [watches] : [])].map((pool) => pool.destroy()));
      await Promise.all(Object.values(others).map((pool) => pool.close()));
    },
  };
}

function opened(origin: string, tls: TlsMaterial, { proxy, clock }: PoolsOptions): PoolSet {
  const direct = { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000 };
  const connect = proxy ? throughProxy(proxy, direct, clock) : direct;
  const open = (purpose: Purpose): Dispatcher => new Pool(origin, { ...shared, ...limits[purpose], connect });
  return { writes: open("writes"), watches: open("watches"), lease: open("lease"), access: open("access") };
}

function fingerprintOf({ ca, cert, key, servername, rejectUnauthorized }: TlsMaterial): string {
  const hash = createHash("sha256");
  for (const part of [ca, cert, key, servername, String(rejectUnauthorized)]) {
    const bytes = Buffer.from(part ?? "");
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest("hex");
}
