// Tests that the trouble of one RegistryCredential stays its own, whatever the platform refuses for it.
import { describe, expect, it } from "vitest";
import { statusError } from "./api-server.ts";
import type { Played, Faults } from "./played-pools.ts";
import { ops, type Fixture, fixture, reported } from "./fixture.ts";

const hub = "https://index.docker.io/v1/";
const other = "ghcr.io";
const message = `registrycredentials.regcred.dev "acme" is forbidden: ValidatingAdmissionPolicy 'change-control' with binding 'all' denied request: not now`;
const denied = statusError(422, "Invalid", {}, message);

/** A policy of the cluster denies the operator this. */
const denies =
  (isIt: (call: Played) => boolean): Faults =>
  (call) =>
    call.method !== "GET" && isIt(call) ? denied : undefined;
const updatesOf = (credential: string): Faults =>
  denies(
    ({ resource, name, subresource }) => resource === "registrycredentials" && name === credential && !subresource,
  );
const statusOf = (credential: string): Faults =>
  denies(
    ({ resource, name, subresource }) =>
      resource === "registrycredentials" && name === credential && subresource === "status",
  );
const both =
  (...all: readonly Faults[]): Faults =>
  (call) =>
    all.map((each) => each(call)).find((answer) => answer !== undefined);
const troubles: readonly [string, Faults][] = [
  ["its finalizer", updatesOf("acme")],
  ["its status", statusOf("acme")],
  ["both", both(updatesOf("acme"), statusOf("acme"))],
  [
    "both, and Events",
    both(
      updatesOf("acme"),
      statusOf("acme"),
      denies(({ resource }) => resource === "events"),
    ),
  ],
];

/** acme serves the hub, beta the other host, out of a Secret that they share. */
function shared(beta: object = {}): Fixture {
  const on = fixture({ namespaces: ["team-a"] });
  on.addSource("other", "other-1");
  on.addCredential("acme");
  on.addCredential("beta", beta, { host: other, source: "other" });
  return on;
}
const rotate = (on: Fixture): void =>
  on.server.patch("secrets", `${ops}/other`, { data: { password: btoa("other-2") } });
/** As it stands in the docker config. */
const authOf = (on: Fixture, host: string): string => {
  const { [".dockerconfigjson"]: encoded = "" } = (on.server.get("secrets", "team-a/regcred")?.["data"] ??
    {}) as Readonly<Record<string, string>>;
  const { auths } = JSON.parse(atob(encoded)) as { readonly auths: Readonly<Record<string, object>> };
  return JSON.stringify(auths[host]);
};
const recordOf = (on: Fixture, namespace = "team-a"): string | undefined =>
  on.server.get("serviceaccounts", `${namespace}/default`)?.metadata.annotations?.["regcred.dev/references"];
const conditionOf = (on: Fixture, name: string, type: string): object | undefined =>
  (
    on.server.get("registrycredentials", name)?.["status"] as { conditions?: { type: string }[] } | undefined
  )?.conditions?.find((each) => each.type === type);

describe("a RegistryCredential for which a policy denies, before it ever served,", () => {
  it.each(troubles)("%s holds up nobody's first login, rotation or new namespace", async (_what, faults) => {
    const on = shared();
    on.setFaults(faults);
    on.run("a");
    await on.pass(20);
    expect(on.logins("team-a")).toEqual({ [other]: "other-1" });
    rotate(on);
    on.addNamespace("team-b");
    await on.pass(5);
    expect([on.logins("team-a"), on.logins("team-b"), on.references("team-b")]).toEqual([
      { [other]: "other-2" },
      { [other]: "other-2" },
      ["regcred"],
    ]);
    on.setFaults();
    await on.pass(400);
    expect(on.logins("team-a")).toEqual({ [hub]: "first", [other]: "other-2" });
    on.isLawful();
  });

  it("its finalizer says so in its status", async () => {
    const on = shared();
    on.setFaults(updatesOf("acme"));
    on.run("a");
    await on.pass(20);
    expect(conditionOf(on, "acme", "Ready")).toMatchObject({
      status: "False",
      reason: "AdmissionDenied",
      message: expect.stringMatching(/put the finalizer on the RegistryCredential acme.*change-control/) as string,
    });
    expect(conditionOf(on, "beta", "Ready")).toMatchObject({ status: "True" });
  });

  it("its status says so by an Event, once, and in the log", async () => {
    const on = shared();
    on.setFaults(statusOf("acme"));
    on.run("a");
    await on.pass(300);
    const reported = on.server
      .list("events")
      .filter((event) => event["reason"] === "AdmissionDenied" && JSON.stringify(event["regarding"]).includes("acme"));
    expect(reported).toHaveLength(1);
    expect(on.logged).toContain("RegistryCredential not updated");
  });
});

describe("a RegistryCredential that has served, and", () => {
  it.each(troubles)(
    "has lost its finalizer while a policy denies %s, keeps byte for byte what it had and holds up nobody",
    async (_what, faults) => {
      const on = shared();
      on.run("a");
      await on.pass(5);
      const had = authOf(on, hub);
      on.setFaults(faults);
      on.server.patch("registrycredentials", "acme", { metadata: { finalizers: null } });
      await on.pass(1);
      on.server.patch("secrets", `${ops}/docker-hub`, { data: { password: btoa("second") } });
      rotate(on);
      on.addNamespace("team-b");
      await on.pass(20);
      expect([on.logins("team-a")?.[other], on.logins("team-b")?.[other]]).toEqual(["other-2", "other-2"]);
      // Where only its status may not be written it gets its finalizer back, and goes on.
      const isBound = on.server.get("registrycredentials", "acme")?.metadata.finalizers !== undefined;
      expect([authOf(on, hub) === had, on.logins("team-b")?.[hub]]).toEqual([!isBound, isBound ? "second" : undefined]);
      expect([on.references("team-a"), recordOf(on)]).toEqual([["regcred"], '["regcred"]']);
      on.server.remove("registrycredentials", "beta");
      await on.pass(20);
      expect(Object.keys(on.logins("team-a") ?? {})).toEqual([hub]);
      on.setFaults();
      await on.pass(400);
      expect(on.logins("team-a")).toEqual({ [hub]: "second" });
    },
  );

  it("is not confirmed any more is referred to as before, and from nowhere else", async () => {
    const on = shared({ references: "None" });
    on.run("a");
    await on.pass(5);
    on.setFaults(updatesOf("acme"));
    on.server.patch("registrycredentials", "acme", { metadata: { finalizers: null } });
    await on.pass(1);
    on.addAccount("team-a", "builder");
    rotate(on);
    await on.pass(20);
    expect([on.references("team-a"), on.references("team-a", "builder")]).toEqual([["regcred"], []]);
    on.setFaults();
    await on.pass(400);
    expect(on.references("team-a", "builder")).toEqual(["regcred"]);
  });

  it("cannot be read after a start keeps what it had, and everybody else goes on", async () => {
    const on = shared({ namespaces: { include: ["team-*"], exclude: ["team-b"] } });
    on.addNamespace("team-b");
    on.addNamespace("team-c");
    const first = on.run("a");
    await on.pass(5);
    await on.stop(first);
    const had = authOf(on, hub);
    on.server.patch("registrycredentials", "acme", {
      spec: { registries: [{ name: "hub", provider: "Unheard", hosts: ["docker.io"] }] },
    });
    on.run("b");
    await on.pass(20);
    rotate(on);
    on.addNamespace("team-d");
    on.server.patch("registrycredentials", "beta", { spec: { namespaces: { exclude: ["team-b", "team-c"] } } });
    await on.pass(20);
    expect(["team-a", "team-b", "team-c", "team-d"].map((each) => on.logins(each))).toEqual([
      { [hub]: "first", [other]: "other-2" },
      { [hub]: "first" },
      { [hub]: "first" },
      { [other]: "other-2" },
    ]);
    expect(authOf(on, hub)).toBe(had);
    expect(["team-a", "team-b", "team-c"].map((each) => [on.references(each), recordOf(on, each)])).toEqual(
      Array.from({ length: 3 }, () => [["regcred"], '["regcred"]']),
    );
    on.isLawful();
  });

  it("cannot be read after a start is found by the record where its tenant has stripped the annotations", async () => {
    const on = shared();
    const first = on.run("a");
    await on.pass(5);
    await on.stop(first);
    on.server.patch("registrycredentials", "acme", { spec: { registries: "nonsense" } });
    on.server.patch("secrets", "team-a/regcred", { metadata: { annotations: null, labels: null } });
    rotate(on);
    on.run("b");
    await on.pass(20);
    expect(on.logins("team-a")).toEqual({ [hub]: "first", [other]: "other-2" });
    on.server.patch("registrycredentials", "acme", {
      spec: {
        registries: [{ name: "hub", provider: "Static", hosts: ["docker.io"], static: { secretName: "docker-hub" } }],
      },
    });
    on.server.patch("secrets", `${ops}/docker-hub`, { data: { password: btoa("second") } });
    await on.pass(20);
    expect(on.logins("team-a")).toEqual({ [hub]: "second", [other]: "other-2" });
    on.isLawful();
  });
});

describe("a cluster that is claimed", () => {
  it("is served, though the status of the oldest RegistryCredential may not be written", async () => {
    const on = shared();
    on.setFaults(statusOf("acme"));
    on.run("a");
    await on.pass(30);
    expect(on.logins("team-a")).toEqual({ [other]: "other-1" });
    const { operatorNamespace } = (on.server.get("registrycredentials", "beta")?.["status"] ?? {}) as {
      operatorNamespace?: string;
    };
    expect(operatorNamespace).toBe(ops);
  });
});

describe("another install", () => {
  it("is not passed by where its Lease may not be read, though there is something that it could not claim", async () => {
    const on = fixture();
    on.addNamespace("elsewhere", {}, []);
    on.addSource("other", "other-1", "elsewhere");
    on.addCredential("acme");
    on.run("a");
    await on.pass(5);
    const unread: Faults = ({ by, resource, namespace }) =>
      by === "c" && resource === "leases" && namespace === ops ? statusError(403, "Forbidden") : undefined;
    const unclaimed: Faults = (call) => (call.by === "a" ? statusOf("beta")(call) : undefined);
    on.setFaults(both(unread, unclaimed));
    on.addCredential("beta", {}, { host: other, source: "other" });
    on.run("c", { namespace: "elsewhere" });
    await on.pass(60);
    expect(on.writes("c")).toEqual([]);
  });
});

describe("a pull Secret that is the operator's", () => {
  it("is known as that after a restart and a hand-over, though its tenant has stripped every mark meanwhile", async () => {
    const on = fixture();
    on.addCredential("acme");
    const first = on.run("a");
    on.run("b");
    await on.pass(5);
    const stopped = on.stop(first);
    on.server.patch("secrets", "team-a/regcred", {
      metadata: { annotations: null, labels: { "app.kubernetes.io/managed-by": "me" } },
    });
    on.server.patch("secrets", `${ops}/docker-hub`, { data: { password: btoa("second") } });
    await stopped;
    await on.pass(20);
    expect(on.logins("team-a")).toEqual({ [hub]: "second" });
    on.server.patch("registrycredentials", "acme", { spec: { namespaces: { include: ["none"] } } });
    await on.pass(10);
    expect(on.logins("team-a")).toBeUndefined();
    on.isLawful();
  });
});

describe("references to the Secret of a RegistryCredential that is deleted with Retain", () => {
  it("are the tenant's where it has served, and nowhere else", async () => {
    const on = fixture({ namespaces: ["a-1", "a-2", "b-1"], accounts: ["default", "builder"] });
    on.addSource("other", "other-1");
    on.addSource("third", "third-1");
    const shares = { namespaces: { include: ["a-2"] }, references: "None" };
    on.addCredential("gamma", shares, { host: "quay.io", source: "third" });
    on.addCredential("acme", { namespaces: { include: ["a-*"] }, deletionPolicy: "Retain" });
    on.addCredential("beta", { namespaces: { include: ["b-*"] } }, { host: other, source: "other" });
    on.run("a");
    await on.pass(5);
    on.server.remove("registrycredentials", "acme");
    on.server.patch("registrycredentials", "beta", { spec: { serviceAccounts: { exclude: ["builder"] } } });
    await on.pass(10);
    expect([on.references("a-1"), on.references("a-1", "builder")]).toEqual([["regcred"], ["regcred"]]);
    expect([on.references("a-2"), on.logins("a-2")]).toEqual([["regcred"], { "quay.io": "third-1" }]);
    expect([on.references("b-1"), on.references("b-1", "builder")]).toEqual([["regcred"], []]);
    on.server.patch("registrycredentials", "beta", { spec: { references: "None" } });
    await on.pass(60);
    expect(on.references("b-1")).toEqual([]);
  });
});

describe("the tokens of a RegistryCredential that is not confirmed for a while", () => {
  const tokensOf = (on: Fixture): number =>
    on.server.list("secrets").filter(({ metadata: { name } }) => name.startsWith("regcred-token-")).length;

  it("are not collected, so that its login outlives its source, and go when it goes", async () => {
    const on = shared();
    on.run("a");
    await on.pass(5);
    on.setFaults(updatesOf("acme"));
    on.server.patch("registrycredentials", "acme", { metadata: { finalizers: null } });
    await on.pass(5);
    on.server.remove("secrets", `${ops}/docker-hub`);
    await on.pass(1_500);
    expect([tokensOf(on), on.logins("team-a")?.[hub]]).toEqual([2, "first"]);
    on.setFaults();
    on.addNamespace("team-b");
    await on.pass(400);
    expect([on.logins("team-a")?.[hub], on.logins("team-b")?.[hub]]).toEqual(["first", "first"]);
    on.server.remove("registrycredentials", "acme");
    await on.pass(800);
    expect([tokensOf(on), on.logins("team-a")]).toEqual([1, { [other]: "other-1" }]);
    on.isLawful();
  });
});

describe("a RegistryCredential whose logins are too large for the bound", () => {
  const bound = { settings: { maxConfigBytes: 400 } };
  const grows = (on: Fixture, secret: string, length: number): void =>
    on.server.patch("secrets", `${ops}/${secret}`, { data: { password: btoa("x".repeat(length)) } });

  it("keeps what it had, is told alone, and holds up nobody's rotation, new namespace or end", async () => {
    const on = shared();
    on.addSource("third", "third-1");
    on.addCredential("gamma", {}, { host: "quay.io", source: "third" });
    on.run("a", bound);
    await on.pass(20);
    const had = authOf(on, hub);
    grows(on, "docker-hub", 500);
    await on.pass(5);
    rotate(on);
    on.addNamespace("team-b");
    await on.pass(10);
    expect([authOf(on, hub), on.logins("team-a")?.[other]]).toEqual([had, "other-2"]);
    expect([on.logins("team-b"), on.references("team-b")]).toEqual([
      { [other]: "other-2", "quay.io": "third-1" },
      ["regcred"],
    ]);
    expect(conditionOf(on, "acme", "Ready")).toMatchObject({
      reason: "ConfigTooLarge",
      message: expect.stringContaining("entry hub: the merged docker config has") as string,
    });
    expect([conditionOf(on, "beta", "Ready"), conditionOf(on, "gamma", "Ready")]).toMatchObject([
      { status: "True" },
      { status: "True" },
    ]);
    on.server.remove("registrycredentials", "gamma");
    await on.pass(20);
    expect(on.server.get("registrycredentials", "gamma")).toBeUndefined();
    expect(Object.keys(on.logins("team-a") ?? {}).toSorted()).toEqual([other, hub].toSorted());
    const writes = on.writes().length;
    await on.pass(300);
    expect(on.writes().length).toBe(writes);
    grows(on, "docker-hub", 5);
    await on.pass(10);
    expect([on.logins("team-a")?.[hub], on.logins("team-b")?.[hub], on.failures("acme")]).toEqual([
      "xxxxx",
      "xxxxx",
      [],
    ]);
    on.isLawful();
  });
});

it("a Secret that may not be deleted loses its references once, and its login", async () => {
  const on = fixture({ namespaces: ["team-a"] });
  on.addCredential("acme");
  on.run("a");
  await on.pass(5);
  const denied = "ValidatingAdmissionPolicy 'no-deletes' with binding 'all' denied request: not here";
  on.setFaults(({ method, resource }) =>
    method === "DELETE" && resource === "secrets" ? statusError(403, "Forbidden", {}, denied) : undefined,
  );
  const registries = [
    { name: "other", provider: "Static", hosts: ["other.example.com"], static: { secretName: "none" } },
  ];
  on.server.patch("registrycredentials", "acme", { spec: { registries } });
  const count = on.writes().length;
  await on.pass(60);
  expect(reported(on.writes().slice(count)).filter((each) => each.includes("serviceaccounts"))).toHaveLength(1);
  expect([on.references("team-a"), on.logins("team-a")]).toEqual([[], {}]);
});
