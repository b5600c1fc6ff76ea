// Tests that the operator's own settings direct the clouds' calls, and theirs alone.
import { expect, it } from "vitest";
import { systemClock } from "../../src/runtime/clock.ts";
import { egress, type EgressOptions } from "../../src/operator/egress.ts";
import type { Grant } from "../../src/providers/grant.ts";
import type { Endpoints } from "../../src/providers/endpoints.ts";
import { Redacted } from "../../src/runtime/redacted.ts";
import { awsAt, hub, hubEnvironment } from "../providers/ecr/scenario.ts";
import { failureIn, loginIn, never, untilEnd } from "../providers/scenario.ts";

/** With the real guard, which lets through what the settings name. */
function egressWith(endpoints: Endpoints) {
  const nobody = (): never => {
    throw new TypeError("nobody else is asked");
  };
  const options: EgressOptions = {
    api: { open: nobody, exchange: nobody } as unknown as EgressOptions["api"],
    clock: systemClock(),
    random: () => 0.5,
    settings: {
      namespace: "regcred-system",
      serviceAccount: "regcred",
      sourceNamespaces: [],
      allowedHosts: [],
      allowedPrivateHosts: [],
      endpoints,
      environment: hubEnvironment,
    },
    network: undefined,
    secret: () => ({ kind: "source", values: { token: new Redacted("hunter2") } }) as never,
    token: () => undefined,
    insists: () => false,
    admittance: { begin: () => undefined, ended: () => undefined },
    registries: {} as EgressOptions["registries"],
    ownAudiences: () => Promise.resolve([]),
    instruments: { count: () => undefined, observe: () => undefined },
  };
  return untilEnd(egress(options));
}

it("a token of ECR comes from the endpoint that the settings name, on loopback and over plain http", async () => {
  const { url } = await awsAt();
  const grant: Grant = {
    provider: "ECR",
    partition: "aws",
    region: "eu-west-1",
    endpoint: "standard",
    identity: { from: "Operator" },
  };
  const { provider } = egressWith({ ecr: { "*": url } });
  expect(loginIn(await provider.fetch(grant, never))[1]).toContain(hub);
});

it("an entry's own token endpoint never is that place", async () => {
  const origin = "https://127.0.0.1:9";
  const grant: Grant = {
    provider: "TokenExchange",
    identity: { from: "Secret", namespace: "regcred-system", name: "key" },
    settings: {
      url: `${origin}/token`,
      method: "POST",
      auth: { type: "Bearer" },
      response: { tokenPath: "token", expiry: "Seconds", expiryPath: "expires_in" },
      username: "puller",
    },
  };
  const { provider } = egressWith({ ecr: { "*": origin } });
  expect(await failureIn(provider.fetch(grant, never))).toMatchObject({ reason: "EndpointNotAllowed" });
});
