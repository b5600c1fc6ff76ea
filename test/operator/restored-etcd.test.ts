// Tests that nothing is given by a mix of state from before and after, when etcd is restored in the middle of work.
import { expect, it } from "vitest";
import { statusError } from "./api-server.ts";
import { type Fixture, fixture } from "./fixture.ts";

const never = new Promise<never>(() => undefined);
const away = statusError(503, "ServiceUnavailable");
const hub = "https://index.docker.io/v1/";

/** Served, and then put back to a time before a second RegistryCredential; the API server was away meanwhile. */
async function restored(on: Fixture, leaderElection = true) {
  on.addCredential("acme");
  const a = on.run("a", { leaderElection });
  await on.pass(30);
  const restore = on.server.backUp();
  on.addCredential("second", {}, { host: "other.example.com" });
  on.addNamespace("team-late");
  await on.pass(30);
  expect(Object.keys(on.logins("team-a") ?? {})).toEqual([hub, "other.example.com"]);
  on.setFaults(() => away);
  restore();
  await on.pass(4);
  return a;
}

it("who is entitled to it has each login, and nobody else, though one watch comes back much later than the others", async () => {
  const on = fixture();
  const a = await restored(on);
  on.setFaults(({ resource, method }) => (resource === "registrycredentials" && method === "GET" ? never : undefined));
  const before = on.recorded.length;
  await on.pass(20);
  expect(Object.keys(on.logins("team-a") ?? {})).toEqual([hub]);
  expect(on.recorded.slice(before).filter(({ resource, code }) => resource === "secrets" && code === 201)).toEqual([]);
  on.setFaults();
  await on.pass(100);
  expect(Object.keys(on.logins("team-a") ?? {})).toEqual([hub]);
  expect([a.leading(), a.end()]).toEqual([true, undefined]);
  expect(on.logged.filter((line) => line.startsWith("versions went back"))).toHaveLength(1);
  on.addNamespace("team-new");
  await on.pass(30);
  expect(Object.keys(on.logins("team-new") ?? {})).toEqual([hub]);
  await on.stop(a);
});

it("is found out by a list where there is no Lease, and all that it had not told is read again", async () => {
  const on = fixture();
  const a = await restored(on, false);
  on.setFaults();
  await on.pass(20);
  expect(on.logged.filter((line) => line.startsWith("versions went back"))).toHaveLength(1);
  expect(Object.keys(on.logins("team-a") ?? {})).toEqual([hub]);
  await on.stop(a);
});

it.each([
  ["by the Lease where no watch breaks, as an API server goes on that is silent then", true, "silent"],
  ["by the watches where each breaks just once, and none is refused", false, "broken"],
] as const)("is found out %s", async (_, leaderElection, watches) => {
  const on = fixture();
  on.addCredential("acme");
  const a = on.run("a", { leaderElection });
  await on.pass(30);
  const restore = on.server.backUp();
  on.addCredential("second", {}, { host: "other.example.com" });
  await on.pass(30);
  expect(Object.keys(on.logins("team-a") ?? {})).toEqual([hub, "other.example.com"]);
  restore(watches);
  await on.pass(20);
  expect(on.logged.filter((line) => line.startsWith("versions went back"))).toHaveLength(1);
  expect(Object.keys(on.logins("team-a") ?? {})).toEqual([hub]);
  expect([a.leading(), a.end()]).toEqual([true, undefined]);
  await on.stop(a);
});

/** Changed, put back to before that, and changed otherwise: by the same generation, and unseen until it has all happened. */
async function countedTwice(on: Fixture, [one, other]: readonly [spec: object, spec: object]) {
  on.addNamespace("team-b");
  on.addCredential("acme");
  const a = on.run("a");
  await on.pass(30);
  const restore = on.server.backUp();
  on.server.patch("registrycredentials", "acme", { spec: one });
  await on.pass(30);
  on.setFaults(() => away);
  restore();
  on.server.patch("registrycredentials", "acme", { spec: other });
  await on.pass(4);
  on.setFaults();
  await on.pass(100);
  return a;
}

it("a generation that is counted a second time selects by what it says now: nobody keeps what was restored", async () => {
  const on = fixture();
  const selecting = (include: string): object => ({ namespaces: { include: [include] } });
  const a = await countedTwice(on, [selecting("team-a"), selecting("team-b")]);
  expect([on.logins("team-a"), Object.keys(on.logins("team-b") ?? {})]).toEqual([undefined, [hub]]);
  await on.stop(a);
});

it("and so it does of ServiceAccounts", async () => {
  const on = fixture();
  const selecting = (include: string): object => ({ serviceAccounts: { include: [include] } });
  const a = await countedTwice(on, [selecting("default"), selecting("other")]);
  expect(on.references("team-a")).toEqual([]);
  await on.stop(a);
});

it("and so it does of hosts, for namespaces that come later, too", async () => {
  const on = fixture();
  const at = (host: string): object => ({
    registries: [{ name: "hub", provider: "Static", hosts: [host], static: { secretName: "docker-hub" } }],
  });
  const a = await countedTwice(on, [at("one.example.com"), at("other.example.com")]);
  on.addNamespace("team-new");
  await on.pass(30);
  const served = ["team-a", "team-new"].map((name) => Object.keys(on.logins(name) ?? {}).join());
  expect(served).toEqual(["other.example.com", "other.example.com"]);
  await on.stop(a);
});
