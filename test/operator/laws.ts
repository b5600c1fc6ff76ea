// The rules that hold for each write of the operator, whatever it is about.
import type { ApiServer, PlayedObject } from "./api-server.ts";
import type { Played } from "./played-pools.ts";

interface Body {
  readonly type?: string;
  readonly metadata?: { readonly resourceVersion?: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly imagePullSecrets?: readonly { readonly name: string }[];
}

/** The lease of a replica, by the Lease itself: who was the last to write it, and when. */
export interface Held {
  readonly by: string;
  readonly at: number;
}

// As src/runtime/leader/lease-state.ts has them, in milliseconds.
const [leaseDuration, renewDeadline] = [15_000, 10_000];
const unguarded = new Set(["leases", "events"]);
const config = ".dockerconfigjson";

export interface Laws {
  /** To be called before the write is carried out. */
  check(call: Played, at: number): void;
  /** What broke one, as sentences. */
  readonly broken: readonly string[];
}

/** @param isElected without an election there is one operator, and no lease */
export function laws(server: ApiServer, namespaceOf: (by: string) => string, isElected: (by: string) => boolean): Laws {
  const broken: string[] = [];
  const held = new Map<string, Held>();

  const versions = ({ method, body }: Played): string | undefined => {
    const { metadata, preconditions } = body as Body;
    if ((method === "PUT" || method === "PATCH") && metadata?.resourceVersion === undefined) return "names no version";
    if (method !== "DELETE") return undefined;
    return preconditions?.uid && preconditions.resourceVersion ? undefined : "names not which object it deletes";
  };
  const lease = ({ by, query }: Played, at: number): string | undefined => {
    if (!isElected(by)) return undefined;
    const last = held.get(namespaceOf(by));
    if (last?.by !== by) return "is sent by who does not hold the Lease";
    if (at >= last.at + renewDeadline) return "is sent long after the last renewal";
    const seconds = Number.parseInt(query["timeout"] ?? "30", 10);
    return at + seconds * 1000 > last.at + leaseDuration ? "may last longer than the lease" : undefined;
  };
  const first = ({ by, resource, name, namespace, method, body }: Played): string | undefined => {
    if (resource !== "secrets" || method === "DELETE" || namespace === namespaceOf(by)) return undefined;
    // What stands there of one about which nothing can be decided stays.
    const before = credentialsIn(server.get(resource, `${namespace}/${name ?? nameIn(body)}`));
    for (const credential of credentialsIn(body)) {
      if (before.includes(credential)) continue;
      const stored = server.get("registrycredentials", credential);
      const status = stored?.["status"] as Readonly<Record<string, unknown>> | undefined;
      const isHeld = stored?.metadata.finalizers?.includes("regcred.dev/drain");
      const names = [
        status?.["secretName"],
        ...((status?.["retiring"] as { secretName: string }[]) ?? []).map((each) => each.secretName),
      ];
      if (!isHeld || !names.includes(name ?? nameIn(body)) || status?.["operatorNamespace"] !== namespaceOf(by))
        return `is made before ${credential} is bound to it`;
    }
    return undefined;
  };
  const notEmpty = ({ resource, body, namespace, name }: Played): string | undefined => {
    const { data = {} } = body as Body;
    if (resource !== "secrets" || data[config] === undefined) return undefined;
    if (server.get(resource, `${namespace}/${name}`)?.metadata.deletionTimestamp) return undefined;
    const { auths = {} } = JSON.parse(atob(data[config])) as { readonly auths?: object };
    return Object.keys(auths).length === 0 ? "is an empty docker config" : undefined;
  };
  const order = ({ by, resource, namespace = "", name, method, body }: Played): string | undefined => {
    if (resource === "serviceaccounts") {
      const before = referencesOf(server.get(resource, `${namespace}/${name}`));
      const added = ((body as Body).imagePullSecrets ?? [])
        .map((each) => each.name)
        .filter((each) => !before.includes(each));
      const missing = added.filter((each) => server.get("secrets", `${namespace}/${each}`) === undefined);
      return missing.length > 0 ? `refers to ${missing.join(", ")}, which is not there` : undefined;
    }
    if (resource !== "secrets" || method !== "DELETE" || namespace === namespaceOf(by)) return undefined;
    // One that cannot be written is made anew at once.
    if (server.get(resource, `${namespace}/${name}`)?.["immutable"] === true) return undefined;
    const accounts = server.list("serviceaccounts").filter(({ metadata }) => metadata.namespace === namespace);
    const left = accounts.filter((account) => referencesOf(account).includes(name ?? ""));
    return left.length > 0 ? `takes away what ${left.length} ServiceAccounts refer to` : undefined;
  };

  return {
    broken,
    check: (call, at) => {
      const { method, resource, by, name, namespace = "", body } = call;
      if (method === "GET" || resource.endsWith("accessreviews")) return;
      if (resource === "leases") {
        const { holderIdentity = "" } = (body["spec"] ?? {}) as { readonly holderIdentity?: string };
        const before = server.get(resource, `${namespace}/${name ?? nameIn(body)}`);
        if ((body as Body).metadata?.resourceVersion !== before?.metadata.resourceVersion) return;
        if (holderIdentity.startsWith(`${by}_`)) held.set(namespace, { by, at });
        else held.delete(namespace);
        return;
      }
      const found = [
        lease(call, at),
        ...(unguarded.has(resource) ? [] : [versions(call), first(call), notEmpty(call), order(call)]),
      ];
      for (const what of found)
        if (what !== undefined)
          broken.push(`${by}: ${method} ${resource} ${namespace}/${name ?? nameIn(body)} ${what}`);
    },
  };
}

function credentialsIn(secret: Body | undefined): readonly string[] {
  return (secret?.metadata?.annotations?.["regcred.dev/credentials"] ?? "").split(",").filter(Boolean);
}

function nameIn(body: object): string {
  return (body as PlayedObject).metadata.name;
}

export function referencesOf(account: PlayedObject | undefined): readonly string[] {
  return ((account?.["imagePullSecrets"] ?? []) as readonly { readonly name: string }[]).map(({ name }) => name);
}
