// Tests that a removal that looks like a mistake is held until a person has confirmed it.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, type RunningOperator, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

describe("the removal guard", () => {
  let world: TestEnv;
  let running: RunningOperator;

  const numbered = (prefix: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(2, "0")}`);
  const serves = async (namespace: string, name: string): Promise<boolean> =>
    (await world.secret(namespace, name)) !== undefined && (await world.references(namespace)).includes(name);
  const served = async (namespaces: readonly string[], name: string): Promise<number> =>
    (await Promise.all(namespaces.map((namespace) => serves(namespace, name)))).filter(Boolean).length;
  const include = (
    name: string,
    globs: readonly string[],
    exclude: readonly string[] | null = null,
  ): Promise<unknown> => world.patchCredential(name, { spec: { namespaces: { include: globs, exclude } } });
  const held = (name: string): Promise<void> =>
    eventually("the removal is held", async () => (await world.condition(name, "RemovalHeld"))?.status === "True");
  const released = (name: string): Promise<void> =>
    eventually("nothing is held", async () => (await world.condition(name, "RemovalHeld")) === undefined);
  /** Does what the condition's message says. */
  const obey = async (name: string): Promise<void> => {
    const { message = "" } = (await world.condition(name, "RemovalHeld")) ?? {};
    const command = /kubectl annotate registrycredential (\S+) (\S+)=(\S+) --overwrite/.exec(message);
    expect(command?.[1]).toBe(name);
    await world.patchCredential(name, { metadata: { annotations: { [command?.[2] ?? ""]: command?.[3] } } });
  };

  beforeAll(async () => {
    world = await testEnv();
    running = await world.startOperator();
  });
  afterAll(() => world.close());

  it("holds a mistyped glob, over a restart too, until it is mended or allowed", async () => {
    const [keep, lose] = [numbered("globe-keep", 20), numbered("globe-lose", 30)];
    await world.source("globe-source", { username: "ann", password: "first" });
    await world.namespaces([...keep, ...lose]);
    await world.credential(
      "globe",
      staticSpec("globe-source", { namespaces: { include: ["globe-*"] }, pullSecret: { name: "globe" } }),
    );
    await eventually("50 are served", async () => (await world.status("globe")).namespaces?.ready === 50);

    await include("globe", ["globe-keep*"]);
    await held("globe");
    const condition = await world.condition("globe", "RemovalHeld");
    expect(condition?.message).toContain("30 of 50 namespaces");
    expect(condition?.message).toContain("globe-lose-00, globe-lose-01, globe-lose-02, globe-lose-03, globe-lose-04");
    await world.source("globe-source", { username: "ann", password: "second" });
    await eventually("the held ones are refreshed", async () =>
      (await Promise.all(lose.map((name) => world.logins(name, "globe")))).every(
        (logins) => logins?.["registry.example.com"]?.password === "second",
      ),
    );
    expect(await served([...keep, ...lose], "globe")).toBe(50);

    await running.stop();
    running = await world.startOperator();
    await world.source("globe-source", { username: "ann", password: "third" });
    await eventually("they are refreshed after a restart", async () =>
      (await Promise.all(lose.map((name) => world.logins(name, "globe")))).every(
        (logins) => logins?.["registry.example.com"]?.password === "third",
      ),
    );
    expect(await served(lose, "globe")).toBe(30);
    await held("globe");

    await include("globe", ["globe-*"]);
    await released("globe");
    expect(await served(lose, "globe")).toBe(30);

    await include(
      "globe",
      ["globe-*"],
      ["globe-lose-00", "globe-lose-01", "globe-lose-02", "globe-lose-03", "globe-lose-04"],
    );
    await eventually("5 of 50 just go", async () => (await served(lose, "globe")) === 25);
    await include("globe", ["globe-*"]);
    await eventually("and come back", async () => (await served(lose, "globe")) === 30);

    await include("globe", ["globe-keep*"]);
    await held("globe");
    await obey("globe");
    await eventually("they go", async () => (await served(lose, "globe")) === 0);
    await released("globe");
    expect(await served(keep, "globe")).toBe(20);
    await eventually("20 are counted", async () => (await world.status("globe")).namespaces?.selected === 20);
  });

  it("holds what labels take away, but not a deletion", async () => {
    const namespaces = numbered("label", 50);
    await world.source("label-source", { username: "ann", password: "first" });
    await world.namespaces(namespaces, { labels: { pull: "yes" } });
    await world.credential(
      "label",
      staticSpec("label-source", {
        namespaces: { selector: { matchLabels: { pull: "yes" } } },
        pullSecret: { name: "label" },
      }),
    );
    await eventually("50 are served", async () => (await world.status("label")).namespaces?.ready === 50);
    await Promise.all(
      namespaces
        .slice(20)
        .map((name) => world.admin.patch(`/api/v1/namespaces/${name}`, { metadata: { labels: { pull: null } } })),
    );
    await held("label");
    // One by one they are removals like any other, until they are too many.
    expect(await served(namespaces.slice(20), "label")).toBeGreaterThanOrEqual(20);
    await eventually("what is left is told", async () => {
      const left = await served(namespaces.slice(20), "label");
      return (await world.condition("label", "RemovalHeld"))?.message.startsWith(`${left} of`) === true;
    });
    await world.deleteCredential("label");
    expect(await served(namespaces, "label")).toBe(0);
  });
});
