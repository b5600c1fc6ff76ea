// Tests that `explain` reads all that its answer hangs on, in order, within bounds, and knows what it was not shown.
import { describe, expect, it } from "vitest";
import { explainSubject } from "../../../src/cli/explain/explain-subject.ts";
import type { ExplainInput } from "../../../src/cli/explain/input.ts";
import { readInput } from "../../../src/cli/explain/read-input.ts";
import type { Session } from "../../../src/cli/session.ts";
import { ApiError } from "../../../src/runtime/client/api-error.ts";
import { minimal, stored } from "../../api/registry-credential.ts";
import { fakeClock } from "../../fake-clock.ts";
import { entry } from "./situation.ts";

const forbidden = (): ApiError =>
  new ApiError({ kind: "forbidden", message: "may not", details: { causes: [] } } as never);

type Raw = Readonly<Record<string, unknown>>;

const named = (name: string, more: Raw = {}, metadata: Raw = {}): Raw => ({
  metadata: { namespace: "team-a", name, uid: `u-${name}`, resourceVersion: "1", ...metadata },
  ...more,
});
const refers = (...names: readonly string[]): Raw => ({ imagePullSecrets: names.map((name) => ({ name })) });
const podOf = (name: string, serviceAccountName: string, image: string, more: Raw = {}): Raw =>
  named(name, { spec: { serviceAccountName, containers: [{ image }], ...more } });
function acme(name: string, spec: Raw = {}, creationTimestamp = "2026-11-23T09:00:00Z"): Raw {
  const raw = stored({ ...minimal, metadata: { name }, spec: { ...minimal.spec, ...spec } });
  return { ...raw, metadata: { ...raw.metadata, creationTimestamp } };
}

interface Asked {
  readonly hidden?: readonly string[];
  readonly pod?: string;
  readonly serviceAccount?: string;
  readonly images?: readonly string[];
  readonly readSecrets?: boolean;
}

/** @param hidden `RESOURCE` for lists, `RESOURCE/NAME` for objects */
async function read(
  objects: Readonly<Record<string, readonly Raw[]>>,
  { hidden = [], pod, serviceAccount = "default", images = [], readSecrets = false }: Asked = {},
): Promise<{ readonly found: ExplainInput | undefined; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const reads =
    (how: string) =>
    async ({ resource }: { readonly resource: string }, { name }: { readonly name: string }) => {
      asked.push(`${how} ${resource}/${name}`);
      if (hidden.includes(`${resource}/${name}`)) throw forbidden();
      return (objects[resource] ?? []).find((each) => (each["metadata"] as Raw)["name"] === name);
    };
  const list = async ({ resource }: { readonly resource: string }): Promise<readonly Raw[]> => {
    asked.push(`list ${resource}`);
    if (hidden.includes(resource)) throw forbidden();
    return objects[resource] ?? [];
  };
  const reader = { get: reads("get"), getMetadata: reads("metadata"), list } as unknown as Session["objects"];
  const subject = { namespace: "team-a", serviceAccount, pod };
  const reading = { objects: reader, clock: fakeClock(), operatorNamespace: "ops" };
  return { found: await readInput(reading, subject, { readSecrets, images }), asked };
}
const serviceaccounts = [named("default", refers("own")), named("builder", refers("regcred", "pull"))];
const seenSecrets = (found: ExplainInput | undefined): object =>
  Object.fromEntries([...(found?.secrets ?? [])].map(([name, { seen }]) => [name, seen]));

describe("of whom it is asked about", () => {
  it("a pod brings its account, its images and its references", async () => {
    const pods = [podOf("web", "builder", "nginx", refers("mine")), podOf("other", "builder", "redis")];
    const { found, asked } = await read({ pods, serviceaccounts, secrets: [named("mine")] }, { pod: "web" });
    expect(found).toMatchObject({ serviceAccountName: "builder", images: ["nginx"], imagesAsked: false });
    expect(found?.serviceAccount).toMatchObject({ value: { name: "builder" } });
    expect(seenSecrets(found)).toEqual({ mine: "there", regcred: "absent" });
    expect(asked).not.toContain("list pods");
  });

  it("a pod that is not there leaves nothing to say", async () => {
    expect((await read({}, { pod: "web" })).found).toBeUndefined();
  });

  it("a ServiceAccount brings the images of its pods, and of no others", async () => {
    const pods = [podOf("a", "default", "nginx"), podOf("b", "builder", "redis"), podOf("c", "default", "quay.io/a")];
    const { found } = await read({ pods, serviceaccounts });
    expect(found).toMatchObject({ images: ["nginx", "quay.io/a"], imagesAsked: false, pod: undefined });
    expect(seenSecrets(found)).toEqual({ own: "absent", regcred: "absent" });
    expect((await read({ pods, serviceaccounts }, { hidden: ["pods"] })).found?.images).toEqual([]);
  });

  it("images that were named are asked about alone", async () => {
    const { found, asked } = await read(
      { pods: [podOf("a", "default", "nginx")], serviceaccounts },
      { images: ["redis"] },
    );
    expect(found).toMatchObject({ images: ["redis"], imagesAsked: true });
    expect(asked).not.toContain("list pods");
  });

  it("a ServiceAccount that is not there, or hidden, refers to nothing", async () => {
    expect(seenSecrets((await read({})).found)).toEqual({ regcred: "absent" });
    const { found } = await read({ serviceaccounts }, { hidden: ["serviceaccounts/default"] });
    expect([found?.serviceAccount.seen, seenSecrets(found)]).toEqual(["hidden", { regcred: "absent" }]);
  });
});

describe("of Secrets", () => {
  it("each that is referred to, or that a RegistryCredential would write, is read once, without its content", async () => {
    const { found, asked } = await read({
      serviceaccounts: [named("default", refers("own", "own", "pull"))],
      registrycredentials: [acme("a", { pullSecret: { name: "pull" } }), acme("b", { pullSecret: { name: "third" } })],
      secrets: [named("own"), named("third")],
    });
    expect(seenSecrets(found)).toEqual({ own: "there", pull: "absent", regcred: "absent", third: "there" });
    expect(asked.filter((each) => each.includes("secrets/")).toSorted()).toEqual([
      "metadata secrets/own",
      "metadata secrets/pull",
      "metadata secrets/regcred",
      "metadata secrets/third",
    ]);
  });

  it("the content is read where that is wanted", async () => {
    const { asked } = await read({ serviceaccounts }, { readSecrets: true });
    expect(asked.filter((each) => each.includes("secrets/"))).toEqual(["get secrets/own", "get secrets/regcred"]);
  });

  it("one that may not be read is not taken for one that is not there", async () => {
    const { found } = await read({ serviceaccounts }, { hidden: ["secrets/own"] });
    expect(seenSecrets(found)).toEqual({ own: "hidden", regcred: "absent" });
  });

  it("none is asked for that cannot be, and of many the first hundred", async () => {
    const many = Array.from({ length: 101 }, (_, at) => `s-${at}`);
    const { found, asked } = await read({ serviceaccounts: [named("default", refers("../x", ...many, "No name"))] });
    // The one that cannot be is among the hundred.
    expect(asked.filter((each) => each.includes("secrets/s-"))).toHaveLength(99);
    expect(asked.filter((each) => /x$|No name/.test(each))).toEqual([]);
    expect(seenSecrets(found)).toMatchObject({
      "../x": "absent",
      "s-98": "absent",
      "s-99": "hidden",
      "s-100": "hidden",
      "No name": "absent",
    });
  });
});

describe("of RegistryCredentials", () => {
  const namesIn = (found: ExplainInput | undefined): readonly string[] | undefined =>
    found?.credentials.map(({ name }) => name);

  it("all are read, the oldest first, and of one age by name", async () => {
    const registrycredentials = [
      acme("c", {}, "2026-11-20T00:00:00Z"),
      acme("b", {}, "2026-11-21T00:00:00Z"),
      acme("d", {}, "2026-11-20T00:00:00Z"),
      acme("a", {}, "2026-11-22T00:00:00Z"),
    ];
    for (const order of [registrycredentials, registrycredentials.toReversed()]) {
      const { found } = await read({ registrycredentials: order });
      expect([namesIn(found), found?.allCredentials]).toEqual([["c", "d", "b", "a"], true]);
    }
    const unread = acme("z", { registries: [] });
    expect(namesIn((await read({ registrycredentials: [acme("b"), unread] })).found)).toEqual(["z", "b"]);
  });

  it("where they may not be listed those that Secrets name are, each once, of many the first sixteen", async () => {
    const many = Array.from({ length: 17 }, (_, at) => `m-${String(at).padStart(2, "0")}`);
    const marked = (...names: readonly string[]): Raw => ({
      annotations: { "regcred.dev/credentials": names.join(",") },
    });
    const { found, asked } = await read(
      {
        serviceaccounts: [named("default", refers("own", "regcred", "gone"))],
        registrycredentials: [acme("a"), acme("b"), acme("unnamed"), acme("m-00")],
        secrets: [named("own", {}, marked("b", "../x", "a")), named("regcred", {}, marked("a", "hidden", ...many))],
      },
      { hidden: ["registrycredentials", "registrycredentials/hidden"] },
    );
    expect([namesIn(found), found?.allCredentials]).toEqual([["a", "b", "m-00"], false]);
    expect(asked.filter((each) => each.startsWith("get registrycredentials/"))).toEqual(
      ["b", "a", "hidden", ...many.slice(0, 13)].map((name) => `get registrycredentials/${name}`),
    );
  });
});

describe("of the accounts that identities name", () => {
  const withAccounts = (...accounts: readonly Raw[]) => {
    const cloud = { provider: "ECR", hosts: ["123456789012.dkr.ecr.eu-west-1.amazonaws.com"], static: undefined };
    const registries = [entry({ name: "ours", ...cloud, identity: { from: "ServiceAccount", name: "puller" } })];
    return read({
      registrycredentials: [acme("a", { registries }), acme("b", { registries: [] })],
      serviceaccounts: accounts,
    });
  };

  it("one that is there identifies, and one that is going or gone does not", async () => {
    const of = async (...accounts: readonly Raw[]) =>
      (await withAccounts(...accounts)).found?.serviceAccountOf("ops", "puller");
    expect(await of(named("puller"))).toMatchObject({ uid: "u-puller" });
    expect(await of(named("puller", {}, { deletionTimestamp: "2026-11-30T11:00:00Z" }))).toBeUndefined();
    expect(await of()).toBeUndefined();
  });
});

it.each([
  [{}, "metadata"],
  [{ readSecrets: true }, "get"],
])("what a Secret holds is read only where that is asked for: %j", async (options, how) => {
  const asked: string[] = [];
  const reads =
    (which: string) =>
    async ({ resource }: { readonly resource: string }) => {
      asked.push(`${which} ${resource}`);
    };
  const objects = { get: reads("get"), getMetadata: reads("metadata"), list: async () => [] };
  const out = { width: undefined, paint: (_style: string, text: string) => text, write: () => undefined };
  const session = { objects, out, clock: fakeClock(), operatorNamespace: "ops" } as unknown as Session;
  await explainSubject(session, ["team-a"], { image: ["quay.io/a"], ...options });
  expect(asked.filter((each) => each.endsWith(" secrets"))).toEqual([`${how} secrets`]);
});
