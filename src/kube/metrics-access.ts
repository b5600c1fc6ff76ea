// May whoever bears this token read the metrics? The API server is asked, as controller-runtime's filter does.
import type { Clock } from "../clock.ts";
import { resourcePath } from "./resource-path.ts";
import type { Transport } from "./transport.ts";

export type Access = "allowed" | "unauthenticated" | "forbidden";

/** @param authorization the header; rejects where the API server cannot be asked */
export type MetricsAccess = (authorization: string | undefined) => Promise<Access>;

interface User {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

// What the API server itself remembers of its webhooks is 5 min and 30 s; a scrape comes every half minute, and a right that
// was taken away should be gone in one: https://kubernetes.io/docs/reference/access-authn-authz/webhook/
const remembered = Temporal.Duration.from({ minutes: 1 }).total("milliseconds");
// A Prometheus bears one token, two during its rotation; more are guesses.
const mostRemembered = 16;
const deadline = Temporal.Duration.from({ seconds: 5 });

export function metricsAccess(transport: Pick<Transport, "request">, clock: Clock): MetricsAccess {
  // Only who is allowed is remembered: what is refused costs nobody but the API server, and may be granted any moment.
  const allowedUntil = new Map<string, number>();

  const ask = async (
    resource: string,
    group: string,
    kind: string,
    spec: object,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const path = resourcePath({ group, version: "v1", resource });
    const body = JSON.stringify({ apiVersion: `${group}/v1`, kind, spec });
    // It changes nothing, so asking again is safe.
    const answer = await transport.request({ method: "POST", path, body, deadline, idempotent: true });
    return (answer.json() as { readonly status?: Readonly<Record<string, unknown>> }).status ?? {};
  };

  const judge = async (token: string): Promise<Access> => {
    const reviewed = await ask("tokenreviews", "authentication.k8s.io", "TokenReview", { token });
    if (reviewed["authenticated"] !== true) return "unauthenticated";
    const { username, uid, groups, extra } = (reviewed["user"] ?? {}) as User;
    const { allowed } = await ask("subjectaccessreviews", "authorization.k8s.io", "SubjectAccessReview", {
      user: username,
      uid,
      groups,
      extra,
      nonResourceAttributes: { path: "/metrics", verb: "get" },
    });
    return allowed === true ? "allowed" : "forbidden";
  };

  return async (authorization) => {
    const [, token] = /^Bearer ([^\s]+)$/i.exec(authorization ?? "") ?? [];
    if (token === undefined) return "unauthenticated";
    const now = clock.elapsed();
    if ((allowedUntil.get(token) ?? -1) > now) return "allowed";
    allowedUntil.delete(token);
    const access = await judge(token);
    if (access === "allowed") {
      const oldest = allowedUntil.size < mostRemembered ? undefined : allowedUntil.keys().next().value;
      if (oldest !== undefined) allowedUntil.delete(oldest);
      allowedUntil.set(token, now + remembered);
    }
    return access;
  };
}
