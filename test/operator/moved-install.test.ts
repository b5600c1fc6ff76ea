// Tests that an install that moves to another namespace takes a login from nobody, if its own Secrets are moved as operations.md says.
import { expect, it } from "vitest";
import { type Fixture, fixture, ops } from "./fixture.ts";

const [hub, lab] = ["https://index.docker.io/v1/", "ghcr.io"];
const elsewhere = "elsewhere";
const teams = Array.from({ length: 13 }, (_, index) => `team-${index}`);

/** As the documented command does it. */
const moved = ({ server }: Fixture): void => {
  for (const { metadata, ...rest } of server.list("secrets")) {
    if (metadata.namespace !== ops || !String(rest["type"]).startsWith("regcred.dev/")) continue;
    const { name, labels = {} } = metadata;
    server.create({ ...rest, metadata: { namespace: elsewhere, name, labels } });
  }
};

/** Served from the one namespace, and about to be served from the other; which logins each tenant had at any moment since. */
const served = async (): Promise<{ readonly on: Fixture; readonly lacking: () => readonly string[] }> => {
  const on = fixture({ namespaces: teams });
  on.addNamespace(elsewhere, {}, []);
  on.addSource("lab", "lab");
  on.addCredential("acme");
  on.addCredential("beta", {}, { host: lab, source: "lab" });
  const former = on.run("a");
  await on.pass(5);
  await on.stop(former, 2);
  moved(on);
  on.addSource("lab", "lab again", elsewhere);
  const before = on.recorded.length;
  const lacking = (): readonly string[] =>
    on.recorded
      .slice(before)
      .filter(
        ({ resource, namespace, method }) =>
          resource === "secrets" && teams.includes(namespace ?? "") && method !== "GET",
      )
      .filter(({ method, body }) => {
        const config = atob((body as { data?: Record<string, string> } | undefined)?.data?.[".dockerconfigjson"] ?? "");
        return method === "DELETE" || !config.includes(hub) || !config.includes(lab);
      })
      .map(({ namespace, method }) => `${method} ${namespace}`);
  return { on, lacking };
};

it("keeps the login of a source that comes later, and renews it then", async () => {
  const { on, lacking } = await served();
  on.run("b", { namespace: elsewhere });
  await on.pass(8);
  expect([on.logins("team-1"), on.failures("acme")]).toEqual([
    { [hub]: "first", [lab]: "lab again" },
    ["SourceMissing"],
  ]);
  on.addSource("docker-hub", "second", elsewhere);
  await on.pass(5);
  for (const team of teams) expect(on.logins(team)).toEqual({ [hub]: "second", [lab]: "lab again" });
  expect(lacking()).toEqual([]);
  on.isLawful();
});

it("holds a removal of a dozen namespaces that a spec has brought about meanwhile", async () => {
  const { on, lacking } = await served();
  on.addSource("docker-hub", "second", elsewhere);
  on.server.patch("registrycredentials", "acme", { spec: { namespaces: { include: ["team-1"] } } });
  on.run("b", { namespace: elsewhere });
  await on.pass(8);
  // Another namespace's source is another grant, and under a hold none is given that has not been there.
  for (const team of teams)
    expect(on.logins(team)).toEqual({ [hub]: team === "team-1" ? "second" : "first", [lab]: "lab again" });
  const { status } = on.server.get("registrycredentials", "acme") as {
    status?: { conditions?: { type: string; status: string }[] };
  };
  expect(status?.conditions).toContainEqual(expect.objectContaining({ type: "RemovalHeld", status: "True" }));
  expect(lacking()).toEqual([]);
});
