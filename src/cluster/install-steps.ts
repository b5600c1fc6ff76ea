// What does a person type to mend what more than one place finds wrong?
import { forceFinalizeAnnotation, sourceLabel } from "../api/names.ts";
import { type Command, kubectl, type Step } from "../runtime/steps.ts";

/** Rights and policies as the release has them. */
export const applyInstall: Step = { says: "grant it with", command: kubectl`apply -k config/default` };

export const applyKind: Step = { says: "install it", command: kubectl`apply -f crds/` };

export function createServiceAccount(namespace: string, name: string): Step {
  return { says: "create it", command: kubectl`create serviceaccount -n ${namespace} ${name}` };
}

/** A source that an administrator keeps; outside the operator's namespace it must say that it is one. */
export function createSource(namespace: string, name: string, operatorNamespace: string): readonly Step[] {
  const login = kubectl`create secret docker-registry -n ${namespace} ${name} --docker-server=HOST --docker-username=USER --docker-password=PASSWORD`;
  const label = kubectl`label -n ${namespace} secret ${name} ${sourceLabel}=true`;
  return [
    { says: "create it", command: login },
    ...(namespace === operatorNamespace ? [] : [{ says: "label it", command: label }]),
  ];
}

export function createCertificates(operatorNamespace: string, name: string): Step {
  return {
    says: "create it",
    command: kubectl`create secret generic -n ${operatorNamespace} ${name} --from-file=ca.crt=FILE`,
  };
}

/** Lets the operator ask for tokens of the ServiceAccount. */
export function consentTo(namespace: string, name: string, operatorServiceAccount: string): readonly Step[] {
  return [
    {
      says: "let it",
      command: kubectl`create role regcred-token -n ${namespace} --verb=create --resource=serviceaccounts/token --resource-name=${name}`,
    },
    {
      says: "and bind that",
      command: kubectl`create rolebinding regcred-token -n ${namespace} --role=regcred-token --serviceaccount=${operatorServiceAccount}`,
    },
  ];
}

/** Leaves with tenants what they have, and lets the deletion end. */
export function giveUp(credential: string): Command {
  return kubectl`annotate registrycredential ${credential} ${forceFinalizeAnnotation}=true`;
}
