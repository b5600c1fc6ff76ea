// The commands that regcred can advise, with the values with which each of them is typed in a test.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { commandText, kubectl } from "../src/runtime/steps.ts";

const sources = join(import.meta.dirname, "..", "src");

/** Stands where a value is put in. */
const hole = "§";

/** What is behind each kubectl`...` of the sources, once each. */
export function advisedTemplates(): readonly string[] {
  const files = globSync("**/*.ts", { cwd: sources }).map((path) => readFileSync(join(sources, path), "utf8"));
  return [...new Set(files.flatMap((text) => templatesIn(withoutComments(text))))].toSorted();
}

/** What in the sources reads like the beginning of a command, and is not made by that tag. */
export function commandsBesideTheTag(): readonly string[] {
  const command = /\b(?:kubectl|helm|oc) (?:regcred )?[a-z][\w-]* [\w-]+/g;
  return globSync("**/*.ts", { cwd: sources }).flatMap((path) =>
    [...withoutComments(readFileSync(join(sources, path), "utf8")).matchAll(command)].map(([found]) => found),
  );
}

/** One command with these values in its holes, as a person sees it. */
export function advised(template: string, values: readonly string[]): string {
  return commandText(kubectl(template.split(hole), ...values));
}

function withoutComments(text: string): string {
  return text.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, "");
}

function templatesIn(text: string): readonly string[] {
  return [...text.matchAll(/(?<!\w)kubectl`/g)].map(
    ({ index }) => templateAt(text, index + "kubectl`".length).template,
  );
}

/** The literal that begins there; `end` is behind its closing mark. */
function templateAt(text: string, start: number): { readonly template: string; readonly end: number } {
  let template = "";
  let at = start;
  while (text[at] !== "`") {
    if (at >= text.length) throw new Error(`a template literal has no end: ${text.slice(start, start + 80)}`);
    const isHole = text.startsWith("${", at);
    template += isHole ? hole : text[at];
    at = isHole ? behindExpression(text, at + "${".length) : at + 1;
  }
  return { template, end: at + 1 };
}

function behindExpression(text: string, start: number): number {
  let at = start;
  for (let depth = 1; depth > 0;) {
    if (text[at] === "`") {
      at = templateAt(text, at + 1).end;
      continue;
    }
    if (text[at] === "{") depth += 1;
    if (text[at] === "}") depth -= 1;
    at += 1;
  }
  return at;
}

export interface Typed {
  /** What fills the holes; several are typed one after the other. */
  readonly values: readonly (readonly string[])[];
  /** Typed first, so that there is what the command is about. */
  readonly before?: readonly string[];
}

const merge = JSON.stringify({ spec: { suspend: false } });
const addHost = JSON.stringify([{ op: "add", path: "/spec/registries/0/hosts/-", value: "other.example.com" }]);
const addAudience = `[{"op":"add","path":"/rules/0/resources/-","value":"pull.example.com"}]`;
const addLabel = JSON.stringify([
  { op: "replace", path: "/spec/variables/0/expression", value: JSON.stringify(["acme.io/tier"]) },
]);
const reference = JSON.stringify({ imagePullSecrets: [{ name: "regcred" }] });
const nothing: Typed = { values: [[]] };

/**
 * By template. There are the namespaces regcred-system and team-a, the RegistryCredential acme, and a running operator; what
 * is labelled or annotated has another value before.
 */
export const typedCommands: Readonly<Record<string, Typed>> = {
  "annotate -n § secret § §- §- §-": {
    values: [["team-a", "copied", "regcred.dev/credentials", "regcred.dev/entries", "regcred.dev/managed"]],
    before: ["kubectl create secret generic -n team-a copied"],
  },
  "annotate -n § secret § §=true --overwrite": {
    values: [["team-a", "theirs", "regcred.dev/adopt"]],
    before: [
      "kubectl create secret generic -n team-a theirs",
      "kubectl annotate -n team-a secret theirs regcred.dev/adopt=false",
    ],
  },
  "annotate namespace § §-": { values: [["team-a", "regcred.dev/ignore"]] },
  "annotate registrycredential § regcred.dev/allow-removal=§ --overwrite": {
    values: [["acme", "1-12"]],
    before: ["kubectl annotate registrycredential acme regcred.dev/allow-removal=1-1"],
  },
  "annotate registrycredential § §=true --overwrite": {
    values: [["acme", "regcred.dev/force-finalize"]],
    before: ["kubectl annotate registrycredential acme regcred.dev/force-finalize=false"],
  },
  "annotate serviceaccount -n § § --overwrite §=GUID": {
    values: [["team-a", "default", "azure.workload.identity/client-id"]],
    before: ["kubectl annotate serviceaccount -n team-a default azure.workload.identity/client-id="],
  },
  "annotate serviceaccount -n § § §-": { values: [["team-a", "default", "regcred.dev/ignore"]] },
  "annotate serviceaccount -n § § §=arn:§:iam::ACCOUNT:role/NAME --overwrite": {
    values: [["team-a", "default", "eks.amazonaws.com/role-arn", "aws"]],
    before: ["kubectl annotate serviceaccount -n team-a default eks.amazonaws.com/role-arn="],
  },
  "apply -f crds/": nothing,
  "apply -k config/admission/labels": nothing,
  "apply -k config/default": nothing,
  "apply -k config/nodes": nothing,
  "apply -k config/restraint": nothing,
  "create namespace §": { values: [["team-new"]] },
  "create role regcred-token-§ -n § --verb=create --resource=serviceaccounts/token --resource-name=§": {
    values: [
      ["puller", "team-a", "puller"],
      ["other", "team-a", "other"],
    ],
  },
  "create rolebinding regcred-token-§ -n § --role=regcred-token-§ --serviceaccount=§": {
    values: [
      ["puller", "team-a", "puller", "regcred-system:regcred"],
      ["other", "team-a", "other", "regcred-system:regcred"],
    ],
  },
  "create secret docker-registry -n § § --docker-server=HOST --docker-username=USER --docker-password=PASSWORD": {
    values: [["regcred-system", "login"]],
  },
  "create secret generic -n § § --from-file=ca.crt=FILE": { values: [["regcred-system", "company-ca"]] },
  "create secret generic -n § § --type=§ --from-file=§=FILE": {
    values: [
      ["regcred-system", "config", "kubernetes.io/dockerconfigjson", ".dockerconfigjson"],
      ["regcred-system", "legacy", "kubernetes.io/dockercfg", ".dockercfg"],
    ],
  },
  "create serviceaccount -n § §": { values: [["team-a", "puller"]] },
  "delete clusterrolebinding,clusterrole § --ignore-not-found": { values: [["regcred-drain"]] },
  "delete pod -n § §": {
    values: [["team-a", "web"]],
    before: ["kubectl run web -n team-a --image=registry.example.com/web:1"],
  },
  "delete secret -n § §": {
    values: [["team-a", "frozen"]],
    before: [
      "kubectl create secret generic -n team-a frozen",
      `kubectl patch secret -n team-a frozen -p '{"immutable":true}'`,
    ],
  },
  "describe regcred §": { values: [["acme"]] },
  "get --raw /readyz": nothing,
  "get nodes -o custom-columns=NAME:.metadata.name,ID:.spec.providerID": nothing,
  "get nodes -o custom-columns=NAME:.metadata.name,KUBELET:.status.nodeInfo.kubeletVersion": nothing,
  "get pods -n §": { values: [["regcred-system"]] },
  "get regcred": nothing,
  "get validatingadmissionpolicy § -o yaml": {
    values: [["regcred-token-requests"]],
    before: ["kubectl apply -k config/restraint"],
  },
  "get § -n § § -o jsonpath={.metadata.managedFields[*].manager}": {
    values: [
      ["serviceaccount", "team-a", "default"],
      ["secret", "regcred-system", "hub"],
    ],
  },
  "label -n § secret § §=true --overwrite": {
    values: [["team-a", "source", "regcred.dev/source"]],
    before: [
      "kubectl create secret generic -n team-a source",
      "kubectl label -n team-a secret source regcred.dev/source=false",
    ],
  },
  "label namespace § §-": { values: [["team-a", "acme.io/tier"]] },
  "label namespace § §=VALUE --overwrite": {
    values: [["team-a", "acme.io/tenant"]],
    before: ["kubectl label namespace team-a acme.io/tenant="],
  },
  "label namespace § §=§ --overwrite": {
    values: [["team-a", "acme.io/pull", "yes"]],
    before: ["kubectl label namespace team-a acme.io/pull=no"],
  },
  "patch clusterrole § --type=json -p §": {
    values: [["regcred-node-audiences", addAudience]],
    before: ["kubectl apply -k config/nodes"],
  },
  "patch regcred § --type=json -p §": { values: [["acme", addHost]] },
  "patch regcred § --type=merge -p §": { values: [["acme", merge]] },
  "patch serviceaccount -n § § --type=strategic -p §": { values: [["team-a", "default", reference]] },
  "patch validatingadmissionpolicy § --type=json -p §": {
    values: [["regcred-labels", addLabel]],
    before: ["kubectl apply -k config/admission/labels"],
  },
  "regcred doctor": nothing,
  "regcred doctor --fix": nothing,
  "regcred doctor --namespace=§": { values: [["regcred-system"]] },
  "regcred explain §": { values: [["team-a"]] },
  "regcred explain § §": { values: [["team-a", "default"]] },
  "regcred refresh §": { values: [["acme"]] },
  "regcred status": nothing,
  "regcred status §": { values: [["acme"]] },
};
