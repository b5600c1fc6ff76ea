// Tests that a file made of RegistryCredentials gives a node no more than they give, and says what it leaves out.
import { describe, expect, it } from "vitest";
import type { RegistryCredential } from "../../src/api/registry-credential.ts";
import { nodeFileFrom } from "../../src/credential-provider/from-credentials.ts";
import { parseRegistryCredential } from "../../src/api/parse-registry-credential.ts";
import { audience, hub, problemsIn } from "./node.ts";

function credential(name: string, spec: object): RegistryCredential {
  const metadata = { name, uid: "u", generation: 1, resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" };
  const parsed = parseRegistryCredential({ metadata, spec: { namespaces: { include: ["team-*"] }, ...spec } });
  if (!parsed.ok) throw new TypeError(parsed.problems.join("; "));
  return parsed.credential;
}

const node = { name: "regcred", audience: undefined };
const pods = { name: "regcred-pods", audience };

describe("a file of RegistryCredentials", () => {
  it("has their entries for the namespaces and ServiceAccounts that they select", () => {
    const namespaces = { include: ["team-*"], exclude: ["team-x"] };
    const acme = credential("acme", { registries: [hub], namespaces, serviceAccounts: { include: ["builder"] } });
    const { file, remarks } = nodeFileFrom([acme], pods);
    expect(file).toMatchObject({
      metadata: { name: "regcred-pods" },
      serviceAccountToken: { audience },
      registries: [
        { name: "acme-hub", hosts: ["docker.io"], pods: { namespaces, serviceAccounts: { include: ["builder"] } } },
      ],
    });
    expect(remarks).toEqual(["acme/hub needs the folder secrets/hub"]);
    expect(problemsIn(file)).toEqual([]);
  });

  it("knows no pods where it serves the node itself", () => {
    const { file, remarks } = nodeFileFrom([credential("acme", { registries: [hub] })], node);
    expect(remarks).toEqual([
      "acme/hub serves every pod of the node, whatever its credential selects",
      "acme/hub needs the folder secrets/hub",
    ]);
    expect(file).not.toHaveProperty("serviceAccountToken");
    expect(file).not.toHaveProperty(["registries", 0, "pods"]);
    expect(problemsIn(file)).toEqual([]);
  });

  it("leaves out what is suspended, and says so", () => {
    const { file, remarks } = nodeFileFrom([credential("acme", { registries: [hub], suspend: true })], pods);
    expect([file, remarks]).toEqual([undefined, ["left out: acme/hub: its credential is suspended"]]);
  });

  it("has nothing of what only an operator does", () => {
    const entry = {
      ...hub,
      static: { ...hub.static, secretNamespace: "other" },
      tokenServers: ["auth.docker.io"],
      verify: { image: "docker.io/acme/app:1" },
    };
    const { file } = nodeFileFrom([credential("acme", { registries: [entry] })], node);
    expect(JSON.stringify(file)).not.toMatch(/secretNamespace|tokenServers|verify/);
  });

  it.each([
    [
      "a selector, of which a node sees nothing",
      pods,
      { namespaces: { selector: { matchLabels: { a: "b" } } } },
      hub,
      /asks for labels, which a node does not see/,
    ],
    [
      "every host of a source",
      node,
      {},
      { ...hub, hosts: ["*"] },
      /^left out: acme\/hub: hosts: write the hosts one by one/,
    ],
    [
      "a ServiceAccount of the operator",
      node,
      {},
      {
        ...hub,
        provider: "ECR",
        static: undefined,
        hosts: ["123456789012.dkr.ecr.eu-west-1.amazonaws.com"],
        identity: { from: "ServiceAccount", name: "a" },
      },
      /identity: a node asks for no tokens/,
    ],
    [
      "a placeholder, where no pod is known",
      node,
      {},
      { ...hub, static: { secretName: "a-$(namespace.name)" } },
      /which namespace it is/,
    ],
  ])("leaves out %s, and says so", (_, wanted, spec, entry, remark) => {
    const { file, remarks } = nodeFileFrom([credential("acme", { registries: [entry], ...spec })], wanted);
    expect(file).toBeUndefined();
    expect(remarks).toEqual([expect.stringMatching(remark)]);
  });
});
