// Settings, and the readers of the texts of their values: each gives undefined where the text is no value.
import { isIPv6 } from "node:net";
import { isHostGlob } from "../providers/http/host-globs.ts";
import type { ListenAddress } from "../runtime/observability/http-server.ts";
import { asciiLowerCase } from "../runtime/ascii.ts";

export interface Setting<T> {
  readonly flag: `--${string}`;
  /** What stands for the value in the help, such as `<name>`. */
  readonly placeholder: string;
  /** The first that is set and not empty counts; a flag wins over all. */
  readonly variables: readonly string[];
  readonly meaning: string;
  readonly fallback: T;
  /** The fallback as a person would write or say it. */
  readonly fallbackText: string;
  /** Given several times, its texts are lines. */
  readonly repeated?: true;
  /** Undefined where the text is not a value. */
  readonly parse: (text: string) => T | undefined;
  /** Completes "write ..." for a text that is not a value. */
  readonly instead: string;
}

/** Settings by the names of what they become. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** What they become. */
export type Values<S extends Settings> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

// RFC 1123 label, as a Namespace is called: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
// RFC 1123 subdomain, as a Secret is called: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names
const subdomain = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
// As values.schema.json of the chart has it: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
const keyGlob =
  /^(?=.{1,317}$)(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?(?:(?<=\/)\*|[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\*?)$/;
// The same of tokenAudiences. Without any audience, the API server would give a token for itself.
const audienceGlob = /^(?:\*[^\s'"*,]+|[^\s'"*,]+\*?)$/;
// https://www.rfc-editor.org/rfc/rfc9293.html#section-3.1: sixteen bits
const highestPort = 65_535;

export function namespaceName(text: string): string | undefined {
  return label.test(text) ? text : undefined;
}

/** With commas between them; each once. */
export function namespaces(text: string): readonly string[] | undefined {
  const names = listed(text);
  return names.every((name) => label.test(name)) ? [...new Set(names)] : undefined;
}

/** Of a Secret or a ServiceAccount. */
export function objectName(text: string): string | undefined {
  return subdomain.test(text) ? text : undefined;
}

/** With commas between them; each once. */
export function objectNames(text: string): readonly string[] | undefined {
  const names = listed(text);
  return names.every((name) => subdomain.test(name)) ? [...new Set(names)] : undefined;
}

/** Of labels and annotations; a `*` at the end stands for anything. */
export function keyGlobs(text: string): readonly string[] | undefined {
  const globs = listed(text);
  return globs.every((glob) => keyGlob.test(glob)) ? [...new Set(globs)] : undefined;
}

/** Of tokens; a `*` at the start or at the end stands for anything. */
export function audienceGlobs(text: string): readonly string[] | undefined {
  const globs = listed(text);
  return globs.every((glob) => audienceGlob.test(glob)) ? [...new Set(globs)] : undefined;
}

export function hostGlobs(text: string): readonly string[] | undefined {
  const globs = listed(asciiLowerCase(text));
  return globs.every(isHostGlob) ? [...new Set(globs)] : undefined;
}

export function listenAddress(text: string): ListenAddress | undefined {
  const [, bracketed, name, digits] = /^(?:\[(.+)\]|([a-zA-Z0-9.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = name ?? (bracketed !== undefined && isIPv6(bracketed) ? bracketed : undefined);
  const port = Number(digits);
  return host !== undefined && port >= 1 && port <= highestPort ? { host, port } : undefined;
}

export function trueOrFalse(text: string): boolean | undefined {
  return text === "true" || text === "false" ? text === "true" : undefined;
}

// https://pkg.go.dev/time#ParseDuration, less what is shorter than anybody waits.
const goUnits = { h: "hours", m: "minutes", s: "seconds", ms: "milliseconds" } as const;

/** As kubectl reads times: `90s`, `1m30s`, or seconds without a unit. */
export function goDuration(text: string): Temporal.Duration | undefined {
  if (!/^(?:\d{1,9}|(?:\d{1,9}(?:h|ms|m|s))+)$/.test(text)) return undefined;
  let total = new Temporal.Duration();
  for (const [, count = "", unit = "s"] of text.matchAll(/(\d+)(h|ms|m|s)?/g)) {
    total = total.add({ [goUnits[unit as keyof typeof goUnits]]: Number(count) });
  }
  return total;
}

export function wholeNumber(min: number, max: number): (text: string) => number | undefined {
  return (text) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : -1;
    return number >= min && number <= max ? number : undefined;
  };
}

export function oneOf<T extends string>(values: readonly T[]): (text: string) => T | undefined {
  return (text) => values.find((value) => value === text);
}

function listed(text: string): readonly string[] {
  return text === "" ? [] : text.split(",").map((item) => item.trim());
}
