// Tests of what reaches the network, and what never does.
import { getEventListeners } from "node:events";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { allowedHosts } from "../../../src/providers/http/allow-list.ts";
import { type Address, systemResolve } from "../../../src/providers/http/checked-lookup.ts";
import { certificateAuthority } from "../../cluster/certificates.ts";
import { fakeClock } from "../../fake-clock.ts";
import { connectProxy } from "../../runtime/network/connect-proxy.ts";
import { authority, errorOf, eventually, get, network, never, site, until } from "./scenario.ts";

const leadingTo = (...addresses: string[]) => ({
  resolve: (): Promise<readonly Address[]> =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }))),
});

describe("an answer", () => {
  it("comes whole, with its status, its headers in small letters and its text", async () => {
    const server = await site((received, response) => {
      response.writeHead(403, { "X-Reason": "no", "Set-Cookie": ["a=1", "b=2"] });
      response.end(`${received.method} ${received.path}?${received.query.toString()} ${received.body} é`);
    });
    const answer = await network().http(
      get(`https://registry.test:${server.port}/a/b?c=d`, { method: "POST", body: "hello", headers: { "X-One": "1" } }),
      never,
    );
    expect(answer).toMatchObject({ status: 403, text: "POST /a/b?c=d hello é" });
    expect(answer.headers).toMatchObject({ "x-reason": "no", "set-cookie": "a=1, b=2" });
    expect(server.received[0]?.headers).toMatchObject({ "x-one": "1", host: `registry.test:${server.port}` });
  });

  it("is asked for as it is: the caller's host, length and encoding do not count", async () => {
    const server = await site();
    const headers = { Host: "evil.test", "Content-Length": "999", "Accept-Encoding": "gzip", connection: "upgrade" };
    await network().http(get(`https://registry.test:${server.port}/`, { method: "PUT", body: "x", headers }), never);
    const [received] = server.received;
    expect(received?.headers).toMatchObject({ host: `registry.test:${server.port}`, "content-length": "1" });
    expect(received?.headers).not.toHaveProperty("accept-encoding");
  });

  it("of several calls in turn shares connections", async () => {
    const server = await site();
    const { http } = network();
    for (let call = 0; call < 10; call += 1) await http(get(`https://registry.test:${server.port}/`), never);
    // A connection is free again a moment after its answer was read: the next call may be earlier.
    expect(server.opened()).toBeLessThanOrEqual(2);
  });
});

describe("calls that hang", () => {
  it("hold up no other call to the same server", async () => {
    const server = await site((received, response) => {
      if (received.path === "/well") response.end("fine");
    });
    const { http } = network();
    const stop = new AbortController();
    const hung = Array.from({ length: 64 }, () =>
      errorOf(http(get(`https://registry.test:${server.port}/`), stop.signal)),
    );
    await eventually("all calls", () => server.received.length === 64);
    expect((await http(get(`https://registry.test:${server.port}/well`), never)).text).toBe("fine");
    stop.abort(new Error("enough"));
    await Promise.all(hung);
  });
});

describe("a host", () => {
  it("that is not on the allow-list gets no connection, and the refusal names the setting", async () => {
    const server = await site();
    const error = await errorOf(
      network({ allowed: allowedHosts([]) }).http(get(`https://registry.test:${server.port}/`), never),
    );
    expect(error).toMatchObject({ reason: "EndpointNotAllowed", cause: "Platform", retry: "slowly" });
    expect(error.message).toContain(`registry.test:${server.port}`);
    expect(error.message).toContain("--allowed-hosts");
    expect(server.opened()).toBe(0);
  });

  it("that a glob lists is reached", async () => {
    const server = await site();
    const { http } = network({ allowed: allowedHosts(["*.test:*"]) });
    await expect(http(get(`https://registry.test:${server.port}/`), never)).resolves.toMatchObject({ text: "fine" });
  });

  it("is asked over plain http only where that is allowed", async () => {
    const server = await site(undefined, false);
    const url = `http://registry.test:${server.port}/`;
    await expect(network().http(get(url), never)).rejects.toMatchObject({ reason: "EndpointNotAllowed" });
    expect(server.opened()).toBe(0);
    await expect(network({ plainAllowed: () => true }).http(get(url), never)).resolves.toMatchObject({ status: 200 });
  });

  it.for(["ftp://registry.test/", "registry.test", "", "file:///etc/passwd", "https://me:hunter2@registry.test/"])(
    "cannot be written as %s",
    async (url) => {
      const error = await errorOf(network().http(get(url), never));
      expect(error).toMatchObject({ reason: "EndpointNotAllowed" });
      expect(error.message).not.toContain("hunter2");
    },
  );
});

describe("where an administrator leads clouds' calls", () => {
  const led = (url: string) => ({
    allowed: () => false,
    privateAllowed: () => false,
    led: new Set([new URL(url).origin]),
  });

  it("they go, also to a private address and over plain http there, and nobody else's do", async () => {
    for (const tls of [true, false]) {
      const { port } = await site(undefined, tls);
      const url = `${tls ? "https" : "http"}://registry.test:${port}/a`;
      const { http, withEndpoints, withMetadata } = network(led(url));
      await expect(withEndpoints(get(url), never)).resolves.toMatchObject({ text: "fine" });
      await expect(withMetadata(get(url), never)).resolves.toMatchObject({ text: "fine" });
      await expect(http(get(url), never)).rejects.toMatchObject({ reason: "EndpointNotAllowed" });
    }
  });

  it("they go to that port and by that scheme only", async () => {
    const { withEndpoints } = network(led("https://registry.test:8443/"));
    for (const url of ["https://registry.test/", "https://registry.test:8444/", "http://registry.test:8443/"]) {
      await expect(withEndpoints(get(url), never)).rejects.toMatchObject({ reason: "EndpointNotAllowed" });
    }
  });

  it.for(["93.184.215.14", "2600::1"])(
    "they do not go over plain http to %s of the internet, whether a name leads there or the URL says so",
    async (address) => {
      for (const url of ["http://localstack:4566/", `http://${address.includes(":") ? `[${address}]` : address}/`]) {
        const { withEndpoints } = network({ ...led(url), ...leadingTo(address) });
        const error = await errorOf(withEndpoints(get(url), never));
        expect(error).toMatchObject({ reason: "AddressNotAllowed", retry: "slowly" });
        expect(error.message).toContain("write https in the operator's setting");
      }
    },
  );

  it.for(["169.254.169.254", "0.0.0.0"])("they do not go to %s", async (address) => {
    const url = "https://vpce.test/";
    const { withEndpoints } = network({ ...led(url), ...leadingTo(address) });
    await expect(withEndpoints(get(url), never)).rejects.toMatchObject({ reason: "AddressNotAllowed" });
  });

  it("they follow no redirect, as everywhere", async () => {
    const { port } = await site((_, response) => response.writeHead(302, { location: "https://evil.test/" }).end());
    const url = `https://registry.test:${port}/`;
    await expect(network(led(url)).withEndpoints(get(url), never)).rejects.toMatchObject({ reason: "RedirectRefused" });
  });
});

describe("an address", () => {
  it.for(["127.0.0.1", "10.0.0.1", "192.168.0.1", "fd12::1", "::1", "::ffff:127.0.0.1"])(
    "of a private network (%s) is reached by no host that is not listed for it",
    async (address) => {
      const server = await site();
      const { http } = network({ privateAllowed: () => false, ...leadingTo(address) });
      const error = await errorOf(http(get(`https://registry.test:${server.port}/`), never));
      expect(error).toMatchObject({ reason: "AddressNotAllowed", cause: "Platform", retry: "slowly" });
      expect(error.message).toContain("--allowed-private-hosts");
      expect(server.opened()).toBe(0);
    },
  );

  it.for(["169.254.169.254", "fd00:ec2::254", "0.0.0.0", "224.0.0.1", "64:ff9b::a9fe:a9fe"])(
    "of a metadata service or of nobody (%s) is reached by no name at all",
    async (address) => {
      const { http, withMetadata } = network(leadingTo(address));
      for (const call of [http, withMetadata]) {
        const error = await errorOf(call(get("https://registry.test/"), never));
        expect(error).toMatchObject({ reason: "AddressNotAllowed" });
        expect(error.message).toContain("no setting allows it");
      }
    },
  );

  it("that is allowed is taken when another is not", async () => {
    const server = await site();
    const { http } = network(leadingTo("169.254.169.254", "127.0.0.1"));
    await expect(http(get(`https://registry.test:${server.port}/`), never)).resolves.toMatchObject({ status: 200 });
  });

  it("that is refused gets no connection beside one that is allowed, also where somebody listens there", async () => {
    const server = await site();
    // What connects to 0.0.0.0 arrives at this machine; at 127.0.0.2 nobody listens.
    for (const addresses of [
      ["0.0.0.0", "127.0.0.2"],
      ["127.0.0.2", "0.0.0.0"],
    ]) {
      const { http } = network(leadingTo(...addresses));
      await expect(http(get(`https://registry.test:${server.port}/`), never)).rejects.toMatchObject({
        name: "NetworkError",
      });
    }
    expect(server.opened()).toBe(0);
  });

  it("written into the URL is checked too, in every spelling", async () => {
    const { http } = network({ privateAllowed: () => false });
    for (const host of [
      "127.0.0.1",
      "0x7f.1",
      "2130706433",
      "[::1]",
      "[::ffff:127.0.0.1]",
      "[::ffff:169.254.169.254]",
    ]) {
      await expect(http(get(`https://${host}/`), never)).rejects.toMatchObject({ reason: "AddressNotAllowed" });
    }
  });

  it("is the one that was checked: the name is looked up once per connection", async () => {
    const server = await site();
    const answers = ["127.0.0.1", "169.254.169.254"];
    const { http } = network({ resolve: () => Promise.resolve([{ address: answers.shift() ?? "", family: 4 }]) });
    await expect(http(get(`https://registry.test:${server.port}/`), never)).resolves.toMatchObject({ status: 200 });
    expect(answers).toHaveLength(1);
  });

  it("of localhost by the machine's own resolver is refused", async () => {
    const server = await site();
    const { http } = network({ privateAllowed: () => false, resolve: systemResolve });
    await expect(http(get(`https://localhost:${server.port}/`), never)).rejects.toMatchObject({
      reason: "AddressNotAllowed",
    });
    expect(server.opened()).toBe(0);
  });

  it("that cannot be found is a NetworkError", async () => {
    const notFound = Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
    const { http } = network({ resolve: () => Promise.reject(notFound) });
    await expect(http(get("https://registry.test/"), never)).rejects.toMatchObject({
      name: "NetworkError",
      code: "ENOTFOUND",
    });
  });
});

describe("a metadata service", () => {
  it.for(["http://169.254.169.254/latest", "http://metadata.google.internal/", "http://[fd00:ec2::254]/"])(
    "(%s) is refused to all but the Operator identity, whatever is allowed",
    async (url) => {
      const { http } = network({ plainAllowed: () => true });
      const error = await errorOf(http(get(url), never));
      expect(error).toMatchObject({ reason: "AddressNotAllowed" });
      expect(error.message).toContain("identity Operator");
    },
  );

  it("is asked for by its own URLs only, even with that identity", async () => {
    const { withMetadata } = network({ plainAllowed: () => true });
    for (const url of ["https://169.254.169.254/", "http://169.254.169.254:8080/", "http://169.254.1.1/"]) {
      await expect(withMetadata(get(url), never)).rejects.toMatchObject({ reason: "AddressNotAllowed" });
    }
  });

  it("is looked for with that identity", async () => {
    // Nothing here answers at a metadata address: that its name is looked up shows that the call was let through.
    const asked: string[] = [];
    const { withMetadata } = network({
      allowed: () => false,
      resolve: (host) => {
        asked.push(host);
        return Promise.reject(Object.assign(new Error("none"), { code: "ENOTFOUND" }));
      },
    });
    await expect(withMetadata(get("http://metadata.google.internal/"), never)).rejects.toMatchObject({
      code: "ENOTFOUND",
    });
    expect(asked).toEqual(["metadata.google.internal"]);
  });
});

describe("what gives the operator its identity beside it", () => {
  it.for(["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "IDENTITY_ENDPOINT"])(
    "is asked on loopback where %s names it, with that identity only",
    async (variable) => {
      const server = await site(undefined, false);
      for (const host of ["127.0.0.1", "localhost"]) {
        const url = `http://${host}:${server.port}/credentials`;
        const options = { allowed: () => false, privateAllowed: () => false, environment: { [variable]: url } };
        const { http, withMetadata } = network(options);
        await expect(withMetadata(get(url), never)).resolves.toMatchObject({ text: "fine" });
        await expect(http(get(url), never)).rejects.toMatchObject({ reason: "EndpointNotAllowed" });
        const other = `http://${host}:${server.port + 1}/credentials`;
        await expect(withMetadata(get(other), never)).rejects.toMatchObject({ reason: "EndpointNotAllowed" });
      }
    },
  );

  it("is not asked elsewhere, whatever the variable names", async () => {
    const url = "http://registry.test/credentials";
    const { withMetadata } = network({ environment: { AWS_CONTAINER_CREDENTIALS_FULL_URI: url } });
    await expect(withMetadata(get(url), never)).rejects.toMatchObject({ reason: "EndpointNotAllowed" });
  });

  it("is OKE's proxymux, past the proxy, with that identity only", async () => {
    const server = await site();
    const proxy = until(await connectProxy(server.port));
    const environment = {
      HTTPS_PROXY: proxy.url,
      KUBERNETES_SERVICE_HOST: "registry.test",
      KUBERNETES_SERVICE_PORT_PROXYMUX: String(server.port),
    };
    const { http, withMetadata } = network({ allowed: () => false, privateAllowed: () => false, environment });
    const call = get(`https://registry.test:${server.port}/resourcePrincipalSessionTokens`);
    await expect(withMetadata(call, never)).resolves.toMatchObject({ text: "fine" });
    await expect(http(call, never)).rejects.toMatchObject({ reason: "EndpointNotAllowed" });
    expect(proxy.tunnels).toEqual([]);
  });
});

describe("a redirect", () => {
  it.for([301, 302, 303, 307, 308])("(%i) is never followed, wherever it leads", async (status) => {
    const server = await site((_, response) => {
      response.writeHead(status, { location: "http://169.254.169.254/latest/?token=hunter2" });
      response.end();
    });
    const error = await errorOf(network().http(get(`https://registry.test:${server.port}/`), never));
    expect(error).toMatchObject({ reason: "RedirectRefused", retry: "slowly" });
    expect(error.message).not.toContain("hunter2");
    expect(server.received).toHaveLength(1);
  });
});

describe("limits", () => {
  it.each(["www-authenticate", "x-anything"])("cut headers that are too large: 64 KiB of %s", async (name) => {
    const { port } = await site((_, response) => response.writeHead(401, { [name]: "x".repeat(65_536) }).end());
    const { http } = network();
    const error = await errorOf(http(get(`https://registry.test:${port}/`), never));
    expect(error).toMatchObject({ reason: "ResponseTooLarge" });
    expect(error.message).toBe(
      `registry.test:${port} answered with more than 16384 bytes of headers, which are not read`,
    );
  });

  it("cut an answer that is too large, without reading it all", async () => {
    let sent = 0;
    const server = await site((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024))) sent += 1;
      };
      response.on("drain", more);
      more();
    });
    const { http } = network({ limits: { bytes: 100_000 } });
    await expect(http(get(`https://registry.test:${server.port}/`), never)).rejects.toMatchObject({
      reason: "ResponseTooLarge",
    });
    await eventually("the end of the connection", () => server.open() === 0);
    expect(sent).toBeLessThan(1000);
  });

  it("let an answer of exactly the limit through", async () => {
    const server = await site((_, response) => response.end("x".repeat(1000)));
    const { http } = network({ limits: { bytes: 1000 } });
    await expect(http(get(`https://registry.test:${server.port}/`), never)).resolves.toMatchObject({ status: 200 });
  });

  it.for([
    ["never begins", false],
    ["never ends", true],
  ] as const)("end an answer that %s", async ([, begins]) => {
    const clock = fakeClock();
    const server = await site((_, response) => {
      if (begins) response.write("drip");
    });
    const call = errorOf(network({ clock }).http(get(`https://registry.test:${server.port}/`), never));
    await eventually("the request", () => server.received.length === 1);
    await clock.advance(Temporal.Duration.from({ seconds: 30 }));
    expect(await call).toMatchObject({ name: "NetworkError", code: "DEADLINE" });
    expect(clock.scheduled()).toBe(0);
    await eventually("the end of the connection", () => server.open() === 0);
  });

  it.each([200, 302])("leave neither timer nor listener behind when the answer has come (%i)", async (status) => {
    const server = await site((_, response) => response.writeHead(status).end());
    const clock = fakeClock();
    const { signal } = new AbortController();
    const call = network({ clock }).http(get(`https://registry.test:${server.port}/`), signal);
    await call.catch(() => undefined);
    expect(clock.scheduled()).toBe(0);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("give way to the caller, who gets the reason of the signal", async () => {
    const server = await site(() => undefined);
    const stop = new AbortController();
    const call = errorOf(network().http(get(`https://registry.test:${server.port}/`), stop.signal));
    await eventually("the request", () => server.received.length === 1);
    const reason = new Error("enough");
    stop.abort(reason);
    expect(await call).toBe(reason);
  });
});

describe("a certificate", () => {
  it("is not trusted without its CA, and nothing is sent", async () => {
    const server = await site();
    const url = `https://registry.test:${server.port}/`;
    const { http } = network();
    const error = await errorOf(http({ method: "GET", url }, never));
    expect(error.name).toBe("NetworkError");
    expect(error.message).toContain("certificate that is not trusted");
    // A CA counts for its own call only.
    await expect(http(get(url), never)).resolves.toMatchObject({ status: 200 });
    await expect(http({ method: "GET", url }, never)).rejects.toMatchObject({ name: "NetworkError" });
    const other = certificateAuthority("other").certificate;
    await expect(http(get(url, { ca: other }), never)).rejects.toMatchObject({ name: "NetworkError" });
    await expect(http(get(url, { ca: `${other}\n${authority.certificate}` }), never)).resolves.toMatchObject({
      status: 200,
    });
    expect(server.received).toHaveLength(2);
  });

  it("for another name is not trusted", async () => {
    const server = await site();
    await expect(network().http(get(`https://other.test:${server.port}/`), never)).rejects.toMatchObject({
      name: "NetworkError",
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
    expect(server.received).toHaveLength(0);
  });

  it.for(["", "junk", "-----BEGIN CERTIFICATE-----\njunk\n-----END CERTIFICATE-----"])(
    "cannot be judged by a CA that is none",
    async (ca) => {
      const error = await errorOf(network().http(get("https://registry.test/", { ca }), never));
      expect(error).toMatchObject({ reason: "CAInvalid" });
    },
  );

  it("of many CAs in turn is still judged right, over a bounded number of pools", async () => {
    const server = await site();
    const { http } = network();
    const url = `https://registry.test:${server.port}/`;
    for (let one = 0; one < 34; one += 1) {
      await http(get(url, { ca: `${authority.certificate}# ${one}` }), never);
    }
    await eventually("the end of connections", () => server.open() <= 32);
    await expect(http(get(url), never)).resolves.toMatchObject({ status: 200 });
  });
});

describe("a proxy", () => {
  it("carries https, with its own password, and resolves the name itself", async () => {
    const server = await site();
    const proxy = until(await connectProxy(server.port));
    const { http } = network({
      environment: { HTTPS_PROXY: proxy.url.replace("//", "//me:hunter2@") },
      resolve: () => Promise.reject(new Error("the name was looked up here")),
    });
    await expect(http(get("https://registry.test/"), never)).resolves.toMatchObject({ status: 200 });
    expect(proxy.tunnels).toEqual(["registry.test:443"]);
    expect(proxy.authorizations).toEqual([`Basic ${Buffer.from("me:hunter2").toString("base64")}`]);
    expect(server.received[0]?.headers).not.toHaveProperty("proxy-authorization");
  });

  it("is left out for NO_PROXY", async () => {
    const server = await site();
    const proxy = until(await connectProxy(server.port));
    const { http } = network({ environment: { HTTPS_PROXY: proxy.url, NO_PROXY: "registry.test" } });
    await expect(http(get(`https://registry.test:${server.port}/`), never)).resolves.toMatchObject({ status: 200 });
    expect(proxy.tunnels).toEqual([]);
  });

  it("is asked for no host that is refused, nor for an address that is", async () => {
    const proxy = until(await connectProxy(1));
    const environment = { HTTPS_PROXY: proxy.url };
    const { http } = network({ environment, privateAllowed: () => false, allowed: (host) => host !== "evil.test" });
    for (const host of ["evil.test", "169.254.169.254", "[fd00:ec2::254]", "metadata.google.internal", "10.0.0.1"]) {
      await expect(http(get(`https://${host}/`), never)).rejects.toMatchObject({ name: "OperatorError" });
    }
    expect(proxy.tunnels).toEqual([]);
  });

  it("whose tunnel does not lead to the host is found out by the certificate", async () => {
    const server = await site();
    const proxy = until(await connectProxy(server.port));
    const { http } = network({ environment: { HTTPS_PROXY: proxy.url } });
    await expect(http(get("https://other.test/"), never)).rejects.toMatchObject({ name: "NetworkError" });
    expect(server.received).toHaveLength(0);
  });

  it("that refuses is a NetworkError that says nothing of its words", async () => {
    const proxy = until(await connectProxy(1, { failure: 407 }));
    const { http } = network({ environment: { HTTPS_PROXY: proxy.url.replace("//", "//me:hunter2@") } });
    const error = await errorOf(http(get("https://registry.test/"), never));
    expect(error.name).toBe("NetworkError");
    expect(inspect(error, { depth: 9 })).not.toMatch(/hunter2|secret/);
  });
});

describe("an error", () => {
  it.for([
    ["a broken status line", "HTTP/1.1 hunter2 hunter2\r\n\r\n"],
    ["a broken header", "HTTP/1.1 200 OK\r\nhunter2\u0000: x\r\n\r\n"],
    ["a broken length", "HTTP/1.1 200 OK\r\ncontent-length: hunter2\r\n\r\nhunter2"],
    ["an early end", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhunter2"],
  ] as const)("over %s holds nothing that was sent or received", async ([, answer]) => {
    const server = await site((_, response) => {
      response.socket?.end(answer);
    });
    const call = get(`https://registry.test:${server.port}/path?key=hunter2`, {
      method: "POST",
      headers: { authorization: "Bearer hunter2" },
      body: "password=hunter2",
    });
    const error = await errorOf(network().http(call, never));
    expect(error.name).toBe("NetworkError");
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("hunter2");
  });

  it("over a header that cannot be sent does not quote it", async () => {
    const error = await errorOf(
      network().http(get("https://registry.test/", { headers: { authorization: "Bearer hunter2\n" } }), never),
    );
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("hunter2");
  });

  it("over a closed port names the place and the code", async () => {
    const server = await site();
    await server.close();
    const error = await errorOf(network().http(get(`https://registry.test:${server.port}/secret`), never));
    expect(error).toMatchObject({ name: "NetworkError", code: "ECONNREFUSED" });
    expect(error.message).toBe(`no answer from registry.test:${server.port}: it refuses the connection (ECONNREFUSED)`);
  });
});
