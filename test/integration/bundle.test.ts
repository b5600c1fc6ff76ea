// Tests that the bundle serves a real cluster, with every cloud's SDK in it.
import { createHash, generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundle, entryFile } from "../../tools/build/bundle.ts";
import type { Part } from "../cluster/part.ts";
import { cloudManifest } from "../demo/cloud-manifest.ts";
import { operatorProcess } from "../demo/operator-process.ts";
import { type IssuedToken, playedClouds, type PlayedClouds, registryHosts } from "../demo/played-clouds.ts";
import { eventually, operatorNamespace, type TestEnv, testEnv } from "./test-env.ts";

let world: TestEnv;
let clouds: PlayedClouds;
let running: Part | undefined;
const issued: IssuedToken[] = [];

beforeAll(async () => {
  world = await testEnv();
  clouds = await playedClouds({
    lifetime: Temporal.Duration.from({ hours: 1 }),
    issued: (token) => void issued.push(token),
  });
}, 10 * 60_000);
afterAll(async () => {
  await running?.stop();
  await clouds.stop();
  await world.close();
});

const secrets = `/api/v1/namespaces/${operatorNamespace}/secrets`;

it("serves what AWS, Azure and Google hand out", async () => {
  const files = join(world.cluster.folder, "regcred");
  await bundle(files);
  const program = join(files, entryFile);
  const manifest = cloudManifest("team-*", clouds.keys);
  for (const secret of manifest.secrets) await world.admin.create(secrets, secret);
  await world.namespaces(["team-bundle"]);
  await world.credential("clouds", manifest.credential["spec"] as object);

  const { folder, kubeconfig } = world.cluster;
  const { internet } = clouds;
  running = operatorProcess({
    program,
    folder,
    kubeconfig,
    context: undefined,
    namespace: operatorNamespace,
    internet,
  });
  await running.start();
  await eventually("all three logins are there", async () => {
    const logins = (await world.logins("team-bundle")) ?? {};
    return Object.values(registryHosts).every((host) => host in logins);
  });
  const logins = Object.values((await world.logins("team-bundle")) ?? {}).map(({ password }) => password);
  expect(logins.toSorted()).toEqual(issued.map(({ password }) => password).toSorted());
});

it("signs as Oracle's SDK does, and says that the cloud is not there", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const print = createHash("md5").update(publicKey.export({ type: "spki", format: "der" }));
  await world.admin.create(secrets, {
    metadata: { name: "oci" },
    stringData: {
      tenancy: "ocid1.tenancy.oc1..acme",
      user: "ocid1.user.oc1..puller",
      fingerprint: print.digest("hex").match(/../g)?.join(":"),
      privateKey: privateKey.export({ type: "pkcs8", format: "pem" }),
    },
  });
  await world.credential("oracle", {
    registries: [
      { name: "oci", provider: "OCIR", hosts: ["fra.ocir.io"], identity: { from: "Secret", name: "oci" }, ocir: {} },
    ],
    namespaces: { include: ["team-*"] },
  });
  // The SDK has signed the call by then: a bundle that lacked a part of it would end in InternalError.
  await eventually(
    "the call is tried",
    async () => (await world.status("oracle")).registries?.[0]?.reason !== undefined,
  );
  const [entry] = (await world.status("oracle")).registries ?? [];
  expect(entry).toMatchObject({ reason: "CloudUnavailable", message: expect.stringContaining("fra.ocir.io") });
});
