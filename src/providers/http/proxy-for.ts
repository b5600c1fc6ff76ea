// Does a call go through a proxy, and through which?
import { BlockList, isIP } from "node:net";
import { asciiLowerCase } from "../../registry/ascii.ts";

/** The environment's variables by name. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/** The proxy for a URL, undefined for a direct connection. */
export type ProxyFor = (url: URL) => URL | undefined;

/**
 * Reads HTTPS_PROXY and NO_PROXY (small letters win) as Go programs do, so that one setting holds for the whole cluster:
 * https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config. Plain http is never proxied: it is for metadata services
 * and for tests. Throws Error for a proxy that is none, without quoting it: its URL may hold a password.
 */
export function proxyFor(environment: ProxyEnvironment): ProxyFor {
  const written = environment["https_proxy"] || environment["HTTPS_PROXY"];
  if (!written) return () => undefined;
  const proxy = URL.parse(written.includes("://") ? written : `http://${written}`);
  if (!proxy || !["http:", "https:"].includes(proxy.protocol)) {
    throw new Error("HTTPS_PROXY is not the URL of a proxy: write it like http://proxy.example:3128");
  }
  const exempt = exemptions(environment["no_proxy"] || environment["NO_PROXY"] || "");
  return (url) => (url.protocol === "https:" && !exempt(url) ? proxy : undefined);
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
  const name = written.replace(/^\*(?=\.)/, "").replace(/^\[|\]$/g, "");
  if (name.startsWith(".")) return host.endsWith(name);
  return name !== "" && (host === name || (isIP(host) === 0 && host.endsWith(`.${name}`)));
}
