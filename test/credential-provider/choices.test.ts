// Tests of which entries serve an image: as the kubelet matches, for the pods that they name and for no others.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { choicesFor } from "../../src/credential-provider/choices.ts";
import { answerOf } from "../../src/credential-provider/answer.ts";
import { loginsFor } from "../../src/registry/kubelet-match.ts";
import { loginOf } from "../../src/registry/login.ts";
import { anyPod, asker, hub, issuer, nodeFile, now, rawFile, rawPodFile, secrets } from "./node.ts";

const account = { namespace: "team-a", name: "builder", uid: "u-1", issuer };

const asked = (image: string, annotations: Readonly<Record<string, string>> = {}) => ({
  image,
  token: undefined,
  annotations,
});

const entry = (name: string, hosts: readonly string[], more: object = {}) => ({
  name,
  provider: "Static",
  hosts,
  static: { secretName: name },
  ...more,
});

const names = (image: string, file: object, who?: typeof account): readonly string[] =>
  choicesFor(asked(image), nodeFile(file), asker(who)).chosen.map(({ name, host }) => `${name} ${host}`);

describe("the entries of a node", () => {
  it("serve what the kubelet would match, the longest path first, as with several keys of a docker config", () => {
    const file = rawFile([
      entry("all", ["ghcr.io", "ghcr.io/acme"]),
      entry("deep", ["ghcr.io/acme/tools"]),
      entry("other", ["quay.io"]),
    ]);
    expect(names("ghcr.io/acme/tools/make", file)).toEqual([
      "deep ghcr.io/acme/tools",
      "all ghcr.io/acme",
      "all ghcr.io",
    ]);
    expect(names("ghcr.io/acme/app", file)).toEqual(["all ghcr.io/acme", "all ghcr.io"]);
    expect(names("ghcr.io:443/acme/app", file)).toEqual([]);
    expect(names("x.ghcr.io/acme/app", file)).toEqual([]);
    expect(names("registry.k8s.io/pause", file)).toEqual([]);
  });

  it("serve Docker Hub by the name that its images have", () => {
    expect(names("docker.io/library/busybox", rawFile([hub]))).toEqual(["hub docker.io"]);
    expect(names("busybox", rawFile([hub]))).toEqual(["hub docker.io"]);
  });

  it("are for the pods that they name", () => {
    const choose = (pods: object): readonly string[] => names("docker.io/a/b", rawPodFile([{ ...hub, pods }]), account);
    expect(choose(anyPod)).toEqual(["hub docker.io"]);
    expect(choose({ namespaces: { include: ["team-*"] } })).toEqual(["hub docker.io"]);
    expect(choose({ namespaces: { include: ["team-b"] } })).toEqual([]);
    expect(choose({ namespaces: { include: ["*"], exclude: ["team-a"] } })).toEqual([]);
    expect(choose({ ...anyPod, serviceAccounts: { include: ["build*"] } })).toEqual(["hub docker.io"]);
    expect(choose({ ...anyPod, serviceAccounts: { include: ["default"] } })).toEqual([]);
    expect(choose({ ...anyPod, serviceAccounts: { exclude: ["builder"] } })).toEqual([]);
    expect(choose({ ...anyPod, annotations: ["acme.io/pull"] })).toEqual([]);
  });

  it("are for pods of kube-* only by an include without a wildcard, as in a RegistryCredential", () => {
    const system = { ...account, namespace: "kube-system" };
    const choose = (include: readonly string[]): readonly string[] =>
      names("docker.io/a/b", rawPodFile([{ ...hub, pods: { namespaces: { include } } }]), system);
    expect(choose(["*"])).toEqual([]);
    expect(choose(["kube-*"])).toEqual([]);
    expect(choose(["kube-system"])).toEqual(["hub docker.io"]);
  });

  it("say for whoever looks why they were passed over", () => {
    const file = nodeFile(
      rawPodFile([
        { ...hub, pods: { namespaces: { include: ["team-b"] } } },
        entry("annotated", ["docker.io"], { pods: { ...anyPod, annotations: ["acme.io/pull"] } }),
        entry("inherited", ["docker.io"], { pods: { ...anyPod, annotations: ["constructor"] } }),
      ]),
    );
    expect(choicesFor(asked("docker.io/a/b"), file, asker(account))).toEqual({
      chosen: [],
      passedOver: [
        "entry hub: pods.namespaces does not select team-a",
        "entry annotated: the ServiceAccount team-a/builder lacks the annotation acme.io/pull",
        "entry inherited: the ServiceAccount team-a/builder lacks the annotation constructor",
      ],
    });
  });

  it("of one host stand for each other: the first that is for the pod", () => {
    const file = rawPodFile([
      { ...hub, pods: { namespaces: { include: ["team-b"] } } },
      entry("second", ["docker.io"], { pods: anyPod }),
      entry("third", ["docker.io"], { pods: anyPod }),
    ]);
    expect(names("docker.io/a/b", file, account)).toEqual(["second docker.io"]);
  });

  it("put the pod's namespace into placeholders, and ask as the pod's own ServiceAccount", () => {
    const exchange = {
      name: "corp",
      provider: "TokenExchange",
      hosts: ["registry.corp.example"],
      identity: { from: "TenantServiceAccount", name: "build*" },
      tokenExchange: { url: "https://auth.corp.example/token", username: "x" },
      pods: anyPod,
    };
    const file = nodeFile(
      rawPodFile([
        entry("own", ["ghcr.io"], { static: { secretName: "pull-$(namespace.name)" }, pods: anyPod }),
        exchange,
      ]),
    );
    expect(choicesFor(asked("ghcr.io/a"), file, asker(account)).chosen).toMatchObject([
      { grant: { namespace: secrets, name: "pull-team-a", perTenant: true } },
    ]);
    expect(choicesFor(asked("registry.corp.example/a"), file, asker(account)).chosen).toMatchObject([
      { grant: { identity: { from: "TenantServiceAccount", namespace: "team-a", name: "builder", uid: "u-1" } } },
    ]);
    const stranger = { ...account, name: "default" };
    expect(choicesFor(asked("registry.corp.example/a"), file, asker(stranger))).toMatchObject({
      chosen: [],
      passedOver: ["entry corp: its identity is the ServiceAccount build*, and the pod's is default"],
    });
  });

  it("take a cloud's annotation of the ServiceAccount, and nothing else of it", () => {
    const ecr = {
      name: "ecr",
      provider: "ECR",
      hosts: ["123456789012.dkr.ecr.eu-west-1.amazonaws.com"],
      identity: { from: "TenantServiceAccount", name: "*" },
      pods: anyPod,
    };
    const role = "arn:aws:iam::123456789012:role/pull";
    const image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app";
    const file = nodeFile(rawPodFile([ecr]));
    const at = (annotations: Readonly<Record<string, string>>) =>
      choicesFor(asked(image, annotations), file, asker(account)).chosen;
    expect(at({ "eks.amazonaws.com/role-arn": role, other: "x" })).toMatchObject([{ grant: { roleARN: role } }]);
    expect(at({})).toMatchObject([{ grant: { reason: "MissingRole" } }]);
  });
});

describe("the answer's keys", () => {
  it("are found by the kubelet for the very image that was asked for", () => {
    const part = fc.constantFrom("acme", "tools", "app", "library");
    const hosts = ["docker.io", "ghcr.io", "ghcr.io/acme", "r.example:5000", "r.example:5000/tools", "localhost"];
    const login = loginOf("user", "hunter2");
    const any = nodeFile(rawFile([entry("all", hosts)]));
    fc.assert(
      fc.property(
        fc.subarray(hosts, { minLength: 1 }),
        fc.constantFrom("docker.io", "ghcr.io", "r.example:5000", "r.example", "localhost"),
        fc.array(part, { minLength: 1, maxLength: 3 }),
        (served, domain, path) => {
          const image = `${domain}/${path.join("/")}`;
          const file = {
            ...any,
            entries: any.entries.map((each) => ({ ...each, entry: { ...each.entry, hosts: served } })),
          };
          const { chosen } = choicesFor(asked(image), file, asker(undefined));
          if (!login.ok) throw new TypeError("a login");
          const found = chosen.map(({ host }) => ({ host, login: login.login, expiresAt: undefined }));
          const { auth } = answerOf(found, file, { isWhole: true, now });
          expect(loginsFor(image, Object.entries(auth))).toHaveLength(chosen.length);
          expect(Object.keys(auth)).toEqual(chosen.map(({ host }) => host));
        },
      ),
      { numRuns: 300 },
    );
  });
});
