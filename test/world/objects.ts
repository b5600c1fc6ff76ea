// The objects that people make in the world of the failure test.
import { group, kind, version } from "../../src/api/names.ts";
import { base64OfText } from "../../src/runtime/base64.ts";
import type { EntryChoice, SpecChoice } from "./steps.ts";
import {
  cloudHost,
  foreignHost,
  puller,
  roleArn,
  roleAnnotation,
  teamLabel,
  teamTemplate,
  type Team,
} from "./words.ts";

export function credentialObject(name: string, choice: SpecChoice): object {
  return { apiVersion: `${group}/${version}`, kind, metadata: { name }, spec: specOf(choice) };
}

const selections: Readonly<Record<SpecChoice["selects"], object>> = {
  // Of the operator's own namespace and of kube-* nothing is said: they are never meant by a wildcard.
  all: { include: ["a-*", "b-*"] },
  a: { include: ["a-*"] },
  b: { include: ["b-*"] },
  "a-1": { include: ["a-1"] },
  "team x": { include: ["a-*", "b-*"], selector: { matchLabels: { [teamLabel]: "x" } } },
  "not a-1": { include: ["a-*", "b-*"], exclude: ["a-1"] },
};

function specOf(choice: SpecChoice): object {
  return {
    registries: choice.entries.map(entryOf),
    namespaces: selections[choice.selects],
    references: choice.references,
    serviceAccounts: { include: ["*"], ...(choice.excludesApp && { exclude: ["app"] }) },
    pullSecret: { name: choice.secretName, onConflict: choice.onConflict },
    deletionPolicy: choice.deletionPolicy,
    suspend: choice.suspend,
  };
}

/** As in the spec, for one field of a choice. */
export function alteredSpec(before: object, choice: Partial<SpecChoice>): object {
  const spec = before as { readonly pullSecret?: object };
  const { entries, selects, secretName, onConflict, references, excludesApp, deletionPolicy, suspend } = choice;
  return {
    ...spec,
    ...(entries && { registries: entries.map(entryOf) }),
    ...(selects && { namespaces: selections[selects] }),
    ...(secretName && { pullSecret: { ...spec.pullSecret, name: secretName } }),
    ...(onConflict && { pullSecret: { ...spec.pullSecret, onConflict } }),
    ...(references && { references }),
    ...(excludesApp !== undefined && { serviceAccounts: { include: ["*"], ...(excludesApp && { exclude: ["app"] }) } }),
    ...(deletionPolicy && { deletionPolicy }),
    ...(suspend !== undefined && { suspend }),
  };
}

function entryOf({ name, from, role, identity, hosts }: EntryChoice): object {
  if (from !== "cloud") {
    const secretName = from === "src-team" ? `src-${teamTemplate}` : from;
    return { name, provider: "Static", hosts, static: { secretName } };
  }
  const roleARN = role === "team" ? roleArn(teamTemplate) : roleArn(role);
  const fromAccount = identity !== "Operator";
  return {
    name,
    provider: "ECR",
    hosts: [cloudHost],
    ecr: role === "account" && fromAccount ? {} : { roleARN: role === "account" ? roleArn("r1") : roleARN },
    identity: {
      from: identity,
      ...(fromAccount && { name: identity === "ServiceAccount" ? puller : "default" }),
    },
  };
}

export function namespaceObject(name: string, team: Team | undefined): object {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, ...(team && { labels: { [teamLabel]: team } }) } };
}

export function accountObject(namespace: string, name: string, role?: string): object {
  const annotations = role === undefined ? {} : { annotations: { [roleAnnotation]: roleArn(role) } };
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace, name, ...annotations } };
}

export function sourceObject(namespace: string, name: string, password: string): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace, name },
    type: "kubernetes.io/basic-auth",
    data: { username: base64OfText("robot"), password: base64OfText(password) },
  };
}

/** A tenant's own, of a pull Secret's name. */
export function foreignSecret(namespace: string, name: string, more: boolean): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace, name },
    type: "kubernetes.io/dockerconfigjson",
    data: {
      ".dockerconfigjson": base64OfText(
        JSON.stringify({ auths: more ? {} : { [foreignHost]: { auth: base64OfText("they:theirs") } } }),
      ),
      ...(more && { more: base64OfText("theirs") }),
    },
  };
}
