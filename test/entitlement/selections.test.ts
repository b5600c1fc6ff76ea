// Tests that the index of selections agrees with the specs, whatever has changed since it was asked.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RegistryCredential } from "../../src/api/registry-credential.ts";
import type { CredentialRecord, NamespaceRecord } from "../../src/cluster/records.ts";
import { lastGoodSpecs } from "../../src/entitlement/last-good-spec.ts";
import { selectsNamespace } from "../../src/entitlement/selection.ts";
import { selections, type Selections } from "../../src/entitlement/selections.ts";
import { store } from "../../src/runtime/watch/store.ts";
import { fakeClock } from "../fake-clock.ts";
import { credential, frozen, namespace } from "./objects.ts";

const operatorNamespace = "regcred-system";

interface Here {
  readonly selecting: Selections;
  readonly put: (credential: RegistryCredential) => void;
  readonly drop: (name: string) => void;
  readonly present: () => readonly RegistryCredential[];
}

/** @param looked is told whose spec is looked at. */
function here(looked: (name: string) => void = () => undefined): Here {
  const credentials = store<CredentialRecord>();
  const feed = credentials.feed();
  feed.begin();
  feed.completed("0");
  const specs = lastGoodSpecs(fakeClock(), credentials);
  let version = 0;
  const next = (): string => String((version += 1));
  const get: typeof specs.get = (name) => {
    looked(name);
    return specs.get(name);
  };
  return {
    selecting: selections({ ...specs, get }, operatorNamespace),
    put: (each) => {
      const { name, uid, finalizers, annotations } = each;
      const resourceVersion = next();
      const generation = version;
      const read = { ...each, generation, resourceVersion };
      const fields = { key: name, name, uid, generation, finalizers, annotations, resourceVersion };
      feed.observed(frozen({ ...fields, credential: read, deleting: false, problems: [] }));
    },
    drop: (name) => feed.vanished(name, next()),
    present: () => [...specs.values()],
  };
}

const namespaceNames = ["team-a", "team-b", "crew-a", "kube-system", operatorNamespace];
const globs = fc.constantFrom("team-a", "team-b", "team-*", "*", "*-a", "team-?", "kube-system", operatorNamespace);
const selection = fc.record(
  {
    include: fc.uniqueArray(globs, { minLength: 1, maxLength: 3 }),
    exclude: fc.uniqueArray(globs, { minLength: 1, maxLength: 2 }),
    selector: fc.constant({ matchLabels: { pull: "yes" } }),
  },
  { requiredKeys: [] },
);
const step = fc.oneof(
  fc.record({ put: fc.constantFrom("acme", "beta", "gamma"), spec: selection, uid: fc.constantFrom("1", "2") }),
  fc.record({ drop: fc.constantFrom("acme", "beta", "gamma") }),
  fc.record({ label: fc.constantFrom(...namespaceNames), pull: fc.boolean(), optedOut: fc.boolean() }),
  // Not every change is followed by a question.
  fc.record({ ask: fc.subarray(namespaceNames) }),
);

describe("the index of selections", () => {
  it("says what the specs say, whatever has changed since it was asked", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { selecting, put, drop, present } = here();
        const namespaces = new Map<string, NamespaceRecord>(namespaceNames.map((name) => [name, namespace({ name })]));
        const wrong: string[] = [];
        const ask = (names: readonly string[]): void => {
          for (const each of names.flatMap((name) => namespaces.get(name) ?? [])) {
            const expected = present().filter(({ spec }) => selectsNamespace(spec.namespaces, each, operatorNamespace));
            const found = [...selecting(each)].toSorted().join();
            const wanted = expected
              .map(({ name }) => name)
              .toSorted()
              .join();
            if (found !== wanted) wrong.push(`${each.name}: ${found} instead of ${wanted}`);
          }
        };
        for (const each of steps) {
          if ("put" in each) put(credential({ name: each.put, uid: each.uid, spec: { namespaces: each.spec } }));
          else if ("drop" in each) drop(each.drop);
          else if ("label" in each) {
            const labels = each.pull ? { pull: "yes" } : {};
            namespaces.set(each.label, namespace({ name: each.label, labels, optedOut: each.optedOut }));
          } else ask(each.ask);
        }
        ask(namespaceNames);
        expect(wrong).toEqual([]);
      }),
    );
  });

  it("forgets names that are listed no more: whoever had them, or is gone, is not looked at", () => {
    const looked: string[] = [];
    const { selecting, put, drop } = here((name) => looked.push(name));
    const of = (name: string, include: string): RegistryCredential =>
      credential({ name, uid: name, spec: { namespaces: { include: [include] } } });
    for (const name of ["moved", "gone", "stays"]) put(of(name, "team-a"));
    put(of("moved", "team-b"));
    drop("gone");
    selecting(namespace({ name: "team-a" }));
    expect(looked).toEqual(["stays"]);
  });

  it("looks at a namespace anew after more changes than are remembered", () => {
    const { selecting, put } = here();
    const team = namespace();
    const of = (include: string, name = "acme"): RegistryCredential =>
      credential({ name, uid: name, spec: { namespaces: { include: [include] } } });
    put(of("team-a"));
    put(of("team-a", "beta"));
    expect([...selecting(team)]).toEqual(["acme", "beta"]);
    // Forgotten by the end, as the first of them.
    put(of("crew-a", "beta"));
    for (let change = 0; change < 5_000; change += 1) put(of(change % 2 === 0 ? "crew-a" : "team-a"));
    expect([...selecting(team)]).toEqual(["acme"]);
    put(of("crew-a"));
    expect([...selecting(team)]).toEqual([]);
  });
});
