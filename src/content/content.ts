// The content of a pull Secret, given everything that contributes to it.
import { failure } from "../api/reasons.ts";
import type { Cause, Failure } from "../runtime/errors.ts";
import { type DockerConfigEntry, renderDockerConfig } from "../registry/docker-config.ts";
import { configKey, loginAt, servedHost } from "../registry/host.ts";
import type { Login } from "../registry/login.ts";
import { entriesText, type EntryHost } from "../cluster/entries-annotation.ts";
import { isFailure } from "../providers/grant.ts";
import { remakeSource, type SourcePlace } from "../cluster/install-steps.ts";
import { timeText } from "../runtime/time-text.ts";
import { isAlive, type Token } from "../cluster/token.ts";

/** A token that was made for an entry as it was before it was altered. */
export interface Former {
  readonly token: Token;
  /** Those that it was for, as the entry named them. */
  readonly hosts: readonly string[];
  /** The Secret was given it, or was to be, as far as this process knows: it may be given it again. */
  readonly known: boolean;
}

/** An entry in one namespace: its hosts, and the token for them or why there is none. */
export interface EntryToken {
  readonly entry: string;
  /** Canonical hosts; `*` alone takes every host of an imported config. */
  readonly hosts: readonly string[];
  /** Undefined where the entry could not be rendered for this namespace. */
  readonly grantKey: string | undefined;
  readonly source: Token | Failure;
  /** Who can mend what is wrong with the source. */
  readonly cause: Cause;
  /** Where an administrator keeps the login; undefined for what a cloud hands out. */
  readonly place?: SourcePlace | undefined;
  /** Living ones, which serve what the source does not, or what of it does not fit; the latest first. Default: none. */
  readonly formers?: readonly Former[];
}

/** What one RegistryCredential brings to one pull Secret. */
export interface Contribution {
  readonly credential: string;
  /** By the removal guard alone: see frozen.ts. Default: false. */
  readonly held?: boolean;
  readonly entries: readonly EntryToken[];
}

/** What an entry had for a host before it was altered. */
export interface Before extends Pick<EntryHost, "grantKey" | "host" | "expiresAt"> {
  readonly login: Login;
  /** This login, and the ones before it of the same token. */
  readonly over: readonly Login[];
  /** It may be given again where none of them stands. */
  readonly known: boolean;
}

/** A host with its login, and whose it is. */
export interface ContentLogin extends EntryHost {
  readonly login: Login;
  /** Written only where one of these stands already; undefined: wherever it is wanted. */
  readonly onlyOver: readonly Login[] | undefined;
  /** Those before it, of the same token, where this may be written over any. Default: none. */
  readonly earlier?: readonly Login[];
  /** The entry has been altered since, and has no token yet that serves the host as it is now, or none that fits. */
  readonly former: boolean;
  /** Who has the host where this one may not be written. */
  readonly instead?: ContentLogin;
  /** What the entry goes on with where this does not fit, the latest first. Default: nothing. */
  readonly before?: readonly Before[];
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
  /** By the removal guard alone: what the Secret was given for this entry stays, whatever the grant is by now. */
  readonly held: boolean;
}

export interface EntryFailure {
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
  readonly served: readonly ContentLogin[];
  readonly failures: readonly EntryFailure[];
  readonly tokenless: readonly Tokenless[];
  readonly shadowed: readonly Shadowed[];
  /** Hosts that stay as they stand in one Secret: see frozen.ts. Default: none. */
  readonly frozen?: readonly EntryHost[];
  /** The `.dockerconfigjson`; undefined where no entry is left, for an empty config is never written. */
  readonly text: string | undefined;
  /** The text as base64, and the keyed digest of data that hold it alone, comparable with the one of a record: known where it was rendered for many Secrets. */
  readonly encodedConfig?: string | undefined;
  readonly digest?: string | undefined;
  /** Names of the credentials with a host in it, sorted. */
  readonly credentials: readonly string[];
  /** For the tenant: who serves which hosts until when. */
  readonly entriesText: string;
}

/** `contributions` come oldest credential first: a host claimed twice stays with the older one. */
export function contentOf(contributions: readonly Contribution[], now: Temporal.Instant): Content {
  const byHost = new Map<string, ContentLogin[]>();
  const failures: EntryFailure[] = [];
  const tokenless: Tokenless[] = [];
  const shadowed: Shadowed[] = [];
  for (const { credential, held = false, entries } of contributions) {
    for (const each of [...entries.filter(isNarrow), ...entries.filter(isWide)]) {
      const { entry, hosts, grantKey, source, cause, place } = each;
      const ended = !isFailure(source) && !isAlive(source, now);
      if (isFailure(source) || ended) {
        failures.push({ credential, entry, grantKey, failure: isFailure(source) ? source : expired(source, cause) });
        if (grantKey !== undefined)
          tokenless.push({ credential, entry, grantKey, hosts: hosts.map(servedHost), ended, held });
      }
      const { offers, missing } = offersOf(each, held, now);
      for (const host of missing) {
        failures.push({ credential, entry, grantKey, failure: hostMissing(host, cause, place) });
      }
      for (const offer of offers) {
        const { host } = offer;
        const chain = byHost.get(host);
        const [holder] = chain ?? [];
        // What an entry had before it was altered is no claim of the present spec.
        if (holder && !offer.former && (holder.credential !== credential || holder.entry !== entry))
          shadowed.push({ credential, entry, host, by: holder.credential });
        if (!chain) byHost.set(host, [{ ...offer, credential, entry }]);
        else if (chain.every(mayGiveWay)) chain.push({ ...offer, credential, entry });
      }
    }
  }
  const served = [...byHost.values()].flatMap((chain) => linked(chain) ?? []);
  return { failures, tokenless, shadowed, ...servedContent(served) };
}

/** Whether, where it does not stand, the next one who claims the host has it. */
function mayGiveWay({ former, onlyOver }: ContentLogin): boolean {
  return former && onlyOver !== undefined;
}

function linked(chain: readonly ContentLogin[]): ContentLogin | undefined {
  return chain.reduceRight<ContentLogin | undefined>(
    (instead, each) => (instead ? { ...each, instead } : each),
    undefined,
  );
}

/** What follows from who is served. */
export function servedContent(
  served: readonly ContentLogin[],
): Omit<Content, "failures" | "tokenless" | "shadowed" | "frozen"> {
  return {
    served,
    text: served.length === 0 ? undefined : renderDockerConfig(configEntries(served)),
    encodedConfig: undefined,
    digest: undefined,
    ...marksFor(served),
  };
}

function loginsBefore({ formers = [] }: Pick<Token, "formers">, host: string): readonly Login[] {
  return formers.flatMap(({ logins }) => ("all" in logins ? logins.all : (loginAt(logins.byHost, host) ?? [])));
}

/** What a docker config holds of them. */
export function configEntries(served: readonly ContentLogin[]): readonly DockerConfigEntry[] {
  return served.map(({ host, login }) => ({ key: configKey(host), login }));
}

export function marksFor(named: readonly EntryHost[]): Pick<Content, "credentials" | "entriesText"> {
  return {
    credentials: [...new Set(named.map(({ credential }) => credential))].toSorted(),
    entriesText: entriesText(named),
  };
}

/** Of one credential's entries, those that name their hosts come before the one that takes what is left. */
function isNarrow(entry: EntryToken): boolean {
  return !isWide(entry);
}

function isWide({ hosts }: EntryToken): boolean {
  return hosts.includes("*");
}

type Offer = Omit<ContentLogin, "credential" | "entry" | "instead">;

/**
 * What an entry has for its hosts. A hold keeps what the Secret was given by the Secret's own record, so former tokens have no
 * part in it.
 */
function offersOf(
  entry: EntryToken,
  held: boolean,
  now: Temporal.Instant,
): { readonly offers: readonly Offer[]; readonly missing: readonly string[] } {
  const { hosts, source } = entry;
  const living = isFailure(source) || !isAlive(source, now) ? undefined : source;
  const { found, missing } = living ? loginsOf(hosts, living) : { found: [], missing: hosts };
  const formers = held ? [] : beforeOf(entry);
  const byHost = Map.groupBy(formers, ({ host }) => host);
  const offer = ({ grantKey, expiresAt, ...token }: Token, [host, login]: readonly [string, Login]): Offer => {
    const before = byHost.get(host);
    const earlier = loginsBefore(token, host);
    const onlyOver = held ? [login, ...earlier] : undefined;
    const isRenewal = !held && earlier.length > 0;
    return {
      grantKey,
      host,
      login,
      expiresAt,
      former: false,
      onlyOver,
      ...(isRenewal && { earlier }),
      ...(before && { before }),
    };
  };
  const present = living ? found.map((each) => offer(living, each)) : [];
  const open = new Set(missing.map(servedHost));
  const altered = formers
    .filter(({ host }) => open.has(host) || open.has("*"))
    .map(({ over, known, ...each }): Offer => {
      const [, ...earlier] = over;
      const which = known ? { onlyOver: undefined, ...(earlier.length > 0 && { earlier }) } : { onlyOver: over };
      return { ...each, former: true, ...which };
    });
  return { offers: [...present, ...altered], missing: living ? missing : [] };
}

function beforeOf({ formers = [] }: EntryToken): readonly Before[] {
  return formers.flatMap(({ token, hosts, known }) => {
    const { grantKey, expiresAt } = token;
    return loginsOf(hosts, token).found.map(([host, login]): Before => {
      return { grantKey, host, login, expiresAt, over: [login, ...loginsBefore(token, host)], known };
    });
  });
}

function loginsOf(hosts: readonly string[], token: Token): { found: [string, Login][]; missing: string[] } {
  const found: [string, Login][] = [];
  const missing: string[] = [];
  if ("byHost" in token.logins) {
    const { byHost } = token.logins;
    if (hosts.includes("*")) return { found: [...byHost], missing };
    for (const host of hosts.map(servedHost)) {
      const login = loginAt(byHost, host);
      if (login) found.push([host, login]);
      else missing.push(host);
    }
    return { found, missing };
  }
  const { all } = token.logins;
  // One login without a host: the key `*` would send it to whatever registry an image names.
  const [named, rest] = [hosts.filter((host) => host !== "*"), hosts.filter((host) => host === "*")];
  return { found: named.map((host) => [servedHost(host), all]), missing: rest };
}

function expired({ expiresAt }: Token, cause: Cause): Failure {
  return failure("TokenExpired", {
    cause,
    retry: "on-change",
    message: `the token ended at ${expiresAt ? timeText(expiresAt) : "an unknown time"} and no new one could be had; see the entry's state in status.registries`,
  });
}

function hostMissing(host: string, cause: Cause, place: SourcePlace | undefined): Failure {
  return failure("HostMissing", {
    cause,

    ...(host === "*"
      ? {
          message:
            'the source Secret holds one login and says of no host that it is for it, so hosts: ["*"] takes nothing from it',
          steps: [
            { message: "write the hosts in the entry, or have the Secret name them" },
            ...(place ? remakeSource(place) : []),
          ],
        }
      : {
          message: `the source Secret's docker config holds no credentials for ${host}: add them there, or take the host off the entry`,
        }),
  });
}
