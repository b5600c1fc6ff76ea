// What single events cost in clusters of any size: how much of the operator's source is executed until nothing is left to be done.
import { executedBlocks, type Executed } from "./executed-blocks.ts";
import { growingCluster, type GrowingCluster, type Shape } from "./growing-cluster.ts";

/** A cluster with so many namespaces. */
type Sized = (namespaces: number) => Shape;

const many = 200;

const alike: Readonly<Record<string, Sized>> = {
  "one RegistryCredential": (namespaces) => ({ namespaces, credentials: 1 }),
  "a grant for each namespace": (namespaces) => ({ namespaces, credentials: 1, ownGrants: true }),
  "namespaces that all fail": (namespaces) => ({ namespaces, credentials: 1, foreign: true }),
  "namespaces and grants that all fail": (namespaces) => ({
    namespaces,
    credentials: 1,
    ownGrants: true,
    sources: "empty",
  }),
};

/** By name; RegistryCredentials are as many as namespaces. */
export const shapes: Readonly<Record<string, Sized>> = {
  ...alike,
  "a RegistryCredential for each namespace": (namespaces) => divided(namespaces, namespaces),
  "a RegistryCredential and a grant for each namespace": (namespaces) => ({
    ...divided(namespaces, namespaces),
    ownGrants: true,
  }),
};

/** By name; RegistryCredentials are as many as they are in a large cluster. */
export const largeShapes: Readonly<Record<string, Sized>> = {
  ...alike,
  "200 RegistryCredentials": (namespaces) => divided(namespaces, many),
  "200 RegistryCredentials and a grant for each namespace": (namespaces) => ({
    ...divided(namespaces, many),
    ownGrants: true,
  }),
};

/** Each selects its share of the namespaces, by name. */
function divided(namespaces: number, credentials: number): Shape {
  const namesOf = (credential: number): readonly string[] =>
    Array.from(
      { length: Math.ceil((namespaces - credential) / credentials) },
      (_, index) => `team-${credential + index * credentials}`,
    );
  return {
    namespaces,
    credentials,
    // A list without names is refused.
    selects: (credential) => (credential < namespaces ? namesOf(credential) : ["none"]),
  };
}

const events: Readonly<Record<string, (cluster: GrowingCluster) => Promise<unknown>>> = {
  "a Namespace is relabelled": (cluster) => cluster.label("team-1", { pull: "maybe" }),
  "somebody's Secret takes the place": (cluster) => cluster.fill("team-0"),
  "a Secret is deleted": (cluster) => cluster.clear("team-0"),
  "a source changes": (cluster) => cluster.rotateOne("team-3"),
  "a Namespace goes": (cluster) => cluster.removeNamespace("team-4"),
};

// A part of the record of members is written whole: at most 500 rows, however many there are.
const bounded =
  /^(?:cluster\/member-rows|runtime\/base64|runtime\/small-map|entitlement\/members|entitlement\/member-parts)\.ts /;

/** By event. What is bounded in another way is left out. */
async function costOfEvents(shape: Shape): Promise<ReadonlyMap<string, Executed>> {
  const cluster = growingCluster(shape);
  await cluster.begin();
  const blocks = executedBlocks();
  const costs = new Map<string, Executed>();
  for (const [name, happens] of Object.entries(events)) {
    blocks.take();
    await happens(cluster);
    const by = new Map([...blocks.take().by].filter(([executed]) => !bounded.test(executed)));
    costs.set(name, { by, count: by.values().reduce((sum, count) => sum + count, 0) });
  }
  blocks.end();
  await cluster.stop();
  return costs;
}

/** Events that cost more in the second than in the first by so much, each with what of it has grown most. */
export async function grownEvents(shape: Sized, few: number, lots: number): Promise<readonly string[]> {
  const [before, after] = [await costOfEvents(shape(few)), await costOfEvents(shape(lots))];
  const grown = [...after].filter(([event, { count }]) => count > (before.get(event)?.count ?? 0) * tolerance + slack);
  return grown.map(([event, { count, by }]) => {
    const was = before.get(event);
    const most = [...by]
      .map(([name, executed]) => ({ name, more: executed - (was?.by.get(name) ?? 0) }))
      .toSorted((one, other) => other.more - one.more)
      .slice(0, 3)
      .map(({ name, more }) => `${name} +${more}`);
    return `${event}: ${was?.count} among ${few}, ${count} among ${lots} (${most.join(", ")})`;
  });
}

// Heaps are a level or two deeper, and whose turn it is in queue and status differs from run to run.
const tolerance = 1.1;
const slack = 50;
