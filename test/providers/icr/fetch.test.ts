// Tests that the ICR provider gets tokens as each identity, and reports whatever goes wrong.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import type { IcrGrant } from "../../../src/providers/icr/grant.ts";
import { icrProvider, type IcrOptions } from "../../../src/providers/icr/fetch.ts";
import type { NewToken } from "../../../src/cluster/token.ts";
import { jwtClaims, jwtExpiry } from "../../../src/runtime/jwt-claims.ts";
import { account, identities, subject } from "../acr/scenario.ts";
import { contract } from "../contract.ts";
import { jwt } from "../servers/azure.ts";
import { ibmBehave } from "../servers/ibm-behaviours.ts";
import { ibmError, ibmServer } from "../servers/ibm.ts";
import { json, type VendorServer } from "../servers/vendor.ts";
import { brokenAnswers, discreetFailure, networkTo, startedUntilEnd } from "../vendor-scenario.ts";
import { failureIn, loginIn, never } from "../scenario.ts";

const profile = "Profile-94497d0d-2ac3-41bf-a993-a49d1b14627c";
const secret = { from: "Secret", namespace: "regcred-system", name: "ibm" } as const;
const minutes = (count: number): Temporal.Duration => Temporal.Duration.from({ minutes: count });

function grant(more: Partial<IcrGrant> = {}): IcrGrant {
  return { provider: "ICR", identity: secret, caSecretName: "vendor-ca", ...more };
}

function ibm(): Promise<VendorServer> {
  const profiles = { [profile]: [subject, "operator", "IBMid-user"] };
  return startedUntilEnd(ibmServer({ apiKeys: ["hunter2"], profiles }));
}

function fetched(server: VendorServer, asked: IcrGrant, given: Partial<IcrOptions> = {}): Promise<NewToken> {
  const options = { ...networkTo(server), identities: identities({ apiKey: "hunter2\n" }), ...given };
  return icrProvider(options).fetch(asked, never);
}

function whoIn(minted: NewToken): unknown {
  return jwtClaims(loginIn(minted)[1])?.["sub"];
}

function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "icr-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "token");
  writeFileSync(path, text);
  return path;
}

contract("ICR", {
  subject: async () => {
    const server = await ibm();
    const shown = jwt({ sub: subject, aud: "iam" });
    const options = { ...networkTo(server), identities: identities(undefined, () => shown) };
    return {
      provider: icrProvider(options),
      clock: options.clock,
      grant: grant({ identity: account, trustedProfileID: profile }),
      secrets: ["hunter2", shown],
      behave: (behaviour, asked) => ibmBehave(server, behaviour, asked),
    };
  },
});

describe("an API key", () => {
  it("gives an access token that goes with the user name iambearer, until IAM says", async () => {
    const minted = await fetched(await ibm(), grant());
    const [username, password] = loginIn(minted);
    expect(username).toBe("iambearer");
    expect(whoIn(minted)).toBe("IBMid-user");
    expect(minted.expiresAt).toEqual(jwtExpiry(password));
    expect(`${inspect(minted, { depth: 9 })}${JSON.stringify(minted)}`).not.toContain(password);
  });

  it("assumes the trusted profile that the entry names", async () => {
    const server = await ibm();
    expect(whoIn(await fetched(server, grant({ trustedProfileID: profile })))).toBe(`iam-${profile}`);
    expect(server.calls).toHaveLength(2);
    const error = await failureIn(fetched(server, grant({ trustedProfileID: `${profile}0` })));
    expect(error).toMatchObject({ reason: "Denied", cause: "Platform", retry: "slowly" });
    expect(error.message).toContain(`BXNIM0440E, HTTP 400`);
  });

  it("that IAM does not know is told with IAM's code", async () => {
    const error = await failureIn(fetched(await ibm(), grant(), { identities: identities({ apiKey: "old" }) }));
    expect(error).toMatchObject({ reason: "Denied", cause: "Platform", retry: "slowly" });
    expect(error.message).toContain("BXNIM0415E, HTTP 400");
    expect(error.message).toContain("regcred-system/ibm");
  });

  it.each([{}, { apiKey: "\n" }, { apiKey: "two words" }])("that is none is not sent: %o", async (values) => {
    const server = await ibm();
    const error = await failureIn(fetched(server, grant(), { identities: identities(values) }));
    expect(error).toMatchObject({ reason: "IdentityInvalid", retry: "on-change" });
    expect(error.message).toContain("apiKey");
    expect(server.calls).toEqual([]);
  });
});

describe("a ServiceAccount", () => {
  const asked = grant({ identity: account, trustedProfileID: profile });

  it("shows a token for the audience iam and becomes the trusted profile", async () => {
    const server = await ibm();
    const tokens = identities(undefined, (sub, aud) => jwt({ sub, aud }, minutes(10)));
    expect(whoIn(await fetched(server, asked, { identities: tokens }))).toBe(`iam-${profile}`);
    expect(Object.fromEntries(new URLSearchParams(server.calls[0]?.body))).toMatchObject({
      grant_type: "urn:ibm:params:oauth:grant-type:cr-token",
      profile_id: profile,
    });
  });

  it("of a tenant whom the profile does not trust is the tenant's to mend", async () => {
    const tokens = identities(undefined, (_sub, aud) => jwt({ sub: "other", aud }, minutes(10)));
    const error = await failureIn(fetched(await ibm(), asked, { identities: tokens }));
    expect(error).toMatchObject({ reason: "Denied", cause: "Tenant" });
    expect(error.message).toContain("team-a/puller");
  });

  it("never asks without a profile", async () => {
    await expect(fetched(await ibm(), grant({ identity: account }))).rejects.toThrow(TypeError);
  });
});

describe("the operator", () => {
  const asked = grant({ identity: { from: "Operator" }, trustedProfileID: profile });

  it("shows the first token that is in its pod", async () => {
    const tokenFiles = ["/nowhere/vault-token", fileWith("\n"), fileWith(`${jwt({ sub: "operator", aud: "iam" })}\n`)];
    expect(whoIn(await fetched(await ibm(), asked, { tokenFiles }))).toBe(`iam-${profile}`);
  });

  it("without a token is told where to put one", async () => {
    const tokenFiles = ["/nowhere/vault-token", "/nowhere/sa-token"];
    const error = await failureIn(fetched(await ibm(), asked, { tokenFiles }));
    expect(error).toMatchObject({ reason: "NoOperatorIdentity", cause: "Platform", retry: "backoff" });
    expect(error.message).toContain("/nowhere/sa-token");
  });
});

describe("IAM's answer", () => {
  it.each(brokenAnswers)("%s is told", async (_name, reply, expected) => {
    const server = await ibm();
    server.answer("/token", reply);
    expect(await discreetFailure(fetched(server, grant()))).toMatchObject({ cause: "Platform", ...expected });
  });

  it("of a server in trouble is no refusal, whatever its code", async () => {
    const server = await ibm();
    server.answer("/token", ibmError("BXNIM0513E", 500));
    expect(await discreetFailure(fetched(server, grant()))).toMatchObject({ reason: "CloudUnavailable" });
  });

  it.each([
    ["an empty token", { access_token: "", expiration: 4e9 }],
    ["no expiry", { access_token: "hunter2" }],
    ["a past expiry", { access_token: "hunter2", expiration: 1 }],
    ["an expiry in microseconds", { access_token: "hunter2", expiration: 4e15 }],
  ])("with %s is never published", async (_name, body) => {
    const server = await ibm();
    server.answer("/token", json(200, body));
    expect(await discreetFailure(fetched(server, grant()))).toMatchObject({
      reason: "InvalidAnswer",
      retry: "backoff",
    });
  });

  it("without expiration has the expiry of its token", async () => {
    const server = await ibm();
    const access_token = jwt({ sub: "me" }, minutes(20));
    server.answer("/token", json(200, { access_token }));
    expect((await fetched(server, grant())).expiresAt).toEqual(jwtExpiry(access_token));
  });

  it("that does not come ends with the attempt", async () => {
    const server = await ibm();
    const stop = new AbortController();
    server.answer("/token", () => new Promise(() => stop.abort(new Error("enough"))));
    const provider = icrProvider({ ...networkTo(server), identities: identities({ apiKey: "hunter2" }) });
    await expect(provider.fetch(grant(), stop.signal)).rejects.toThrow("enough");
  });
});
