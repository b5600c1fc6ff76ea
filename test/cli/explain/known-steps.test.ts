// Tests that a reason by itself leads to the commands that make what is missing, from the spec alone.
import { describe, expect, it } from "vitest";
import { knownSteps } from "../../../src/cli/explain/known-steps.ts";
import type { ExplainInput } from "../../../src/cli/explain/input.ts";
import { commandText } from "../../../src/runtime/steps.ts";
import { candidate, credential, entry, namespace, situation } from "./situation.ts";

const ecr = { name: "ecr", provider: "ECR", hosts: ["123456789012.dkr.ecr.eu-west-1.amazonaws.com"], ecr: {} };
const commandsFor = (reason: string, one: object, more: Partial<ExplainInput> = {}): readonly string[] =>
  knownSteps(reason, candidate(credential({ spec: { registries: [one] } })).entry, situation(more)).flatMap(
    ({ command }) => (command ? [commandText(command)] : []),
  );
const source = (name: string, at = "ops"): string =>
  `kubectl create secret docker-registry -n ${at} ${name} --docker-server=HOST --docker-username=USER --docker-password=PASSWORD`;
const as = (from: string): object => ({ ...ecr, identity: { from, name: "puller" } });

describe("what a reason leads to", () => {
  it("is the source, of the namespace that is asked about", () => {
    const labelled = entry({ static: { secretName: "pull-$(namespace.labels['tenant'])", secretNamespace: "vault" } });
    expect(commandsFor("SourceMissing", entry())).toEqual([source("docker-hub")]);
    expect(commandsFor("SourceMissing", labelled, { namespace: namespace({ labels: { tenant: "blue" } }) })).toEqual([
      source("pull-blue", "vault"),
      "kubectl label -n vault secret pull-blue regcred.dev/source=true --overwrite",
    ]);
  });

  it("is no source where none can be named", () => {
    expect(commandsFor("SourceMissing", entry(), { namespace: { seen: "hidden" } })).toEqual([]);
    expect(commandsFor("SourceMissing", ecr)).toEqual([]);
    expect(
      commandsFor("SourceMissing", entry({ static: { secretName: "pull-$(namespace.labels['tenant'])" } })),
    ).toEqual([]);
  });

  it("is the CA of the entry, if it has one", () => {
    expect(commandsFor("CAMissing", { ...ecr, caSecretName: "our-ca" })).toEqual([
      "kubectl create secret generic -n ops our-ca --from-file=ca.crt=FILE",
    ]);
    expect(commandsFor("CAMissing", ecr)).toEqual([]);
  });

  it("is the kind", () => {
    expect(commandsFor("CRDOutdated", entry())).toEqual(["kubectl apply -f crds/"]);
    const [step] = knownSteps("CRDOutdated", candidate(credential()).entry, situation());
    expect(step?.message).toBe("bring the kind up to date");
  });

  it.each([
    ["ServiceAccount", "ops"],
    ["TenantServiceAccount", "team-a"],
  ])("is the account that an identity of %s names, in %s, or its consent", (from, home) => {
    expect(commandsFor("ServiceAccountMissing", as(from))).toEqual([`kubectl create serviceaccount -n ${home} puller`]);
    expect(commandsFor("ConsentMissing", as(from))).toEqual([
      `kubectl create role regcred-token-puller -n ${home} --verb=create --resource=serviceaccounts/token --resource-name=puller`,
      `kubectl create rolebinding regcred-token-puller -n ${home} --role=regcred-token-puller --serviceaccount=ops:regcred`,
    ]);
  });

  it("is no account where another identity is meant", () => {
    for (const one of [ecr, as("Secret")]) {
      expect(commandsFor("ServiceAccountMissing", one)).toEqual([]);
      expect(commandsFor("ConsentMissing", one)).toEqual([]);
    }
  });

  it("is nothing where it does not say what is missing, or is not known", () => {
    expect(commandsFor("Denied", entry())).toEqual([]);
    expect(commandsFor("OfALaterRelease", entry())).toEqual([]);
  });
});
