// Tests that a node gets logins by the same providers as the operator: of files, of its own cloud, for a pod's token.
import { describe, expect, it } from "vitest";
import type { OperatorSecretRecord } from "../../src/cluster/records.ts";
import { choicesFor } from "../../src/credential-provider/choices.ts";
import { loginSource } from "../../src/credential-provider/login-source.ts";
import { OperatorError } from "../../src/runtime/errors.ts";
import { Redacted } from "../../src/runtime/redacted.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Grant } from "../../src/providers/index.ts";
import { failureIn, loginIn, never, untilEnd } from "../providers/scenario.ts";
import { awsServer } from "../providers/servers/aws.ts";
import {
  anyPod,
  asker,
  audience,
  hub,
  issuer,
  nodeFile,
  rawFile,
  rawPodFile,
  secrets as folder,
  tokenOf,
} from "./node.ts";

const registry = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const account = { namespace: "team-a", name: "builder", uid: "u-1", issuer };

function source(
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
  more: Partial<Parameters<typeof loginSource>[0]> = {},
) {
  return untilEnd(
    loginSource({
      clock: systemClock(),
      environment: {},
      endpoints: {},
      entries: [],
      handed: undefined,
      secrets: folder,
      secret: (name): OperatorSecretRecord => {
        const values = secrets[name];
        if (!values)
          throw new OperatorError({ reason: "SourceMissing", cause: "Platform", retry: "on-change", message: name });
        return {
          key: name,
          resourceVersion: "0",
          namespace: "",
          name,
          uid: "",
          kind: "source",
          type: "Opaque",
          values: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, new Redacted(value)])),
          offered: true,
          expiresAt: undefined,
        };
      },
      ...more,
    }),
  );
}

/** Of the one entry that serves the image. */
function grantOf(raw: object, image: string, annotations = {}): Grant {
  const file = nodeFile(raw);
  const who = file.audience === undefined ? undefined : account;
  const [choice] = choicesFor({ image, token: undefined, annotations }, file, asker(who)).chosen;
  if (!choice || "reason" in choice.grant) throw new TypeError(JSON.stringify(choice));
  return choice.grant;
}

describe("a node's logins", () => {
  it("of an entry Static lie in files, with the Secret's keys", async () => {
    const grant = grantOf(rawFile([hub]), "docker.io/a/b");
    const minted = await source({ hub: { username: "acme", password: "hunter2" } }).fetch(grant, never);
    expect(loginIn(minted)).toEqual(["acme", "hunter2"]);
    expect(minted.expiresAt).toBeUndefined();
  });

  it("of an entry Static are refused with the operator's own words where a key is missing", async () => {
    const grant = grantOf(rawFile([hub]), "docker.io/a/b");
    const error = await failureIn(source({ hub: { username: "acme" } }).fetch(grant, never));
    expect(error).toMatchObject({ reason: "SourceInvalid" });
    expect(error.message).toContain(
      "the source Secret /etc/regcred/secrets/hub lacks the key password (it has username)",
    );
    expect(await failureIn(source({}).fetch(grant, never))).toMatchObject({ reason: "SourceMissing" });
  });

  it("of a cloud are asked for as the node itself", async () => {
    const aws = untilEnd(await awsServer({ keys: { AKIAIOSFODNN7EXAMPLE: "arn:aws:iam::123456789012:role/node" } }));
    const grant = grantOf(rawFile([{ name: "ecr", provider: "ECR", hosts: [registry] }]), `${registry}/app`);
    const minted = await source(
      {},
      {
        environment: { AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY: "hunter2" },
        endpoints: { ecr: { "*": aws.url } },
      },
    ).fetch(grant, never);
    expect(loginIn(minted)[0]).toBe("AWS");
    expect(minted.expiresAt).toBeDefined();
    expect(aws.calls.map(({ operation, principal }) => [operation, principal])).toEqual([
      ["ecr:GetAuthorizationToken", "arn:aws:iam::123456789012:role/node"],
    ]);
  });

  it("of a cloud are asked for with the pod's own token, and with no other identity", async () => {
    const role = "arn:aws:iam::123456789012:role/pull";
    const subject = "system:serviceaccount:team-a:builder";
    const audienceOfAws = "sts.amazonaws.com";
    const aws = untilEnd(await awsServer({ roles: { [role]: { subject, audience: audienceOfAws } } }));
    const entry = {
      name: "ecr",
      provider: "ECR",
      hosts: [registry],
      identity: { from: "TenantServiceAccount", name: "*" },
      pods: anyPod,
    };
    const grant = grantOf(rawPodFile([entry]), `${registry}/app`, { "eks.amazonaws.com/role-arn": role });
    const endpoints = { ecr: { "*": aws.url }, sts: { "*": aws.url } };
    const token = new Redacted(tokenOf({ aud: [audienceOfAws], exp: 4e9 }));
    const handed = { account, token, audience: audienceOfAws };
    expect(loginIn(await source({}, { endpoints, handed }).fetch(grant, never))[0]).toBe("AWS");
    expect(aws.calls.map(({ operation }) => operation)).toEqual([
      "sts:AssumeRoleWithWebIdentity",
      "ecr:GetAuthorizationToken",
    ]);
  });

  it("are not asked for with a token for another audience, or one that the API server itself takes", async () => {
    const entry = {
      name: "ecr",
      provider: "ECR",
      hosts: [registry],
      identity: { from: "TenantServiceAccount", name: "*" },
      pods: anyPod,
    };
    const annotations = { "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/pull" };
    const grant = grantOf(rawPodFile([entry]), `${registry}/app`, annotations);
    const token = new Redacted(tokenOf());
    const other = await failureIn(source({}, { handed: { account, token, audience } }).fetch(grant, never));
    expect(other).toMatchObject({ reason: "InvalidAudience" });
    expect(other.message).toContain(
      "the kubelet hands over tokens for pull.example.com, and this entry needs one for sts.amazonaws.com: put it into a file of its own with serviceAccountToken.audience: sts.amazonaws.com",
    );
    const issuedBy = { ...account, issuer: "sts.amazonaws.com" };
    const handed = { account: issuedBy, token, audience: "sts.amazonaws.com" };
    const own = await failureIn(source({}, { handed }).fetch(grant, never));
    expect(own.message).toContain("the API server itself takes tokens for sts.amazonaws.com");
  });
});
