// Tests of the sentence for each cause of a missing answer: the table of docs/operations.md, row by row, each from a real cause.
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import type { GuardedHttpOptions } from "../../../src/providers/http/guarded-http.ts";
import { certificateAuthority as authorityAt } from "../../../src/runtime/tls/certificate-authority.ts";
import { markdownFiles } from "../../documents.ts";
import { fakeClock } from "../../fake-clock.ts";
import { localServer } from "../client/local-server.ts";
import { authority, errorOf, eventually, get, network, never, site, until } from "../../providers/http/scenario.ts";
import { connectProxy, type ConnectProxyOptions } from "./connect-proxy.ts";
import { socksProxy } from "./socks-proxy.ts";

/** What was said, and what stands for HOST and PROXY in it. */
interface Outcome {
  readonly sentence: string;
  readonly host: string;
  readonly proxy?: string;
}

const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });

/** Asks registry.test, or whom `host` names. */
async function asked(
  port: number,
  options: Partial<GuardedHttpOptions> = {},
  name = "registry.test",
): Promise<Outcome> {
  const host = `${name}:${port}`;
  return { host, sentence: (await errorOf(network(options).http(get(`https://${host}/`), never))).message };
}

/** The same through a proxy, whose URL has a password. */
async function through(proxyUrl: string, port = 443): Promise<Outcome> {
  const HTTPS_PROXY = proxyUrl.replace("//", "//me:hunter2@");
  const { host, sentence } = await asked(port, { environment: { HTTPS_PROXY } });
  const outcome = { sentence, proxy: new URL(proxyUrl).host };
  // The proxy is told the port, though a URL does not.
  return {
    ...outcome,
    host,
    sentence: sentence.replace(/^no answer from registry\.test(?=[: ])/, `no answer from ${host}`),
  };
}

async function throughOneThat(does: NonNullable<ConnectProxyOptions["failure"]>): Promise<Outcome> {
  return through(until(await connectProxy(0, { failure: does })).url);
}

/** One that answers every connection with `does`. */
async function listener(does: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => undefined);
    does(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  until({
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
      }),
  });
  return (server.address() as AddressInfo).port;
}

async function closedPort(): Promise<number> {
  const server = await localServer(() => undefined);
  await server.close();
  return Number(new URL(server.url).port);
}

const unknownName: Partial<GuardedHttpOptions> = {
  resolve: () => Promise.reject(Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" })),
};

/** A call to a server that is silent, once it has been taken and `after` has passed. */
async function late(
  options: Partial<GuardedHttpOptions>,
  signal: AbortSignal,
  then: () => Promise<void>,
): Promise<Outcome> {
  const server = await site(() => undefined);
  const host = `registry.test:${server.port}`;
  const environment = options.environment ?? {};
  const call = errorOf(network({ ...options, environment }).http(get(`https://${host}/`), signal));
  await eventually("the request", () => server.received.length === 1);
  await then();
  return { host, sentence: (await call).message };
}

const causes: Readonly<Record<string, () => Promise<Outcome>>> = {
  "the name is not known": () => asked(8443, unknownName),
  "nothing listens there": async () => asked(await closedPort()),
  "it closes the connection": async () => asked((await site((_, response) => response.socket?.destroy())).port),
  "it takes longer than an answer may": async () => {
    const clock = fakeClock();
    return late({ clock }, never, () => clock.advance(seconds(30)));
  },
  "it takes longer than what is left of the run": async () => {
    const clock = fakeClock();
    const run = new AbortController();
    return late({ clock }, run.signal, async () => {
      await clock.advance(seconds(7));
      run.abort(new DOMException("the run took longer than PT45S", "TimeoutError"));
    });
  },
  "it is no HTTP server": async () => asked((await site((_, response) => response.socket?.end("SSH-2.0\r\n"))).port),
  "it does not speak TLS": async () => asked((await site(undefined, false)).port),
  "its certificate is of a CA that is not known": async () => {
    const { port } = await site();
    const host = `registry.test:${port}`;
    const call = network().http({ method: "GET", url: `https://${host}/` }, never);
    return { host, sentence: (await errorOf(call)).message };
  },
  "its certificate is for another name": async () => asked((await site()).port, {}, "other.test"),
  "its certificate has expired": async () => {
    const now = Temporal.Now.instant().subtract({ hours: 48 });
    const old = authorityAt("old", { now, lifetime: Temporal.Duration.from({ hours: 24 }) });
    const server = until(
      await localServer(() => undefined, old.issue({ name: "registry.test", hosts: ["registry.test"] })),
    );
    const host = `registry.test:${new URL(server.url).port}`;
    const call = network().http(get(`https://${host}/`, { ca: old.certificate }), never);
    return { host, sentence: (await errorOf(call)).message };
  },
  "the proxy wants a login": () => throughOneThat(407),
  "the proxy forbids the host": () => throughOneThat(403),
  "the proxy does not reach the host": () => throughOneThat(502),
  "the proxy answers anything else": () => throughOneThat(418),
  "the proxy's name is not known": () => through("http://proxy.invalid:3128"),
  "nothing listens where the proxy should be": async () => through(`http://127.0.0.1:${await closedPort()}`),
  "the proxy closes the connection": () => throughOneThat("closes"),
  "the proxy takes the connection and is silent": async () => {
    const clock = fakeClock();
    const proxy = until(await connectProxy(0, { failure: "is silent" }));
    const call = errorOf(
      network({ clock, environment: { HTTPS_PROXY: proxy.url } }).http(get("https://registry.test:443/"), never),
    );
    await eventually("CONNECT", () => proxy.tunnels.length === 1);
    await clock.advance(seconds(10));
    const sentence = (await call).message.replace("from registry.test:", "from registry.test:443:");
    return { sentence, host: "registry.test:443", proxy: new URL(proxy.url).host };
  },
  "the host behind the proxy is silent": async () => {
    const clock = fakeClock();
    const server = await site(() => undefined);
    const proxy = until(await connectProxy(server.port));
    const host = `registry.test:${server.port}`;
    const call = errorOf(
      network({ clock, environment: { HTTPS_PROXY: proxy.url } }).http(get(`https://${host}/`), never),
    );
    await eventually("the request", () => server.received.length === 1);
    await clock.advance(seconds(30));
    return { sentence: (await call).message, host, proxy: new URL(proxy.url).host };
  },
  "the proxy's own certificate is not trusted": async () => through(`https://127.0.0.1:${(await site()).port}`),
  "the SOCKS proxy refuses": async () => through(until(await socksProxy({ refuses: true })).url),
};

describe("docs/operations.md says what is said", () => {
  const rows = tableOf("No answer");

  it.for(Object.keys(causes))("where %s", async (cause) => {
    const { sentence, host, proxy } = await (causes[cause] as () => Promise<Outcome>)();
    expect(sentence).not.toMatch(/hunter2|secret/);
    const reported = proxy === undefined ? sentence : sentence.replaceAll(proxy, "PROXY");
    expect(reported.replaceAll(host, "HOST")).toBe(rows.get(cause));
  });

  it("and nothing else", () => {
    expect([...rows.keys()]).toEqual(Object.keys(causes));
  });
});

describe("through a proxy", () => {
  it("of SOCKS 5 a call reaches its host, which the proxy looks up", async () => {
    const server = await site();
    const proxy = until(await socksProxy({ port: server.port }));
    const { http } = network({ environment: { HTTPS_PROXY: proxy.url.replace("//", "//me:hunter2@") } });
    await expect(http(get("https://registry.test/"), never)).resolves.toMatchObject({ text: "fine" });
    expect(proxy.asked).toEqual([{ target: "registry.test:443", login: "me:hunter2" }]);
  });

  it("over https, whose certificate counts by the machine's CAs only, nothing is sent to one that is not trusted", async () => {
    const server = await site();
    const environment = { HTTPS_PROXY: `https://127.0.0.1:${server.port}` };
    const error = await errorOf(
      network({ environment }).http(get("https://registry.test/", { ca: authority.certificate }), never),
    );
    expect(error).toMatchObject({ code: "PROXY_UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
    expect(server.received).toEqual([]);
  });

  it("that speaks before its time nothing is lost", async () => {
    const port = await listener((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\n\r\nnot TLS at all"));
    });
    const error = await errorOf(
      network({ environment: { HTTPS_PROXY: `http://127.0.0.1:${port}` } }).http(get("https://registry.test/"), never),
    );
    expect(error).toMatchObject({ code: "ERR_SSL_WRONG_VERSION_NUMBER" });
  });
});

/** The second column of the first table below a heading, by the first. */
function tableOf(heading: string): ReadonlyMap<string, string> {
  const text = markdownFiles.find(({ path }) => path === "docs/operations.md")?.text ?? "";
  const [section = ""] = (text.split(`\n#### ${heading}\n`)[1] ?? "").split("\n#");
  const rows = [...section.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)].map(
    ([, cause = "", sentence = ""]) => [cause, sentence] as const,
  );
  // The heading of the table, and the line below it.
  return new Map(rows.slice(2));
}
