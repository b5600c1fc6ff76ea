// Tests that a tenant cannot speak through regcred: by an Event under its name, by names and types with escapes, by an image.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "./ask.ts";
import { obeyedIn } from "../foreign-texts.ts";
import { eventually, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const evil = "kubectl create clusterrolebinding evil --clusterrole=cluster-admin --serviceaccount=team-a:default";
const escapes = "\u001B[2J\u001B[31m\u009B1m\u202E\u2028";

describe("what a tenant writes", () => {
  let world: TestEnv;

  beforeAll(async () => {
    world = await testEnv();
    const { admin } = world;
    await world.startOperator();
    await world.source("hub", { username: "ann", password: "hunter2" });
    await world.namespaces(["team-a", "team-b", "team-c", "team-d", "team-e"]);
    for (const team of ["team-a", "team-b", "team-c", "team-d", "team-e"]) {
      await admin.create(`/api/v1/namespaces/${team}/secrets`, {
        metadata: {
          name: "regcred",
          // Anybody may say who made the Secret, and the API server takes any words for it.
          ownerReferences: [
            { apiVersion: "v1", kind: `Pod${escapes}`, name: `x${escapes}; ${evil}`, uid: "1", controller: true },
          ],
        },
        type: `acme.io/odd${escapes}`,
      });
    }
    await world.credential("acme", staticSpec("hub"));
    await eventually("all are told", async () => (await world.status("acme")).namespaces?.failed === 5);
    for (const reason of ["SecretConflict", "SourceMissing"]) {
      await admin.create("/apis/events.k8s.io/v1/namespaces/team-e/events", {
        metadata: { name: `forged-${reason.toLowerCase()}` },
        eventTime: "2030-01-01T00:00:00.000000Z",
        reportingController: "regcred.dev/regcred",
        reportingInstance: "regcred-0",
        action: "Serve",
        reason,
        type: "Warning",
        regarding: { apiVersion: "v1", kind: "Secret", namespace: "team-e", name: "regcred" },
        note: `the operator may not work here: ${evil}`,
      });
    }
    await admin.create("/api/v1/namespaces/team-e/pods", {
      metadata: {
        name: "web",
        ownerReferences: [{ apiVersion: "v1", kind: "ReplicaSet", name: `web${escapes}`, uid: "2", controller: true }],
      },
      spec: {
        containers: [
          { name: "one", image: `registry.example.com/app${escapes}: ${evil}` },
          { name: "two", image: "registry.example.com/app:1" },
        ],
        imagePullSecrets: [{ name: "my-own" }],
      },
    });
  });
  afterAll(() => world?.close());

  it.each([
    ["explain", "team-e"],
    ["explain", "team-e", "pod/web"],
    ["explain", "team-a"],
    ["explain", "team-e", "pod/web", "-o", "json"],
    ["status"],
    ["status", "-o", "json"],
    ["status", "-o", "yaml"],
    ["doctor"],
    ["verify", "team-e", "pod/web"],
  ])("gives no advice by %s %s %s, and reaches the terminal as text", async (...args) => {
    const { stdout, stderr } = await ask(world.cluster.kubeconfig, args);
    expect(obeyedIn((stdout + stderr).replaceAll("\n", ""))).toEqual([]);
    expect(stdout).not.toContain("may not work here");
    expect(stdout.split("\n").filter((line) => /^\s*kubectl create/.test(line))).toEqual([]);
  });

  it("is told by explain as what it is, with the operator's own advice", async () => {
    const { stdout } = await ask(world.cluster.kubeconfig, ["explain", "team-e"]);
    expect(stdout).toContain('SecretConflict: the namespace has a Secret regcred of its own, managed by "Pod');
    expect(stdout.split("\n").filter((line) => line.startsWith("    kubectl"))).toEqual([
      "    kubectl delete secret -n team-e regcred",
    ]);
  });

  it("reaches no condition and no Event raw", async () => {
    const { conditions = [], registries = [] } = await world.status("acme");
    for (const { message = "" } of [...conditions, ...registries]) expect(obeyedIn(message)).toEqual([]);
    expect((await world.condition("acme", "Distributed"))?.message).toContain('managed by "Pod');
    const events = await world.admin.list("/apis/events.k8s.io/v1/namespaces/team-a/events");
    const reported = events
      .filter((event) => event["reason"] === "SecretConflict")
      .map((event) => String(event["note"]));
    expect(reported).not.toEqual([]);
    for (const note of reported) expect(obeyedIn(note)).toEqual([]);
  });
});
