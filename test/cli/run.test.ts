// Tests that `regcred run` starts, drains and ends as an orchestrator and a person at a terminal expect.
import { describe, expect, it } from "vitest";
import { commandLine } from "../../src/cli/command-line.ts";
import { OperatorError } from "../../src/runtime/errors.ts";
import { testStreams, type TestStreams } from "./io-streams.ts";

const logLines = ({ output }: TestStreams): unknown[] =>
  output.stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);

const noPermission = new OperatorError(
  {
    reason: "NotPermitted",
    cause: "Platform",
    message: "the operator may not list secrets: kubectl apply -k config/default",
    retry: "slowly",
  },
  new Error("HTTP 403"),
);

describe("run", () => {
  it("hands the settings to the operator and says what it connects to", async () => {
    const around = testStreams({ environment: { KUBECONFIG: "/kube", REGCRED_CONCURRENCY: "2" } });
    const ended = commandLine(
      ["run", "--source-namespaces", "team-a", "--pull-secret-names", "regcred", "--max-config-bytes=9000"],
      around,
    );
    await around.operating;
    await around.clock.advance();
    expect(around.asked.connection).toMatchObject({ kubeconfigs: "/kube", podFirst: true });
    expect(around.asked.operator).toMatchObject({
      instance: "regcred-0",
      settings: {
        namespace: "regcred-system",
        sourceNamespaces: ["team-a"],
        mode: { pullSecretNames: ["regcred"], watchNamespaces: [], podRecovery: false },
        maxConfigBytes: 9000,
        concurrency: 2,
      },
    });
    expect(logLines(around)).toMatchObject([
      { msg: "connecting", server: "https://10.0.0.1", context: "staging", namespace: "regcred-system" },
    ]);
    around.send("SIGTERM");
    around.stopped.resolve();
    await ended;
  });

  it("says where the clouds' calls go, and has the operator do so", async () => {
    const around = testStreams({ environment: { KUBECONFIG: "/kube", AWS_ENDPOINT_URL_ECR: "http://10.0.0.7:5000" } });
    const ended = commandLine(["run"], around);
    await around.operating;
    await around.clock.advance();
    const endpoints = { ecr: { "*": "http://10.0.0.7:5000" } };
    expect(around.asked.operator).toMatchObject({ settings: { endpoints } });
    expect(logLines(around)).toMatchObject([{ msg: "connecting" }, { msg: "clouds are led elsewhere", endpoints }]);
    around.send("SIGTERM");
    around.stopped.resolve();
    await ended;
  });

  it("takes a named context from the kubeconfig even in a pod", async () => {
    const pod = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
    for (const args of [["run"], ["run", "--context", "staging"]]) {
      const around = testStreams({ environment: pod });
      around.started.reject(noPermission);
      around.stopped.resolve();
      await commandLine(args, around);
      expect(around.asked.connection?.inCluster === undefined).toBe(args.includes("--context"));
    }
  });

  it.each(["SIGTERM", "SIGINT"] as const)("drains after %s and ends with 0", async (signal) => {
    const around = testStreams();
    const ended = commandLine(["run", "--drain-timeout", "7s"], around);
    around.started.resolve();
    await around.operating;
    await around.clock.advance();
    expect(around.asked.stops).toEqual([]);
    around.send(signal);
    await around.clock.advance();
    expect(around.asked.stops).toEqual([Temporal.Duration.from({ seconds: 7 })]);
    around.stopped.resolve();
    expect(await ended).toBe(0);
    expect(logLines(around)).toMatchObject([{ msg: "connecting" }, { msg: "stopping", signal }, { msg: "stopped" }]);
    expect(around.output.stderr).toBe("");
    expect(around.listeners()).toBe(0);
    expect(around.clock.scheduled()).toBe(0);
  });

  it("is stopped by a signal that comes before it has started, without time to drain", async () => {
    const around = testStreams();
    const ended = commandLine(["run"], around);
    await around.operating;
    await around.clock.advance();
    around.send("SIGTERM");
    await around.clock.advance();
    expect(around.asked.stops).toEqual([new Temporal.Duration()]);
    around.started.reject(new Error("the operator was stopped"));
    around.stopped.resolve();
    expect(await ended).toBe(0);
    expect(around.output.stderr).toBe("");
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("does not wait after a second signal, %s", async (signal, code) => {
    const around = testStreams();
    const ended = commandLine(["run"], around);
    around.started.resolve();
    await around.operating;
    await around.clock.advance();
    around.send("SIGTERM");
    await around.clock.advance();
    around.send(signal);
    expect(await ended).toBe(code);
  });

  it("ends with 0 and a warning when the operator does not stop within its limit", async () => {
    const around = testStreams();
    const ended = commandLine(["run"], around);
    around.started.resolve();
    await around.operating;
    await around.clock.advance();
    around.send("SIGTERM");
    await around.clock.advance(Temporal.Duration.from({ seconds: 22 }));
    expect(await ended).toBe(0);
    expect(around.output.stdout).toContain("stopped without waiting for what is still under way");
  });

  it("says in one sentence why it cannot start, closes what is open and ends with 1", async () => {
    const around = testStreams();
    around.started.reject(noPermission);
    around.stopped.resolve();
    expect(await commandLine(["run"], around)).toBe(1);
    expect(around.output.stderr).toBe("error: the operator may not list secrets: kubectl apply -k config/default\n");
    expect(around.asked.stops).toHaveLength(1);
    expect(around.listeners()).toBe(0);
  });

  it("writes no more, closes what is open and ends with 1 when the operator must not go on", async () => {
    const around = testStreams();
    const ended = commandLine(["run"], around);
    around.started.resolve();
    await around.operating;
    await around.clock.advance();
    around.failed.reject(
      new OperatorError({ reason: "LeaseLost", cause: "Platform", retry: "backoff", message: "the lease is lost" }),
    );
    around.stopped.resolve();
    expect(await ended).toBe(1);
    expect(around.output.stderr).toBe("error: the lease is lost\n");
    expect(around.asked.stops).toEqual([new Temporal.Duration()]);
  });

  it("tells what was underneath only to who debugs", async () => {
    const around = testStreams();
    around.started.reject(noPermission);
    around.stopped.resolve();
    await commandLine(["run", "--log-level", "debug"], around);
    expect(around.output.stderr).toMatch(/^error: the operator may not .*\nError: HTTP 403\n {4}at /);
  });

  it("says why there is no cluster to connect to", async () => {
    const around = testStreams({
      connect: () => {
        throw new OperatorError({
          reason: "NoCluster",
          cause: "Platform",
          message: "no cluster: set KUBECONFIG or run in a pod",
          retry: "on-change",
        });
      },
    });
    expect(await commandLine(["run"], around)).toBe(1);
    expect(around.output).toEqual({ stdout: "", stderr: "error: no cluster: set KUBECONFIG or run in a pod\n" });
  });

  it("ends with 1 when an error reached nobody, with its place in the code only for who debugs", async () => {
    for (const level of ["info", "debug"]) {
      const around = testStreams();
      const ended = commandLine(["run", "--log-level", level], around);
      around.started.resolve();
      await around.operating;
      await around.clock.advance();
      around.crash(new TypeError("x is not a function"));
      expect(await ended).toBe(1);
      expect(around.output.stderr).toMatch(/^error: regcred failed unexpectedly.*TypeError: x is not a function/);
      expect(around.output.stderr.includes("run.test.ts")).toBe(level === "debug");
    }
  });
});
