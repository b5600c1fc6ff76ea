// Carries out a history of the failure test on a real API server, by its people, and judges it by the same oracle.
import { ignoreAnnotation, referencesAnnotation } from "../../src/api/names.ts";
import type { ClusterObject, SecretObject } from "../../src/cluster/cluster-api.ts";
import {
  type ModelEvent,
  type ModelServer,
  modelServer,
  type Resource,
} from "../../src/cluster/in-memory/in-memory-server.ts";
import { textOfBase64 } from "../../src/runtime/base64.ts";
import { type AdminClient, Refused } from "../cluster/admin-client.ts";
import { fakeClock } from "../fake-clock.ts";
import { usual } from "../world/history.ts";
import { judgeWrite, noteOthers } from "../world/laws.ts";
import { type Ledger, ledger } from "../world/ledger.ts";
import { accountObject, namespaceObject, sourceObject } from "../world/objects.ts";
import { misgivings } from "../world/oracle.ts";
import { play } from "../world/play.ts";
import { type Minted, playedCloud } from "../world/played-cloud.ts";
import type { Does, EntryChoice, Step } from "../world/steps.ts";
import { accounts, namespaces, puller, roleAnnotation, roleArn, sources, teamLabel } from "../world/words.ts";
import type { World } from "../world/world.ts";
import { credentialsPath, eventually, operatorNamespace, type RunningOperator, testEnv } from "./test-env.ts";

export interface OutsideWorld {
  /** What is wrong when all is at rest; empty: nothing. */
  play(history: readonly Step[]): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** What people can do from outside; there is no cloud, so its entries read another source. */
function fromOutside(does: Does): Does | undefined {
  const ofSources = (entries: readonly EntryChoice[]): readonly EntryChoice[] =>
    entries.map((each) => (each.from === "cloud" ? { ...each, from: "src-2" } : each));
  if (does.act === "create credential")
    return { ...does, spec: { ...does.spec, entries: ofSources(does.spec.entries) } };
  if (does.act === "delete credential") return { ...does, how: "drained" };
  if (does.act === "alter credential" && does.alteration.field === "entries")
    return { ...does, alteration: { field: "entries", to: ofSources(does.alteration.to) } };
  return fromInside.has(does.act) ? undefined : does;
}

const fromInside: ReadonlySet<Does["act"]> = new Set([
  "garble credential",
  "fault",
  "lists",
  "mend",
  "cloud",
  "hand over",
  "move install",
]);

/** In this order what is wanted is known before what was made of it. */
const kinds: readonly Resource[] = ["namespaces", "serviceaccounts", "registrycredentials", "secrets"];
const ours: readonly string[] = [...namespaces, operatorNamespace];
/** Longer than anything that a step brings about. */
const between = Temporal.Duration.from({ minutes: 1 });
const patience = Temporal.Duration.from({ seconds: 20 });

function listPath(resource: Resource): string {
  return resource === "registrycredentials" ? credentialsPath : `/api/v1/${resource}`;
}
function pathOf(
  resource: Resource,
  { namespace, name }: { readonly namespace?: string; readonly name?: string },
): string {
  const all = namespace === undefined ? listPath(resource) : `/api/v1/namespaces/${namespace}/${resource}`;
  return name === undefined ? all : `${all}/${name}`;
}

export async function outsideWorld(): Promise<OutsideWorld> {
  const real = await testEnv();
  const { admin } = real;
  let running: RunningOperator = await real.startOperator();
  return {
    play: async (history) => {
      await furnish(admin);
      await real.atRest();
      const view = mirror(admin);
      await view.follow();
      const first: Does = { act: "create credential", name: "a", spec: usual };
      for (const does of [first, ...history.map((step) => step.does)]) {
        const doable = fromOutside(does);
        if (!doable) continue;
        if (doable.act === "restart") {
          await running.stop();
          running = await real.startOperator();
        } else await view.act(doable);
        await real.atRest();
        await view.follow();
      }
      if (view.served() === 0) return ["no Secret of the operator's was ever seen"];
      let complaints: readonly string[] = [];
      const isWell = async (): Promise<boolean> => {
        await view.follow();
        complaints = view.misgivings();
        return complaints.length === 0;
      };
      await eventually("all is as it should be", isWell, patience).catch(() => undefined);
      return complaints;
    },
    close: () => real.close(),
  };
}

/** Leaves nothing of the history before. */
async function furnish(admin: AdminClient): Promise<void> {
  const left = await admin.list(credentialsPath);
  for (const { metadata } of left) await admin.remove(`${credentialsPath}/${metadata.name}`);
  await eventually("none is left", async () => (await admin.list(credentialsPath)).length === 0);
  const put = async (resource: Resource, object: object): Promise<void> => {
    const { metadata } = object as ClusterObject;
    const path = pathOf(resource, metadata);
    if (await admin.get(path)) await admin.patch(path, object);
    else await admin.create(pathOf(resource, { ...(metadata.namespace && { namespace: metadata.namespace }) }), object);
  };
  const furnished = namespaces.map(async (name, index) => {
    const path = pathOf("namespaces", { name });
    await eventually(`${name} is not on its way out`, async () => !(await admin.get(path))?.metadata.deletionTimestamp);
    const team = index % 2 === 0 ? "x" : "y";
    const annotations = { [ignoreAnnotation]: null };
    await put("namespaces", {
      ...namespaceObject(name, team),
      metadata: { name, labels: { [teamLabel]: team }, annotations },
    });
    const secrets = await admin.list(pathOf("secrets", { namespace: name }));
    for (const { metadata } of secrets) await admin.remove(pathOf("secrets", metadata));
    for (const account of accounts) {
      const bare = { [referencesAnnotation]: null, [roleAnnotation]: roleArn("r2") };
      const metadata = { namespace: name, name: account, annotations: bare };
      const object = { ...accountObject(name, account), metadata, imagePullSecrets: [] };
      // The controller of ServiceAccounts makes the one that is called default.
      await put("serviceaccounts", object).catch(() => put("serviceaccounts", object));
    }
  });
  await Promise.all(furnished);
  await put("serviceaccounts", accountObject(operatorNamespace, puller, "r1"));
  for (const name of sources) await put("secrets", sourceObject(operatorNamespace, name, `${name}-0`));
}

interface Mirror {
  /** Does on the real server what somebody does. */
  act(does: Does): Promise<void>;
  /** Takes over what the real server has. */
  follow(): Promise<void>;
  misgivings(): readonly string[];
  /** How many Secrets have been the operator's. */
  served(): number;
}

function mirror(admin: AdminClient): Mirror {
  const clock = fakeClock();
  const made = (): ModelServer => modelServer({ now: () => clock.now(), newUid: () => "to be given" });
  const server = made();
  const minted = new Map<string, Minted>();
  const cloud = { ...playedCloud(), minted };
  const elapsed = (): number => clock.elapsed();
  const worldLedger: Ledger = ledger({
    server,
    clock,
    cloud,
    home: () => "regcred-system",
    believedSince: () => elapsed() - 10_000,
    isBlind: () => false,
    storingRefusedAt: () => -Infinity,
    idleUntil: () => 0,
    isListening: () => "now",
    // What lies between two looks is not seen: only what stands in the end counts.
    counts: () => false,
  });
  const judged = { server, clock, cloud, ledger: worldLedger, home: "regcred-system" } as const;
  /** Of the step that is being played, and all before the first. */
  let theirs: ((event: ModelEvent) => boolean) | undefined = () => true;
  let passwords = 0;
  server.subscribe((event) => {
    if (event.resource === "namespaces" || theirs?.(event) === true) noteOthers(worldLedger, event);
    else judgeWrite(worldLedger, event);
  });
  const noteSources = (): void => {
    for (const { grant, grantKey } of worldLedger.past.now().claims) {
      if (grant?.provider !== "Static" || grantKey === undefined) continue;
      const { namespace, name } = grant;
      const source = server.get({ resource: "secrets", namespace, name });
      const password = textOfBase64((source as SecretObject | undefined)?.data?.["password"] ?? "") ?? "";
      minted.set(password, { password, grantKey, mintedAt: elapsed(), expiresAt: Infinity });
    }
  };
  const vanish = (resource: Resource, object: ClusterObject): void => {
    const deletionTimestamp = clock.now().toString();
    server.load(resource, { ...object, metadata: { ...object.metadata, finalizers: [], deletionTimestamp } });
    if (resource === "namespaces") server.endNamespaces();
  };
  return {
    act: async (does) => {
      await clock.advance(between);
      const changes: ModelEvent[] = [];
      const people = made();
      for (const resource of kinds) for (const each of server.list(resource)) people.load(resource, each);
      people.subscribe((event) => changes.push(event));
      const newPassword = (source: string): string => `${source}-${(passwords += 1)}`;
      const actors = { server: people, home: "regcred-system", newPassword, pass: async () => undefined };
      await play(actors as unknown as World, { does, pause: 0 });
      for (const change of changes) await carryOut(admin, change);
      if (does.act === "delete credential") worldLedger.noteDrained(does.name, false);
      const places = new Set(changes.map(placeText));
      theirs = (event) => places.has(placeText(event));
    },
    follow: async () => {
      for (const resource of kinds) {
        const found = (await admin.list(listPath(resource))).filter(({ metadata: { namespace, name } }) =>
          ours.includes(namespace ?? (resource === "namespaces" ? name : operatorNamespace)),
        ) as readonly ClusterObject[];
        const isOwn = ({ metadata }: ClusterObject): boolean => metadata.namespace === operatorNamespace;
        for (const object of [...found.filter(isOwn), ...found.filter((each) => !isOwn(each))]) {
          if (!isOwn(object)) noteSources();
          const known = server.get({ resource, ...object.metadata });
          if (known && known.metadata.uid !== object.metadata.uid) vanish(resource, known);
          if (known?.metadata.resourceVersion !== object.metadata.resourceVersion) server.load(resource, object);
        }
        const there = new Set(found.map(({ metadata }) => metadata.uid));
        for (const known of server.list(resource)) if (!there.has(known.metadata.uid)) vanish(resource, known);
      }
      theirs = undefined;
    },
    served: () => worldLedger.ours.size,
    misgivings: () => misgivings(judged, () => false),
  };
}

function placeText({ resource, object: { metadata } }: ModelEvent): string {
  return `${resource} ${metadata.namespace ?? ""}/${metadata.name}`;
}

/** People make mistakes: what is there already, or not there. */
async function carryOut(admin: AdminClient, { type, resource, object, before }: ModelEvent): Promise<void> {
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, ...metadata } = object.metadata;
  const path = pathOf(resource, object.metadata);
  const collection = pathOf(resource, { ...(metadata.namespace !== undefined && { namespace: metadata.namespace }) });
  const isDeleted =
    type === "DELETED" || (metadata.deletionTimestamp !== undefined && !before?.metadata.deletionTimestamp);
  try {
    if (isDeleted) await admin.remove(path);
    else if (before) await admin.replace(path, { ...object, metadata: { ...metadata, uid: before.metadata.uid } });
    else await admin.create(collection, { ...object, metadata });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
}
