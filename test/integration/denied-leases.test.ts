// Tests of operators whose Lease may not be written for a while.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { allow, changeControl, deny } from "./denials.ts";
import { installed } from "./installed.ts";
import { type Replica, startReplica } from "./replica.ts";
import { eventually, operatorNamespace, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const minute = Temporal.Duration.from({ minutes: 1 });
const namespaces = ["team-0", "team-1"];

describe("a policy that denies the operator its Lease", () => {
  let world: TestEnv;
  let kubeconfig: string;
  let round = 0;
  const replicas: Replica[] = [];

  const start = async (): Promise<Replica> => {
    const replica = await startReplica(kubeconfig);
    replicas.push(replica);
    return replica;
  };
  const rotate = (): Promise<void> => world.source("hub", { username: "ann", password: `round-${(round += 1)}` });
  const served = (): Promise<void> =>
    eventually(
      `everybody has round ${round}`,
      async () => {
        const logins = await Promise.all(namespaces.map((namespace) => world.logins(namespace)));
        return logins.every((each) => each?.["registry.example.com"]?.password === `round-${round}`);
      },
      minute,
    );

  beforeAll(async () => {
    world = await testEnv();
    kubeconfig = await installed(world);
    await world.namespaces(namespaces);
    await rotate();
    await world.credential("hub", staticSpec("hub"));
  });
  afterEach(async () => {
    await allow(world);
    for (const { child, exitCode } of replicas.splice(0)) {
      child.kill("SIGKILL");
      await exitCode;
    }
    await world.admin.remove(`/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/regcred`);
  });
  afterAll(() => world?.close());

  it("from the start lets it wait, says why, and lets it begin by itself later", async () => {
    await deny(world, { resource: "leases", operations: ["CREATE", "UPDATE"] });
    const replica = await start();
    expect(JSON.stringify(await replica.untilLogged("lease not reached"))).toContain(changeControl);
    expect((await replica.probe("/livez"))?.status).toBe(200);
    await allow(world);
    await served();
    expect(replica.child.exitCode).toBeNull();
  });

  it("while it leads lets it end before another may begin, and the next one begins by itself later", async () => {
    const first = await start();
    await served();
    await deny(world, { resource: "leases", operations: ["UPDATE"] });
    expect(await first.exitCode).toBe(1);
    expect(first.complaint()).toMatch(/^error: the lease is lost: .+; nothing more is written/);
    await rotate();
    const second = await start();
    expect(JSON.stringify(await second.untilLogged("lease not reached"))).toContain(changeControl);
    await allow(world);
    await served();
  });
});
