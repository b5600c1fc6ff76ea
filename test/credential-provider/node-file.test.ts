// Tests that a node's file is accepted where it can be served, and otherwise refused with what to write instead.
import { describe, expect, it } from "vitest";
import { anyPod, hub, nodeFile, problemsIn, rawFile, rawPodFile } from "./node.ts";

const exchange = {
  name: "corp",
  provider: "TokenExchange",
  hosts: ["registry.corp.example"],
  identity: { from: "TenantServiceAccount", name: "*" },
  tokenExchange: { url: "https://auth.corp.example/token", username: "oauth2" },
  pods: anyPod,
};

describe("a node's file", () => {
  it("has entries in the form of spec.registries, with their defaults", () => {
    expect(nodeFile(rawFile([hub]))).toEqual({
      name: "regcred",
      audience: undefined,
      entries: [
        {
          entry: {
            name: "hub",
            provider: "Static",
            hosts: ["docker.io"],
            identity: { from: "Operator" },
            static: { secretName: "hub", usernameKey: "username", passwordKey: "password" },
          },
          pods: undefined,
        },
      ],
    });
  });

  it("says for whose pods its entries are, every ServiceAccount if none is named", () => {
    const pods = { namespaces: { include: ["team-*"], exclude: ["team-x"] }, annotations: ["acme.io/pull"] };
    expect(nodeFile(rawPodFile([{ ...hub, pods }, exchange]))).toMatchObject({
      audience: "pull.example.com",
      entries: [{ pods: { ...pods, serviceAccounts: { include: ["*"] } } }, { pods: anyPod }],
    });
  });

  it("may have several entries for one host where pods decide, each for pods of its own", () => {
    const other = { ...hub, name: "hub-b", pods: anyPod };
    expect(problemsIn(rawPodFile([{ ...hub, pods: anyPod }, other]))).toEqual([]);
  });

  it.each([
    [null, /^file: /],
    ["text", /^file: /],
    [rawFile([hub], { kind: "RegistryCredential" }), /^kind: /],
    [rawFile([hub], { apiVersion: "regcred.dev/v1" }), /^apiVersion: /],
    [rawFile([hub], { metadata: {} }), /^metadata.name: /],
    [rawFile([hub], { metadata: { name: "../x" } }), /^metadata.name: /],
    [rawFile([hub], { metadata: { name: "a.b" } }), /^metadata.name: /],
    [rawFile([]), /^registries: /],
    [rawFile([hub], { registry: [] }), /^file: no field is called registry: look for a typing error$/],
    [rawFile([hub], { serviceAccountToken: { audiences: "x" } }), /^serviceAccountToken.audience: /],
    [rawFile([hub], { serviceAccountToken: { audience: "two words" } }), /^serviceAccountToken.audience: /],
    [rawFile([{ ...hub, provider: "Dockerhub" }]), /^registries\[0\].provider: /],
    [rawFile([{ ...hub, static: undefined }]), /^registries\[0\].static: missing/],
    [rawFile([{ ...hub, host: "x" }]), /^registries\[0\].host: no field is called so here: look for a typing error/],
    [rawFile([{ ...hub, static: { secretName: "hub", user: "x" } }]), /^registries\[0\].static.user: no field/],
    [
      rawFile([{ ...hub, ecr: {} }]),
      /^registries\[0\].ecr: no field is called so here: .* settings of another provider$/,
    ],
    [rawFile([{ ...hub, identity: { from: "Operator", name: "x" } }]), /^registries\[0\].identity.name: no field/],
    [rawFile([{ ...hub, pods: anyPod }]), /^registries\[0\].pods: a node's own identity knows no pods/],
    [rawPodFile([hub]), /^registries\[0\].pods: missing: write pods.namespaces.include/],
    [rawPodFile([{ ...hub, pods: {} }]), /^registries\[0\].pods.namespaces: /],
    [
      rawPodFile([{ ...hub, pods: { namespaces: { exclude: ["a"] } } }]),
      /^registries\[0\].pods.namespaces: write include/,
    ],
    [
      rawPodFile([{ ...hub, pods: { namespaces: { ...anyPod.namespaces, selector: {} } } }]),
      /^registries\[0\].pods.namespaces: no field is called selector/,
    ],
    [
      rawPodFile([{ ...hub, pods: { ...anyPod, serviceAccount: "x" } }]),
      /^registries\[0\].pods: no field is called serviceAccount/,
    ],
    [
      rawFile([{ ...exchange, pods: undefined }]),
      /^registries\[0\].identity: whose pod it is, the kubelet says only with/,
    ],
    [
      rawPodFile([{ ...exchange, identity: { from: "ServiceAccount", name: "puller" } }]),
      /^registries\[0\].identity: a node asks for no tokens of the operator's ServiceAccounts/,
    ],
    [rawFile([{ ...hub, hosts: ["*"] }]), /^registries\[0\].hosts: write the hosts one by one/],
    [rawFile([{ ...hub, hosts: ["https://ghcr.io/"] }]), /^registries\[0\].hosts\[0\]: remove https/],
    [rawFile([{ ...hub, hosts: ["index.docker.io"] }]), /^registries\[0\].hosts\[0\]: write docker.io/],
    [
      rawFile([{ ...hub, hosts: ["*.example.com"] }]),
      /^registries\[0\]: write the hosts one by one: only provider ECR/,
    ],
    [
      rawFile([
        {
          name: "own",
          provider: "ECR",
          registry: "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
          hosts: ["*.acme.io"],
        },
      ]),
      /^registries\[0\]: write the hosts one by one: only provider ECR/,
    ],
    [
      rawPodFile([{ ...hub, pods: anyPod, static: { secretName: "$(namespace.name)" } }]),
      /^registries\[0\].static.secretName: write a Secret name; .* may follow a literal prefix/,
    ],
    [
      rawPodFile([{ ...exchange, tokenExchange: { url: "auth.example.com/token", username: "x" } }]),
      /^registries\[0\].tokenExchange.url: write an https:\/\/ URL/,
    ],
    [
      rawPodFile([
        {
          ...exchange,
          tokenExchange: { ...exchange.tokenExchange, headers: [{ name: "Host", value: "elsewhere.example.com" }] },
        },
      ]),
      /^registries\[0\].tokenExchange.headers\[0\].name: write the name of another header/,
    ],
    [rawFile([{ ...hub, hosts: ["gh*.io"] }]), /^registries\[0\].hosts\[0\]: write a literal host/],
    [
      rawFile([{ ...hub, static: { secretName: "hub", secretNamespace: "a" } }]),
      /static.secretNamespace: a node has files/,
    ],
    [rawFile([{ ...hub, static: { secretName: "hub-$(namespace.name)" } }]), /^registries\[0\]: which namespace it is/],
    [
      rawPodFile([{ ...hub, static: { secretName: "hub-$(namespace.labels['a'])" }, pods: anyPod }]),
      /^registries\[0\]: a node sees no labels of Namespaces/,
    ],
    // Of several fields together, as the API server judges them.
    [
      rawFile([{ name: "ecr", provider: "ECR", hosts: ["ghcr.io"] }]),
      /^registries\[0\]: write hosts of ECR: ACCOUNT\.dkr/,
    ],
    [rawFile([{ ...hub, registry: "registry.example.com" }]), /^registries\[0\]: remove registry, or write provider/],
    [
      rawFile([{ ...hub, identity: { from: "Secret", name: "keys" } }]),
      /^registries\[0\]: remove identity: provider Static has none/,
    ],
    [
      rawPodFile([
        {
          ...exchange,
          tokenExchange: { ...exchange.tokenExchange, body: { fields: [{ name: "scope" }] } },
        },
      ]),
      /^registries\[0\].tokenExchange.body.fields\[0\]: write either value or valueFrom/,
    ],
    [
      rawFile([hub, { ...hub, hosts: ["ghcr.io"] }]),
      /^registries\[1\]: another one has the same name: give each its own$/,
    ],
    [
      rawFile([hub, { ...hub, name: "b" }]),
      /^registries: two entries claim docker.io: write each host in one entry only/,
    ],
  ])("is refused: %j", (raw, problem) => {
    const problems = problemsIn(raw);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]).toMatch(problem);
  });

  it("is told all of its problems at once", () => {
    expect(problemsIn(rawFile([{ ...hub, hosts: ["*"], host: "x" }]))).toHaveLength(2);
  });
});
