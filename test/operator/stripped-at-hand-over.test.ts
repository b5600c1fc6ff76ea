// Tests that a new leader knows a pull Secret as the operator's whose tenant has stripped its marks while the Lease changed hands.
import { describe, expect, it } from "vitest";
import { type Fixture, fixture, type Replica } from "./fixture.ts";

const place = "team-a/regcred";
const [hub, other] = ["https://index.docker.io/v1/", "ghcr.io"];
const managedBy = "app.kubernetes.io/managed-by";
const never = new Promise<never>(() => undefined);

const configOf = (logins: Readonly<Record<string, string>>): { ".dockerconfigjson": string } => {
  const auths = Object.fromEntries(
    Object.entries(logins).map(([host, password]) => [host, { auth: btoa(`me:${password}`) }]),
  );
  return { ".dockerconfigjson": btoa(JSON.stringify({ auths })) };
};

type Act = (on: Fixture) => void;
const strip: Act = (on) =>
  on.server.patch("secrets", place, { metadata: { annotations: null, labels: { [managedBy]: "me" } } });
const edit =
  (change: object): Act =>
  (on) => {
    strip(on);
    on.server.patch("secrets", place, change);
  };
const specOf =
  (name: string, spec: object): Act =>
  (on) =>
    on.server.patch("registrycredentials", name, { spec });

/** What a tenant does to its Secret while nobody leads. */
const acts: readonly (readonly [string, Act])[] = [
  ["names another manager", (on) => on.server.patch("secrets", place, { metadata: { labels: { [managedBy]: "me" } } })],
  ["takes the annotations off", (on) => on.server.patch("secrets", place, { metadata: { annotations: null } })],
  ["strips every mark", strip],
  [
    "strips it and puts a login of its own in our place",
    edit({ data: configOf({ [hub]: "forged", [other]: "other" }) }),
  ],
  ["strips it and adds a host", edit({ data: configOf({ [hub]: "first", [other]: "other", "evil.example": "mine" }) })],
  ["strips it and empties it", edit({ data: configOf({}) })],
  ["strips it and makes it no docker config", edit({ data: { ".dockerconfigjson": btoa("{") } })],
  ["strips it and adds a key", edit({ data: { more: btoa("x") } })],
  ["strips it and makes it immutable", edit({ data: configOf({ [hub]: "forged" }), immutable: true })],
  ["deletes it", (on) => on.server.remove("secrets", place)],
];

/** How the Lease changes hands, and what happens while nobody holds it. */
type HandOver = (on: Fixture, leader: Replica, meanwhile: Act) => Promise<void>;
/** To one that has stood by, 15 seconds after a kill. */
const afterCrash: HandOver = async (on, _leader, meanwhile) => {
  on.run("b");
  await on.pass(5);
  on.setFaults(({ by }) => (by === "a" ? never : undefined));
  await on.pass(1);
  meanwhile(on);
  await on.pass(25);
};
/** To one that is started afterwards. */
const atStart: HandOver = async (on, leader, meanwhile) => {
  await on.stop(leader);
  meanwhile(on);
  on.run("b");
  await on.pass(20);
};
const served = async (): Promise<{ on: Fixture; leader: Replica }> => {
  const on = fixture();
  on.addSource("other", "other");
  on.addCredential("acme");
  on.addCredential("beta", {}, { host: other, source: "other" });
  const leader = on.run("a");
  await on.pass(5);
  return { on, leader };
};
/** Ours by its label, told as nobody's conflict at any time, and within the rules that hold for each write. */
const isOurs = (on: Fixture): void => {
  expect(on.server.get("secrets", place)?.metadata.labels).toMatchObject({ [managedBy]: "regcred" });
  expect(on.recorded.filter(({ body }) => JSON.stringify(body ?? "").includes("SecretConflict"))).toEqual([]);
  expect([on.failures("acme"), on.failures("beta")]).toEqual([[], []]);
  on.isLawful();
};

describe("a Secret of the operator's, when the Lease changes hands,", () => {
  it.each([
    ...acts.map(([what, act]) => ["after a crash", what, act, afterCrash] as const),
    ["with a start", "strips every mark", strip, atStart] as const,
  ])("%s, is put right where its tenant %s", async (_when, _what, act, handOver) => {
    const { on, leader } = await served();
    await handOver(on, leader, act);
    expect([on.logins("team-a"), on.references("team-a")]).toEqual([{ [hub]: "first", [other]: "other" }, ["regcred"]]);
    isOurs(on);
    // And goes on as before: renewed, and gone when nobody is to have it.
    on.server.patch("secrets", "regcred-system/docker-hub", { data: { password: btoa("second") } });
    await on.pass(5);
    expect(on.logins("team-a")).toEqual({ [hub]: "second", [other]: "other" });
    for (const name of ["acme", "beta"]) on.server.remove("registrycredentials", name);
    await on.pass(20);
    expect([on.logins("team-a"), on.references("team-a")]).toEqual([undefined, []]);
  });

  it.each<[string, Act, Readonly<Record<string, string>> | undefined]>([
    [
      "the source is rotated",
      (on) => on.server.patch("secrets", "regcred-system/docker-hub", { data: { password: btoa("second") } }),
      { [hub]: "second", [other]: "other" },
    ],
    [
      "a host is taken back",
      specOf("acme", {
        registries: [{ name: "hub", provider: "Static", hosts: ["quay.io"], static: { secretName: "docker-hub" } }],
      }),
      { "quay.io": "first", [other]: "other" },
    ],
    [
      "the namespace is selected by one no more",
      specOf("acme", { namespaces: { include: ["crew-*"] } }),
      { [other]: "other" },
    ],
    ["one is deleted", (on) => on.server.remove("registrycredentials", "acme"), { [other]: "other" }],
    [
      "the namespace opts out",
      (on) => on.server.patch("namespaces", "team-a", { metadata: { annotations: { "regcred.dev/ignore": "true" } } }),
      undefined,
    ],
    [
      "all are deleted",
      (on) => ["acme", "beta"].forEach((name) => on.server.remove("registrycredentials", name)),
      undefined,
    ],
  ])("is what the spec says where it is stripped while %s", async (_what, change, logins) => {
    const { on, leader } = await served();
    await atStart(on, leader, (there) => {
      strip(there);
      change(there);
    });
    await on.pass(15);
    expect([on.logins("team-a"), on.references("team-a")]).toEqual([logins, logins ? ["regcred"] : []]);
    expect(on.recorded.filter(({ body }) => JSON.stringify(body ?? "").includes("SecretConflict"))).toEqual([]);
    on.isLawful();
  });

  it("is the tenant's where that has made it anew as something else: left alone, and told", async () => {
    const { on, leader } = await served();
    const mine = { apiVersion: "v1", kind: "Secret", type: "Opaque", data: { mine: btoa("x") } };
    await afterCrash(on, leader, (there) => {
      there.server.remove("secrets", place);
      there.server.create({ ...mine, metadata: { namespace: "team-a", name: "regcred" } });
    });
    expect(on.server.get("secrets", place)).toMatchObject(mine);
    expect([on.failures("acme"), on.failures("beta")]).toEqual([["SecretConflict"], ["SecretConflict"]]);
    on.server.remove("secrets", place);
    await on.pass(5);
    expect(on.logins("team-a")).toEqual({ [hub]: "first", [other]: "other" });
    on.isLawful();
  });
});

describe("a tenant's Secret into which the operator has merged", () => {
  const rotates: Act = (on) =>
    on.server.patch("secrets", "regcred-system/docker-hub", { data: { password: btoa("second") } });
  const ends: Act = (on) => {
    for (const { metadata } of on.server.list("registrycredentials"))
      on.server.remove("registrycredentials", metadata.name);
  };

  it.each([
    ["its login is rotated", rotates, { "mine.example": "mine", [hub]: "second" }],
    ["it is deleted", ends, { "mine.example": "mine" }],
  ])("is known as that where it is stripped while the Lease changes hands and %s", async (_what, act, logins) => {
    const on = fixture();
    const theirs = { ...configOf({ "mine.example": "mine" }), more: btoa("x") };
    const [type, metadata] = ["kubernetes.io/dockerconfigjson", { namespace: "team-a", name: "regcred" }];
    on.server.create({ apiVersion: "v1", kind: "Secret", type, metadata, data: theirs });
    on.addCredential("acme", { pullSecret: { onConflict: "Merge" } });
    const leader = on.run("a");
    await on.pass(5);
    await afterCrash(on, leader, (there) => {
      strip(there);
      act(there);
    });
    await on.pass(15);
    expect(on.logins("team-a")).toEqual(logins);
    ends(on);
    await on.pass(20);
    expect([on.logins("team-a"), on.server.get("secrets", place)?.["data"]]).toEqual([
      { "mine.example": "mine" },
      expect.objectContaining({ more: btoa("x") }),
    ]);
    on.isLawful();
  });
});
