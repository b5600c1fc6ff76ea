// Tests that the doctor finds where a pod can use an image that was pulled with somebody else's login.
import { describe, expect, it } from "vitest";
import { imagesAreAskedFor } from "../../../src/cli/doctor/images-on-nodes.ts";
import type { Session } from "../../../src/cli/session.ts";
import type { CredentialRecord } from "../../../src/cluster/records.ts";
import { ApiError } from "../../../src/runtime/client/api-error.ts";

const record = (namespaces: object): CredentialRecord =>
  ({ name: "acme", credential: { spec: { registries: [], namespaces } } }) as unknown as CredentialRecord;
const limited = [record({ include: ["team-*"] })];

const node = (kubeletVersion: string, name = "node-1") => ({
  metadata: { name },
  status: { nodeInfo: { kubeletVersion } },
});
const forbidden = new ApiError({ kind: "forbidden", message: "no", details: { causes: [] } });

interface Cluster {
  readonly nodes: readonly object[];
  /** Of each kubelet; undefined where it may not be asked. */
  readonly kubelet?: object;
  /** What becomes of imagePullPolicy: IfNotPresent; undefined where no pod may be tried. */
  readonly policy?: string;
}

function sessionOf({ nodes, kubelet, policy }: Cluster, tried: (body: string) => void = () => undefined): Session {
  return {
    operatorNamespace: "regcred-system",
    objects: { list: async () => nodes },
    transport: {
      request: async ({ method, body = "" }: { readonly method: string; readonly body?: string }) => {
        if (method === "POST") tried(body);
        const answer =
          method === "POST"
            ? policy && { spec: { containers: [{ imagePullPolicy: policy }] } }
            : kubelet && { kubeletconfig: kubelet };
        if (!answer) throw forbidden;
        return { json: () => answer };
      },
    },
  } as unknown as Session;
}

describe("images on nodes", () => {
  it("are nobody's concern where every namespace has every login, or nothing runs", async () => {
    const all = [record({ include: ["*"] })];
    expect(await imagesAreAskedFor(sessionOf({ nodes: [node("v1.30.0")] }), all)).toMatchObject({ state: "well" });
    expect(await imagesAreAskedFor(sessionOf({ nodes: [] }), limited)).toMatchObject({
      state: "well",
      message: "there are no nodes",
    });
  });

  it("are open to any pod of an older kubelet, which is told with who is not kept apart", async () => {
    const found = await imagesAreAskedFor(sessionOf({ nodes: [node("v1.34.2")], policy: "IfNotPresent" }), limited);
    expect(found).toMatchObject({ state: "bad" });
    expect(found.message).toMatch(/^AlwaysPullImages is off, and not all kubelets verify .* so acme keep nobody apart/);
  });

  it("are asked for at each start with AlwaysPullImages", async () => {
    const found = await imagesAreAskedFor(sessionOf({ nodes: [node("v1.34.2")], policy: "Always" }), limited);
    expect(found).toMatchObject({ state: "well", message: expect.stringContaining("AlwaysPullImages") });
  });

  it("are asked for by a pod that Pod Security lets in where it restricts, and that has no token", async () => {
    const bodies: string[] = [];
    await imagesAreAskedFor(
      sessionOf({ nodes: [node("v1.34.2")] }, (body) => bodies.push(body)),
      limited,
    );
    expect(bodies.map((body) => JSON.parse(body) as unknown)).toMatchObject([
      {
        spec: {
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
          containers: [{ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } }],
        },
      },
    ]);
  });

  it("are not known to be, where no pod may be tried", async () => {
    const found = await imagesAreAskedFor(sessionOf({ nodes: [node("v1.34.2")] }), limited);
    expect(found).toMatchObject({
      state: "unknown",
      message: expect.stringMatching(/^whether AlwaysPullImages is on/),
    });
  });

  it("are verified by newer kubelets, all but those that were pre-pulled", async () => {
    const found = await imagesAreAskedFor(sessionOf({ nodes: [node("v1.37.2")], policy: "IfNotPresent" }), limited);
    expect(found).toMatchObject({
      state: "well",
      message:
        "kubelets ask again for images that another login has pulled (NeverVerifyPreloadedImages); images that were pre-pulled are open to every pod",
    });
  });

  it.each([
    [{ imagePullCredentialsVerificationPolicy: "AlwaysVerify" }, "well"],
    [{ imagePullCredentialsVerificationPolicy: "NeverVerify" }, "bad"],
    [{ featureGates: { KubeletEnsureSecretPulledImages: false } }, "bad"],
  ])("are verified as the kubelet says of itself: %j", async (kubelet, state) => {
    const cluster = { nodes: [node("v1.37.2")], kubelet, policy: "IfNotPresent" };
    expect(await imagesAreAskedFor(sessionOf(cluster), limited)).toMatchObject({ state });
  });

  it("are open where one of the kubelets verifies nothing", async () => {
    const nodes = [node("v1.37.2"), node("v1.33.0", "node-2")];
    expect(await imagesAreAskedFor(sessionOf({ nodes, policy: "IfNotPresent" }), limited)).toMatchObject({
      state: "bad",
    });
  });
});
