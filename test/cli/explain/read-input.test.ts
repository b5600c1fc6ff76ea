// Tests that `explain` says whether everything that its answer depends on could be read.
import { expect, it } from "vitest";
import { readInput, subjectFrom } from "../../../src/cli/explain/read-input.ts";
import type { Session } from "../../../src/cli/session.ts";
import { ApiError } from "../../../src/runtime/client/api-error.ts";
import { fakeClock } from "../../fake-clock.ts";

const ecr = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const entry = (name: string, from: string): object => ({
  name,
  provider: "ECR",
  hosts: [ecr],
  identity: { from, name },
});
const acme = {
  apiVersion: "regcred.dev/v1alpha1",
  kind: "RegistryCredential",
  metadata: {
    name: "acme",
    uid: "u",
    generation: 1,
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
  },
  spec: {
    registries: [entry("ours", "ServiceAccount"), entry("theirs", "TenantServiceAccount")],
    namespaces: { include: ["team-*"] },
  },
};

it.each([
  { hidden: [], accountsSeen: true },
  { hidden: ["ours"], accountsSeen: false },
  { hidden: ["theirs"], accountsSeen: false },
])("says of ServiceAccounts that are identities, of which $hidden may not be seen, $accountsSeen", async (row) => {
  const hidden: readonly string[] = row.hidden;
  const objects = {
    get: async (_kind: object, { namespace, name }: { readonly namespace?: string; readonly name: string }) => {
      if (hidden.includes(name))
        throw new ApiError({ kind: "forbidden", message: "may not", details: { causes: [] } } as never);
      return { metadata: { namespace, name, uid: `u-${name}`, resourceVersion: "1" } };
    },
    getMetadata: async (_kind: object, { name }: { readonly name: string }) => ({
      metadata: { name, uid: `u-${name}`, resourceVersion: "1" },
    }),
    list: async () => [acme],
  } as unknown as Session["objects"];
  const found = await readInput(
    { objects, clock: fakeClock(), operatorNamespace: "ops" },
    { namespace: "team-a", pod: undefined, serviceAccount: "default" },
    { readSecrets: false, images: [`${ecr}/app`] },
  );
  expect(found?.accountsSeen).toBe(row.accountsSeen);
});

it("knows by the status where the operator is, whatever whoever asks takes for its namespace", async () => {
  const asked: (string | undefined)[] = [];
  const objects = {
    get: async (_kind: object, { namespace, name }: { readonly namespace?: string; readonly name: string }) => {
      if (name === "ours") asked.push(namespace);
      return { metadata: { namespace, name, uid: `u-${name}`, resourceVersion: "1" } };
    },
    getMetadata: async (_kind: object, { name }: { readonly name: string }) => ({
      metadata: { name, uid: `u-${name}`, resourceVersion: "1" },
    }),
    list: async () => [{ ...acme, status: { operatorNamespace: "registry-logins" } }],
  } as unknown as Session["objects"];
  const found = await readInput(
    { objects, clock: fakeClock(), operatorNamespace: "regcred-system" },
    { namespace: "team-a", pod: undefined, serviceAccount: "default" },
    { readSecrets: false, images: [`${ecr}/app`] },
  );
  expect(found?.operatorNamespace).toBe("registry-logins");
  expect(asked).toEqual(["registry-logins"]);
});

it.each([
  [undefined, { serviceAccount: "default", pod: undefined }],
  ["builder", { serviceAccount: "builder", pod: undefined }],
  ["sa/builder", { serviceAccount: "builder", pod: undefined }],
  ["serviceaccount/builder", { serviceAccount: "builder", pod: undefined }],
  ["pod/web", { pod: "web" }],
  ["po/web", { pod: "web" }],
])("asks about whom the command line names: %s", (who, subject) => {
  expect(subjectFrom("team-a", who)).toMatchObject({ namespace: "team-a", ...subject });
});
