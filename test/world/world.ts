// What the world of the failure test is made of, and how time passes in it.
import { isDeepStrictEqual } from "node:util";
import { fakeClock, type FakeClock } from "../fake-clock.ts";
import {
  type ModelEvent,
  type ModelServer,
  modelServer,
  type Resource,
} from "../../src/cluster/in-memory/in-memory-server.ts";
import type { Random } from "../../src/runtime/clock.ts";
import type { Fault, How, ListFault, Request } from "./faults.ts";
import { type Incarnation, incarnation, type Environment } from "./incarnation.ts";
import { judgeRequest, judgeWrite, noteOthers } from "./laws.ts";
import { isSystems, type Ledger, ledger } from "./ledger.ts";
import { accountObject, namespaceObject, sourceObject } from "./objects.ts";
import { type PlayedCloud, playedCloud } from "./played-cloud.ts";
import { eventLog } from "./played-watches.ts";
import { accounts, namespaces, puller, sources, type SystemNamespace, systemNamespaces } from "./words.ts";

export interface World {
  readonly server: ModelServer;
  readonly clock: FakeClock;
  readonly cloud: PlayedCloud;
  readonly ledger: Ledger;
  faults: Fault[];
  listFaults: ListFault[];
  /** Where the install lives, or is to live. */
  home: SystemNamespace;
  readonly operator: () => Incarnation;
  /** Lets time pass, in milliseconds. */
  pass(milliseconds: number): Promise<void>;
  /** A process that stands by, its stores full. */
  standBy(namespace: SystemNamespace): Incarnation;
  /** This process works from now on, and no other. */
  crown(next: Incarnation): void;
  /** The same in a while, unless another one is crowned before. */
  crownLater(next: () => Incarnation): void;
  /** The one that works dies at the so-manieth request from now on. */
  killAt(after: number, sent: boolean): void;
  /** No death is to come any more, and one that is dead has a successor at once. */
  spare(): void;
  /** Writes of the operator, Events left out, each with what became different. */
  writes(): readonly string[];
  /** A password that no source has had. */
  readonly newPassword: (source: string) => string;
}

// How long a new process takes to be there: the lease of the one that was killed has to end.
const rebirth = 15_000;
const turns = 5;
const maxWrites = 60;
const maxRequests = 150;
// A deletion in whose way somebody stands is looked at 107 times in the first ten minutes (plan-drain.ts), and a conflict reads twice.
const maxReads = 240;
/** With these a run may act on what it has seen a while ago. */
const slowly: readonly How[] = ["late", "slow", "hanging"];

/** A generator of numbers that are the same for the same seed: https://en.wikipedia.org/wiki/Xorshift */
function seeded(seed: number): Random {
  let state = (seed >>> 0) + 0x9e_37_79_b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** @param counts which complaints count */
export async function world(counts: (complaint: string) => boolean): Promise<World> {
  const clock = fakeClock();
  let uids = 0;
  const server = modelServer({
    now: () => clock.now(),
    newUid: () => `00000000-0000-4000-8000-${String((uids += 1)).padStart(12, "0")}`,
  });
  const log = eventLog(server);
  server.subscribe(({ resource }) => stir(resource));
  const cloud = playedCloud();
  const writes: string[] = [];
  let writing: Request | undefined;
  let death: { after: number; readonly sent: boolean } | undefined;
  let working: Incarnation | undefined;
  const living = new Set<Incarnation>();
  let passwords = 0;
  let reigns = 0;
  let crownedAt = 0;

  /** When it began not to hear all, which takes a while to make good; Infinity: it does. */
  const blindSince = (): number => {
    const now = clock.elapsed();
    for (const { since } of made.listFaults) blind = { since: Math.min(blind.since, since), until: now + 120_000 };
    if (blind.until < now) blind = { since: Infinity, until: 0 };
    return blind.since;
  };
  /** What is late, and what is under way while requests go wrong. */
  const believedSince = (): number => {
    const now = clock.elapsed();
    if (made.faults.some(({ of: { namespace } }) => isSystems(namespace))) storingRefusedAt = now;
    lag = made.faults.some(({ how }) => slowly.includes(how)) ? now + 120_000 : lag;
    return Math.min(blindSince(), now - (now < lag ? 60_000 : 10_000));
  };
  let lag = 0;
  let storingRefusedAt = -Infinity;
  let blind = { since: Infinity, until: 0 };
  const homeOf = (): SystemNamespace => (begun ? made.home : systemNamespaces[0]);
  let begun = false;
  /** More writes of one object in a minute than anything explains, or more requests in ten, as they are where all is refused. */
  const writesOf = often(clock, 60_000, maxWrites);
  const requestsOf = often(clock, 600_000, maxRequests);
  const readsOf = often(clock, 600_000, maxReads);
  const worldLedger = ledger({
    server,
    clock,
    cloud,
    home: () => homeOf(),
    believedSince,
    isBlind: () => blindSince() < Infinity,
    storingRefusedAt: () => storingRefusedAt,
    idleUntil: () => (working?.dead() === false ? crownedAt : clock.elapsed()),
    isListening: () => {
      if (working?.dead() !== false) return "no";
      const fault = made.listFaults.find(({ resource }) => resource === "registrycredentials");
      // It lists again at once, and listens then.
      if (!fault || fault.how === "expired") return "now";
      return fault.how === "deaf" ? "later" : "no";
    },
    counts,
  });
  server.subscribe((event) => {
    if (!writing) {
      noteOthers(worldLedger, event);
      return;
    }
    judgeWrite(worldLedger, event);
    const { metadata } = event.object;
    if (writesOf(`${event.resource} ${metadata.namespace ?? ""}/${metadata.name}`)) {
      worldLedger.complain(`a hot loop: ${writeText(writing, event)}`);
      working?.kill();
    }
    if (event.resource !== "events") writes.push(writeText(writing, event));
  });
  const environment: Environment = {
    server,
    log,
    clock,
    random: seeded(1),
    cloud,
    faults: () => made.faults,
    listFaults: () => made.listFaults,
    onRequest: (request, body) => {
      judgeRequest(worldLedger, request, body);
      const { verb, resource, namespace, name } = request;
      const what = `${verb} ${resource} ${namespace}/${name}`;
      // A process that begins knows nothing of how long its predecessor had asked in vain.
      if (resource !== "events" && (verb === "get" ? readsOf : requestsOf)(`${reigns} ${what}`)) {
        worldLedger.complain(`a hot loop: ${what} is asked for again and again`);
        working?.kill();
      }
      if (!death) return undefined;
      death.after -= 1;
      if (death.after >= 0) return undefined;
      const { sent } = death;
      death = undefined;
      working?.kill();
      made.crownLater(() => made.standBy(made.home));
      return { sent };
    },
    during: (request, work) => {
      writing = request;
      try {
        return work();
      } finally {
        writing = undefined;
      }
    },
    leaseOf: () => undefined,
    onError: (text) => worldLedger.complain(`a bug: ${text}`),
  };
  const stir = (resource?: Resource): void => {
    for (const each of living) if (!each.dead()) each.stir(resource);
  };
  /** Who may not see all, or may again, is told at once. */
  const tellFaults = (): void => {
    if (made.listFaults === notified) return;
    notified = made.listFaults;
    stir();
  };
  let notified: readonly ListFault[] = [];

  const made: World = {
    server,
    clock,
    cloud,
    ledger: worldLedger,
    faults: [],
    listFaults: [],
    home: systemNamespaces[0],
    operator: () => {
      if (!working) throw new Error("no process has begun yet");
      return working;
    },
    pass: async (milliseconds) => {
      const advance = async (part: number): Promise<void> => {
        // What goes wrong meanwhile is noted, though nothing may be written until it is mended.
        believedSince();
        tellFaults();
        await clock.advance(Temporal.Duration.from({ milliseconds: part }));
        server.endNamespaces();
      };
      // What ends a namespace has its turns at first.
      let left = milliseconds;
      for (let turn = 0; turn < turns && left > 0; turn += 1) {
        const part = Math.min(left, 1_000);
        await advance(part);
        left -= part;
      }
      await advance(left);
      await clock.advance();
      // And until now, though it may be mended next.
      believedSince();
    },
    standBy: (namespace) => {
      const next = incarnation(environment, namespace);
      living.add(next);
      return next;
    },
    crown: (next) => {
      for (const each of living) {
        if (each === next) continue;
        each.kill();
        living.delete(each);
      }
      working = next;
      crownedAt = clock.elapsed();
      worldLedger.forgetUnheard();
      reigns += 1;
      next.lead();
    },
    crownLater: (next) => {
      const reign = reigns;
      clock.schedule(Temporal.Duration.from({ milliseconds: rebirth }), () => {
        if (reigns === reign) made.crown(next());
      });
    },
    killAt: (after, sent) => {
      death = { after, sent };
    },
    spare: () => {
      death = undefined;
      if (made.operator().dead()) made.crown(made.standBy(made.home));
    },
    writes: () => writes,
    newPassword: (source) => `${source}-${(passwords += 1)}`,
  };
  begun = true;
  furnish(made);
  made.crown(made.standBy(made.home));
  return made;
}

/** Whether something has happened more often than `most` within so many milliseconds. */
function often(clock: FakeClock, within: number, max: number): (what: string) => boolean {
  const lately = new Map<string, readonly number[]>();
  return (what) => {
    const now = clock.elapsed();
    const times = [...(lately.get(what) ?? []), now].filter((each) => each > now - within);
    lately.set(what, times);
    return times.length > max;
  };
}

/** What is there before anything happens. */
function furnish({ server, newPassword }: World): void {
  for (const name of ["default", ...systemNamespaces])
    server.create({ resource: "namespaces", name }, namespaceObject(name, undefined));
  for (const namespace of systemNamespaces) {
    server.create({ resource: "serviceaccounts", namespace, name: puller }, accountObject(namespace, puller, "r1"));
    for (const name of sources) {
      server.create({ resource: "secrets", namespace, name }, sourceObject(namespace, name, newPassword(name)));
    }
  }
  for (const [index, name] of namespaces.entries()) {
    server.create({ resource: "namespaces", name }, namespaceObject(name, index % 2 === 0 ? "x" : "y"));
    for (const account of accounts) {
      const at = { resource: "serviceaccounts", namespace: name, name: account } as const;
      server.create(at, accountObject(name, account, "r2"));
    }
  }
}

function writeText({ verb, resource, subresource, namespace, name }: Request, { object, before }: ModelEvent): string {
  const partsOf = (of: unknown): Readonly<Record<string, unknown>> => Object(of) as Readonly<Record<string, unknown>>;
  const field = subresource ?? "metadata";
  const [was, is] = [partsOf(partsOf(before)[field]), partsOf(partsOf(object)[field])];
  const altered = Object.keys({ ...was, ...is }).filter((key) => !isDeepStrictEqual(was[key], is[key]));
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${verb} ${what} ${namespace}/${name} (${altered.filter((key) => key !== "resourceVersion").join(", ")})`;
}
