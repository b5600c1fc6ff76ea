// Tests that the kubelet's configuration asks for what the files serve, with the tokens that they need.
import { describe, expect, it } from "vitest";
import { kubeletConfig } from "../../src/credential-provider/kubelet-config.ts";
import { anyPod, audience, hub, nodeFile, rawFile, rawPodFile } from "./node.ts";

const exchange = {
  name: "corp",
  provider: "TokenExchange",
  hosts: ["registry.corp.example:5000/team"],
  identity: { from: "TenantServiceAccount", name: "*" },
  tokenExchange: { url: "https://auth.corp.example/token", username: "oauth2" },
  pods: anyPod,
};

describe("the kubelet's configuration", () => {
  it("names each file as a provider, whose executable is called so, and every host once", () => {
    const other = { name: "more", provider: "ECR", hosts: ["*.dkr.ecr.eu-west-1.amazonaws.com"] };
    expect(kubeletConfig([nodeFile(rawFile([hub, other]))], "/etc/regcred/")).toEqual({
      apiVersion: "kubelet.config.k8s.io/v1",
      kind: "CredentialProviderConfig",
      providers: [
        {
          name: "regcred",
          apiVersion: "credentialprovider.kubelet.k8s.io/v1",
          matchImages: ["*.dkr.ecr.eu-west-1.amazonaws.com", "docker.io"],
          defaultCacheDuration: "0s",
          args: ["credential-provider", "--config=/etc/regcred/regcred.yaml"],
        },
      ],
    });
  });

  it("asks for tokens where pods decide, kept by ServiceAccount where the login's life is its own", () => {
    const [provider] = kubeletConfig([nodeFile(rawPodFile([{ ...hub, pods: anyPod }]))], "/etc/regcred").providers;
    expect(provider?.tokenAttributes).toEqual({
      serviceAccountTokenAudience: audience,
      cacheType: "ServiceAccount",
      requireServiceAccount: true,
    });
  });

  it("keeps what was exchanged by token, and hands over annotations without refusing pods that lack them", () => {
    const annotated = { ...hub, pods: { ...anyPod, annotations: ["acme.io/pull"] } };
    const [provider] = kubeletConfig([nodeFile(rawPodFile([annotated, exchange]))], "/etc/regcred").providers;
    expect(provider?.tokenAttributes).toMatchObject({ cacheType: "Token" });
    expect(provider?.tokenAttributes?.optionalServiceAccountAnnotationKeys).toContain("acme.io/pull");
    expect(provider?.tokenAttributes?.optionalServiceAccountAnnotationKeys).toContain("eks.amazonaws.com/role-arn");
    expect(provider?.tokenAttributes).not.toHaveProperty("requiredServiceAccountAnnotationKeys");
  });
});
