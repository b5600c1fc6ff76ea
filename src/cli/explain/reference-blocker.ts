// Blockers of references: the Secret is there and good, but the pod or ServiceAccount does not refer to it.
import { ignoreAnnotation } from "../../api/names.ts";
import type { RegistryCredential } from "../../api/registry-credential.ts";
import { quotedText } from "../../runtime/foreign-text.ts";
import { type Command, jsonValue, kubectl } from "../../runtime/steps.ts";
import type { ServiceAccountRecord } from "../../cluster/records.ts";
import { selectsServiceAccount } from "../../entitlement/selection.ts";
import { credentialPatch, type Blocker } from "./blocker.ts";
import { othersWith } from "./serving-blocker.ts";
import type { PodView, ExplainInput } from "./input.ts";
import { there } from "../seen.ts";

export function referenceBlocker(input: ExplainInput, credential: RegistryCredential): Blocker {
  const { pod, serviceAccount, namespaceName: namespace } = input;
  const secret = credential.spec.pullSecret.name;
  const account = there(serviceAccount);
  const isReferred = account?.references?.includes(secret) === true;
  if (pod && pod.pullSecrets.length > 0 && !isCopied(pod, account)) return ownList(pod, namespace, secret);
  if (pod && isReferred) return tooEarly(pod, namespace, secret);
  return accountBlocker(input, credential, account);
}

/** Admission gives a pod the whole list of its ServiceAccount, or nothing; the list may have grown since. */
function isCopied({ pullSecrets }: PodView, account: ServiceAccountRecord | undefined): boolean {
  return account?.references !== undefined && pullSecrets.every((name) => account.references?.includes(name));
}

function ownList(pod: PodView, namespace: string, secret: string): Blocker {
  return {
    reason: "OtherReferences",
    cause: "Tenant",
    others: 0,
    why: `pod ${pod.name} names its own imagePullSecrets (${quotedText(pod.pullSecrets.join(", "))}) and not ${secret}, so it does not get those of its ServiceAccount`,
    remedy: {
      change: `add {name: ${secret}} to imagePullSecrets in the pod's template${pod.owner === undefined ? "" : ` (that of ${quotedText(pod.owner)})`}, or leave the list out; then delete the pod`,
      commands: [kubectl`delete pod -n ${namespace} ${pod.name}`],
    },
  };
}

function tooEarly(pod: PodView, namespace: string, secret: string): Blocker {
  return {
    reason: "PodTooEarly",
    cause: "Tenant",
    others: 0,
    why: `pod ${pod.name} was created before its ServiceAccount referred to the Secret ${secret}, and a pod gets the list only when it is created`,
    remedy: {
      change:
        pod.owner === undefined
          ? "delete the pod and create it again"
          : `delete the pod; its owner, ${quotedText(pod.owner)}, makes a new one`,
      commands: [kubectl`delete pod -n ${namespace} ${pod.name}`],
    },
  };
}

function accountBlocker(
  { serviceAccount, serviceAccountName: name, namespaceName: namespace }: ExplainInput,
  credential: RegistryCredential,
  account: ServiceAccountRecord | undefined,
): Blocker {
  const { spec } = credential;
  const secret = spec.pullSecret.name;
  const at = `ServiceAccount ${namespace}/${name}`;
  const platform = (reason: string, why: string, change: string, commands: readonly Command[]): Blocker => {
    return { reason, cause: "Platform", others: 0, why, remedy: { change, commands } };
  };
  if (serviceAccount.seen === "absent") {
    return {
      ...platform("ServiceAccountMissing", `${at} does not exist`, "create it", [
        kubectl`create serviceaccount -n ${namespace} ${name}`,
      ]),
      cause: "Tenant",
    };
  }
  if (spec.references === "None") {
    return platform(
      "ReferencesOff",
      `RegistryCredential ${credential.name} writes no references (references: None), and ${at} does not name ${secret} itself`,
      `let it write them, or add {name: ${secret}} to imagePullSecrets in the pod's template`,
      [credentialPatch(credential.name, { references: "ServiceAccounts" })],
    );
  }
  if (account?.optedOut) {
    return {
      ...platform("NotSelected", `${at} has opted out (${ignoreAnnotation})`, "take the annotation off", [
        kubectl`annotate serviceaccount -n ${namespace} ${name} ${ignoreAnnotation}-`,
      ]),
      cause: "Tenant",
    };
  }
  if (!selectsServiceAccount(spec.serviceAccounts, name)) {
    const { include, exclude = [] } = spec.serviceAccounts;
    const wider = [...new Set([...include, name])];
    const rest = exclude.filter((glob) => !selectsServiceAccount({ include: [glob] }, name));
    return platform(
      "NotSelected",
      `RegistryCredential ${credential.name} serves ServiceAccounts called ${include.join(", ")}${exclude.length > 0 ? `, but not ${exclude.join(", ")}` : ""}, and so not ${name}`,
      "let it serve this one as well",
      [
        credentialPatch(credential.name, {
          serviceAccounts: { include: wider, exclude: rest.length > 0 ? rest : null },
        }),
      ],
    );
  }
  if (serviceAccount.seen === "hidden") {
    return platform(
      "ReferenceMissing",
      `the pod does not refer to the Secret ${secret}, and ${at}, which should give it that reference, could not be read`,
      `ask somebody who may get serviceaccounts whether it does by now: if it names ${secret}, delete the pod and have it made anew`,
      [],
    );
  }
  // A strategic merge patch adds to this list, whatever else is in it.
  const reference = jsonValue({ imagePullSecrets: [{ name: secret }] });
  return {
    ...platform(
      "ReferenceMissing",
      `${at} does not refer to the Secret ${secret}, though RegistryCredential ${credential.name} wants it to: somebody takes it off, or the operator does not run`,
      "wait for some seconds; if it lasts, add it by hand, and see who takes it off",
      [kubectl`patch serviceaccount -n ${namespace} ${name} --type=strategic -p ${reference}`],
    ),
    others: othersWith(credential, "Contested"),
  };
}
