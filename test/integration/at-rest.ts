// Waits until the operator in this process has done everything that comes of what has been written so far.
import type { Operator } from "../../src/operator.ts";
import type { ReflectorStatus } from "../../src/runtime/watch/reflector.ts";
import type { AdminClient } from "../cluster/admin-client.ts";
import { eventually } from "./eventually.ts";
import { operatorNamespace } from "./operator-namespace.ts";

// Longer than reports and the record of members wait for more (src/controllers/members/controller.ts), shorter than the second
// after which something is looked at again.
const ahead = Temporal.Duration.from({ milliseconds: 400 });

// Hundreds of RegistryCredentials at once, on a machine that is busy otherwise: 30 s were not enough then.
const limit = Temporal.Duration.from({ minutes: 2 });

/**
 * Resolves once it has seen the newest version of all that it watches, has nothing to do, and has changed nothing meanwhile.
 * Objects that are gone have no version: what is deleted last is marked by another write of the same kind after it.
 */
export async function atRest(admin: AdminClient, operator: Pick<Operator, "idle" | "watches">): Promise<void> {
  let before = "";
  await eventually(
    "the operator is at rest",
    async () => {
      const newest = await newestOf(admin, [...operator.watches().keys()]);
      const watches = operator.watches();
      const hasSeen = [...newest].every(([what, version]) => isKnown(watches.get(what), version));
      const text = [...newest].join();
      const rests = hasSeen && operator.idle(ahead) && text === before;
      before = text;
      return rests;
    },
    limit,
  );
}

/** What is refused is not waited for, nor what is watched no more. */
function isKnown(watch: ReflectorStatus | undefined, version: bigint): boolean {
  if (watch?.resourceVersion !== undefined) return version <= BigInt(watch.resourceVersion);
  return watch === undefined || watch.state === "Waiting";
}

/** By what is watched, the newest version of an object that is there. */
async function newestOf(admin: AdminClient, watched: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
  const listed = watched.map(async (what) => {
    const versions = (await admin.list(pathOf(what))).map(({ metadata }) => BigInt(metadata.resourceVersion ?? 0));
    return [what, versions.reduce((one, other) => (one > other ? one : other), 0n)] as const;
  });
  return new Map(await Promise.all(listed));
}

/** src/cluster/cluster-watches.ts and pull-secret-watches.ts say what is watched. */
function pathOf(what: string): string {
  const [, called] = /^secrets called (.+)$/.exec(what) ?? [];
  if (called !== undefined) {
    const [name = "", namespace] = called.split("/").toReversed();
    return `${coreOf("secrets", namespace)}?fieldSelector=metadata.name%3D${name}`;
  }
  const [resource = "", namespace] = what.split(" of ");
  if (resource === "registrycredentials") return "/apis/regcred.dev/v1alpha1/registrycredentials";
  if (resource === "customresourcedefinitions")
    return "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldSelector=metadata.name%3Dregistrycredentials.regcred.dev";
  if (resource === "pods") return `${coreOf(resource, namespace)}?fieldSelector=status.phase%3DPending`;
  const isSource = resource === "secrets" && namespace !== operatorNamespace;
  return `${coreOf(resource, namespace)}${isSource ? "?labelSelector=regcred.dev/source%3Dtrue" : ""}`;
}

function coreOf(resource: string, namespace: string | undefined): string {
  return `/api/v1/${namespace === undefined ? "" : `namespaces/${namespace}/`}${resource}`;
}
