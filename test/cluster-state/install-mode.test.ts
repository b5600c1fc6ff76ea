// Tests of the install mode's texts: a line that says what it is, and a sentence that says what it lacks.
import { describe, expect, it } from "vitest";
import {
  evictionNotPermitted,
  keysNotPermitted,
  type Mode,
  modeText,
  nameNotPermitted,
  namespaceNotPermitted,
  permittedKeys,
} from "../../src/cluster/install-mode.ts";
import { unrestricted } from "../mode.ts";
import { credential } from "../entitlement/objects.ts";

const restricted: Mode = { pullSecretNames: ["regcred"], watchNamespaces: ["team-a", "team-b"], podRecovery: false };

describe("the mode", () => {
  it.each<[string, Mode]>([
    ["namespaces: all; pull Secrets: any name; pod recovery: off", unrestricted],
    ["namespaces: team-a, team-b; pull Secrets: regcred; pod recovery: off", restricted],
    ["namespaces: all; pull Secrets: any name; pod recovery: on", { ...unrestricted, podRecovery: true }],
    [
      "namespaces: a, b, c, d, e and 2 more; pull Secrets: any name; pod recovery: off",
      { ...unrestricted, watchNamespaces: ["a", "b", "c", "d", "e", "f", "g"] },
    ],
  ])("is told as %s", (text, mode) => {
    expect(modeText(mode)).toBe(text);
  });

  it("lacks nothing for a name and a namespace that it lists, nor for any where it lists none", () => {
    for (const mode of [restricted, unrestricted]) {
      expect(nameNotPermitted(mode, "regcred")).toBeUndefined();
      expect(namespaceNotPermitted(mode, "team-a")).toBeUndefined();
    }
    expect(nameNotPermitted(unrestricted, "other")).toBeUndefined();
    expect(namespaceNotPermitted(unrestricted, "team-x")).toBeUndefined();
  });

  it("names the value to set for what it lacks, and leaves it to the platform", () => {
    const evicting = credential({ spec: { podRecovery: "Evict" } });
    expect([
      nameNotPermitted(restricted, "other"),
      namespaceNotPermitted(restricted, "team-x"),
      evictionNotPermitted(restricted, evicting),
    ]).toMatchObject([
      { message: expect.stringContaining("add other to the chart value pullSecretNames") },
      { message: expect.stringContaining("add team-x to the chart value watchNamespaces") },
      { message: expect.stringContaining("set the chart value podRecovery.enabled") },
    ]);
    expect(namespaceNotPermitted(restricted, "team-x")).toMatchObject({ reason: "NotPermitted", cause: "Platform" });
    expect(evictionNotPermitted({ ...restricted, podRecovery: true }, evicting)).toBeUndefined();
    expect(evictionNotPermitted(restricted, credential())).toBeUndefined();
  });

  it("leaves out labels and annotations that are not listed, and names the value to add them to", () => {
    const labels = { "acme.io/team": "red", "argocd.argoproj.io/secret-type": "cluster" };
    expect(permittedKeys(labels, ["acme.io/*"])).toEqual({ "acme.io/team": "red" });
    expect(permittedKeys(labels, [])).toEqual({});
    expect(permittedKeys(labels, undefined)).toEqual(labels);
    const labelled = credential({
      spec: { pullSecret: { name: "regcred", onConflict: "Fail", labels, annotations: { note: "1" } } },
    });
    expect(keysNotPermitted({ ...unrestricted, pullSecretLabels: ["acme.io/*"] }, labelled)).toMatchObject([
      { reason: "NotPermitted", message: expect.stringMatching(/secret-type .* pullSecretLabels/) },
    ]);
    expect(keysNotPermitted({ ...unrestricted, pullSecretAnnotations: [] }, labelled)).toMatchObject([
      { message: expect.stringMatching(/note .* pullSecretAnnotations/) },
    ]);
    expect(keysNotPermitted(unrestricted, labelled)).toEqual([]);
  });
});
