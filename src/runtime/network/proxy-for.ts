// Selects the proxy for a call by HTTPS_PROXY and NO_PROXY.
import { BlockList, isIP } from "node:net";
import { domainToASCII } from "node:url";
import { OperatorError } from "../errors.ts";
import { asciiLowerCase } from "../ascii.ts";

/** The environment's variables by name. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

export interface Proxy {
  /** Its scheme is http, https, socks5 or socks5h. It may hold a login: only its host is for people. */
  readonly url: URL;
  /** Where a person has set it. */
  readonly setting: "HTTPS_PROXY" | "proxy-url";
}

/** The proxy for a URL, undefined for a direct connection. */
export type ProxyFor = (url: URL) => Proxy | undefined;

// Those of client-go (k8s.io/client-go/tools/clientcmd/client_config.go) and net/http; the last says that the proxy looks
// names up, which it does anyway.
const schemes: ReadonlySet<string> = new Set(["http:", "https:", "socks5:", "socks5h:"]);

/** Undefined where it is no URL of a proxy. */
export function proxyUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  return url && schemes.has(url.protocol) && url.hostname !== "" ? url : undefined;
}

/**
 * Reads HTTPS_PROXY and NO_PROXY (small letters win) as Go programs do, so that one setting holds for the whole cluster:
 * https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config. Plain http is never proxied: it is for metadata services
 * and for tests. Throws OperatorError ProxyUnusable for a proxy that is none, without quoting it: its URL may hold a password.
 */
export function proxyFor(environment: ProxyEnvironment): ProxyFor {
  const written = environment["https_proxy"] || environment["HTTPS_PROXY"];
  if (!written) return () => undefined;
  const url = proxyUrl(written.includes("://") ? written : `http://${written}`);
  if (!url) {
    throw new OperatorError({
      reason: "ProxyUnusable",
      cause: "Platform",
      retry: "on-change",
      message:
        "HTTPS_PROXY is not the URL of a proxy: write it like http://proxy.example:3128, with http, https or socks5",
    });
  }
  const exempt = exemptions(environment["no_proxy"] || environment["NO_PROXY"] || "");
  return (target) => (target.protocol === "https:" && !exempt(target) ? { url, setting: "HTTPS_PROXY" } : undefined);
}

function exemptions(list: string): (url: URL) => boolean {
  const rules = asciiLowerCase(list)
    .split(/[\s,]+/)
    .filter((rule) => rule !== "");
  const networks = new BlockList();
  for (const rule of rules) {
    const [network = "", bits = ""] = rule.split("/");
    const family = isIP(network);
    if (family > 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)) {
      networks.addSubnet(network, Number(bits), family === 4 ? "ipv4" : "ipv6");
    }
  }
  return (url) => {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const family = isIP(host);
    // A proxy's own loopback is somebody else's.
    if (host === "localhost" || host === "::1" || (family === 4 && host.startsWith("127."))) return true;
    if (family > 0 && networks.check(host, family === 4 ? "ipv4" : "ipv6")) return true;
    return rules.some((rule) => names(rule, host, url.port || "443"));
  };
}

/** `*`, `corp` (itself and below), `.corp` and `*.corp` (below only), each perhaps with `:port`; an IP address. */
function names(rule: string, host: string, port: string): boolean {
  if (rule === "*") return true;
  if (isIP(rule) > 0) return rule === host;
  const [, written = "", rulePort] = /^(.*?)(?::(\d+))?$/.exec(rule) ?? [];
  if (rulePort !== undefined && rulePort !== port) return false;
  const name = inUrl(written.replace(/^\*(?=\.)/, "").replace(/^\[|\]$/g, ""));
  if (name.startsWith(".")) return host.endsWith(name);
  return name !== "" && (host === name || (isIP(host) === 0 && host.endsWith(`.${name}`)));
}

/** As `URL.hostname` spells a name with letters beyond ASCII: `bücher.example` is `xn--bcher-kva.example`. */
function inUrl(name: string): string {
  if (!/\P{ASCII}/u.test(name)) return name;
  const isBelow = name.startsWith(".");
  const ascii = domainToASCII(isBelow ? name.slice(1) : name);
  return isBelow && ascii !== "" ? `.${ascii}` : ascii;
}
