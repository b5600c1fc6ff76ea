// Tests that ECR's tokens are minted, renewed and fanned out where an administrator has led AWS's calls: at moto, which checks signatures.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operatorConfigFrom } from "../../src/config/config.ts";
import { type Moto, startMoto } from "../cluster/moto.ts";
import { eventually, operatorNamespace, type TestEnv, testEnv } from "../integration/test-env.ts";
import { type EcrRelay, ecrRelay } from "./ecr-relay.ts";

// moto's own account; of another it knows whoever assumes a role there.
const account = "123456789012";
const host = `${account}.dkr.ecr.eu-west-1.amazonaws.com`;
const passwordOf = (owner: string): string => `${owner}-auth-token`;

describe("an AWS that is elsewhere", { timeout: 120_000 }, () => {
  let world: TestEnv;
  let moto: Moto;
  let relay: EcrRelay;
  let keys: { readonly accessKeyId: string; readonly secretAccessKey: string };

  const login = async (namespace: string): Promise<string | undefined> =>
    (await world.logins(namespace))?.[host]?.password;
  const allHave = (password: string, ...namespaces: readonly string[]): Promise<void> =>
    eventually(`${namespaces.join(", ")} have ${password}`, async () => {
      const found = await Promise.all(namespaces.map(login));
      return found.every((each) => each === password);
    });
  const asked = (operation: string): number =>
    relay.calls.filter((call) => call.operation === operation && call.status === 200).length;
  const entry = (more: object): object => ({ name: "images", provider: "ECR", hosts: [host], ...more });
  const secretPath = `/api/v1/namespaces/${operatorNamespace}/secrets`;

  beforeAll(async () => {
    moto = await startMoto();
    world = await testEnv();
    relay = await ecrRelay(moto.url, () => world.now());
    keys = await userOf(moto);
    await moto.setStrict(true);
    const environment = {
      AWS_ENDPOINT_URL: relay.url,
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      // The real registry is not tried with these logins: nobody listens there.
      HTTPS_PROXY: "http://127.0.0.1:9",
    };
    const { endpoints } = operatorConfigFrom({}, environment);
    await world.startOperator({
      settings: { environment, allowedHosts: [], allowedPrivateHosts: [], endpoints },
      timing: { slowly: Temporal.Duration.from({ seconds: 2 }) },
    });
    await world.namespaces(["keyed-a", "keyed-b", "role-a", "role-b", "web-a"]);
  }, 10 * 60_000);
  afterAll(async () => {
    await world?.close();
    await relay?.stop();
    await moto?.stop();
  });

  it("gives one token for an access key in a Secret, to all of its tenants", async () => {
    await world.admin.create(secretPath, { metadata: { name: "aws-keys" }, stringData: keys });
    await world.credential("keyed", {
      registries: [entry({ identity: { from: "Secret", name: "aws-keys" } })],
      namespaces: { include: ["keyed-*"] },
    });
    await allHave(passwordOf(account), "keyed-a", "keyed-b");
    await world.atRest();
    expect(asked("GetAuthorizationToken")).toBe(1);
    expect(await world.condition("keyed", "Ready")).toMatchObject({ status: "True" });
  });

  it("is asked anew when half of a token's life is over", async () => {
    const before = (await world.status("keyed")).registries?.[0]?.expiresAt ?? "";
    await world.leap({ hours: 7 });
    await eventually("it is renewed", async () => asked("GetAuthorizationToken") === 2);
    await eventually("the status says so", async () => {
      const [registry] = (await world.status("keyed")).registries ?? [];
      return registry?.expiresAt !== undefined && registry.expiresAt > before;
    });
    expect(asked("GetAuthorizationToken")).toBe(2);
    await allHave(passwordOf(account), "keyed-a", "keyed-b");
  });

  it("lets the operator assume a role for each tenant, and tells of one that may not be assumed", async () => {
    await world.credential("roles", {
      registries: [entry({ ecr: { roleARN: `arn:aws:iam::${account}:role/pull-$(namespace.name)` } })],
      namespaces: { include: ["role-*"] },
    });
    await allHave(passwordOf(account), "role-a");
    await eventually("the other's is refused", async () => {
      const { failures = [] } = await world.status("roles");
      return failures.some(({ examples }) => examples.includes("role-b"));
    });
    expect(asked("AssumeRole")).toBeGreaterThanOrEqual(1);
    expect(await login("role-b")).toBeUndefined();
  });

  it("gives a token for the token of a ServiceAccount, of the account that its role belongs to", async () => {
    // moto looks for a signature in every request while it is strict, and this one has none.
    await moto.setStrict(false);
    const annotations = { "eks.amazonaws.com/role-arn": "arn:aws:iam::333333333333:role/pull" };
    await world.admin.create("/api/v1/namespaces/web-a/serviceaccounts", { metadata: { name: "puller", annotations } });
    await world.credential("web", {
      registries: [entry({ identity: { from: "TenantServiceAccount", name: "puller" } })],
      namespaces: { include: ["web-*"] },
    });
    await allHave(passwordOf("333333333333"), "web-a");
    expect(asked("AssumeRoleWithWebIdentity")).toBe(1);
    await moto.setStrict(true);
  });

  it("refuses a key that is wrong, and nobody loses what they have", async () => {
    await world.admin.patch(`${secretPath}/aws-keys`, { stringData: { secretAccessKey: "hunter2" } });
    await eventually("the refusal is told", async () => {
      const [registry] = (await world.status("keyed")).registries ?? [];
      return registry?.reason === "Denied" && registry.message?.includes("HTTP 403") === true;
    });
    expect(await login("keyed-a")).toBe(passwordOf(account));
    const [registry] = (await world.status("keyed")).registries ?? [];
    expect(registry?.message).not.toContain("hunter2");
  });
});

/** A user who may ask ECR and assume roles, and a role of the tenant role-a. */
async function userOf(moto: Moto): Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string }> {
  const document = (statement: object): string =>
    JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
  const rights = document({ Action: ["ecr:GetAuthorizationToken", "sts:AssumeRole"], Resource: "*" });
  await moto.iam("CreateUser", { UserName: "regcred" });
  await moto.iam("PutUserPolicy", { UserName: "regcred", PolicyName: "pull", PolicyDocument: rights });
  const trust = document({ Principal: { AWS: "*" }, Action: "sts:AssumeRole" });
  await moto.iam("CreateRole", { RoleName: "pull-role-a", AssumeRolePolicyDocument: trust });
  await moto.iam("PutRolePolicy", { RoleName: "pull-role-a", PolicyName: "pull", PolicyDocument: rights });
  const made = await moto.iam("CreateAccessKey", { UserName: "regcred" });
  const part = (name: string): string => new RegExp(`<${name}>([^<]+)</${name}>`).exec(made)?.[1] ?? "";
  return { accessKeyId: part("AccessKeyId"), secretAccessKey: part("SecretAccessKey") };
}
