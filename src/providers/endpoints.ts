// Endpoints: where calls to a cloud go that an administrator leads elsewhere than to the vendor's own host. (pure)
import { isIP } from "node:net";
import { addressClass } from "./http/address-class.ts";
import { isMetadataHost } from "./http/metadata-hosts.ts";

/** Of each service its URL, without a slash at the end: by region or registry where it has several, `*` for all others. */
export type Endpoint = Readonly<Record<string, string>>;

export type EndpointName =
  | "ecr"
  | "ecrPublic"
  | "sts"
  | "entra"
  | "acr"
  | "googleToken"
  | "googleSts"
  | "googleIam"
  | "ibmIam"
  | "ociAuth";

/** Those that are led elsewhere. */
export type Endpoints = Readonly<Partial<Record<EndpointName, Endpoint>>>;

const others = "*";

/** @param of the region or registry that is meant; undefined: the vendor's own */
export function endpointOf(endpoints: Endpoints | undefined, name: EndpointName, of = others): string | undefined {
  const endpoint = endpoints?.[name];
  return endpoint?.[of] ?? endpoint?.[others];
}

/** As `URL.origin` spells them. */
export function originsOf(endpoints: Endpoints): ReadonlySet<string> {
  const urls = Object.values(endpoints).flatMap((endpoint) => Object.values(endpoint));
  return new Set(urls.map((url) => new URL(url).origin));
}

export interface EndpointForm {
  /** How what stands before `=` is written; undefined: there is one URL for all. */
  readonly of?: RegExp;
  /** Whoever asks there makes paths of its own from the host, and takes https only. */
  readonly bare?: true;
}

/** `https://host`, or `REGION=https://host` with commas between them; empty for nothing; undefined for anything else. */
export function endpointFrom(text: string, { of, bare }: EndpointForm): Endpoint | undefined {
  const found: Record<string, string> = {};
  for (const item of text === "" ? [] : text.split(",")) {
    const [, name = others, written = ""] = /^(?:([^=/:]*)=)?(.*)$/.exec(item.trim()) ?? [];
    const url = urlFrom(written, bare === true);
    if (url === undefined || found[name] !== undefined || (name !== others && !of?.test(name))) return undefined;
    found[name] = url;
  }
  return found;
}

function urlFrom(text: string, bare: boolean): string | undefined {
  const url = /^https?:\/\/[^\s/\\?#@]+(?:\/[^\s\\?#]*)?$/i.test(text) ? URL.parse(text) : null;
  if (!url) return undefined;
  const path = url.pathname.replace(/(?<!\/)\/+$/, "");
  if (bare && (path !== "" || url.protocol !== "https:")) return undefined;
  const host = url.hostname;
  if (isMetadataHost(host)) return undefined;
  const address = host.replace(/^\[|\]$/g, "");
  const kind = isIP(address) > 0 ? addressClass(address) : undefined;
  if (kind === "metadata" || kind === "reserved" || (kind === "public" && url.protocol === "http:")) return undefined;
  return `${url.origin}${path}`;
}
