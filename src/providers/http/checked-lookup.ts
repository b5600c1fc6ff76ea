// The lookup that gives only addresses of a host which may be connected to.
import { lookup as systemLookup } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { addressClass } from "./address-class.ts";
import { isMetadataHost } from "./metadata-hosts.ts";
import { addressNotAllowed, plainOverInternet, privateNotAllowed } from "./denied.ts";
import type { OperatorError } from "../../runtime/errors.ts";

export interface Address {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a host name; rejects as `dns.lookup` does. */
export type Resolve = (host: string) => Promise<readonly Address[]>;

/** The machine's resolver, with its hosts file. */
export const systemResolve: Resolve = (host) => systemLookup(host, { all: true });

/**
 * One question at a time for each name: whoever asks meanwhile gets its answer. The machine's resolver takes a thread of a small
 * pool for as long as a name server is silent, whether or not anybody still waits; so a name that hangs takes one, and not one
 * for each call.
 */
export function sharedLookups(resolve: Resolve): Resolve {
  const underway = new Map<string, Promise<readonly Address[]>>();
  return (host) => {
    const known = underway.get(host);
    if (known) return known;
    const made = resolve(host).finally(() => underway.delete(host));
    underway.set(host, made);
    return made;
  };
}

export interface AddressRules {
  readonly privateAllowed: (host: string) => boolean;
  /** Whether the host is asked over plain http, and so may be no public one. */
  readonly plain?: (host: string) => boolean;
  /** Whether the hosts of metadata services may have their addresses. */
  readonly metadata: boolean;
}

/** Undefined: the host may be reached there. */
export function addressDenied(host: string, address: string, rules: AddressRules): OperatorError | undefined {
  switch (addressClass(address)) {
    case "public":
      return rules.plain?.(host) === true ? plainOverInternet(host, address) : undefined;
    case "private":
      return rules.privateAllowed(host) ? undefined : privateNotAllowed(host, address);
    case "metadata":
      return rules.metadata && isMetadataHost(host) ? undefined : addressNotAllowed(host, address);
    case "reserved":
      return addressNotAllowed(host, address);
  }
}

/**
 * A lookup for sockets that yields allowed addresses only. The socket connects to what this very lookup gave, so a name
 * that changes its mind after a check (DNS rebinding) gains nothing. Addresses written into URLs are never looked up and
 * must be checked apart.
 */
export function checkedLookup(resolve: Resolve, rules: AddressRules): LookupFunction {
  return (host, { all }, found) => {
    const answer = async (): Promise<void> => {
      const addresses = await resolve(host);
      const denials = addresses.map(({ address }) => addressDenied(host, address, rules));
      const allowed = addresses.filter((_, index) => denials[index] === undefined);
      const [first] = allowed;
      if (!first) throw denials[0] ?? Object.assign(new Error("the name has no address"), { code: "ENOTFOUND" });
      if (all) found(null, [...allowed]);
      else found(null, first.address, first.family);
    };
    answer().catch((error: unknown) => found(error as Error, []));
  };
}
