// Do Argo CD and Flux take what docs/install.md shows of them, by the kinds that they themselves define?
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goModule } from "../cluster/go-module.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { examples } from "../documents.ts";
import { type TestEnv, testEnv } from "./test-env.ts";

/** Of a module in test/cluster/binaries, the file that defines the kind. */
const definitions = {
  Application: ["argo-cd", "manifests/crds/application-crd.yaml"],
  HelmRelease: ["helm-controller", "config/crd/bases/helm.toolkit.fluxcd.io_helmreleases.yaml"],
  HelmRepository: ["source-controller", "config/crd/bases/source.toolkit.fluxcd.io_helmrepositories.yaml"],
} as const;
const shown = examples.filter(({ object: { kind = "" } }) => kind in definitions);

describe("Argo CD and Flux", () => {
  let world: TestEnv;

  /** Nothing is kept of it. */
  const create = (object: object): Promise<string> =>
    kubectl(["create", "--dry-run=server", "--validate=strict", "--output=name", "--filename=-"], {
      cluster: world.cluster,
      input: JSON.stringify(object),
    });

  beforeAll(async () => {
    world = await testEnv();
    const files = await Promise.all(
      Object.values(definitions).map(async ([module, file]) => `--filename=${join(await goModule(module), file)}`),
    );
    await kubectl(["apply", "--server-side", ...files], { cluster: world.cluster });
    await kubectl(["wait", "--for=condition=Established", "--timeout=30s", ...files], { cluster: world.cluster });
    await world.namespaces(["argocd", "flux-system"]);
  }, 10 * 60_000);
  afterAll(() => world?.close());

  it("have an object each that the documents show whole", () => {
    expect(shown.map(({ object: { kind } }) => kind).toSorted()).toEqual(Object.keys(definitions).toSorted());
  });

  it.each(shown.map(({ object }) => ({ kind: object.kind, object })))(
    "take the $kind as it stands, and none with a typing error",
    async ({ kind = "", object }) => {
      expect(await create(object)).toContain(`${kind.toLowerCase()}.`);
      const mistyped = { ...object, spec: { ...(object["spec"] as object), vaules: {} } };
      await expect(create(mistyped)).rejects.toThrow(/unknown field "spec\.vaules"/);
    },
  );
});
