// Steps that fix what more than one place finds wrong with the install.
import { defaultOperatorNamespace, forceFinalizeAnnotation, sourceLabel } from "../api/names.ts";
import { type Command, kubectl, type Step } from "../runtime/steps.ts";

/** With it begin the names of config/default, and of the chart unless its values say otherwise. */
const defaultPrefix = "regcred";

/**
 * Rights and policies as the release has them: config/default is for one namespace and for names without a prefix of one's own,
 * the chart for each other.
 */
export function grantRights(operatorNamespace: string, prefix = defaultPrefix): Step {
  return operatorNamespace === defaultOperatorNamespace && prefix === defaultPrefix
    ? { message: "grant it with", command: kubectl`apply -k config/default` }
    : { message: `grant it with an upgrade of the chart's release in the namespace ${operatorNamespace}` };
}

/** What restrains the operator beyond its rights. */
export function applyPolicies(operatorNamespace: string, prefix = defaultPrefix): Step {
  return operatorNamespace === defaultOperatorNamespace && prefix === defaultPrefix
    ? { message: "apply them", command: kubectl`apply -k config/restraint` }
    : { message: `bring them in with an upgrade of the chart's release in the namespace ${operatorNamespace}` };
}

export const applyKind: Step = { message: "install it", command: kubectl`apply -f crds/` };

export function createServiceAccount(namespace: string, name: string): Step {
  return { message: "create it", command: kubectl`create serviceaccount -n ${namespace} ${name}` };
}

/** A Secret with a login that an administrator keeps. */
export interface SourcePlace {
  readonly namespace: string;
  readonly name: string;
  readonly operatorNamespace: string;
}

/** One that is not there. */
export function createSource(place: SourcePlace): readonly Step[] {
  return [{ message: "create it", command: loginFor(place) }, ...labelSource(place)];
}

/** One that holds nothing of use: the type of a Secret cannot be changed, so it is made anew. */
export function remakeSource(place: SourcePlace): readonly Step[] {
  const { namespace, name } = place;
  return [
    { message: "delete it", command: kubectl`delete secret -n ${namespace} ${name}` },
    { message: "make it anew with the login itself", command: loginFor(place) },
    ...labelSource(place),
  ];
}

/** Outside the operator's namespace a source must say that it is one. */
export function labelSource({ namespace, name, operatorNamespace }: SourcePlace): readonly Step[] {
  const command = kubectl`label -n ${namespace} secret ${name} ${sourceLabel}=true --overwrite`;
  return namespace === operatorNamespace ? [] : [{ message: "label it", command }];
}

function loginFor({ namespace, name }: SourcePlace): Command {
  return kubectl`create secret docker-registry -n ${namespace} ${name} --docker-server=HOST --docker-username=USER --docker-password=PASSWORD`;
}

export function createCertificates(operatorNamespace: string, name: string): Step {
  return {
    message: "create it",
    command: kubectl`create secret generic -n ${operatorNamespace} ${name} --from-file=ca.crt=FILE`,
  };
}

/** Lets the operator ask for tokens of the ServiceAccount. */
export function consentTo(namespace: string, name: string, operatorServiceAccount: string): readonly Step[] {
  return [
    {
      message: "let it",
      command: kubectl`create role regcred-token-${name} -n ${namespace} --verb=create --resource=serviceaccounts/token --resource-name=${name}`,
    },
    {
      message: "and bind that",
      command: kubectl`create rolebinding regcred-token-${name} -n ${namespace} --role=regcred-token-${name} --serviceaccount=${operatorServiceAccount}`,
    },
  ];
}

/** Leaves with tenants what they have, and lets the deletion end. */
export function giveUp(credential: string): Command {
  return kubectl`annotate registrycredential ${credential} ${forceFinalizeAnnotation}=true --overwrite`;
}
