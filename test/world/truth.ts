// What the cluster wants at this moment, whatever the operator has heard of it. Judged by the specs alone.
import { parseRegistryCredential } from "../../src/api/parse-registry-credential.ts";
import type { Entry, NamespaceSelection, RegistryCredential } from "../../src/api/registry-credential.ts";
import type { ClusterObject } from "../../src/cluster/cluster-api.ts";
import type { ModelServer } from "../../src/cluster/in-memory/in-memory-server.ts";
import { type Grant, grantsOf, isFailure } from "../../src/providers/grant.ts";
import { grantKeyText } from "../../src/providers/grant-key.ts";
import type { RenderScope } from "../../src/providers/grant-types.ts";
import type { NamespaceRecord } from "../../src/cluster/records.ts";
import { transformNamespace } from "../../src/cluster/transform/namespace.ts";
import { transformServiceAccount } from "../../src/cluster/transform/service-account.ts";
import { teamLabel } from "./words.ts";

/** An entry's wish for one host in one Secret. */
export interface Claim {
  readonly credential: RegistryCredential;
  readonly namespace: NamespaceRecord;
  readonly secretName: string;
  readonly entry: Entry;
  readonly host: string;
  /** Undefined: it cannot be rendered. */
  readonly grant: Grant | undefined;
  readonly grantKey: string | undefined;
  /** Equal for as long as nobody has taken back what this very claim was given. */
  readonly identity: string;
}

/** What was given to this identity was given to the claim's entry in this Secret, with values that the namespace still has. */
export function isOfEntry(claim: Claim, holder: string): boolean {
  const placeOf = (each: string): string => each.split(" ").slice(0, 2).join(" ");
  return placeOf(claim.identity) === placeOf(holder) && isMadeForEntry(claim, holder);
}

/** The same wherever that was: a token is made for an entry and its values, and for no namespace. */
export function isMadeForEntry({ identity, namespace }: Claim, holder: string): boolean {
  const entryOf = (each: string): string => each.split(" ").slice(2, 5).join(" ");
  const rendered = holder.split(" ")[5] ?? "";
  return entryOf(identity) === entryOf(holder) && (rendered === "" || rendered === namespace.labels[teamLabel]);
}

/** The same claim under another name of a pull Secret. */
export function underName(identity: string, secretName: string): string {
  return identity.replace(/^(\S+) \S+ /, `$1 ${secretName} `);
}

export interface Truth {
  /** Oldest credential first. */
  readonly credentials: readonly RegistryCredential[];
  readonly namespaces: readonly NamespaceRecord[];
  /** The claims on a Secret, those that count most first. */
  readonly of: (namespace: string, secretName: string) => readonly Claim[];
  readonly claims: readonly Claim[];
  /** Of all claims. */
  readonly identities: ReadonlySet<string>;
  readonly grantKeys: ReadonlySet<string>;
}

const strippedBefore = new WeakMap<ClusterObject, unknown>();
/** Objects never change: what was made of one is made once. */
function once<R>(transform: (raw: ClusterObject) => R): (raw: ClusterObject) => R {
  return (raw) => {
    const known = strippedBefore.get(raw) as R | undefined;
    if (known !== undefined) return known;
    const made = transform(raw);
    strippedBefore.set(raw, made);
    return made;
  };
}
const transformOf = once(transformNamespace());
const accountOf = once(transformServiceAccount());
const parsedBefore = new WeakMap<ClusterObject, RegistryCredential | undefined>();

function readCredential(raw: ClusterObject): RegistryCredential | undefined {
  if (!parsedBefore.has(raw)) {
    const parsed = parseRegistryCredential(raw);
    parsedBefore.set(raw, parsed.ok ? parsed.credential : undefined);
  }
  return parsedBefore.get(raw);
}

/** What is read of the RegistryCredentials; of one that cannot be read, what was read last. */
export interface Reader {
  readonly credentials: (server: ModelServer) => readonly RegistryCredential[];
}

export function reader(): Reader {
  const last = new Map<string, RegistryCredential>();
  return {
    credentials: (server) =>
      server.list("registrycredentials").flatMap((raw) => {
        const { uid, deletionTimestamp } = raw.metadata;
        const now = readCredential(raw);
        if (now) last.set(uid, now);
        const known = last.get(uid);
        if (!known) return [];
        if (now) return [now];
        return [
          { ...known, ...(deletionTimestamp && { deletionTimestamp: Temporal.Instant.from(deletionTimestamp) }) },
        ];
      }),
  };
}

export function isReadable(raw: ClusterObject | undefined): boolean {
  return raw !== undefined && readCredential(raw) !== undefined;
}

export function truthOf(server: ModelServer, read: Reader, operatorNamespace: string): Truth {
  const credentials = read
    .credentials(server)
    .toSorted(
      (a, b) => Temporal.Instant.compare(a.creationTimestamp, b.creationTimestamp) || (a.name < b.name ? -1 : 1),
    );
  const namespaces = server.list("namespaces").map(transformOf);
  const bySecret = new Map<string, Claim[]>();
  const identities = new Set<string>();
  const grantKeys = new Set<string>();
  for (const namespace of namespaces) {
    if (namespace.terminating) continue;
    const scope = scopeOf(server, namespace, operatorNamespace);
    for (const credential of credentials) {
      if (credential.deletionTimestamp) continue;
      if (!selects(credential.spec.namespaces, namespace)) continue;
      const claims = claimsOf(credential, namespace, scope);
      const key = `${namespace.name}/${credential.spec.pullSecret.name}`;
      bySecret.set(key, [...(bySecret.get(key) ?? []), ...claims]);
      for (const { identity, grantKey } of claims) {
        identities.add(identity);
        if (grantKey !== undefined) grantKeys.add(grantKey);
      }
    }
  }
  return {
    credentials,
    namespaces,
    claims: [...bySecret.values()].flat(),
    of: (namespace, secretName) => bySecret.get(`${namespace}/${secretName}`) ?? [],
    identities,
    grantKeys,
  };
}

/** By itself, so that a fault of the operator's own selection shows. A glob has one star, at its end. */
export function selects({ include, exclude = [], selector }: NamespaceSelection, namespace: NamespaceRecord): boolean {
  const { name, labels, optedOut } = namespace;
  const isMeant = (glob: string): boolean => (glob.endsWith("*") ? name.startsWith(glob.slice(0, -1)) : name === glob);
  const team = selector?.matchLabels?.[teamLabel];
  const isLabelled = team === undefined || labels[teamLabel] === team;
  return !optedOut && isLabelled && !exclude.some(isMeant) && include?.some(isMeant) === true;
}

function scopeOf(server: ModelServer, namespace: NamespaceRecord, operatorNamespace: string): RenderScope {
  return {
    namespace,
    operatorNamespace,
    serviceAccount: (of, name) => {
      const raw = server.get({ resource: "serviceaccounts", namespace: of, name });
      if (!raw) return undefined;
      const { uid, cloud } = accountOf(raw);
      return { uid, annotations: cloud };
    },
  };
}

function claimsOf(credential: RegistryCredential, namespace: NamespaceRecord, scope: RenderScope): readonly Claim[] {
  const secretName = credential.spec.pullSecret.name;
  return credential.spec.registries.flatMap((entry) => {
    const isTemplate = JSON.stringify(entry).includes("$(namespace.labels");
    const rendered = isTemplate ? (namespace.labels[teamLabel] ?? "") : "";
    return grantsOf(entry, scope).flatMap(({ hosts, grant }) =>
      hosts.map((host): Claim => {
        const identity = [namespace.uid, secretName, credential.uid, entry.name, host, rendered].join(" ");
        const found = isFailure(grant) ? undefined : grant;
        const grantKey = found && grantKeyText(found);
        return { credential, namespace, secretName, entry, host, grant: found, grantKey, identity };
      }),
    );
  });
}
