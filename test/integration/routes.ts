// Routes the operator's calls to clouds and registries to servers of the test, without DNS and certificates for them.
import { systemClock } from "../../src/runtime/clock.ts";
import { type GuardedHttp, guardedHttp } from "../../src/providers/http/guarded-http.ts";
import type { Http } from "../../src/providers/http/http.ts";

/** By host, where it really is. */
export type Routes = Readonly<Record<string, Route>>;

export interface Route {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** A token server that is at /token of the host, as if one proxy stood before it and the registry. */
  readonly realm?: string | undefined;
}

/** The operator's own egress, but on loopback; all that is not routed is refused. */
export function networkTo(routes: Routes): GuardedHttp {
  const guarded = guardedHttp({
    allowed: (host) => host === "127.0.0.1",
    privateAllowed: () => true,
    plainAllowed: () => true,
    environment: {},
    clock: systemClock(),
  });
  const http: Http = async (call, signal) => {
    const { host, origin, pathname, search } = new URL(call.url);
    const route = routes[host];
    if (!route) return guarded.http(call, signal);
    const { url, realm } = route;
    const target = realm !== undefined && pathname === "/token" ? `${realm}${search}` : `${url}${pathname}${search}`;
    const answer = await guarded.http({ ...call, url: target }, signal);
    const challenge = answer.headers["www-authenticate"];
    if (realm === undefined || challenge === undefined) return answer;
    const headers = { ...answer.headers, "www-authenticate": challenge.replaceAll(realm, `${origin}/token`) };
    return { ...answer, headers };
  };
  return { http, withEndpoints: http, withMetadata: http, close: () => guarded.close() };
}
