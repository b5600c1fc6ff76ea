// Tests of an operator that may not see something from its start on: what it does, and what it says.
import { describe, expect, it } from "vitest";
import type { Status } from "../../src/api/registry-credential.ts";
import { statusError } from "./api-server.ts";
import type { Faults } from "./played-pools.ts";
import { ops, type Fixture, fixture } from "./fixture.ts";

const hub = "https://index.docker.io/v1/";
const hidden =
  (resource: string): Faults =>
  (call) =>
    call.method === "GET" && call.resource === resource && call.name === undefined
      ? statusError(
          403,
          "Forbidden",
          {},
          `User "regcred" cannot list resource "${resource}" in API group "" at the cluster scope`,
        )
      : undefined;
/** And the API server says so when it is asked. */
const denied =
  (resource: string): Faults =>
  (call, ...rest) => {
    const asked = (call.body["spec"] ?? {}) as { readonly resourceAttributes?: { readonly resource?: string } };
    return call.resource === "selfsubjectaccessreviews" && asked.resourceAttributes?.resource === resource
      ? { code: 201, body: { status: { allowed: false } } }
      : hidden(resource)(call, ...rest);
  };
const statusOf = (on: Fixture): Status => on.server.get("registrycredentials", "acme")?.["status"] ?? {};
const messageOf = (on: Fixture, type: string): string | undefined =>
  statusOf(on).conditions?.find((each) => each.type === type)?.message;
const rotate = (on: Fixture): void =>
  on.server.patch("secrets", `${ops}/docker-hub`, { data: { password: btoa("second") } });

/** It has served team-a, and was stopped. */
async function served(...others: readonly string[]): Promise<Fixture> {
  const on = fixture({ namespaces: ["team-a", ...others] });
  on.addCredential("acme");
  const a = on.run("a");
  await on.pass(20);
  await on.stop(a);
  return on;
}

describe("an operator that may not see ServiceAccounts", () => {
  it.each([
    ["though it was told that it may", hidden],
    ["as it was told", denied],
  ])(
    "from its start on, %s, serves and rotates Secrets, leaves references as they are, and says so",
    async (_when, faults) => {
      const on = await served();
      on.setFaults(faults("serviceaccounts"));
      rotate(on);
      const b = on.run("b");
      await on.pass(20);
      on.addNamespace("team-b");
      await on.pass(10);
      expect([b.end(), on.logins("team-a"), on.logins("team-b")]).toEqual([
        undefined,
        { [hub]: "second" },
        { [hub]: "second" },
      ]);
      expect([on.references("team-a"), on.references("team-b")]).toEqual([["regcred"], []]);
      await on.pass(70);
      expect(messageOf(on, "Ready")).toMatch(/may not get, list, watch and patch ServiceAccounts/);
      on.setFaults();
      await on.pass(70);
      expect([on.references("team-b"), messageOf(on, "Ready")]).toEqual([
        ["regcred"],
        "every namespace that can be served is served",
      ]);
      on.isLawful();
    },
  );

  it("deletes a Secret all the same when its RegistryCredential goes", async () => {
    const on = await served();
    on.setFaults(hidden("serviceaccounts"));
    on.run("b");
    await on.pass(20);
    on.server.remove("registrycredentials", "acme");
    await on.pass(40);
    expect([on.logins("team-a"), on.server.get("registrycredentials", "acme")]).toEqual([undefined, undefined]);
  });
});

describe("an operator that may not see from its start on", () => {
  it.each(["registrycredentials", "namespaces", "secrets"])(
    "%s changes nothing, collects nothing, and begins by itself later",
    async (resource) => {
      const on = await served();
      rotate(on);
      const before = on.server.list("secrets").length;
      on.setFaults(hidden(resource));
      const b = on.run("b");
      await on.pass(900);
      expect([b.end(), on.writes("b"), on.server.list("secrets").length]).toEqual([undefined, [], before]);
      on.setFaults();
      await on.pass(70);
      expect([on.logins("team-a"), on.references("team-a")]).toEqual([{ [hub]: "second" }, ["regcred"]]);
      on.isLawful();
    },
  );

  it("namespaces gives nobody a new login, for only they say who is selected still, and goes on within half a minute of the right's return", async () => {
    const on = await served("team-b");
    on.server.patch("namespaces", "team-b", { metadata: { annotations: { "regcred.dev/ignore": "true" } } });
    rotate(on);
    on.setFaults(hidden("namespaces"));
    const b = on.run("b");
    await on.pass(300);
    expect([b.end(), on.writes("b"), on.logins("team-a"), on.logins("team-b")]).toEqual([
      undefined,
      [],
      { [hub]: "first" },
      { [hub]: "first" },
    ]);
    expect(on.logged).toContain("watch interrupted");
    on.setFaults();
    await on.pass(32);
    expect([on.logins("team-a"), on.logins("team-b")]).toEqual([{ [hub]: "second" }, undefined]);
    on.isLawful();
  });
});
