// Tests that further references that a RegistryCredential no longer names go, whoever else uses the name, and whenever it was edited.
import { describe, expect, it } from "vitest";
import { fixture } from "./fixture.ts";

const wants = (...names: readonly string[]): object => ({
  spec: { pullSecret: { extraReferences: names.length > 0 ? names : null } },
});
const near = { include: ["team-*"] };
const far = { include: ["elsewhere"] };

describe("a further reference", () => {
  it.each([
    { first: ["x"], next: ["beta-pull"], beta: far },
    { first: ["x"], next: [], beta: far },
    { first: ["beta-pull"], next: [], beta: far },
    { first: ["beta-pull"], next: ["x"], beta: near },
    { first: ["beta-pull"], next: [], beta: near },
  ])(
    "of $first becomes $next, where another one serves $beta.include, running or not",
    async ({ first, next, beta }) => {
      for (const isDown of [false, true]) {
        const on = fixture({ namespaces: ["team-a"] });
        on.addCredential("acme", { pullSecret: { extraReferences: first } });
        on.addCredential("beta", { pullSecret: { name: "beta-pull" }, namespaces: beta, references: "None" });
        // What is referred to beside its own name is the tenant's.
        for (const name of beta === far ? ["x", "beta-pull"] : ["x"])
          on.server.create({
            apiVersion: "v1",
            kind: "Secret",
            metadata: { namespace: "team-a", name },
            type: "Opaque",
          });
        const a = on.run("a");
        await on.pass(10);
        expect(on.references("team-a")).toEqual(["regcred", ...first]);
        if (isDown) await on.stop(a);
        on.server.patch("registrycredentials", "acme", wants(...next));
        if (isDown) on.run("b");
        await on.pass(70);
        expect(on.references("team-a")).toEqual(["regcred", ...next]);
        on.server.remove("registrycredentials", "acme");
        await on.pass(20);
        expect(on.references("team-a")).toEqual([]);
        on.isLawful();
      }
    },
  );
});
