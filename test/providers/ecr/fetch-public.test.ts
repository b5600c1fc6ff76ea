// Tests that ECR Public hands out tokens. The SDK runs unmodified against a server.
import { describe, expect, it } from "vitest";
import type { EcrPublicGrant } from "../../../src/providers/ecr/grant.ts";
import { ecrPublicProvider } from "../../../src/providers/ecr/fetch.ts";
import { awsAt, awsOptions, hub, identities, jwt, role } from "./scenario.ts";
import { contract } from "../contract.ts";
import { awsBehave } from "../servers/aws-behaviours.ts";
import { awsJson, awsJsonError } from "../servers/aws.ts";
import { failureIn, loginIn, never } from "../scenario.ts";

const grant: EcrPublicGrant = { provider: "ECRPublic", identity: { from: "Operator" } };

const identity = { from: "TenantServiceAccount", namespace: "team-a", name: "puller", uid: "u" } as const;

contract("ECR Public", {
  subject: async () => {
    const server = await awsAt({ roles: { [role]: { subject: "system:serviceaccount:team-a:puller" } } });
    const shown = jwt("system:serviceaccount:team-a:puller", "sts.amazonaws.com");
    const options = awsOptions(server, { identities: identities({}, () => shown) });
    return {
      provider: ecrPublicProvider(options),
      clock: options.clock,
      grant: { ...grant, identity: identity, roleARN: role },
      secrets: ["hunter2", shown],
      behave: (behaviour, asked) => awsBehave(server, "ecr-public:GetAuthorizationToken", behaviour, asked),
    };
  },
});

describe("a token of ECR Public", () => {
  it("is asked for in us-east-1, the only region that gives it", async () => {
    const server = await awsAt();
    const minted = await ecrPublicProvider(awsOptions(server)).fetch(grant, never);
    const [user, password] = loginIn(minted);
    expect(user).toBe("AWS");
    expect(password).toContain(hub);
    expect(server.calls).toMatchObject([{ operation: "ecr-public:GetAuthorizationToken", region: "us-east-1" }]);
  });

  it("is asked for at api.ecr-public.us-east-1.amazonaws.com", async () => {
    const asked: string[] = [];
    const { endpoints: _, ...options } = awsOptions(await awsAt());
    const provider = ecrPublicProvider({
      ...options,
      http: (call) => {
        asked.push(call.url);
        return Promise.reject(new TypeError("seen"));
      },
    });
    await failureIn(provider.fetch(grant, never));
    expect(asked).toEqual(["https://api.ecr-public.us-east-1.amazonaws.com/"]);
  });

  it("goes to the role of a tenant's ServiceAccount", async () => {
    const server = await awsAt({ roles: { [role]: { subject: "system:serviceaccount:team-a:puller" } } });
    const provider = ecrPublicProvider(awsOptions(server, { identities: identities({}, jwt) }));
    expect(loginIn(await provider.fetch({ ...grant, identity, roleARN: role }, never))[1]).toContain(role);
  });

  it("needs two permissions, which a refusal names", async () => {
    const server = await awsAt();
    server.answer("ecr-public:GetAuthorizationToken", awsJsonError(400, "AccessDeniedException"));
    expect(await failureIn(ecrPublicProvider(awsOptions(server)).fetch(grant, never))).toMatchObject({
      reason: "Denied",
      retry: "slowly",
      message: expect.stringMatching(/ecr-public:GetAuthorizationToken.*sts:GetServiceBearerToken/) as string,
    });
  });

  it.each([
    ["nothing", {}],
    ["a token of the past", { authorizationData: { authorizationToken: btoa("AWS:pw"), expiresAt: 1_000_000_000 } }],
    ["an empty token", { authorizationData: { authorizationToken: "", expiresAt: 4_102_444_800 } }],
  ])("is never made of %s", async (_, body) => {
    const server = await awsAt();
    server.answer("ecr-public:GetAuthorizationToken", awsJson(body));
    expect(await failureIn(ecrPublicProvider(awsOptions(server)).fetch(grant, never))).toMatchObject({
      reason: "InvalidAnswer",
      retry: "backoff",
    });
  });
});
