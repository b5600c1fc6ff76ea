// Tests of registries as people write them, on the real API server: each is answered as the table says, every host that regcred
// advises is accepted, and every tenant's Secret that pulls still pulls once it is imported and taken over.
import { join } from "node:path";
import PQueue from "p-queue";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { credentialsAnnotation } from "../../src/api/names.ts";
import { loginsFor } from "../../src/registry/kubelet-match.ts";
import { Refused, type KubeObject } from "../cluster/admin-client.ts";
import { buildWithGo, proveGo } from "../cluster/build-with-go.ts";
import { kubeletsAnswers, matcher, type Question } from "../cluster/kubelet-matcher.ts";
import { streamPrinter } from "../cluster/printer.ts";
import { temporaryFolder } from "../cluster/temporary-folder.ts";
import { type CloudProvider, hostRows } from "../registry/host-rows.ts";
import { ask } from "./ask.ts";
import {
  credentialsPath,
  loginsIn,
  operatorNamespace,
  type RunningOperator,
  type TestEnv,
  testEnv,
} from "./test-env.ts";

const atOnce = 16;
const secretName = "registry-login";
const mergedName = "registry-logins";
/** Of a login that a tenant has beside the one that is merged. */
const ownHost = "registry.own.example";

let world: TestEnv;
beforeAll(async () => {
  world = await testEnv();
}, 120_000);
afterAll(async () => {
  await world?.close();
});

const all = async <T, R>(items: readonly T[], each: (item: T, index: number) => Promise<R>): Promise<R[]> => {
  const queue = new PQueue({ concurrency: atOnce });
  return Promise.all(items.map(async (item, index) => queue.add(() => each(item, index))));
};

/** What the API server says to the object, which it does not keep. */
const answerTo = async (send: () => Promise<unknown>): Promise<string> => {
  try {
    await send();
    return "taken";
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
};
const dryRun = (registries: readonly object[]): Promise<string> =>
  answerTo(() =>
    world.admin.create(`${credentialsPath}?dryRun=All`, credentialOf("tried", { registries, namespaces: nobody })),
  );
const ownRegistries: Readonly<Record<CloudProvider, string>> = {
  ECR: "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
  ECRPublic: "public.ecr.aws",
  ACR: "AcmeImages.azurecr.io",
  GCR: "eu.gcr.io",
  GAR: "docker.europe-west1.rep.pkg.dev",
  OCIR: "ocir.eu-frankfurt-1.oci.oraclecloud.com",
  ICR: "private.de.icr.io",
};
const nobody = { include: ["nobody"] };
const credentialOf = (name: string, spec: object): object => ({
  apiVersion: "regcred.dev/v1alpha1",
  kind: "RegistryCredential",
  metadata: { name },
  spec,
});
const entryOf = (provider: string, hosts: readonly string[]): object => ({
  name: provider.toLowerCase(),
  provider,
  hosts,
  ...(provider === "Static" && { static: { secretName: "source" } }),
});

it("each name of the table is answered as the table says", { timeout: 300_000 }, async () => {
  const answers = await all(hostRows, ({ provider, written }) => dryRun([entryOf(provider, [written])]));
  const others = hostRows
    .map(({ provider, written, entry }, index) => ({ provider, written, entry, answer: answers[index] ?? "" }))
    .filter(({ entry, answer }) => (entry === "taken" ? answer !== "taken" : !answer.includes(entry)));
  expect(others).toEqual([]);
});

it("each name that is taken may lead to a registry of a cloud, which is named beside it", async () => {
  const registries = Object.entries(ownRegistries).map(([provider, registry]) => ({
    ...entryOf(provider, [`${provider.toLowerCase()}.acme.example`]),
    registry,
  }));
  expect(await dryRun(registries)).toBe("taken");
});

it("each host that explain tells to add is taken, whichever image was asked about", { timeout: 300_000 }, async () => {
  const behind = { ...entryOf("ECR", ["docker.acme.example"]), registry: ownRegistries.ECR };
  await world.admin.create(
    credentialsPath,
    credentialOf("only", {
      registries: [behind, entryOf("ICR", ["us.icr.io/acme"]), entryOf("Static", ["other.example.com"])],
      namespaces: { include: ["asked"] },
    }),
  );
  await world.namespaces(["asked"]);
  const images = [...new Set(hostRows.map(({ image }) => image))];
  const { stdout } = await ask(world.cluster.kubeconfig, ["explain", "asked", "--image", ...images]);
  const patches = [...stdout.matchAll(/kubectl patch regcred only --type=json -p '([^']*)'/g)].map(
    ([, text = ""]) => JSON.parse(text) as readonly [{ readonly path: string; readonly value: string }],
  );
  expect(patches.length).toBeGreaterThan(100);
  const credential = (await world.admin.get(`${credentialsPath}/only`)) as KubeObject;
  const refused = await all(patches, async ([{ path, value }]) => {
    const [, , , index = ""] = path.split("/");
    const spec = structuredClone(credential.spec) as { registries: { hosts: string[] }[] };
    spec.registries[Number(index)]?.hosts.push(value);
    const send = () => world.admin.replace(`${credentialsPath}/only?dryRun=All`, { ...credential, spec });
    return { value, answer: await answerTo(send) };
  });
  expect(refused.filter(({ answer }) => answer !== "taken")).toEqual([]);
  await world.deleteCredential("only");
});

// As in kubelet-matcher.test.ts.
const noGo = await proveGo(matcher).then(
  () => undefined,
  (error: unknown) => (error instanceof Error ? error.message : String(error)),
);

const skipped = noGo !== undefined && !process.env["CI"];

describe("every tenant's Secret of the table", () => {
  const tenants = hostRows.map((row, index) => ({ ...row, namespace: `row-${String(index)}` }));
  const keysIn = async (namespace: string, name: string): Promise<readonly string[]> =>
    Object.keys(loginsIn(await world.secret(namespace, name)) ?? {});
  /** Which keys stand in the Secret of that name, for each image. */
  const questions = async (name: string): Promise<readonly Question[]> =>
    all(tenants, async ({ namespace, image }) => ({ image, keys: await keysIn(namespace, name) }));
  const makeSecrets = async (name: string, others: object): Promise<unknown> =>
    all(tenants, async ({ namespace, written }) =>
      world.admin.create(`/api/v1/namespaces/${namespace}/secrets`, {
        metadata: { name },
        type: "kubernetes.io/dockerconfigjson",
        stringData: {
          ".dockerconfigjson": JSON.stringify({
            auths: { [written]: { username: namespace, password: "p" }, ...others },
          }),
        },
      }),
    );
  /** Waits until only those are left that have no credential, and the operator rests. */
  const taken = async (name: string): Promise<void> => {
    const waiting = async (): Promise<readonly string[]> => {
      const secrets = await world.admin.list(`/api/v1/secrets?fieldSelector=metadata.name%3D${name}`);
      return secrets
        .filter(({ metadata }) => metadata.annotations?.[credentialsAnnotation] === undefined)
        .map(({ metadata }) => metadata.namespace ?? "");
    };
    const left = unreadable.map(({ namespace }) => namespace).toSorted();
    await expect.poll(async () => (await waiting()).toSorted(), { timeout: 600_000, interval: 500 }).toEqual(left);
    await operator.atRest();
  };
  const ours = (asked: readonly Question[]): readonly boolean[] =>
    asked.map(
      ({ image, keys }) =>
        loginsFor(
          image,
          keys.map((key, at) => [key, at] as const),
        ).length > 0,
    );
  const pulled = hostRows.map(({ pulls }) => pulls);
  const unreadable = tenants.filter(({ host }) => host === undefined);
  let operator: RunningOperator;
  let imported: readonly KubeObject[];
  let before: readonly Question[];
  let adopted: readonly Question[];
  let merged: readonly Question[];

  it("still pulls once it is imported and taken over", { timeout: 900_000 }, async () => {
    operator = await world.startOperator();
    await world.namespaces(tenants.map(({ namespace }) => namespace));
    await makeSecrets(secretName, {});
    before = await questions(secretName);
    expect(ours(before)).toEqual(pulled);

    const { code, stdout } = await ask(world.cluster.kubeconfig, ["import", "--secrets", "--name", "row"]);
    expect(code).toBe(unreadable.length > 0 ? 3 : 0);
    expect(stdout).toContain("# left out: ");
    const objects = parseAllDocuments(stdout).flatMap((document) => (document.toJS() as KubeObject | null) ?? []);
    const [sources = [], credentials = []] = [true, false].map((is) =>
      objects.filter(({ kind }) => (kind === "Secret") === is),
    );
    expect(credentials).toHaveLength(tenants.length - unreadable.length);
    await all(sources, (each) => world.admin.create(`/api/v1/namespaces/${operatorNamespace}/secrets`, each));
    await all(credentials, (each) => world.admin.create(credentialsPath, each));
    imported = credentials;
    await taken(secretName);
    adopted = await questions(secretName);
    expect(tenants.filter((_, index) => pulled[index] && !ours(adopted)[index])).toEqual([]);
  });

  it("still pulls once it is merged into, beside what the tenant has there", { timeout: 900_000 }, async () => {
    await makeSecrets(mergedName, { [ownHost]: { username: "own", password: "o" } });
    await all(imported, ({ metadata, spec }) => {
      const { pullSecret, ...rest } = spec as { readonly pullSecret: object };
      const merging = { ...rest, pullSecret: { ...pullSecret, name: mergedName, onConflict: "Merge" } };
      return world.admin.create(credentialsPath, credentialOf(`${metadata.name}-merged`, merging));
    });
    await taken(mergedName);
    merged = await questions(mergedName);
    expect(merged.filter(({ keys }) => !keys.includes(ownHost))).toEqual([]);
    expect(tenants.filter((_, index) => pulled[index] && !ours(merged)[index])).toEqual([]);
  });

  it.skipIf(skipped)("does so by the kubelet's own code, which needs Go", { timeout: 600_000 }, async () => {
    expect(noGo).toBeUndefined();
    const program = join(temporaryFolder(), "matcher");
    await buildWithGo(matcher, program, streamPrinter(process.stderr));
    const kubelets = async (asked: readonly Question[]): Promise<readonly boolean[]> =>
      (await kubeletsAnswers(program, asked)).map((found) => found.length > 0);
    expect(await kubelets(before)).toEqual(pulled);
    for (const after of [adopted, merged]) expect(await kubelets(after)).toEqual(ours(after));
  });
});
