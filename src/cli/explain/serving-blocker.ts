// Blockers of serving: a living login of an entry is not in the namespace's pull Secret.
import { conditionOf, isBad } from "../../api/conditions.ts";
import { adoptAnnotation, managedByLabel } from "../../api/names.ts";
import { hasTrait } from "../../api/reasons.ts";
import type { Entry, RegistryCredential } from "../../api/registry-credential.ts";
import type { Failure } from "../../runtime/errors.ts";
import { kubectl } from "../../runtime/steps.ts";
import { otherManager, secretConflict } from "../../cluster/other-managers.ts";
import { grantsOf, isFailure } from "../../providers/grant.ts";
import { selectionBlocker } from "../../entitlement/selection.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import { giveUp } from "../../cluster/install-steps.ts";
import { knownSteps } from "./known-steps.ts";
import { credentialPatch, type Blocker, blockerOf } from "./blocker.ts";
import { notSelected } from "./selection-remedy.ts";
import { scopeOf, type SecretView, type ExplainInput } from "./input.ts";
import { there } from "../seen.ts";
import { shownEntries } from "../../cluster/entries-annotation.ts";

/** A blocker, and how far it is from a login: of several credentials the one that has come farthest is told. */
export interface Stopped {
  readonly stage: number;
  readonly blocker: Blocker;
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
const unreported = 5;
const held = 6;

export function servingBlocker(input: ExplainInput, candidate: Candidate): Stopped {
  const { credential, record, entry } = candidate;
  const { spec } = credential;
  const namespace = there(input.namespace);
  if (record.deleting) return stopped(inDeletion, deleting(credential));
  const selection = namespace && selectionBlocker(spec.namespaces, namespace, input.operatorNamespace);
  if (namespace && selection) return stopped(unselected, notSelected(credential, namespace, selection));
  const { status } = credential;
  if (status?.observedGeneration !== record.generation) return stopped(unobserved, notObserved(candidate, input));
  if (namespace && input.accountsSeen) {
    const failure = grantsOf(entry, scopeOf(input, namespace))
      .map(({ grant }) => grant)
      .find((grant) => isFailure(grant));
    if (failure) return stopped(unrendered, blockerOf(failure, othersWith(credential, failure.reason)));
  }
  return secretBlocker(input, candidate) ?? stopped(unreported, notWritten(candidate, input));
}

function deleting({ name, status }: RegistryCredential): Blocker {
  const blocked = conditionOf(status, "DrainBlocked");
  const held = blocked && isBad(blocked) ? blocked : undefined;
  const why = `RegistryCredential ${name} is being deleted`;
  const change = "apply it again once it is gone, if that was a mistake";
  return {
    reason: "Deleting",
    cause: "Platform",
    others: 0,
    why: held ? `${why}, ${held.message}` : why,
    remedy: held
      ? {
          change: `fix what holds it, or give up on that; then ${change}`,
          commands: [giveUp(name)],
        }
      : { change, commands: [] },
  };
}

function secretBlocker(input: ExplainInput, candidate: Candidate): Stopped | undefined {
  const { credential } = candidate;
  const { name, spec, status } = credential;
  const secretName = spec.pullSecret.name;
  const secret = there(input.secrets.get(secretName));
  if (secret?.terminating) {
    return stopped(held, {
      reason: "DeletionPending",
      cause: "Tenant",
      others: 0,
      why: `the Secret ${secretName} is being deleted, and a finalizer holds it`,
      remedy: { change: "let whoever owns the finalizer finish, or take it off", commands: [] },
    });
  }
  if (secret && shownEntries(secret.annotations) === undefined) {
    return stopped(held, conflictBlocker(secret, input, credential));
  }
  if (spec.suspend) {
    return stopped(unreported, {
      reason: "Suspended",
      cause: "Platform",
      others: Math.max((status?.namespaces?.pending ?? 0) - 1, 0),
      why: `RegistryCredential ${name} is suspended, so nothing is written to tenants`,
      remedy: { change: "let it go on", commands: [credentialPatch(name, { suspend: false })] },
    });
  }
  return entryBlocker(input, candidate) ?? namespaceBlocker(input, candidate);
}

/** What the operator says of the entry, where it fails for every namespace alike or for each. */
function entryBlocker(input: ExplainInput, { credential, entry }: Candidate): Stopped | undefined {
  const { name, status } = credential;
  const found = status?.registries?.find((each) => each.name === entry.name);
  if (found?.reason === undefined || found.failing < found.identities) return undefined;
  const { reason, message = reason, identities } = found;
  const failure: Omit<Failure, "retry"> = {
    reason,
    cause: "Platform",
    // One message stands for all; with a token for each tenant it may be about another.
    message: identities === 1 ? message : `entry ${name}/${entry.name} fails for every tenant (${reason})`,
    steps: knownSteps(reason, entry, input),
  };
  return stopped(unreported, blockerOf(failure, Math.max((status?.namespaces?.selected ?? 1) - 1, 0)));
}

/**
 * What the operator says of this namespace, by its reason. Only the status is asked: Events of a namespace can be written
 * by whoever has rights there, under any name.
 */
function namespaceBlocker(input: ExplainInput, { credential, entry }: Candidate): Stopped | undefined {
  const { name, status } = credential;
  const groups = (status?.failures ?? []).filter((group) => !hasTrait(group, "harmless"));
  const here = groups.find(({ examples }) => examples.includes(input.namespaceName));
  // Three examples are listed; where there are more, this namespace may be one of them.
  const group = here ?? groups.find(({ count, examples }) => count > examples.length);
  if (!group) return undefined;
  const { reason, cause, count, examples } = group;
  const message = status?.conditions?.find((each) => each.reason === reason && each.status === "False")?.message;
  const failure: Omit<Failure, "retry"> = {
    reason,
    cause,
    message: here
      ? (message ?? `${reason}: docs/operations.md says what that is and what to do`)
      : `RegistryCredential ${name} has ${count} namespaces that are not served as wanted (${reason}), of which its status names ${examples.join(", ")} only, and this may be one of the others`,
    steps: here
      ? knownSteps(reason, entry, input)
      : [{ message: "see what its status and the operator's log say of it", command: kubectl`regcred status ${name}` }],
  };
  return stopped(unreported, blockerOf(failure, othersWith(credential, reason)));
}

function conflictBlocker(
  { labels, annotations, controller }: SecretView,
  { namespaceName: namespace }: ExplainInput,
  credential: RegistryCredential,
): Blocker {
  const { name, onConflict } = credential.spec.pullSecret;
  const manager = controller ?? labels[managedByLabel];
  const why =
    onConflict === "Fail"
      ? undefined
      : (otherManager({ labels, annotations, controller }) ??
        `it is not taken over by onConflict: ${onConflict} as it is`);
  return {
    ...blockerOf(secretConflict({ namespace, name, manager }, why), othersWith(credential, "SecretConflict")),
    remedy: {
      change: `delete that Secret if nobody needs it, and it is written again with the logins that are granted; ${
        onConflict === "Fail"
          ? "or set pullSecret.onConflict to Merge or Adopt"
          : `or let its owner consent to its being replaced: annotation ${adoptAnnotation}=true, and onConflict: Adopt`
      }`,
      commands: [kubectl`delete secret -n ${namespace} ${name}`],
    },
  };
}

function notObserved({ credential, record }: Candidate, { operatorNamespace }: ExplainInput): Blocker {
  const seen = credential.status?.observedGeneration;
  return {
    reason: "Unobserved",
    cause: "Platform",
    others: 0,
    why: `the operator has not ${seen === undefined ? `looked at RegistryCredential ${credential.name}` : `looked at change ${record.generation} of RegistryCredential ${credential.name}, only at change ${seen}`}: it does not run, or has just begun`,
    remedy: startIt(operatorNamespace),
  };
}

function notWritten({ credential, entry }: Candidate, { operatorNamespace, namespaceName }: ExplainInput): Blocker {
  return {
    reason: "Progressing",
    cause: "Platform",
    others: 0,
    why: `the operator has not yet written the login of ${credential.name}/${entry.name} into the Secret ${credential.spec.pullSecret.name} of ${namespaceName}`,
    remedy: startIt(operatorNamespace),
  };
}

function startIt(operatorNamespace: string): Blocker["remedy"] {
  return {
    change: "wait for some seconds, and if it lasts, see whether the operator runs",
    commands: [kubectl`get pods -n ${operatorNamespace}`],
  };
}

export function othersWith({ status }: RegistryCredential, reason: string): number {
  const group = status?.failures?.find((each) => each.reason === reason);
  return Math.max((group?.count ?? 1) - 1, 0);
}

function stopped(stage: number, blocker: Blocker): Stopped {
  return { stage, blocker };
}
