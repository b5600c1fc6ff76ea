// What must a pull Secret hold, given everything that contributes to it?
import type { Cause, Failure } from "../errors.ts";
import { kubectl } from "../steps.ts";
import { type DockerConfigEntry, renderDockerConfig } from "../registry/docker-config.ts";
import { canonicalHost, configKey } from "../registry/host.ts";
import type { Login } from "../registry/login.ts";
import { entriesText, mostNamedHosts, type Named } from "./entries-annotation.ts";
import { isFailure } from "./grant.ts";
import { timeText } from "./status-text.ts";
import { isAlive, type Token } from "./token.ts";

/** An entry's claim on one namespace: its hosts, and the token for them or why there is none. */
export interface Claim {
  readonly entry: string;
  /** Canonical hosts; `*` alone takes every host of an imported config. */
  readonly hosts: readonly string[];
  /** Undefined where the entry could not be rendered for this namespace. */
  readonly grantKey: string | undefined;
  readonly source: Token | Failure;
  /** Who can mend what is wrong with the source. */
  readonly cause: Cause;
}

/** What one RegistryCredential brings to one pull Secret. */
export interface Contribution {
  readonly credential: string;
  /** By the brake alone: see held-content.ts. Default: false. */
  readonly held?: boolean;
  readonly claims: readonly Claim[];
}

/** A host with its login, and whose it is. */
export interface Served extends Named {
  readonly login: Login;
  /** Written only where one of these stands already; undefined: wherever it is wanted. */
  readonly onlyOver: readonly Login[] | undefined;
}

/** A grant in force without a living token: what a Secret was given for it may still work. */
export interface Tokenless {
  readonly credential: string;
  /** Undefined: every one that the Secret names of the credential, which nobody can ask any more. */
  readonly entry: string | undefined;
  readonly grantKey: string;
  readonly hosts: readonly string[];
  /** Canonical hosts that are not kept for it. Default: none. */
  readonly except?: ReadonlySet<string>;
  /** Its token is known, and over. */
  readonly ended: boolean;
  /** By the brake alone: what the Secret was given for this entry stays, whatever the grant is by now. */
  readonly held: boolean;
}

export interface ClaimFailure {
  readonly credential: string;
  readonly entry: string;
  readonly grantKey: string | undefined;
  readonly failure: Failure;
}

export interface Shadowed {
  readonly credential: string;
  readonly entry: string;
  readonly host: string;
  /** The credential that has the host; the same one where another of its entries has it. */
  readonly by: string;
}

/** The content of a pull Secret, ready to be compared or written. */
export interface Content {
  readonly served: readonly Served[];
  readonly failures: readonly ClaimFailure[];
  readonly tokenless: readonly Tokenless[];
  readonly shadowed: readonly Shadowed[];
  /** The `.dockerconfigjson`; undefined where no entry is left, for an empty config is never written. */
  readonly text: string | undefined;
  /** Names of the credentials with a host in it, sorted. */
  readonly credentials: readonly string[];
  /** For the tenant: who serves which hosts until when. */
  readonly entriesText: string;
}

/** `contributions` come oldest credential first: a host claimed twice stays with the older one. */
export function contentOf(contributions: readonly Contribution[], now: Temporal.Instant): Content {
  const byHost = new Map<string, Served>();
  const failures: ClaimFailure[] = [];
  const tokenless: Tokenless[] = [];
  const shadowed: Shadowed[] = [];
  for (const { credential, held = false, claims } of contributions) {
    for (const claim of [...claims.filter(isNarrow), ...claims.filter(isWide)]) {
      const { entry, hosts, grantKey, source, cause } = claim;
      const ended = !isFailure(source) && !isAlive(source, now);
      if (isFailure(source) || ended) {
        failures.push({ credential, entry, grantKey, failure: isFailure(source) ? source : expired(source, cause) });
        if (grantKey !== undefined)
          tokenless.push({ credential, entry, grantKey, hosts: hosts.map(canonical), ended, held });
        continue;
      }
      const logins = loginsOf(hosts, source);
      for (const host of logins.missing) {
        failures.push({ credential, entry, grantKey, failure: hostMissing(host, cause) });
      }
      for (const [host, login] of logins.found) {
        const holder = byHost.get(host);
        if (holder) {
          if (holder.credential !== credential || holder.entry !== entry) {
            shadowed.push({ credential, entry, host, by: holder.credential });
          }
          continue;
        }
        if (byHost.size >= mostNamedHosts) {
          failures.push({ credential, entry, grantKey, failure: tooManyHosts });
          break;
        }
        const { expiresAt, grantKey: ofGrant } = source;
        const onlyOver = held ? [login, ...formerLogin(source, host)] : undefined;
        byHost.set(host, { credential, entry, grantKey: ofGrant, host, login, expiresAt, onlyOver });
      }
    }
  }
  const served = [...byHost.values()];
  return { failures, tokenless, shadowed, ...servedContent(served) };
}

/** What follows from who is served. */
export function servedContent(served: readonly Served[]): Omit<Content, "failures" | "tokenless" | "shadowed"> {
  return {
    served,
    text: served.length === 0 ? undefined : renderDockerConfig(configEntries(served)),
    ...marksFor(served),
  };
}

function formerLogin({ former }: Token, host: string): readonly Login[] {
  const login = former && ("all" in former ? former.all : former.byHost.get(host));
  return login ? [login] : [];
}

/** What a docker config holds of them. */
export function configEntries(served: readonly Served[]): readonly DockerConfigEntry[] {
  return served.map(({ host, login }) => ({ key: configKey(host), login }));
}

export function marksFor(named: readonly Named[]): Pick<Content, "credentials" | "entriesText"> {
  return {
    credentials: [...new Set(named.map(({ credential }) => credential))].toSorted(),
    entriesText: entriesText(named),
  };
}

/** Of one credential's entries, those that name their hosts come before the one that takes what is left. */
function isNarrow(claim: Claim): boolean {
  return !isWide(claim);
}

function isWide({ hosts }: Claim): boolean {
  return hosts.includes("*");
}

function loginsOf(hosts: readonly string[], token: Token): { found: [string, Login][]; missing: string[] } {
  const found: [string, Login][] = [];
  const missing: string[] = [];
  if ("byHost" in token.logins) {
    const { byHost } = token.logins;
    if (hosts.includes("*")) return { found: [...byHost], missing };
    for (const host of hosts.map(canonical)) {
      const login = byHost.get(host);
      if (login) found.push([host, login]);
      else missing.push(host);
    }
    return { found, missing };
  }
  const { all } = token.logins;
  // One login without a host: the key `*` would send it to whatever registry an image names.
  const [named, rest] = [hosts.filter((host) => host !== "*"), hosts.filter((host) => host === "*")];
  return { found: named.map((host) => [canonical(host), all]), missing: rest };
}

/** The API server refuses hosts that are no host; an older object may still hold one, and is served as it is written. */
function canonical(host: string): string {
  return canonicalHost(host) ?? host;
}

function expired({ expiresAt }: Token, cause: Cause): Failure {
  return {
    reason: "TokenExpired",
    cause,
    retry: "on-change",
    message: `the token ended at ${expiresAt ? timeText(expiresAt) : "an unknown time"} and no new one could be had; see the entry's state in status.registries`,
  };
}

// More would not be read back from the Secret's annotations, and what is taken back has to be found there.
const tooManyHosts: Failure = {
  reason: "ConfigTooLarge",
  cause: "Platform",
  retry: "on-change",
  message: `one pull Secret holds logins for at most ${mostNamedHosts} hosts: list fewer, or use two names of pull Secrets`,
};

function hostMissing(host: string, cause: Cause): Failure {
  return {
    reason: "HostMissing",
    cause,
    retry: "on-change",
    ...(host === "*"
      ? {
          message:
            'the source Secret holds one login and says of no host that it is for it, so hosts: ["*"] takes nothing from it',
          steps: [
            { says: "write the hosts in the entry" },
            {
              says: "or make it a Secret of type kubernetes.io/dockerconfigjson",
              command: kubectl`create secret docker-registry NAME --docker-server=HOST --docker-username=USER --docker-password=PASSWORD`,
            },
          ],
        }
      : {
          message: `the source Secret's docker config holds no credentials for ${host}: add them there, or take the host off the entry`,
        }),
  };
}
