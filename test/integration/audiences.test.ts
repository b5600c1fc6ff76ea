// Tests that no token that the operator requests is one for the API server, where that accepts the audience of a cloud.
import { afterAll, beforeAll, expect, it } from "vitest";
import { ask } from "./ask.ts";
import { installed } from "./installed.ts";
import { eventually, operatorNamespace, type TestEnv, testEnv } from "./test-env.ts";
import { type Thief, thief } from "./thief.ts";

const audiences = ["https://kubernetes.default.svc", "sts.amazonaws.com"];
let world: TestEnv;
let kubeconfig: string;
let stolen: Thief;

beforeAll(async () => {
  world = await testEnv({ apiServerArguments: [`--api-audiences=${audiences.join()}`] });
  kubeconfig = await installed(world);
  stolen = await thief(world, kubeconfig);
  await world.admin.create(`/api/v1/namespaces/${operatorNamespace}/serviceaccounts`, { metadata: { name: "puller" } });
}, 120_000);
afterAll(async () => {
  await stolen?.close();
  await world?.close();
});

it("such a token is taken by the API server", async () => {
  const body = { spec: { audiences: ["sts.amazonaws.com"], expirationSeconds: 600 } };
  const path = `/api/v1/namespaces/${operatorNamespace}/serviceaccounts/puller/token`;
  const { object } = await stolen.call({ method: "POST", path, body });
  const { token } = object["status"] as { token: string };
  const { status } = await world.admin.create("/apis/authentication.k8s.io/v1/tokenreviews", { spec: { token } });
  expect(status).toMatchObject({ authenticated: true });
});

it("the operator does not start, and says what to write instead", async () => {
  const starting = world.startOperator({ kubeconfig, settings: { tokenAudiences: ["iam", "sts.amazonaws.com"] } });
  await expect(starting).rejects.toThrow(
    /takes tokens for sts\.amazonaws\.com .*write in its place, in the chart value tokenAudiences/,
  );
});

it("doctor says so", async () => {
  const { stdout } = await ask(world.cluster.kubeconfig, ["doctor"]);
  expect(stdout.replaceAll(/\n +/g, " ")).toMatch(
    /^BAD {5}audiences: the API server itself takes tokens for sts\.amazonaws\.com /m,
  );
});

it("starts, and doctor is content, where none is the API server's", async () => {
  await world.startOperator({ kubeconfig, settings: { tokenAudiences: ["iam"] } });
  const policy = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/regcred-token-requests";
  const { spec } = (await world.admin.get(policy)) as unknown as { spec: object };
  await world.admin.patch(policy, { spec: { ...spec, variables: [{ name: "audiences", expression: "['iam']" }] } });
  const output = async (): Promise<string> => (await ask(world.cluster.kubeconfig, ["doctor"])).stdout;
  await eventually("it is seen", async () => !(await output()).includes("BAD     audiences"));
  expect(await output()).toMatch(/^ok {6}audiences: the API server takes no tokens for iam$/m);
});
