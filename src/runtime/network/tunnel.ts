// Tunnels a connection through a proxy, by CONNECT over http or https, or by SOCKS 5.
import { type ClientRequest, type IncomingMessage, request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { isIP, type Socket } from "node:net";
import { getCACertificates } from "node:tls";
import { SocksClient } from "socks";
import type { Clock } from "../clock.ts";
import { proxyClosed, proxyFailure, proxyDenied, proxySilence, socksDenied } from "./proxy-error.ts";
import type { Proxy } from "./proxy-for.ts";

export interface Target {
  readonly host: string;
  readonly port: number;
}

// As long as a connection without a proxy may take.
const patience = Temporal.Duration.from({ seconds: 10 });

/** What fails is a ProxyError. */
export function tunnel(proxy: Proxy, target: Target, clock: Clock): Promise<Socket> {
  return proxy.url.protocol.startsWith("socks") ? bySocks(proxy, target) : byConnect(proxy, target, clock);
}

// RFC 9110 section 9.3.6
function byConnect(proxy: Proxy, { host, port }: Target, clock: Clock): Promise<Socket> {
  const { url } = proxy;
  const place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const isSecure = url.protocol === "https:";
  const proxyHost = url.hostname.replace(/^\[|\]$/g, "");
  const options = {
    method: "CONNECT",
    host: proxyHost,
    port: url.port === "" ? (isSecure ? 443 : 80) : Number(url.port),
    path: place,
    headers: { host: place, ...loginOf(url) },
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const asked: ClientRequest = isSecure
      ? secureRequest({
          ...options,
          ca: getCACertificates("default"),
          ...(isIP(proxyHost) > 0 ? {} : { servername: proxyHost }),
        })
      : plainRequest(options);
    const cancel = clock.schedule(patience, () => asked.destroy(proxySilence(proxy, patience.total("seconds"))));
    const fail = (error: Error): void => {
      cancel();
      reject(error);
    };
    asked.once("connect", ({ statusCode = 0 }: IncomingMessage, socket: Socket, head: Buffer) => {
      cancel();
      if (statusCode < 200 || statusCode > 299) {
        socket.on("error", () => undefined).destroy();
        reject(proxyDenied(proxy, place, statusCode));
        return;
      }
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    asked.on("error", (error) => fail(error.name === "ProxyError" ? error : proxyFailure(proxy, error)));
    asked.once("close", () => fail(proxyClosed(proxy)));
    asked.end();
  });
}

function loginOf({ username, password }: URL): { readonly "proxy-authorization"?: string } {
  if (username === "" && password === "") return {};
  const login = `${decoded(username)}:${decoded(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(login).toString("base64")}` };
}

// RFC 1928 and 1929. The proxy resolves names, as Go's does.
async function bySocks(proxy: Proxy, { host, port }: Target): Promise<Socket> {
  const { hostname, port: proxyPort, username, password } = proxy.url;
  try {
    const { socket } = await SocksClient.createConnection({
      proxy: {
        host: hostname.replace(/^\[|\]$/g, ""),
        port: Number(proxyPort || 1080),
        type: 5,
        ...(username !== "" && { userId: decoded(username), password: decoded(password) }),
      },
      command: "connect",
      destination: { host, port },
      timeout: patience.total("milliseconds"),
    });
    return socket;
  } catch (error) {
    const isOfSocket = error instanceof Error && "code" in error;
    throw isOfSocket ? proxyFailure(proxy, error) : socksDenied(proxy, `${host}:${port}`);
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
