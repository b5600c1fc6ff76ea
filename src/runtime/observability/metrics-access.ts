// Authorizes readers of the metrics: the API server is asked about the token, as controller-runtime's filter does, but a few
// times at once only: whoever reaches the port can make up tokens.
import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import PQueue from "p-queue";
import type { Clock } from "../clock.ts";
import { ApiError } from "../client/api-error.ts";
import { resourcePath } from "../client/resource-path.ts";
import type { Transport } from "../client/transport.ts";

/** `busy`: more ask than may at once, or the API server has no time; coming again is of use. */
export type Access = "allowed" | "unauthenticated" | "forbidden" | "busy";

/** @param authorization the header; rejects where the API server cannot be asked */
export type MetricsAccess = (authorization: string | undefined) => Promise<Access>;

interface User {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

const milliseconds = (spec: Temporal.DurationLike): number => Temporal.Duration.from(spec).total("milliseconds");

// What the API server itself remembers of its webhooks is 5 min and 30 s; a scrape comes every half minute, and a right that
// was taken away should be gone in one: https://kubernetes.io/docs/reference/access-authn-authz/webhook/
const yesLasts = milliseconds({ minutes: 1 });
// A right that is given should be there at the next scrape.
const noLasts = milliseconds({ seconds: 10 });
// A Prometheus bears one token, two during its rotation; more are guesses, of which a hash is kept.
const maxAllowed = 16;
const maxRefused = 1_000;
const atOnce = 2;
// Two calls of at most two seconds each, one pair after the other: who waits is answered within a scrape's 10 s.
const maxWaiting = 2;
const deadline = Temporal.Duration.from({ seconds: 2 });
// Of a ServiceAccount about 1 KiB; of an OpenID provider with many groups several.
const longestToken = 8 * 1024;
const pauseWithoutWord = milliseconds({ seconds: 1 });

export function metricsAccess(transport: Pick<Transport, "request">, clock: Clock): MetricsAccess {
  const allowed = new LRUCache<string, number>({ max: maxAllowed });
  const refused = new LRUCache<string, { readonly access: Access; readonly until: number }>({ max: maxRefused });
  const underWay = new Map<string, Promise<Access>>();
  // Whose token was good the last time has places of its own: no flood of guesses keeps a Prometheus out.
  const known = new PQueue({ concurrency: atOnce });
  const strangers = new PQueue({ concurrency: atOnce });
  let pausedUntil = -Infinity;

  const ask = async (
    resource: string,
    group: string,
    kind: string,
    spec: object,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const path = resourcePath({ group, version: "v1", resource });
    const body = JSON.stringify({ apiVersion: `${group}/v1`, kind, spec });
    // Not tried again here: who scrapes comes again by himself.
    const call = { method: "POST", path, body, deadline, idempotent: false, purpose: "access" } as const;
    const answer = await transport.request(call);
    return (answer.json() as { readonly status?: Readonly<Record<string, unknown>> }).status ?? {};
  };

  const judge = async (token: string): Promise<Access> => {
    const reviewed = await ask("tokenreviews", "authentication.k8s.io", "TokenReview", { token });
    if (reviewed["authenticated"] !== true) return "unauthenticated";
    const { username, uid, groups, extra } = (reviewed["user"] ?? {}) as User;
    const answer = await ask("subjectaccessreviews", "authorization.k8s.io", "SubjectAccessReview", {
      user: username,
      uid,
      groups,
      extra,
      nonResourceAttributes: { path: "/metrics", verb: "get" },
    });
    return answer["allowed"] === true ? "allowed" : "forbidden";
  };

  const learn = async (token: string, key: string): Promise<Access> => {
    try {
      const access = await judge(token);
      const now = clock.elapsed();
      if (access === "allowed") allowed.set(key, now + yesLasts);
      else {
        allowed.delete(key);
        refused.set(key, { access, until: now + noLasts });
      }
      return access;
    } catch (error) {
      if (!(error instanceof ApiError) || (error.kind !== "throttled" && error.kind !== "unavailable")) throw error;
      // It has no time: nobody asks for a while, and nothing else of the operator's waits for that.
      pausedUntil = clock.elapsed() + (error.retryAfter?.total("milliseconds") ?? pauseWithoutWord);
      return "busy";
    }
  };

  return async (authorization = "") => {
    const [scheme, token = ""] = authorization.split(" ", 2);
    const isToken = /^bearer$/i.test(scheme ?? "") && authorization.length === "bearer ".length + token.length;
    if (!isToken || token === "" || token.length > longestToken) return "unauthenticated";
    // Strangers' tokens are not kept.
    const key = createHash("sha256").update(token).digest("base64");
    const now = clock.elapsed();
    const until = allowed.get(key);
    if (until !== undefined && until > now) return "allowed";
    const no = refused.get(key);
    if (no && no.until > now) return no.access;
    const same = underWay.get(key);
    if (same) return same;
    const places = until === undefined ? strangers : known;
    if (now < pausedUntil || places.size >= maxWaiting) return "busy";
    const learned = places.add(() => learn(token, key)).finally(() => underWay.delete(key));
    underWay.set(key, learned);
    return learned;
  };
}
