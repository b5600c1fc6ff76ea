// Observes which references are wanted in a namespace, given what the pull-secret controller has found there.
import type { RegistryCredential } from "../../api/registry-credential.ts";
import { extraReferences } from "../../entitlement/extra-references.ts";
import type { ReferableSecret } from "./plan.ts";
import { selectsServiceAccount } from "../../entitlement/selection.ts";
import type { NamespaceRecord, SecretRecord, ServiceAccountRecord } from "../../cluster/records.ts";
import type { SecretFinding } from "../status-cache.ts";
import type { Context } from "../context.ts";
import type { Contributor } from "../../entitlement/credential-index.ts";
import { hasUnreadable, unreadableIn, orphanedIn } from "../pull-secret/undecided.ts";

/** What is wanted of one ServiceAccount. */
export interface WantedReferences {
  readonly secrets: readonly ReferableSecret[];
  readonly extras: readonly string[];
  /** Names that nothing is known of yet, or that a suspended credential holds as they are. */
  readonly unjudged: ReadonlySet<string>;
}

export interface ReferencesSituation {
  /** Equal texts: the same is wanted of each ServiceAccount. */
  readonly text: string;
  /** Each that has to do with a Secret name here, with the version of its spec. */
  readonly credentials: ReadonlyMap<string, number>;
  /** Some credential wants references here. */
  readonly refers: boolean;
  /** Secrets that are about to go, and wait for their references. */
  readonly leaving: readonly string[];
  /** Names that a credential referred to beside its own and no longer wants, or that leave with it. */
  readonly formerExtras: ReadonlySet<string>;
  readonly of: (serviceAccount: ServiceAccountRecord) => WantedReferences;
}

/** What is known of one Secret name. */
interface Found {
  readonly name: string;
  readonly contributors: readonly Contributor[];
  readonly finding: SecretFinding | undefined;
  readonly record: SecretRecord | undefined;
  /** One who is gone without a drain has a login in it. */
  readonly isOrphaned: boolean;
  /** A credential that cannot be read has a login in it, or may have referred to it though it is somebody else's. */
  readonly unread: boolean;
}

export function referencesSituation(context: Context, namespace: NamespaceRecord): ReferencesSituation {
  const { index: credentialIndex, statusCache } = context.credentials;
  const { stores } = context.cluster;
  const names = credentialIndex.names();
  const someUnread = hasUnreadable(context);
  const credentials = new Map<string, number>();
  const leaving: string[] = [];
  const formerExtras = new Set<string>();
  const found = names.map((name): Found => {
    const contributors = credentialIndex.contributors(namespace, name);
    for (const { name: ofName, deleting, credential } of contributors) {
      credentials.set(ofName, credential.generation);
      const extras = extraReferences(credential);
      const goes =
        deleting && credential.spec.deletionPolicy === "Delete"
          ? [...extras.current, ...extras.coming, ...extras.former]
          : extras.former;
      for (const extra of goes) formerExtras.add(extra);
    }
    const finding = statusCache.secret(namespace.name, name);
    if (finding?.state === "leaving") leaving.push(name);
    const record = stores.pullSecrets.get(`${namespace.name}/${name}`);
    const place = { namespaceUid: namespace.uid, secretName: name };
    const isOrphaned = orphanedIn(context, place, record, contributors).names.length > 0;
    const isForeign = finding?.state === "foreign";
    const mayBeTheirs = isForeign && someUnread;
    const unread = record !== undefined && (mayBeTheirs || unreadableIn(context, place, record).length > 0);
    return { name, contributors, finding, record, isOrphaned, unread };
  });

  const usable = (name: string): boolean =>
    found.some((each) => each.name === name && each.finding?.state === "usable");
  /** After a start names are judged one by one, and some wait for a token first. */
  const isJudged = (name: string): boolean =>
    found.some(
      ({ name: its, finding, record }) =>
        its === name && finding !== undefined && (finding.state !== "waiting" || record === undefined),
    );
  const refers = (contributor: Contributor, serviceAccount: ServiceAccountRecord): boolean => {
    const { spec } = contributor.credential;
    return (
      contributor.entitled &&
      spec.references === "ServiceAccounts" &&
      !serviceAccount.optedOut &&
      selectsServiceAccount(spec.serviceAccounts, serviceAccount.name)
    );
  };
  return {
    text: JSON.stringify([found.map(textOf), [...formerExtras]]),
    credentials,
    refers: found.some(({ contributors }) =>
      contributors.some(({ entitled, credential }) => entitled && credential.spec.references === "ServiceAccounts"),
    ),
    leaving,
    formerExtras,
    of: (serviceAccount) => {
      const extras = new Set<string>();
      const unjudged = new Set<string>();
      const secrets = found.flatMap(
        ({ name, contributors, finding, record, isOrphaned, unread }): ReferableSecret[] => {
          const actors = contributors.filter((each) => (each.entitled && each.confirmed) || each.deleting);
          const unconfirmed = contributors.filter((each) => each.entitled && !each.confirmed);
          for (const { credential } of unconfirmed) leaveExtras(unjudged, credential);
          const suspended =
            actors.length > 0 && actors.every(({ credential, deleting }) => credential.spec.suspend && !deleting);
          if (!finding || finding.state === "waiting" || suspended) {
            unjudged.add(name);
            for (const { credential } of actors) leaveExtras(unjudged, credential);
            return [];
          }
          let wanted = false;
          let undecided = false;
          for (const contributor of contributors) {
            if (!contributor.confirmed || !refers(contributor, serviceAccount)) continue;
            const { pullSecret } = contributor.credential.spec;
            if (contributor.role === "current") {
              wanted = true;
              const { current, coming } = extraReferences(contributor.credential);
              for (const extra of current) extras.add(extra);
              for (const extra of coming) unjudged.add(extra);
            } else if (isJudged(pullSecret.name)) {
              // The former Secret is referred to until the new one can be.
              wanted ||= !usable(pullSecret.name);
            } else undecided = true;
          }
          return [
            {
              name,
              wanted,
              usable: finding.state === "usable" && record !== undefined && !record.terminating,
              leaving: finding.state === "leaving",
              foreign: record !== undefined && finding.state === "foreign",
              served: contributors.some(({ entitled, role }) => entitled && role === "current"),
              retained: record !== undefined && contributors.some(({ retains }) => retains),
              frozen: unread || isOrphaned || undecided || unconfirmed.some((each) => refers(each, serviceAccount)),
            },
          ];
        },
      );
      for (const { name } of secrets) unjudged.delete(name);
      for (const extra of extras) unjudged.delete(extra);
      return { secrets, extras: [...extras], unjudged };
    },
  };
}

/** Whatever a credential refers to beside its own name stays as it is. */
function leaveExtras(unjudged: Set<string>, credential: RegistryCredential): void {
  const { current, coming, former } = extraReferences(credential);
  for (const extra of [...current, ...coming, ...former]) unjudged.add(extra);
}

function textOf({ name, contributors, finding, record, isOrphaned, unread }: Found): unknown {
  const judged = contributors.map(({ name: of, role, entitled, confirmed, retains, deleting, credential }) => {
    return [
      of,
      role,
      entitled,
      confirmed,
      retains,
      deleting,
      credential.uid,
      credential.generation,
      extraReferences(credential),
    ];
  });
  return [name, finding?.state, record && [record.uid, record.terminating], isOrphaned, unread, judged];
}
