// Plays a step of a history.
import {
  credentialsAnnotation,
  entriesAnnotation,
  forceFinalizeAnnotation,
  managedAnnotation,
  managedByLabel,
  referencesAnnotation,
  ignoreAnnotation,
} from "../../src/api/names.ts";
import { ApiError } from "../../src/runtime/client/api-error.ts";
import type { ClusterObject, ServiceAccountObject } from "../../src/cluster/cluster-api.ts";
import type { Place } from "../../src/cluster/in-memory/in-memory-server.ts";
import { base64OfText } from "../../src/runtime/base64.ts";
import type { Fault, ListFault, Verb } from "./faults.ts";
import {
  accountObject,
  alteredSpec,
  credentialObject,
  foreignSecret,
  namespaceObject,
  sourceObject,
} from "./objects.ts";
import type { Does, Step } from "./steps.ts";
import {
  accounts,
  foreignReference,
  puller,
  roleAnnotation,
  roleArn,
  secretNames,
  systemNamespaces,
  teamLabel,
} from "./words.ts";
import type { World } from "./world.ts";

export async function play(world: World, { does, pause }: Step): Promise<void> {
  try {
    act(world, does);
  } catch (error) {
    // People make mistakes: what is there already, or not there.
    if (!(error instanceof ApiError)) throw error;
  }
  await world.pass(pause);
}

const allVerbs: readonly Verb[] = ["get", "create", "update", "patch", "delete"];
/** Who reads meets no policy, no quota, and nobody else's write. */
const mayHitReads = (how: Fault["how"]): boolean => !["policy", "quota", "invalid", "conflict"].includes(how);

type Played<A extends Does["act"]> = (world: World, does: Extract<Does, { act: A }>) => void;

function act(world: World, does: Does): void {
  const how = acts[does.act] as (world: World, does: Does) => void;
  how(world, does);
}

const credential = (name: string): Place => ({ resource: "registrycredentials", name });
const namespace = (name: string): Place => ({ resource: "namespaces", name });
const secret = (at: string, name: string): Place => ({ resource: "secrets", namespace: at, name });
const account = (at: string, name: string): Place => ({ resource: "serviceaccounts", namespace: at, name });

const acts: { readonly [A in Does["act"]]: Played<A> } = {
  "create credential": ({ server }, { name, spec }) => {
    server.create(credential(name), credentialObject(name, spec));
  },
  "alter credential": ({ server }, { name, alteration }) => {
    const before = server.get(credential(name)) as (ClusterObject & { readonly spec: object }) | undefined;
    if (before) {
      const choice = { [alteration.field]: alteration.to };
      server.replace(credential(name), { ...before, spec: alteredSpec(before.spec, choice) });
    }
  },
  "delete credential": ({ server }, { name, how }) => {
    server.remove(credential(name));
    if (how === "forced") server.patch(credential(name), annotated(forceFinalizeAnnotation, "true"));
    if (how === "stripped") server.patch(credential(name), { metadata: { finalizers: null } });
  },
  "garble credential": ({ server }, { name, on }) => {
    server.patch(credential(name), { spec: { deletionPolicy: on ? "Archive" : "Delete" } });
  },
  "create namespace": ({ server }, { name, team }) => {
    server.create(namespace(name), namespaceObject(name, team));
    for (const each of accounts) server.create(account(name, each), accountObject(name, each, "r2"));
  },
  "label namespace": ({ server }, { name, team }) => {
    server.patch(namespace(name), { metadata: { labels: { [teamLabel]: team ?? null } } });
  },
  "opt out": ({ server }, { name, on }) => {
    server.patch(namespace(name), annotated(ignoreAnnotation, on ? "true" : null));
  },
  "delete namespace": ({ server }, { name }) => void server.remove(namespace(name)),
  "create account": ({ server }, { at, name }) => void server.create(account(at, name), accountObject(at, name, "r2")),
  "delete account": ({ server }, { at, name }) => void server.remove(account(at, name)),
  "annotate account": ({ server }, { at, name, role }) => {
    server.patch(account(at, name), annotated(roleAnnotation, roleArn(role)));
  },
  puller: ({ server, home }, { does }) => {
    const place = account(home, puller);
    if (does === "create") server.create(place, accountObject(home, puller, "r1"));
    else if (does === "delete") server.remove(place);
    else server.patch(place, annotated(roleAnnotation, roleArn("r2")));
  },
  source: ({ server, home, newPassword }, { name, does }) => {
    const place = secret(home, name);
    if (does === "delete") return void server.remove(place);
    const object = sourceObject(home, name, newPassword(name));
    if (server.get(place)) server.replace(place, object);
    else server.create(place, object);
  },
  tenant: ({ server }, { at, secret: name, does }) => {
    const place = secret(at, name);
    const config = base64OfText('{"auths":{"theirs.example.com":{"auth":"dGhleTp0aGVpcnM="}}}');
    switch (does) {
      case "delete":
        return void server.remove(place);
      case "strip label":
        return void server.patch(place, { metadata: { labels: { [managedByLabel]: null } } });
      case "foreign label":
        return void server.patch(place, { metadata: { labels: { [managedByLabel]: "me" } } });
      case "strip marks": {
        const annotations = { [credentialsAnnotation]: null, [entriesAnnotation]: null, [managedAnnotation]: null };
        return void server.patch(place, { metadata: { labels: { [managedByLabel]: null }, annotations } });
      }
      case "edit":
        return void server.patch(place, { data: { ".dockerconfigjson": config } });
      case "own":
      case "own with more":
        if (server.get(place)) server.remove(place);
        return void server.create(place, foreignSecret(at, name, does === "own with more"));
    }
  },
  "tenant refers": ({ server }, { at, account: name, does }) => {
    const place = account(at, name);
    const before: ServiceAccountObject | undefined = server.get(place);
    const list = before?.imagePullSecrets ?? [];
    switch (does) {
      case "clear":
        return void server.patch(place, { imagePullSecrets: [] });
      case "add foreign":
        return void server.patch(place, { imagePullSecrets: [{ name: foreignReference }, ...list] });
      case "drop record":
        return void server.patch(place, annotated(referencesAnnotation, null));
      case "claim all":
        return void server.patch(
          place,
          annotated(referencesAnnotation, JSON.stringify([...secretNames, foreignReference])),
        );
    }
  },
  fault: (world, { how, on, reads = false }) => {
    const verbs = reads && mayHitReads(how) ? { verbs: allVerbs } : {};
    for (const each of faultsOf(how, on)) world.faults.push({ how, of: { ...each.of, ...verbs } });
  },
  lists: (world, { how, of }) => {
    const resources = {
      secrets: "secrets",
      namespaces: "namespaces",
      accounts: "serviceaccounts",
      credentials: "registrycredentials",
    } as const;
    const fault: ListFault = { how, resource: resources[of], since: world.clock.elapsed() };
    world.listFaults = [...world.listFaults.filter(({ resource }) => resource !== fault.resource), fault];
  },
  mend: (world) => mend(world),
  cloud: ({ cloud }, { mood, life }) => {
    cloud.mood = mood;
    cloud.life = life === "short" ? 10 : 12 * 60;
  },
  restart: (world, { after, sent }) => {
    if (after > 0) world.killAt(after, sent);
    else world.crown(world.standBy(world.home));
  },
  "hand over": (world) => {
    const next = world.standBy(world.home);
    world.operator().kill();
    world.crownLater(() => next);
  },
  "move install": (world) => {
    // As docs/operations.md has it, too: what the old install could not store, the new one cannot know.
    if (world.faults.length + world.listFaults.length > 0 || world.cloud.mood !== "well") return;
    const [first, second] = systemNamespaces;
    const from = world.home;
    world.operator().kill();
    world.home = from === first ? second : first;
    // As docs/operations.md has it: the sources first, and what the old install remembers.
    for (const each of ["secrets", "serviceaccounts"] as const) copyAll(world, each, from);
    world.ledger.look();
    world.crown(world.standBy(world.home));
  },
};

/** What has no business there is not left there either. */
function copyAll({ server, ledger, home: to }: World, resource: "secrets" | "serviceaccounts", from: string): void {
  for (const { metadata } of server.list(resource)) {
    if (metadata.namespace === to) server.remove({ resource, namespace: to, name: metadata.name });
  }
  for (const each of server.list(resource)) {
    const { namespace, name, labels, annotations } = each.metadata;
    if (namespace !== from) continue;
    const metadata = { name, namespace: to, ...(labels && { labels }), ...(annotations && { annotations }) };
    const copy = server.create({ resource, namespace: to, name }, { ...each, metadata });
    if (ledger.ours.has(each.metadata.uid)) ledger.ours.add(copy.metadata.uid);
  }
}

export function mend(world: World): void {
  world.faults = [];
  world.listFaults = [];
  world.cloud.mood = "well";
}

function faultsOf(how: Fault["how"], on: Extract<Does, { act: "fault" }>["on"]): readonly Fault[] {
  switch (on.kind) {
    case "secrets":
      return [{ how, of: { resource: "secrets", namespace: on.namespace } }];
    case "accounts":
      return [{ how, of: { resource: "serviceaccounts", namespace: on.namespace } }];
    case "credential":
      return [
        { how, of: { resource: "registrycredentials", name: on.name } },
        { how, of: { resource: "registrycredentials/status", name: on.name } },
      ];
    case "status":
      return [{ how, of: { resource: "registrycredentials/status", name: on.name } }];
    case "tokens":
      return systemNamespaces.map((each) => ({ how, of: { resource: "secrets", namespace: each } }));
    case "events":
      return [{ how, of: { resource: "events" } }];
  }
}

function annotated(name: string, value: string | null): object {
  return { metadata: { annotations: { [name]: value } } };
}
