// Tests that the policy's rules, judged by the API server, agree with src/entitlement/selection.ts on thousands of made-up selections.
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseRegistryCredential } from "../../src/api/parse-registry-credential.ts";
import { transformNamespace } from "../../src/cluster/transform/namespace.ts";
import { selectsNamespace, selectsServiceAccount } from "../../src/entitlement/selection.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { credentialsPath, eventually, operatorNamespace, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const folder = join(import.meta.dirname, "..", "..", "config", "admission", "pods");
const policy = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies/regcred-pods";

const seed = 20_261_130;
const credentialCount = 60;
const namespaceNames = ["team-a", "team-ab", "team-b", "t", "kube-extra", "a-kube-x", "constructor", "1st"];
const accounts = ["default", "ci.build", "cixbuild", "bx", "a-b.c-d"];

const keys = ["tier", "constructor", "acme.io/pull", "a.b_c", "T"];
const values = ["gold", "silver", "", "true", "hasOwnProperty"];

/** What is like a name, with wildcards in some places. */
const glob = (names: readonly string[]) =>
  fc.oneof(
    fc.constantFrom(...names),
    fc.constantFrom("*", "?", "**", "*-*", "k*", "kube-*", "*a", "t?", "*.*", "team.a", "*?b*"),
    fc
      .tuple(
        fc.constantFrom(...names),
        fc.array(fc.tuple(fc.nat(12), fc.constantFrom("?", "*", ".", "*?")), { maxLength: 2 }),
      )
      .map(([name, changes]) =>
        changes.reduce((text, [at, sign]) => text.slice(0, at) + sign + text.slice(at + 1), name),
      ),
  );
const globs = (names: readonly string[]) => fc.uniqueArray(glob(names), { minLength: 1, maxLength: 3 });
const some = (names: readonly string[]) => fc.oneof({ weight: 2, arbitrary: fc.constant(["*"]) }, globs(names));
const seldom = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 1, nil: undefined });

const expression = fc
  .record({
    key: fc.constantFrom(...keys),
    operator: fc.constantFrom("In", "NotIn", "Exists", "DoesNotExist"),
    values: fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }),
  })
  .map(({ values: listed, ...each }) => (each.operator.endsWith("In") ? { ...each, values: listed } : each));
const selector = fc
  .record(
    {
      matchLabels: fc.dictionary(fc.constantFrom(...keys), fc.constantFrom(...values), { minKeys: 1, maxKeys: 2 }),
      matchExpressions: fc.array(expression, { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: [] },
  )
  .filter((made) => Object.keys(made).length > 0);

const everyNamespace = [...namespaceNames, "kube-system", operatorNamespace];
// Most select something: of what selects nothing there is little to disagree about.
const selection = fc.record({
  namespaces: fc
    .record({
      include: fc.option(some(everyNamespace), { freq: 4, nil: undefined }),
      exclude: seldom(globs(everyNamespace)),
      selector: seldom(selector),
    })
    .filter(({ include, selector: labels }) => include !== undefined || labels !== undefined),
  serviceAccounts: fc.record({ include: some(accounts), exclude: seldom(globs(accounts)) }),
});
const metadata = fc.record({
  labels: fc.dictionary(fc.constantFrom(...keys), fc.constantFrom(...values), { minKeys: 2 }),
  annotations: fc.constantFrom({}, {}, {}, {}, { "regcred.dev/ignore": "true" }, { "regcred.dev/ignore": "yes" }),
});

/** A namespace, an account in it, and the names of the credentials that select both. */
type Judged = Readonly<Record<string, readonly string[]>>;

describe("the policy on pods and the operator", () => {
  let world: TestEnv;

  beforeAll(async () => {
    world = await testEnv();
    const { admin } = world;
    await kubectl(["apply", "--validate=strict", "--kustomize", folder], { cluster: world.cluster });
    // As it is installed, a mistake in it would only show in what it does not do.
    await admin.patch(policy, { spec: { failurePolicy: "Fail" } });
    await world.namespaces(namespaceNames);
    const made = fc.sample(metadata, { seed, numRuns: namespaceNames.length });
    for (const [index, name] of namespaceNames.entries())
      await admin.patch(`/api/v1/namespaces/${name}`, { metadata: made[index] });
    for (const namespace of everyNamespace) {
      for (const name of accounts.slice(1))
        await admin.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } });
    }
    for (const [index, each] of fc.sample(selection, { seed, numRuns: credentialCount }).entries())
      await world.credential(`c-${index}`, staticSpec("hub", { ...each, pullSecret: { name: `pull-${index}` } }));
  });
  afterAll(() => world?.close());

  const byPolicy = async (): Promise<Judged> => {
    const judged: (readonly [string, readonly string[]])[] = [];
    for (const namespace of everyNamespace) {
      // Not all at once: each pod is judged for every credential.
      const ofNamespace = accounts.map(async (account) => {
        const pod = await world.admin.create(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, {
          metadata: { name: "web" },
          spec: { serviceAccountName: account, containers: [{ name: "web", image: "registry.example.com/app:1" }] },
        });
        const { imagePullSecrets = [] } = pod["spec"] as {
          readonly imagePullSecrets?: readonly { readonly name: string }[];
        };
        return [`${namespace}/${account}`, imagePullSecrets.map(({ name }) => name).toSorted()] as const;
      });
      judged.push(...(await Promise.all(ofNamespace)));
    }
    return Object.fromEntries(judged);
  };

  const bySelection = async (): Promise<Judged> => {
    const credentials = (await world.admin.list(credentialsPath)).map((object) => {
      const result = parseRegistryCredential(object);
      if (!result.ok) throw new Error(`${object.metadata.name}: ${result.problems.join("; ")}`);
      return result.credential;
    });
    const records = await Promise.all(
      everyNamespace.map(async (name) => transformNamespace()(await world.admin.get(`/api/v1/namespaces/${name}`))),
    );
    const judged = records.flatMap((record) =>
      accounts.map((account) => {
        const chosen = credentials.filter(
          ({ spec }) =>
            selectsNamespace(spec.namespaces, record, operatorNamespace) &&
            selectsServiceAccount(spec.serviceAccounts, account),
        );
        return [`${record.name}/${account}`, chosen.map(({ spec }) => spec.pullSecret.name).toSorted()] as const;
      }),
    );
    return Object.fromEntries(judged);
  };

  it("agree on thousands of cases, of which neither all nor none are selected", async () => {
    const wanted = await bySelection();
    const selected = Object.values(wanted).flat().length;
    const cases = Object.keys(wanted).length * credentialCount;
    expect(cases).toBeGreaterThan(2_000);
    expect(selected).toBeGreaterThan(cases / 20);
    expect(selected).toBeLessThan(cases / 2);
    // What the API server knows of each object comes to its policy a moment later.
    let judged: Judged = {};
    const agree = async (): Promise<boolean> => {
      // What the API server says instead is then shown as what differs.
      judged = await byPolicy().catch((error: unknown) => ({ error: [String(error)] }));
      return isDeepStrictEqual(judged, wanted);
    };
    await eventually("the policy knows them all", agree).catch(() => undefined);
    expect(judged).toEqual(wanted);
  });
});
