// What must hold at every write of the operator, whatever happens? What does not is complained of.
import {
  credentialsAnnotation,
  finalizer,
  forceFinalizeAnnotation,
  referencesAnnotation,
} from "../../src/api/names.ts";
import type { Clock } from "../../src/clock.ts";
import type { ClusterObject, ServiceAccountObject } from "../../src/kube/cluster-api.ts";
import type { ModelEvent, ModelServer } from "../../src/kube/model/model-server.ts";
import { grantKeys } from "../../src/reconcile/grant-keys.ts";
import { tokenSecretName } from "../../src/reconcile/token-book.ts";
import type { Request } from "./faults.ts";
import { loginsIn, otherData } from "./logins.ts";
import { type Past, past } from "./past.ts";
import type { PlayedCloud } from "./played-cloud.ts";
import { reader, truthOf } from "./truth.ts";
import { hosts, secretNames, systemNamespaces, type SystemNamespace } from "./words.ts";

export interface LawsOptions {
  readonly server: ModelServer;
  readonly clock: Clock;
  readonly cloud: PlayedCloud;
  readonly home: () => SystemNamespace;
  /** How far back lies what the operator may believe still, in elapsed milliseconds. */
  readonly believedSince: () => number;
  /** It may put together what was never there at one moment: it cannot hear, or has not for long enough. */
  readonly isBlind: () => boolean;
  /** Complaints that count. */
  readonly counts: (text: string) => boolean;
}

export interface Laws {
  asked(request: Request, body: unknown): void;
  operatorWrote(event: ModelEvent): void;
  othersWrote(event: ModelEvent): void;
  /** Something else has changed that decides what is wanted. */
  look(): void;
  complain(text: string): void;
  readonly complaints: readonly string[];
  readonly past: Past;
  /** The operator has made this object, and nobody else has touched it since. */
  isUntouched(uid: string): boolean;
  isOurs(uid: string): boolean;
  /** For which claim a login was written into a Secret. */
  writtenFor(secretUid: string, key: string, password: string): string | undefined;
  /** A person has put this reference there. */
  refersByItself(accountUid: string, name: string): boolean;
}

const ourHosts: ReadonlySet<string> = new Set(hosts);
const hour = 3_600_000;

export function laws(options: LawsOptions): Laws {
  const { server, clock, cloud, home, believedSince } = options;
  const shortKey = grantKeys();
  const complaints: string[] = [];
  const read = reader();
  const story = past(truthOf(server, read, home()));
  const ours = new Set<string>();
  const touched = new Set<string>();
  const drained = new Set<string>();
  const provenance = new Map<string, string>();
  const foreignReferences = new Map<string, Set<string>>();

  const complain = (text: string): void => {
    if (options.counts(text)) complaints.push(`${clock.now().toString()} ${text}`);
  };
  const look = (): void => story.note(truthOf(server, read, home()), clock.elapsed());
  const keyOf = (uid: string, key: string, password: string): string => `${uid} ${key} ${password}`;
  const inSystem = (namespace: string | undefined): boolean =>
    (systemNamespaces as readonly (string | undefined)[]).includes(namespace);

  /** A login that was there goes. */
  const goes = (before: ClusterObject, key: string, password: string, after: ClusterObject | undefined): void => {
    const { uid, name = "", namespace = "" } = before.metadata;
    const mint = cloud.minted.get(password);
    const identity = provenance.get(keyOf(uid, key, password));
    if (!mint || identity === undefined || mint.expiresAt <= clock.elapsed()) return;
    const next = cloud.minted.get(loginsIn(after).get(key) ?? "");
    if (next && next.expiresAt > clock.elapsed()) return;
    const ns = server.get({ resource: "namespaces", name: namespace });
    if (!ns || ns.metadata.deletionTimestamp !== undefined) return;
    const since = believedSince();
    if (story.wantedAllThrough(identity, since)) {
      complain(`taken: ${key} (${password}) from ${namespace}/${name}, which is still to have it: ${identity}`);
      return;
    }
    // Another name: pods hold the former one, and it stays fresh for an hour.
    const elsewhere = secretNames.map((each) => identity.replace(` ${name} `, ` ${each} `));
    const last = story.lastWanted(identity) ?? 0;
    const isRenamed = elsewhere.some((each) => each !== identity && story.wantedAllThrough(each, since));
    if (isRenamed && !story.wantedSince(identity, since) && clock.elapsed() - last < hour - 60_000)
      complain(
        `taken: ${key} (${password}) from ${namespace}/${name}, a name that was left ${clock.elapsed() - last} ms ago`,
      );
  };

  /** A login that was not there comes. */
  const comes = (after: ClusterObject, key: string, password: string): void => {
    const { uid, name = "", namespace = "" } = after.metadata;
    const mint = cloud.minted.get(password);
    if (!mint) return complain(`made up: ${key} (${password}) in ${namespace}/${name}`);
    const nsUid = server.get({ resource: "namespaces", name: namespace })?.metadata.uid ?? "";
    const isFor = (identity: string): boolean => {
      const [ofNamespace, , , , ofHost] = identity.split(" ");
      return ofNamespace === nsUid && ofHost === key;
    };
    const candidates = story.withGrant(mint.grantKey, believedSince() - 1).filter(isFor);
    const [identity] = [
      ...candidates.filter((each) => each.split(" ")[1] === name),
      ...candidates.map((each) => each.replace(/^(\S+) \S+ /, `$1 ${name} `)),
    ];
    if (identity === undefined) {
      if (options.isBlind()) return;
      complain(`given: ${key} (${password}) to ${namespace}/${name}, which nothing selects for it`);
      return;
    }
    if (mint.expiresAt <= clock.elapsed() - 60_000)
      complain(`stale: ${key} (${password}) written to ${namespace}/${name}`);
    provenance.set(keyOf(uid, key, password), identity);
  };

  const secretWritten = ({ type, object, before }: ModelEvent): void => {
    const after = type === "DELETED" ? undefined : object;
    const { uid, namespace = "", name = "", annotations = {} } = (before ?? object).metadata;
    if (!before) ours.add(uid);
    const [had, has] = [loginsIn(before), loginsIn(after)];
    if (before && !ours.has(uid)) {
      for (const [key, password] of had) {
        if (!ourHosts.has(key) && has.get(key) !== password)
          complain(`foreign login ${key} lost in ${namespace}/${name}`);
      }
      if (JSON.stringify(otherData(before)) !== JSON.stringify(otherData(after)))
        complain(`foreign data lost in ${namespace}/${name}`);
    }
    if (before && !touched.has(uid)) {
      for (const [key, password] of had) if (has.get(key) !== password) goes(before, key, password, after);
    }
    if (after) {
      for (const [key, password] of has) if (had.get(key) !== password) comes(after, key, password);
      const isEmpty = has.size === 0 && after.metadata.deletionTimestamp === undefined;
      if (isEmpty && ours.has(uid)) complain(`an empty docker config in ${namespace}/${name}`);
      return;
    }
    for (const credential of (annotations[credentialsAnnotation] ?? "").split(",").filter(Boolean)) {
      if (touched.has(uid) || drained.has(credential)) continue;
      if (!server.get({ resource: "registrycredentials", name: credential }))
        complain(`absence removed ${namespace}/${name}: it lists ${credential}, which is gone without a drain`);
    }
  };

  const ownSecretWritten = ({ type, object, before }: ModelEvent): void => {
    const { uid, namespace, name } = (before ?? object).metadata;
    if (!before) ours.add(uid);
    else if (!ours.has(uid)) complain(`${namespace}/${name} is none of the operator's`);
    if (type === "DELETED" && name.startsWith("regcred-token-")) {
      for (const { grant, identity } of story.now().claims) {
        if (!grant || name !== tokenSecretName(shortKey(grant))) continue;
        if (story.wantedAllThrough(identity, believedSince())) complain(`${name} deleted, the token of ${identity}`);
      }
    }
  };

  const accountWritten = ({ object, before }: ModelEvent): void => {
    const { namespace = "", name, uid } = object.metadata;
    const [had, has] = [namesIn(before), namesIn(object)];
    const dealt: readonly string[] = secretNames;
    const lost = had.filter((each) => !has.includes(each));
    const gained = has.filter((each) => !had.includes(each));
    for (const each of lost) {
      if (!dealt.includes(each)) complain(`foreign reference ${each} taken off ${namespace}/${name}`);
      const secret = server.get({ resource: "secrets", namespace, name: each });
      if (!secret || !ours.has(secret.metadata.uid) || touched.has(secret.metadata.uid)) continue;
      const isWanted = story
        .now()
        .of(namespace, each)
        .some(
          ({ identity, credential }) => refers(credential, name) && story.wantedAllThrough(identity, believedSince()),
        );
      const optedOut = object.metadata.annotations?.["regcred.dev/ignore"] === "true";
      if (isWanted && !optedOut)
        complain(`reference ${each} taken off ${namespace}/${name}, which is still to have it`);
    }
    for (const each of gained) {
      if (!dealt.includes(each)) complain(`reference ${each} given to ${namespace}/${name}`);
    }
    const stays = (list: readonly string[]): readonly string[] => list.filter((each) => !dealt.includes(each));
    if (JSON.stringify(stays(had)) !== JSON.stringify(stays(has))) complain(`order changed in ${namespace}/${name}`);
    foreignReferences.get(uid)?.forEach((each) => {
      if (!has.includes(each)) foreignReferences.get(uid)?.delete(each);
    });
  };

  const credentialWritten = ({ type, object, before }: ModelEvent): void => {
    const { name, annotations = {}, deletionTimestamp } = object.metadata;
    if (!before) return complain(`the operator made the RegistryCredential ${name}`);
    const specOf = (raw: ClusterObject): string => JSON.stringify((raw as { readonly spec?: unknown }).spec);
    if (specOf(before) !== specOf(object)) complain(`the spec of ${name} was changed`);
    const others = (raw: ClusterObject): string =>
      JSON.stringify((raw.metadata.finalizers ?? []).filter((each) => each !== finalizer));
    if (others(before) !== others(object)) complain(`finalizers of others were changed on ${name}`);
    const isReleased =
      before.metadata.finalizers?.includes(finalizer) && !object.metadata.finalizers?.includes(finalizer);
    if (isReleased) {
      if (deletionTimestamp === undefined) complain(`the finalizer of ${name} was taken off before its deletion`);
      if (annotations[forceFinalizeAnnotation] !== "true") drained.add(name);
    }
    if (type === "DELETED") look();
  };

  return {
    complaints,
    complain,
    look,
    past: story,
    isUntouched: (uid) => ours.has(uid) && !touched.has(uid),
    isOurs: (uid) => ours.has(uid),
    writtenFor: (uid, key, password) => provenance.get(keyOf(uid, key, password)),
    refersByItself: (uid, name) => foreignReferences.get(uid)?.has(name) === true,
    asked: ({ verb, resource, namespace, name }, body) => {
      if (verb === "get" || verb === "create" || resource === "events") return;
      const { metadata, resourceVersion, uid } = (typeof body === "string" ? JSON.parse(body) : body) as {
        readonly metadata?: { readonly resourceVersion?: string };
        readonly resourceVersion?: string;
        readonly uid?: string;
      };
      const isNamed = verb === "delete" ? resourceVersion && uid : metadata?.resourceVersion;
      if (!isNamed) complain(`${verb} of ${resource} ${namespace}/${name} names no version`);
    },
    operatorWrote: (event) => {
      const { namespace } = event.object.metadata;
      switch (event.resource) {
        case "secrets":
          return inSystem(namespace) ? ownSecretWritten(event) : secretWritten(event);
        case "serviceaccounts":
          return accountWritten(event);
        case "registrycredentials":
          return credentialWritten(event);
        case "namespaces":
          return complain(`the operator wrote a Namespace`);
        case "events":
          return undefined;
      }
    },
    othersWrote: (event) => {
      const { uid } = event.object.metadata;
      if (event.resource === "secrets" && !inSystem(event.object.metadata.namespace)) touched.add(uid);
      if (event.resource === "serviceaccounts") {
        const names = isRecorded(event.object)
          ? namesIn(event.object).filter((each) => !namesIn(event.before).includes(each))
          : namesIn(event.object);
        const known = foreignReferences.get(uid) ?? new Set<string>();
        foreignReferences.set(uid, known);
        for (const each of names) known.add(each);
      }
      if (event.resource !== "events" && event.resource !== "secrets") look();
    },
  };
}

function refers(
  credential: {
    readonly spec: {
      readonly references: string;
      readonly serviceAccounts: { readonly exclude?: readonly string[] | undefined };
    };
  },
  account: string,
): boolean {
  return (
    credential.spec.references === "ServiceAccounts" &&
    credential.spec.serviceAccounts.exclude?.includes(account) !== true
  );
}

/** What a tenant lets us know of our own references. */
function isRecorded({ metadata }: ClusterObject): boolean {
  return metadata.annotations?.[referencesAnnotation] !== undefined;
}

function namesIn(object: ClusterObject | undefined): readonly string[] {
  return ((object as ServiceAccountObject | undefined)?.imagePullSecrets ?? []).map(({ name }) => name ?? "");
}
