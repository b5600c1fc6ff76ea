// Why is a living login of this entry not in the namespace's pull Secret?
import { managedByLabel } from "../../api/names.ts";
import type { Entry, RegistryCredential } from "../../api/registry-credential.ts";
import type { Failure } from "../../errors.ts";
import { conflictWith } from "../conflict.ts";
import { grantsOf, isFailure } from "../grant.ts";
import { selectionObstacle } from "../selection.ts";
import type { CredentialRecord } from "../snapshot.ts";
import { commandsIn, credentialPatch, type Obstacle, obstacleOf } from "./obstacle.ts";
import { notSelected } from "./selection-remedy.ts";
import { type Situation, there } from "./situation.ts";
import { writtenEntries } from "./written-entries.ts";

/** An obstacle, and how far it is from a login: of several credentials the one that has come farthest is told. */
export interface Stopped {
  readonly stage: number;
  readonly obstacle: Obstacle;
}

export interface Candidate {
  readonly record: CredentialRecord;
  readonly credential: RegistryCredential;
  readonly entry: Entry;
}

const inDeletion = 1;
const unselected = 2;
const unobserved = 3;
const unrendered = 4;
const untold = 5;
const held = 6;

export function servingObstacle(situation: Situation, candidate: Candidate): Stopped {
  const { credential, record, entry } = candidate;
  const { spec } = credential;
  const namespace = there(situation.namespace);
  if (record.deleting) return stopped(inDeletion, deleting(credential));
  const selection = namespace && selectionObstacle(spec.namespaces, namespace, situation.operatorNamespace);
  if (namespace && selection) return stopped(unselected, notSelected(credential, namespace, selection));
  const { status } = credential;
  if (status?.observedGeneration !== record.generation) return stopped(unobserved, notObserved(candidate, situation));
  if (namespace && situation.accountsSeen) {
    const scope = {
      namespace,
      operatorNamespace: situation.operatorNamespace,
      serviceAccount: situation.serviceAccountOf,
    };
    const failure = grantsOf(entry, scope)
      .map(({ grant }) => grant)
      .find((grant) => isFailure(grant));
    if (failure) return stopped(unrendered, obstacleOf(failure, othersWith(credential, failure.reason)));
  }
  return secretObstacle(situation, candidate) ?? stopped(untold, notWritten(candidate, situation));
}

function deleting({ name, status }: RegistryCredential): Obstacle {
  const held = status?.conditions?.find((each) => each.type === "DrainBlocked" && each.status === "True");
  const why = `RegistryCredential ${name} is being deleted`;
  const change = "apply it again once it is gone, if that was a mistake";
  return {
    reason: "Deleting",
    cause: "Platform",
    others: 0,
    why: held ? `${why}, ${held.message}` : why,
    remedy: held
      ? { change: `mend what holds it, or give up on that; then ${change}`, commands: commandsIn(held.message) }
      : { change, commands: [] },
  };
}

function secretObstacle(situation: Situation, { credential, entry }: Candidate): Stopped | undefined {
  const { name, spec, status } = credential;
  const secretName = spec.pullSecret.name;
  const secret = there(situation.secrets.get(secretName));
  if (secret?.terminating) {
    return stopped(held, {
      reason: "DeletionPending",
      cause: "Tenant",
      others: 0,
      why: `the Secret ${secretName} is being deleted, and a finalizer holds it`,
      remedy: { change: "let whoever owns the finalizer finish, or take it off", commands: [] },
    });
  }
  const told = toldFailure(situation, credential);
  if (secret && writtenEntries(secret.annotations) === undefined) {
    const manager = secret.controller ?? secret.labels[managedByLabel];
    const failure =
      told?.reason === "SecretConflict"
        ? told
        : conflictWith({ namespace: situation.namespaceName, name: secretName, manager }, undefined);
    return stopped(held, conflictObstacle(failure, situation, credential));
  }
  if (spec.suspend) {
    return stopped(untold, {
      reason: "Suspended",
      cause: "Platform",
      others: Math.max((status?.namespaces?.pending ?? 0) - 1, 0),
      why: `RegistryCredential ${name} is suspended, so nothing is written to tenants`,
      remedy: { change: "let it go on", commands: [credentialPatch(name, { suspend: false })] },
    });
  }
  const ofEntry = status?.registries?.find((each) => each.name === entry.name);
  if (ofEntry?.reason !== undefined && ofEntry.message !== undefined && concerns(ofEntry.message, situation, entry)) {
    const { reason, message } = ofEntry;
    const others = Math.max((status?.namespaces?.selected ?? 1) - 1, 0);
    return stopped(untold, obstacleOf({ reason, message, cause: "Platform", retry: "on-change" }, others));
  }
  return told && stopped(untold, obstacleOf(told, othersWith(credential, told.reason)));
}

/** What the operator says of this namespace: in an Event word by word, else in the status by its reason. */
function toldFailure(situation: Situation, { status }: RegistryCredential): Failure | undefined {
  const groups = (status?.failures ?? []).filter(({ reason }) => reason !== "HostShadowed");
  const here = groups.find(({ examples }) => examples.includes(situation.namespaceName));
  // Three examples are listed; where there are more, an Event of the namespace tells whether it is one of them.
  const group =
    here ??
    groups.find(({ reason, count, examples }) => count > examples.length && noteOf(situation, reason) !== undefined);
  if (!group) return undefined;
  const { reason, cause } = group;
  const condition = status?.conditions?.find((each) => each.reason === reason && each.status === "False");
  const message =
    noteOf(situation, reason) ?? condition?.message ?? `${reason}: docs/operations.md says what that is and what to do`;
  return { reason, cause, message, retry: "on-change" };
}

function noteOf({ events }: Situation, reason: string): string | undefined {
  return events.findLast((event) => event.reason === reason)?.note;
}

/** The status holds one message per entry; with a source for each tenant it may be another tenant's. */
function concerns(message: string, { namespaceName }: Situation, entry: Entry): boolean {
  if (entry.provider !== "Static" || !entry.static.secretName.includes("$(")) return true;
  return message.includes(namespaceName);
}

function conflictObstacle(failure: Failure, { namespaceName }: Situation, credential: RegistryCredential): Obstacle {
  const { name } = credential.spec.pullSecret;
  return {
    ...obstacleOf(failure, othersWith(credential, "SecretConflict")),
    remedy: {
      change: "delete that Secret if nobody needs it; it is written again with the logins that are granted",
      commands: [`kubectl delete secret -n ${namespaceName} ${name}`],
    },
  };
}

function notObserved({ credential, record }: Candidate, { operatorNamespace }: Situation): Obstacle {
  const seen = credential.status?.observedGeneration;
  return {
    reason: "Unobserved",
    cause: "Platform",
    others: 0,
    why: `the operator has not ${seen === undefined ? `looked at RegistryCredential ${credential.name}` : `looked at change ${record.generation} of RegistryCredential ${credential.name}, only at change ${seen}`}: it does not run, or has just begun`,
    remedy: startIt(operatorNamespace),
  };
}

function notWritten({ credential, entry }: Candidate, { operatorNamespace, namespaceName }: Situation): Obstacle {
  return {
    reason: "Progressing",
    cause: "Platform",
    others: 0,
    why: `the operator has not yet written the login of ${credential.name}/${entry.name} into the Secret ${credential.spec.pullSecret.name} of ${namespaceName}`,
    remedy: startIt(operatorNamespace),
  };
}

function startIt(operatorNamespace: string): Obstacle["remedy"] {
  return {
    change: "wait for some seconds, and if it lasts, see whether the operator runs",
    commands: [`kubectl get pods -n ${operatorNamespace}`],
  };
}

export function othersWith({ status }: RegistryCredential, reason: string): number {
  const group = status?.failures?.find((each) => each.reason === reason);
  return Math.max((group?.count ?? 1) - 1, 0);
}

function stopped(stage: number, obstacle: Obstacle): Stopped {
  return { stage, obstacle };
}
