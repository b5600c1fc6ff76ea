// Tests that one sentence says what keeps the operator from working, and the command that fixes it.
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/clock.ts";
import { OperatorError } from "../../src/runtime/errors.ts";
import { neededPermissions } from "../../src/cluster/needed-permissions.ts";
import { preflight, type PreflightOptions } from "../../src/operator/preflight.ts";
import { transport } from "../../src/runtime/client/transport.ts";
import type { Mode } from "../../src/cluster/install-mode.ts";
import { unrestricted } from "../mode.ts";
import { json, localConnection, localServer, status, type Answer } from "../runtime/client/local-server.ts";
import { textWithSteps } from "../../src/runtime/steps.ts";

const closers: (() => Promise<void>)[] = [];
const without: string[] = [];

const noAudiences: PreflightOptions["audiences"] = { listed: [], own: [] };

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function failureAt(url: string, audiences = noAudiences): Promise<OperatorError | undefined> {
  const wire = transport({
    connection: localConnection(url),
    clock: systemClock(),
    random: () => 0,
    userAgent: "regcred/test",
  });
  closers.push(() => wire.close());
  const outcome = await preflight({
    transport: wire,
    install: { namespace: "regcred-system", sourceNamespaces: [], mode: unrestricted, leaderElection: false },
    audiences,
    goesOnWithout: (sentence) => without.push(sentence),
  }).catch((error: unknown) => error);
  if (outcome !== undefined && !(outcome instanceof OperatorError))
    throw new Error("no OperatorError", { cause: outcome });
  return outcome;
}

async function failureOf(answer: Answer): Promise<OperatorError | undefined> {
  const server = await localServer(answer);
  closers.push(() => server.close());
  return failureAt(server.url);
}

const discovery = {
  kind: "APIResourceList",
  resources: [{ name: "registrycredentials" }, { name: "registrycredentials/status" }],
};

interface Asked {
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** A cluster with the CRD that grants what `allows` says. */
const cluster =
  (allows: (asked: Asked) => boolean): Answer =>
  (one, response) => {
    if (one.path === "/api/v1/namespaces" && one.query.get("fieldSelector") === "metadata.name=regcred-system") {
      return json(response, 200, { kind: "NamespaceList", items: [{ metadata: { name: "regcred-system" } }] });
    }
    if (one.method === "GET") return json(response, 200, discovery);
    const { spec } = JSON.parse(one.body) as { readonly spec: { readonly resourceAttributes: Asked } };
    json(response, 201, { status: { allowed: allows(spec.resourceAttributes) } });
  };

const reported = (failure: OperatorError | undefined): string => (failure ? textWithSteps(failure) : "");

describe("preflight", () => {
  it("goes on without the right to compare schemas, and says so", async () => {
    without.length = 0;
    expect(await failureOf(cluster(({ resource }) => resource !== "customresourcedefinitions"))).toBeUndefined();
    expect(without).toEqual([
      "the operator may not list, watch customresourcedefinitions.apiextensions.k8s.io named registrycredentials.regcred.dev; grant it with: kubectl apply -k config/default",
    ]);
  });

  it("goes on without the rights on ServiceAccounts, and says which", async () => {
    without.length = 0;
    expect(
      await failureOf(cluster(({ resource, verb }) => resource !== "serviceaccounts" || verb === "get")),
    ).toBeUndefined();
    expect(without).toEqual([
      "the operator may not list, watch, patch serviceaccounts; grant it with: kubectl apply -k config/default",
    ]);
  });

  it("is content where all is there", async () => {
    expect(await failureOf(cluster(() => true))).toBeUndefined();
  });

  it.each([
    { what: "group", code: 404, body: "404 page not found" },
    { what: "kind", code: 200, body: { ...discovery, resources: [] } },
  ])("says how to install a $what that is missing", async ({ code, body }) => {
    expect(reported(await failureOf((_, response) => json(response, code, body)))).toBe(
      "RegistryCredential is not installed; install it: kubectl apply -f crds/",
    );
  });

  it("says how to make the operator's namespace, or how to choose another", async () => {
    const failure = await failureOf((one, response) =>
      one.path === "/api/v1/namespaces"
        ? json(response, 200, { kind: "NamespaceList", items: [] })
        : cluster(() => true)(one, response),
    );
    expect(reported(failure)).toBe(
      "the operator's namespace regcred-system does not exist; choose another with --namespace; or create it: kubectl create namespace regcred-system",
    );
  });

  it.each(["", "<!DOCTYPE html><title>Sign in</title>", '{"resources":[', "null", "[]", "{}", '{"kind":"Status"}'])(
    "takes whatever answers in the API server's place for what it is, in each phase: %j",
    async (nonsense) => {
      const isFirst: readonly ((path: string) => boolean)[] = [
        (path) => path.startsWith("/apis/regcred.dev"),
        (path) => path === "/api/v1/namespaces",
        (path) => path.endsWith("selfsubjectaccessreviews"),
      ];
      for (const isAsked of isFirst) {
        const failure = await failureOf((one, response) => {
          if (!isAsked(one.path)) return cluster(() => true)(one, response);
          response.writeHead(200, { "content-type": "application/json" }).end(nonsense);
        });
        // Which is waited for, and ends no process.
        expect(failure).toMatchObject({ reason: "ApiUnavailable", retry: "backoff" });
      }
    },
  );

  it("does not start where the API server takes tokens for an audience that the operator may ask for", async () => {
    const server = await localServer(cluster(() => true));
    closers.push(() => server.close());
    const own = ["https://kubernetes.default.svc", "sts.amazonaws.com"];
    const failure = await failureAt(server.url, { listed: ["iam", "sts.*"], own });
    expect(failure).toMatchObject({
      reason: "AudienceOverlap",
      message: expect.stringMatching(/for sts\.\* .*write in its place/),
    });
    expect(await failureAt(server.url, { listed: ["iam", "*.svc.id.goog"], own })).toBeUndefined();
  });

  it("says which rights are missing, together and in one sentence", async () => {
    const failure = await failureOf(
      cluster(
        ({ verb, resource, namespace, name }) =>
          !(resource === "serviceaccounts" && verb === "patch") &&
          !(resource === "secrets" && (name === "regcred" || namespace) && verb !== "get"),
      ),
    );
    expect(reported(failure)).toBe(
      "the operator may not list, watch, update, delete secrets named regcred; list, watch, create, update, delete secrets in namespace regcred-system; grant it with: kubectl apply -k config/default",
    );
  });

  it("asks for a right on a part of an object as such, and for one on the whole without", async () => {
    const failure = await failureOf(
      cluster(({ resource, subresource }) => resource !== "registrycredentials" || subresource !== "status"),
    );
    expect(reported(failure)).toBe(
      "the operator may not patch registrycredentials/status.regcred.dev; grant it with: kubectl apply -k config/default",
    );
    const asked = new Set<string>();
    await failureOf(
      cluster((one) => asked.add(JSON.stringify(Object.keys(one).filter((key) => /^\d|^sub/.test(key)))) && true),
    );
    expect(asked).toEqual(new Set(["[]", '["subresource"]']));
  });

  it("says so when the server does not answer, or does not know us", async () => {
    const server = await localServer(() => undefined);
    await server.close();
    expect(reported(await failureAt(server.url))).toBe(
      `no answer from the API server ${server.url}: it refuses the connection (ECONNREFUSED); check that it runs with: kubectl get --raw /readyz`,
    );
    const refused = await failureOf((_, response) => json(response, 401, status(401, "Unauthorized", "Unauthorized")));
    expect(refused?.message).toMatch(/does not accept these credentials: log in again, or set KUBECONFIG/);
  });
});

describe("the rights that are asked for", () => {
  const onSecrets = (mode: Partial<Mode>, sourceNamespaces: readonly string[] = []): string[] =>
    neededPermissions({
      namespace: "ops",
      sourceNamespaces,
      mode: { ...unrestricted, ...mode },
      leaderElection: false,
    })
      .filter(({ resource, verb }) => verb === "list" && ["secrets", "serviceaccounts"].includes(resource))
      .map(({ resource, namespace = "*", name = "*" }) => `${resource} ${namespace}/${name}`);

  it("go by the names of pull Secrets that the install names", () => {
    expect(onSecrets({ pullSecretNames: ["one", "two"] })).toEqual([
      "serviceaccounts */*",
      "secrets */one",
      "secrets */two",
      "secrets ops/*",
    ]);
  });

  it("are none in all namespaces where those are listed, and none in these, which may come later", () => {
    expect(onSecrets({ pullSecretNames: ["one"], watchNamespaces: ["team-a"] })).toEqual([
      "serviceaccounts ops/*",
      "secrets ops/*",
    ]);
  });

  it("hold those on the namespaces of sources", () => {
    expect(onSecrets({}, ["vault"])).toContain("secrets vault/*");
  });

  it("hold those on pods only where pods are to be evicted", () => {
    const asks = (podRecovery: boolean): readonly string[] =>
      neededPermissions({
        namespace: "ops",
        sourceNamespaces: [],
        mode: { ...unrestricted, podRecovery },
        leaderElection: false,
      })
        .filter(({ resource }) => resource.startsWith("pods"))
        .map(({ verb, resource }) => `${verb} ${resource}`);
    expect(asks(false)).toEqual([]);
    expect(asks(true)).toEqual(["list pods", "watch pods", "create pods/eviction"]);
  });
});
