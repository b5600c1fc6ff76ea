// Which references do the ServiceAccounts of one namespace need? One patch each, for all credentials.
import { referencesAnnotation } from "../api/names.ts";
import type { Failure } from "../errors.ts";
import type { ServiceAccountObject } from "../kube/cluster-api.ts";
import { afterWrite, contestedFor, type Repairs, waitBeforeWrite } from "../plan/damping.ts";
import { credentialKey, secretKey } from "../plan/keys.ts";
import { planReferences, type ReferableSecret } from "../plan/references.ts";
import { selectsServiceAccount } from "../plan/selection.ts";
import type { NamespaceRecord, ServiceAccountRecord } from "../plan/snapshot.ts";
import type { Outcome } from "../queue/work-queue.ts";
import type { Context } from "./context.ts";
import type { Participant } from "./entitlements.ts";
import { done, failed, soonest } from "./outcome.ts";
import { statusSoon } from "./report-secret.ts";

export interface ReferencesLoop {
  (context: Context, namespace: string, signal: AbortSignal): Promise<Outcome>;
  /** Names that a credential referred to beside its own, and no longer does. */
  readonly formerExtras: (names: readonly string[]) => void;
}

export function referencesLoop(): ReferencesLoop {
  const repairs = new Map<string, Repairs>();
  const formerExtras = new Set<string>();

  const reconcile = async (context: Context, namespaceName: string, signal: AbortSignal): Promise<Outcome> => {
    const { stores, board, clock, log } = context;
    const namespace = stores.namespaces.get(namespaceName);
    if (!namespace || namespace.terminating) return done;
    const situation = situationIn(context, namespace);
    const failures: Failure[] = [];
    let wait: number | undefined;
    let worst: Failure | undefined;
    for (const serviceAccount of stores.serviceAccounts.byIndex(namespaceName)) {
      const { key, name } = serviceAccount;
      const { secrets, extras, unjudged } = situation.forServiceAccount(serviceAccount);
      const snapshot = {
        serviceAccount,
        secrets,
        extras,
        unjudged,
        formerExtras: new Set([...formerExtras, ...situation.leavingExtras]),
      };
      try {
        let plan = planReferences({ ...snapshot, references: undefined });
        if (plan.kind === "read") {
          const object = await context.api.getServiceAccount(namespaceName, name, signal);
          // Changed since: the event that says so queues the namespace again.
          if (!object || object.metadata.resourceVersion !== serviceAccount.resourceVersion) continue;
          plan = planReferences({ ...snapshot, references: namesIn(object) });
        }
        const wanted = JSON.stringify([
          secrets.filter((secret) => secret.wanted && secret.usable).map((secret) => secret.name),
          extras,
        ]);
        const before = repairs.get(key);
        if (plan.kind === "patch") {
          const delay = waitBeforeWrite(before, wanted, clock.elapsed());
          if (delay > 0) {
            wait = Math.min(wait ?? delay, delay);
          } else {
            const answer = await context.api.patchServiceAccount(
              namespaceName,
              name,
              {
                metadata: {
                  resourceVersion: serviceAccount.resourceVersion,
                  annotations: { [referencesAnnotation]: plan.record },
                },
                imagePullSecrets: plan.references.map((reference) => ({ name: reference })),
              },
              signal,
            );
            const written = context.strips.serviceAccount(answer);
            if (written) stores.serviceAccounts.wrote(written);
            repairs.set(key, afterWrite(before, wanted, clock.elapsed()));
            log.debug("references written", {
              namespace: namespaceName,
              serviceAccount: name,
              added: plan.added,
              removed: plan.removed,
            });
          }
        }
        const fight = contestedFor(repairs.get(key), clock.elapsed());
        if (fight !== undefined) {
          failures.push(contested(name));
          wait = Math.min(wait ?? fight, fight);
        }
      } catch (error) {
        const { kind, failure } = context.refusal(error, `patch the ServiceAccount ${namespaceName}/${name}`);
        if (kind === "namespaceTerminating" || kind === "namespaceNotFound") return done;
        if (kind === "notFound") continue;
        worst = failure;
        // A stale version is no failure to report: the event that made it stale is on its way.
        if (kind !== "conflict") failures.push(failure);
      }
    }
    const before = board.references(namespaceName);
    const news = board.setReferences(namespaceName, { failures, notes: [] });
    for (const secret of situation.leaving) context.enqueue(secretKey(namespaceName, secret), { lane: "normal" });
    if (
      !before ||
      before.failures.map(({ message }) => message).join() !== failures.map(({ message }) => message).join()
    ) {
      for (const credential of situation.credentials) context.enqueue(credentialKey(credential), statusSoon);
    }
    for (const failure of news) {
      context.events.publish({
        regarding: {
          apiVersion: "v1",
          kind: "Namespace",
          namespace: namespaceName,
          name: namespaceName,
          uid: namespace.uid,
        },
        type: "Warning",
        reason: failure.reason,
        action: "Refer",
        note: failure.message,
      });
    }
    return worst ? failed(worst) : soonest(wait);
  };

  return Object.assign(reconcile, {
    formerExtras: (names: readonly string[]): void => {
      for (const name of names) formerExtras.add(name);
    },
  });
}

interface Situation {
  readonly credentials: readonly string[];
  /** Secrets that are about to go, and wait for their references. */
  readonly leaving: readonly string[];
  readonly leavingExtras: readonly string[];
  forServiceAccount(serviceAccount: ServiceAccountRecord): {
    readonly secrets: readonly ReferableSecret[];
    readonly extras: readonly string[];
    readonly unjudged: ReadonlySet<string>;
  };
}

/** What the pull Secret loop has found in the namespace, as the references see it. */
function situationIn(context: Context, namespace: NamespaceRecord): Situation {
  const { entitlements, board, stores } = context;
  const names = entitlements.names();
  const credentials = new Set<string>();
  const leaving: string[] = [];
  const leavingExtras: string[] = [];
  const found = names.map((name) => {
    const participants = entitlements.participants(namespace, name);
    for (const {
      name: credential,
      deleting,
      credential: { spec },
    } of participants) {
      credentials.add(credential);
      if (deleting && spec.deletionPolicy === "Delete") leavingExtras.push(...(spec.pullSecret.extraReferences ?? []));
    }
    const finding = board.secret(namespace.name, name);
    if (finding?.state === "leaving") leaving.push(name);
    const record = stores.pullSecrets.get(`${namespace.name}/${name}`);
    return { name, participants, finding, record };
  });

  const usable = (name: string): boolean =>
    found.some((each) => each.name === name && each.finding?.state === "usable");
  const refers = (participant: Participant, serviceAccount: ServiceAccountRecord): boolean => {
    const { spec } = participant.credential;
    return (
      participant.entitled &&
      spec.references === "ServiceAccounts" &&
      !serviceAccount.optedOut &&
      selectsServiceAccount(spec.serviceAccounts, serviceAccount.name)
    );
  };
  return {
    credentials: [...credentials],
    leaving,
    leavingExtras,
    forServiceAccount: (serviceAccount) => {
      const extras = new Set<string>();
      const unjudged = new Set<string>();
      const secrets = found.flatMap(({ name, participants, finding, record }): ReferableSecret[] => {
        const actors = participants.filter((each) => each.entitled || each.deleting);
        const suspended =
          actors.length > 0 && actors.every(({ credential, deleting }) => credential.spec.suspend && !deleting);
        if (!finding || finding.state === "waiting" || suspended) {
          unjudged.add(name);
          for (const { credential } of actors) {
            for (const extra of credential.spec.pullSecret.extraReferences ?? []) unjudged.add(extra);
          }
          return [];
        }
        let wanted = false;
        for (const participant of participants) {
          if (!refers(participant, serviceAccount)) continue;
          const { pullSecret } = participant.credential.spec;
          if (participant.role === "current") {
            wanted = true;
            for (const extra of pullSecret.extraReferences ?? []) extras.add(extra);
          } else if (!usable(pullSecret.name)) {
            // The former Secret is referred to until the new one can be.
            wanted = true;
          }
        }
        return [
          {
            name,
            wanted,
            usable: finding.state === "usable" && record !== undefined && !record.terminating,
            leaving: finding.state === "leaving",
            foreign: record !== undefined && (finding.state === "foreign" || participants.some(isRetained)),
          },
        ];
      });
      for (const { name } of secrets) unjudged.delete(name);
      for (const extra of extras) unjudged.delete(extra);
      return { secrets, extras: [...extras], unjudged };
    },
  };
}

function isRetained({ deleting, credential }: Participant): boolean {
  return deleting && credential.spec.deletionPolicy === "Retain";
}

function namesIn({ imagePullSecrets }: ServiceAccountObject): readonly string[] {
  return (imagePullSecrets ?? []).flatMap(({ name }) => (name === undefined ? [] : [name]));
}

function contested(serviceAccount: string): Failure {
  return {
    reason: "Contested",
    cause: "Tenant",
    retry: "on-change",
    message: `somebody keeps taking the reference off the ServiceAccount ${serviceAccount}: let them ignore it, for example in Argo CD with ignoreDifferences: [{kind: ServiceAccount, name: ${serviceAccount}, jsonPointers: [/imagePullSecrets]}]`,
  };
}
