// The sockets over which calls travel, and whose certificates count there.
import { X509Certificate } from "node:crypto";
import type { LookupFunction } from "node:net";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { LRUCache } from "lru-cache";
import { Agent, type Dispatcher } from "undici";
import type { Clock } from "../../runtime/clock.ts";
import type { Proxy } from "../../runtime/network/proxy-for.ts";
import { throughProxy } from "../../runtime/network/proxy-connector.ts";
import { caInvalid } from "./denied.ts";

export interface Route {
  /** Undefined: straight to the host. */
  readonly proxy: Proxy | undefined;
  /** PEM, beside the system's. */
  readonly ca: string | undefined;
}

export interface Agents {
  /** To be used at once: another route may close it when it is not busy. */
  to(route: Route): Dispatcher;
  /** Cuts calls under way. */
  close(): Promise<void>;
}

// Each holds a store of certificates of its own (about 1 MiB); credentials with more private CAs than this take turns.
const maxAgents = 32;

// A token endpoint is called a few times per hour, so no connection is kept for long. HTTP/1.1, because one black hole then
// costs one socket. As many as there are calls: how many those may be is decided beforehand (src/grants/call-needs.ts), and
// whoever waited here would wait for those that hang.
const connectTimeout = 10_000;
/** Bytes of all header fields of an answer. */
export const longestHeaders = 16 * 1024;
const pool = {
  allowH2: false,
  pipelining: 1,
  connections: null,
  keepAliveTimeout: 4_000,
  connectTimeout,
  maxHeaderSize: longestHeaders,
};

/** Pools per route, the least lately used is closed first. */
export function agents(lookup: LookupFunction, clock: Clock): Agents {
  const open = new LRUCache<string, Dispatcher>({
    max: maxAgents,
    // Resolves when its last call has ended.
    dispose: (agent, _key, why) => void (why === "evict" && agent.close()),
  });
  return {
    to: (route) => {
      const key = `${route.proxy?.url.href ?? ""}\n${route.ca ?? ""}`;
      const agent = open.get(key) ?? agentFor(route, lookup, clock);
      open.set(key, agent);
      return agent;
    },
    close: async () => {
      const closing = [...open.values()];
      open.clear();
      await Promise.all(closing.map((agent) => agent.destroy()));
    },
  };
}

function agentFor({ proxy, ca }: Route, lookup: LookupFunction, clock: Clock): Dispatcher {
  const tls = { ...(ca === undefined ? {} : { secureContext: trusting(ca) }), timeout: connectTimeout };
  // The proxy is the operator's own choice and usually has a private address: it is not checked.
  return new Agent({ ...pool, connect: proxy ? throughProxy(proxy, tls, clock) : { ...tls, lookup } });
}

/** Throws OperatorError CAInvalid. */
function trusting(ca: string): SecureContext {
  // OpenSSL skips what it cannot read without a word: a broken CA would show only as distrust.
  const certificates = ca.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    certificates.forEach((certificate) => new X509Certificate(certificate));
  } catch {
    throw caInvalid();
  }
  if (certificates.length === 0) throw caInvalid();
  return createSecureContext({ ca: [...getCACertificates("default"), ...certificates] });
}
