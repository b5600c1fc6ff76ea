// Tests of which registries may be asked for an image that a tenant names.
import { describe, expect, it } from "vitest";
import type { Entry } from "../../../src/api/registry-credential.ts";
import { entriesNaming } from "../../../src/cli/verify/named-host.ts";
import type { ExplainInput } from "../../../src/cli/explain/input.ts";
import { credential, namespace, now, staticEntry } from "../../entitlement/objects.ts";

function input(entries: readonly Entry[], include = ["team-*"]): ExplainInput {
  const base = credential();
  const spec = { ...base.spec, registries: [...entries], namespaces: { include } };
  return {
    now,
    operatorNamespace: "regcred-system",
    namespaceName: "team-a",
    namespace: { seen: "there", value: namespace({ name: "team-a" }) },
    credentials: [{ name: "hub", deleting: false, generation: 1, credential: { ...base, spec } }],
  } as unknown as ExplainInput;
}

const none = { get: () => Promise.resolve(undefined) };
const sourceOf = (auths: object) => ({
  get: (_kind: unknown, place: { readonly namespace?: string; readonly name: string }) => {
    expect(place).toMatchObject({ namespace: "regcred-system", name: "hub" });
    const text = JSON.stringify({ auths });
    return Promise.resolve({ data: { ".dockerconfigjson": Buffer.from(text).toString("base64") } });
  },
});

describe("a registry that an image names", () => {
  const quay = input([staticEntry({ hosts: ["quay.io/acme", "registry.acme.example:5000"] })]);

  it.each(["quay.io/acme/app:1", "quay.io/acme:1", "registry.acme.example:5000/a@sha256:" + "0".repeat(64)])(
    "is named by an entry: %s",
    async (image) => {
      expect(await entriesNaming(image, quay, none)).toHaveLength(1);
    },
  );

  it.each([
    "quay.io/other/app:1",
    "registry.acme.example/a:1",
    "169.254.169.254/a:1",
    "127.0.0.1:8080/a:1",
    "localhost/a:1",
    "[::1]:5000/a:1",
    "evil.example/quay.io/acme/app:1",
    "quay.io.evil.example/acme/app:1",
    "busybox",
    "not an image",
  ])("is named by none: %s", async (image) => {
    expect(await entriesNaming(image, quay, none)).toHaveLength(0);
  });

  it("is named by no entry of a credential that does not select the namespace", async () => {
    const other = input([staticEntry({ hosts: ["quay.io"] })], ["other"]);
    expect(await entriesNaming("quay.io/acme/app:1", other, none)).toHaveLength(0);
  });

  it.each(["localhost/app:1", "Intranet/app:1"])(
    "is not Docker Hub, though a kubelet gives its login to %s",
    async (image) => {
      const hub = input([staticEntry({ hosts: ["docker.io"] })]);
      expect(await entriesNaming("busybox:1", hub, none)).toHaveLength(1);
      expect(await entriesNaming(image, hub, none)).toHaveLength(0);
    },
  );

  it('is named by the source of an entry with "*", and not by the Secret of a tenant', async () => {
    const all = input([
      staticEntry({ hosts: ["*"], static: { secretName: "hub", usernameKey: "u", passwordKey: "p" } }),
    ]);
    const source = sourceOf({ "quay.io": { username: "ann", password: "x" }, "*": { username: "bea", password: "y" } });
    expect(await entriesNaming("quay.io/acme/app:1", all, source)).toHaveLength(1);
    expect(await entriesNaming("evil.example/app:1", all, source)).toHaveLength(0);
    expect(await entriesNaming("localhost/app:1", all, source)).toHaveLength(0);
    expect(await entriesNaming("quay.io/acme/app:1", all, none)).toHaveLength(0);
  });
});
