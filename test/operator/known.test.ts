// Tests that the operator acts on what it learns late: rights, a newer schema, a Lease that is gone, a token that nobody needs any more.
import { describe, expect, it } from "vitest";
import { customResourceDefinition } from "../../src/api/crd.ts";
import { queues } from "../../src/operator/queues.ts";
import { type Clock, sleepOn } from "../../src/runtime/clock.ts";
import { secretKey } from "../../src/controllers/keys.ts";
import { fakeClock } from "../fake-clock.ts";
import { withFreePort } from "../cluster/free-port.ts";
import { statusError } from "./api-server.ts";
import type { Played } from "./played-pools.ts";
import { ops, type Fixture, fixture } from "./fixture.ts";

const hub = { "https://index.docker.io/v1/": "first" };
/** As RBAC says it. */
const mayNot = (resource: string): ReturnType<typeof statusError> =>
  statusError(
    403,
    "Forbidden",
    {},
    `User "regcred" cannot list resource "${resource}" in API group "" at the cluster scope`,
  );
const readsPullSecrets = ({ method, resource, query }: Played): boolean =>
  method === "GET" && resource === "secrets" && query["fieldSelector"] !== undefined;
const ready = (on: Fixture): string | undefined => {
  const status = on.server.get("registrycredentials", "acme")?.["status"] as
    | { readonly conditions?: readonly { readonly type: string; readonly reason: string }[] }
    | undefined;
  return status?.conditions?.find(({ type }) => type === "Ready")?.reason;
};

describe("a right", () => {
  it("that is granted later is used as soon as it is noticed, and told", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.setFaults((call) => (readsPullSecrets(call) ? mayNot("secrets") : undefined));
    on.run("a");
    await on.pass(20);
    expect([ready(on), on.toTenants()]).toEqual(["NotPermitted", []]);
    on.setFaults();
    await on.pass(60);
    expect([ready(on), on.logins("team-a"), on.references("team-a")]).toEqual(["Served", hub, ["regcred"]]);
    on.isLawful();
  });

  it("that is lacking in one of the namespaces keeps a deletion from its end, and nobody else from being cleaned up", async () => {
    const on = fixture({ namespaces: ["team-a", "team-b"] });
    on.addCredential("acme");
    const mode = { pullSecretNames: [], watchNamespaces: ["team-a", "team-b"], podRecovery: false };
    const first = on.run("a", { settings: { mode } });
    await on.pass(5);
    await on.stop(first);
    on.setFaults((call) => (readsPullSecrets(call) && call.namespace === "team-b" ? mayNot("secrets") : undefined));
    on.server.remove("registrycredentials", "acme");
    on.run("b", { settings: { mode } });
    await on.pass(60);
    expect(on.server.get("registrycredentials", "acme")?.metadata.finalizers).toEqual(["regcred.dev/drain"]);
    on.setFaults();
    await on.pass(400);
    expect([on.server.list("registrycredentials"), on.logins("team-a"), on.logins("team-b")]).toEqual([
      [],
      undefined,
      undefined,
    ]);
    on.isLawful();
  });

  it("to compare schemas may be lacking, and tenants are served", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.setFaults(({ resource }) => (resource === "customresourcedefinitions" ? mayNot(resource) : undefined));
    on.run("a");
    await on.pass(10);
    expect([ready(on), on.logins("team-a")]).toEqual(["Served", hub]);
  });
});

describe("an installed schema that is older", () => {
  it("lets nothing new be minted until it is brought up to date", async () => {
    const on = fixture();
    const crd = customResourceDefinition("0.0.0");
    const [version] = crd.spec.versions;
    const { suspend: _lacking, ...properties } = version?.schema.openAPIV3Schema.properties?.["spec"]?.properties ?? {};
    const spec = { type: "object", properties };
    const older = { ...version, schema: { openAPIV3Schema: { type: "object", properties: { spec } } } };
    on.server.create({ ...crd, spec: { ...crd.spec, versions: [older] } });
    on.addCredential("acme");
    on.run("a");
    await on.pass(10);
    expect(on.logins("team-a")).toBeUndefined();
    on.server.patch("customresourcedefinitions", crd.metadata.name, { spec: crd.spec });
    await on.pass(5);
    expect(on.logins("team-a")).toEqual(hub);
    on.isLawful();
  });
});

describe("the Lease", () => {
  it("that somebody deletes is made again at once by who holds it", async () => {
    const on = fixture();
    on.addCredential("acme");
    const a = on.run("a");
    await on.pass(4.5);
    on.server.remove("leases", `${ops}/regcred`);
    await on.pass(0.1);
    expect([on.server.list("leases").length, a.leading()]).toEqual([1, true]);
    await on.pass(20);
    expect(a.end()).toBeUndefined();
    on.isLawful();
  });
});

describe("a token", () => {
  it("that nobody needs any more goes after ten minutes, and not before", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.run("a");
    await on.pass(3);
    const tokens = (): number =>
      on.server.list("secrets").filter(({ metadata }) => metadata.name.startsWith("regcred-token-")).length;
    on.server.patch("registrycredentials", "acme", { spec: { namespaces: { include: ["other"] } } });
    await on.pass(590);
    expect([on.logins("team-a"), tokens()]).toEqual([undefined, 1]);
    await on.pass(60);
    expect(tokens()).toBe(0);
    on.isLawful();
  });
});

describe("the labels of Namespaces", () => {
  it("are asked for once, when it is known which are wanted", async () => {
    const on = fixture({ namespaces: [] });
    on.addNamespace("team-a", { labels: { tier: "gold" } });
    on.addCredential("acme", { namespaces: { selector: { matchLabels: { tier: "gold" } } } });
    on.run("a");
    await on.pass(3);
    const asked = on.recorded.filter(
      ({ resource, query }) => resource === "namespaces" && query["fieldSelector"] === undefined,
    );
    expect([asked.length, on.logins("team-a")]).toEqual([1, hub]);
  });
});

describe("the probes", () => {
  /** What the operator answers, as a kubelet and Prometheus ask. */
  const asked = async (port: number, path: string): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5_000) });
    return `${answer.status} ${(await answer.text()).trim()}`;
  };
  /** The servers listen after a moment of real time. */
  const listening = async (on: Fixture, port: number): Promise<void> => {
    for (let attempt = 0; attempt < 500; attempt += 1) {
      await on.clock.advance();
      const answered = await fetch(`http://127.0.0.1:${port}/livez`).then(
        () => true,
        () => false,
      );
      if (answered) return;
    }
  };

  it("say what a replica may not see", async () => {
    await withFreePort(async (port) => {
      const on = fixture();
      on.setFaults(({ method, resource, name, query }) =>
        method === "GET" && resource === "namespaces" && name === undefined && query["fieldSelector"] === undefined
          ? mayNot("namespaces")
          : undefined,
      );
      const a = on.run("a", { settings: { healthAddress: { host: "127.0.0.1", port } } });
      await listening(on, port);
      await on.pass(3);
      expect(await asked(port, "/readyz")).toBe(
        "503 it does not know the cluster yet: it may not list and watch namespaces",
      );
      on.setFaults();
      await on.pass(70);
      expect(await asked(port, "/readyz")).toBe("200 ok");
      await on.stop(a);
    });
  });

  it("say when a replica knows the cluster, and that it is being stopped", async () => {
    await withFreePort(async (port) => {
      const on = fixture();
      on.addCredential("acme");
      const list = Promise.withResolvers<void>();
      const names = Promise.withResolvers<void>();
      on.setFaults((call) => {
        if (readsPullSecrets(call)) return names.promise;
        return call.method === "GET" && call.resource === "serviceaccounts" ? list.promise : undefined;
      });
      const a = on.run("a", { settings: { healthAddress: { host: "127.0.0.1", port } } });
      await listening(on, port);
      await on.pass(3);
      expect(await asked(port, "/readyz")).toBe("503 it does not know the cluster yet");
      list.resolve();
      await on.pass(3);
      expect(await asked(port, "/readyz")).toBe("503 it does not know the cluster yet");
      names.resolve();
      await on.pass(3);
      expect([await asked(port, "/readyz"), await asked(port, "/livez")]).toEqual(["200 ok", "200 ok"]);
      const slow = Promise.withResolvers<void>();
      on.setFaults((call) => (call.method === "POST" && call.namespace === "team-b" ? slow.promise : undefined));
      on.addNamespace("team-b");
      await on.pass(0.1);
      const stopped = a.stop(Temporal.Duration.from({ seconds: 3 }));
      expect(await asked(port, "/readyz")).toBe("503 it is being stopped");
      slow.resolve();
      await on.pass(5);
      await stopped;
    });
  });

  it("say that a leader is stuck whose timers have no turn", async () => {
    await withFreePort(async (port) => {
      const on = fixture();
      let isStuck = false;
      const schedule: Clock["schedule"] = (delay, call) =>
        on.clock.schedule(delay, () => {
          if (!isStuck) call();
        });
      const clock = { ...on.clock, schedule, sleep: sleepOn(schedule) };
      const a = on.run("a", { clock, settings: { healthAddress: { host: "127.0.0.1", port } } });
      await listening(on, port);
      await on.pass(10);
      expect([a.leading(), await asked(port, "/livez")]).toEqual([true, "200 ok"]);
      isStuck = true;
      await on.pass(30);
      expect(await asked(port, "/livez")).toBe("503 it leads by a lease that it has not renewed");
      isStuck = false;
      await on.stop(a);
    });
  });

  it("say that another install serves the cluster", async () => {
    await withFreePort(async (port) => {
      const on = fixture();
      on.addNamespace("ops-2", {}, []);
      on.addCredential("acme");
      on.run("a");
      await on.pass(3);
      const b = on.run("b", { namespace: "ops-2", settings: { healthAddress: { host: "127.0.0.1", port } } });
      await listening(on, port);
      await on.pass(3);
      expect(await asked(port, "/readyz")).toMatch(
        /^503 another install of regcred serves this cluster, in namespace regcred-system/,
      );
      await on.stop(b, 1);
    });
  });

  it("and metrics, which are open where nobody asks for more, say who leads", async () => {
    await withFreePort(async (port) => {
      const on = fixture();
      on.addCredential("acme");
      const other = on.run("a");
      await on.pass(3);
      const b = on.run("b", { settings: { metricsAddress: { host: "127.0.0.1", port }, metricsAccess: "open" } });
      await listening(on, port);
      await on.pass(3);
      expect(await asked(port, "/metrics")).toMatch(/^regcred_leader 0$/m);
      await on.stop(other, 1);
      await on.pass(5);
      expect(await asked(port, "/metrics")).toMatch(/^regcred_leader 1$/m);
      await on.stop(b, 1);
    });
  });
});

describe("the queues", () => {
  const made = () => {
    const reached: string[] = [];
    const clock = fakeClock();
    const shareReached = (what: string, namespace: string): void => void reached.push(`${what} ${namespace}`);
    return {
      clock,
      reached,
      ...queues({ clock, random: () => 0.5, instruments: { observe: () => undefined }, shareReached }),
    };
  };

  it("let a namespace overtake a few times, then it waits in turn", () => {
    const { tenants } = made();
    for (let index = 0; index < 3; index += 1) tenants.add(secretKey("team-b", `other-${index}`), { lane: "bulk" });
    tenants.add(secretKey("team-a", "regcred"), { lane: "interactive" });
    expect(tenants.next()).toBe("secret/team-a/regcred");
    tenants.done("secret/team-a/regcred", {});
  });

  it("count what a namespace has done, and tell once that it has had its share", () => {
    const { tenants, reached } = made();
    for (let index = 0; index < 600; index += 1) {
      tenants.add(secretKey("team-a", "regcred"));
      const key = tenants.next();
      if (key !== undefined) tenants.done(key, { cost: 10 });
    }
    expect(new Set(reached)).toEqual(new Set(["work team-a"]));
    tenants.add(secretKey("team-b", "regcred"));
    expect(tenants.next()).toBe("secret/team-b/regcred");
  });
});
