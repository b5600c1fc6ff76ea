// Tests of what is said of an API server that is not reached: the table of docs/cli.md, row by row, each from a real cause.
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../../src/runtime/clock.ts";
import { ApiError } from "../../../src/runtime/client/api-error.ts";
import { type Connection, loadConnection } from "../../../src/runtime/client/connection.ts";
import { transport } from "../../../src/runtime/client/transport.ts";
import { unreachable } from "../../../src/runtime/client/unreachable.ts";
import { textWithSteps } from "../../../src/runtime/steps.ts";
import { certificateAuthority as authorityAt } from "../../../src/runtime/tls/certificate-authority.ts";
import { certificateAuthority } from "../../cluster/certificates.ts";
import { markdownFiles } from "../../documents.ts";
import { fakeClock } from "../../fake-clock.ts";
import { connectProxy, type ConnectProxyOptions } from "../network/connect-proxy.ts";
import { eventually, until } from "../../providers/http/scenario.ts";
import { type Answer, json, localConnection, localServer, status } from "./local-server.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "regcred-unreachable-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });
const authority = certificateAuthority("ours");
const certificate = authority.issue({ name: "server", hosts: ["127.0.0.1"] });
const trusting = (ca: string) => () => ({ tls: { ca } });

/** Asks once; `during` lets time pass. */
async function messageOf(
  connection: Connection,
  clock: Clock = systemClock(),
  during?: () => Promise<void>,
): Promise<string> {
  const api = transport({ connection, clock, random: () => 0.5, userAgent: "regcred/test" });
  closing.push(() => api.close());
  const call = api.request({ method: "POST", path: "/api/v1/namespaces", deadline: seconds(30) }).then(
    () => new Error("it went through"),
    (error: unknown) => error,
  );
  await during?.();
  const error = await call;
  if (!(error instanceof ApiError)) throw error;
  const sentence = textWithSteps(unreachable(api.server, error))
    .replaceAll(connection.server, "SERVER")
    .replaceAll(folder, "FOLDER");
  return connection.proxy ? sentence.replaceAll(connection.proxy.url.host, "PROXY") : sentence;
}

async function at(answer: Answer, tls: typeof certificate | undefined = certificate): Promise<string> {
  const server = until(await localServer(answer, tls));
  return messageOf(localConnection(server.url, trusting(authority.certificate)));
}

async function behind(
  failure: NonNullable<ConnectProxyOptions["failure"]>,
  clock?: ReturnType<typeof fakeClock>,
): Promise<string> {
  const proxy = until(await connectProxy(0, { failure }));
  const url = new URL(proxy.url.replace("//", "//me:hunter2@"));
  const connection = { ...localConnection("https://api.test:6443"), proxy: { url, setting: "proxy-url" } as const };
  return messageOf(connection, clock, async () => {
    if (!clock) return;
    await eventually("CONNECT", () => proxy.tunnels.length === 1);
    await clock.advance(seconds(10));
  });
}

async function configured(user: object, script = ""): Promise<Connection> {
  await writeFile(join(folder, "plugin"), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, "plugin"), 0o755);
  const kubeconfig = join(folder, "config");
  const text = JSON.stringify({
    "current-context": "a",
    clusters: [{ name: "a", cluster: { server: "https://127.0.0.1:1" } }],
    users: [{ name: "a", user }],
    contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
  });
  await writeFile(kubeconfig, text);
  return loadConnection({ kubeconfig, environment: { PATH: process.env["PATH"] } });
}

const exec = (command: string): object => ({
  exec: { apiVersion: "client.authentication.k8s.io/v1", command, interactiveMode: "Never" },
});

const causes: Readonly<Record<string, () => Promise<string>>> = {
  "nothing listens there": async () => {
    const server = await localServer(() => undefined);
    await server.close();
    return messageOf(localConnection(server.url));
  },
  "its name is not known": () => messageOf(localConnection("https://nobody.invalid:6443")),
  "it closes the connection": () => at((_, response) => response.socket?.destroy()),
  "it is slow": async () => {
    const clock = fakeClock();
    const server = until(await localServer(() => undefined));
    return messageOf(localConnection(server.url), clock, async () => {
      await eventually("the request", () => server.received.length === 1);
      await clock.advance(seconds(30));
    });
  },
  "it says that it cannot": () => at((_, response) => response.writeHead(503).end("<html>")),
  "it does not speak TLS": async () => {
    const server = until(await localServer(() => undefined));
    return messageOf(localConnection(server.url.replace("http:", "https:")));
  },
  "its CA is not the one of the kubeconfig": async () => {
    const server = until(await localServer(() => undefined, certificate));
    return messageOf(localConnection(server.url, trusting(certificateAuthority("another").certificate)));
  },
  "its certificate is for another name": () =>
    at(() => undefined, authority.issue({ name: "s", hosts: ["elsewhere.test"] })),
  "its certificate has expired": async () => {
    const now = Temporal.Now.instant().subtract({ hours: 48 });
    const old = authorityAt("old", { now, lifetime: Temporal.Duration.from({ hours: 24 }) });
    const server = until(await localServer(() => undefined, old.issue({ name: "s", hosts: ["127.0.0.1"] })));
    return messageOf(localConnection(server.url, trusting(old.certificate)));
  },
  "it does not know the login": () =>
    at((_, response) => json(response, 401, status(401, "Unauthorized", "Unauthorized"))),
  "the proxy wants a login": () => behind(407),
  "the proxy is slow": () => behind("is silent", fakeClock()),
  "the token file is empty": async () => {
    await writeFile(join(folder, "token"), "\n");
    return messageOf(await configured({ tokenFile: "token" }));
  },
  "the exec plugin is missing": async () => messageOf(await configured(exec("no-such-plugin"))),
  "the exec plugin has failed: its own words": async () =>
    messageOf(await configured(exec("./plugin"), 'echo "your login has ended, run: cloud login" >&2; exit 1')),
  "the exec plugin hangs": async () => {
    const clock = fakeClock();
    return messageOf(await configured(exec("./plugin"), "exec sleep 2"), clock, () => clock.advance(seconds(30)));
  },
};

describe("docs/cli.md says what is said", () => {
  const text = markdownFiles.find(({ path }) => path === "docs/cli.md")?.text ?? "";
  const [section = ""] = (text.split("\n### When the cluster is not reached\n")[1] ?? "").split("\n## ");
  const rows = new Map(
    [...section.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)]
      .map(([, cause = "", sentence = ""]) => [cause, sentence] as const)
      .slice(2),
  );

  it.for(Object.keys(causes))("where %s", async (cause) => {
    const sentence = await (causes[cause] as () => Promise<string>)();
    expect(sentence).not.toContain("hunter2");
    expect(sentence).toBe(rows.get(cause));
  });

  it("and nothing else", () => {
    expect([...rows.keys()]).toEqual(Object.keys(causes));
  });
});
