// One process of the operator, when API server, clouds and time are played.
import { type Controllers, controllers } from "../../src/operator/controllers.ts";
import { withAdmission } from "../../src/providers/with-admission.ts";
import type { Random } from "../../src/runtime/clock.ts";
import type { ModelServer, Resource } from "../../src/cluster/in-memory/in-memory-server.ts";
import type { LeaseView } from "../../src/runtime/leader/lease-state.ts";
import type { Log } from "../../src/runtime/observability/log.ts";
import type { FakeClock } from "../fake-clock.ts";
import type { Fault, ListFault, Request } from "./faults.ts";
import { playedApi } from "./played-api.ts";
import { mortalClock } from "./played-clock.ts";
import type { PlayedCloud } from "./played-cloud.ts";
import { type EventLog, playedWatches } from "./played-watches.ts";
import type { SystemNamespace } from "./words.ts";

export interface Environment {
  readonly server: ModelServer;
  readonly log: EventLog;
  readonly clock: FakeClock;
  readonly random: Random;
  readonly cloud: PlayedCloud;
  readonly faults: () => Iterable<Fault>;
  readonly listFaults: () => Iterable<ListFault>;
  readonly onRequest: (request: Request, body: unknown) => { readonly sent: boolean } | undefined;
  readonly during: (request: Request, work: () => unknown) => unknown;
  readonly leaseOf: (namespace: string) => LeaseView | undefined;
  /** What it logs as an error: a bug. */
  readonly onError: (text: string) => void;
}

export interface Incarnation {
  readonly namespace: SystemNamespace;
  readonly parts: Controllers;
  /** Something happened that its watches may show: an event of this kind, or another fault. */
  stir(resource?: Resource): void;
  /** It leads, and begins as soon as its stores are full and the cluster is its. */
  lead(): void;
  /** Nothing of it goes on. */
  kill(): void;
  /** It was killed, or has given way to another install. */
  dead(): boolean;
  /** It ends in good order. */
  stop(): Promise<void>;
  /** Calls that wait for their time. */
  timers(): number;
}

const nothing = (): void => undefined;
const everything = { pullSecretNames: [], watchNamespaces: [], podRecovery: false };

export function incarnation(environment: Environment, namespace: SystemNamespace): Incarnation {
  const { server, log, random, cloud, faults, listFaults, leaseOf, onError } = environment;
  const clock = mortalClock(environment.clock);
  const watched = playedWatches({ server, log, clock, faults: listFaults });
  const quiet: Log = {
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: (message, fields) => onError(`${message} ${JSON.stringify(fields)}`),
  };
  const parts = controllers({
    clock,
    random,
    log: quiet,
    version: "0.0.0",
    instance: "played",
    settings: {
      namespace,
      sourceNamespaces: [],
      mode: everything,
      maxConfigBytes: 64 * 1024,
      concurrency: 16,
      leaderElection: true,
    },
    api: playedApi({
      server,
      clock,
      faults,
      onRequest: (request, body) => (dead ? { sent: false } : environment.onRequest(request, body)),
      during: environment.during,
      onThrottled: () => parts.throttled(undefined),
    }),
    listWatch: watched.listWatch,
    leaseOf: async (of) => leaseOf(of),
    leading: () => true,
    egress: (asked) => ({
      provider: withAdmission(cloud.provider(clock, namespace, asked), asked.admittance),
      verify: async () => ({ verification: "Authenticated" }),
      close: async () => undefined,
    }),
    measured: {
      credentials: { publish: nothing, forget: nothing },
      show: ({ statusCache }) => ({ statusCache, begin: nothing }),
      instruments: { count: nothing, observe: nothing, show: nothing },
    },
  });
  let dead = false;
  const stopping = new AbortController();
  const never = new Promise<never>(() => undefined);
  const started = parts.start(never);
  let forgetClaim = nothing;
  const lead = async (): Promise<void> => {
    await started;
    await parts.claim.claimed(stopping.signal);
    parts.begin();
    forgetClaim = parts.claim.watch(kill);
  };
  const kill = (): void => {
    dead = true;
    clock.kill();
  };
  return {
    namespace,
    parts,
    stir: watched.stir,
    lead: () => void lead().catch((error: unknown) => onError(`did not begin: ${String(error)}`)),
    kill,
    dead: () => dead,
    stop: async () => {
      forgetClaim();
      await parts.drain(Temporal.Duration.from({ seconds: 10 }));
      await parts.watches.stop();
    },
    timers: () => clock.pending(),
  };
}
