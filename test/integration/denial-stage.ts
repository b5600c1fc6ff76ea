// Two credentials that share their Secrets while the operator is denied writes, and whom that concerns.
import { type History, history, secretsCalled } from "./history.ts";
import type { OperatorSettings } from "../../src/config/config.ts";
import {
  type Condition,
  eventually,
  type LogLine,
  loginsIn,
  type RunningOperator,
  type TestEnv,
  testEnv,
  staticSpec,
} from "./test-env.ts";

export const hosts = { a: "a.example.com", b: "b.example.com" } as const;
export type Name = keyof typeof hosts;
export const names: readonly Name[] = ["a", "b"];
/** Served before anything is denied. */
const first: readonly string[] = ["team-0", "team-1", "team-2"];

export interface Stage {
  readonly world: TestEnv;
  /** Of the operator that runs. */
  log(): readonly LogLine[];
  /** All that are there by now. */
  readonly namespaces: readonly string[];
  /** Each source gets a new password. */
  rotate(): Promise<void>;
  /** Of the last rotation, and of the one before. */
  readonly password: string;
  readonly formerPassword: string;
  /** A namespace that nobody has seen before. */
  join(namespace: string): Promise<void>;
  /** It has one of these logins. */
  has(name: Name, namespace: string, passwords: readonly string[]): Promise<boolean>;
  /** Everybody has everything, and nothing is complained of. */
  well(): Promise<void>;
  /** Where a Secret that held a login of `a` or `b` has been without it at any moment so far, or went. */
  losses(): readonly string[];
  stop(): Promise<void>;
  /** Resolves when the new one begins its work. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** What only a person can mend is tried again soon. */
const slowly = Temporal.Duration.from({ seconds: 1 });
const minute = Temporal.Duration.from({ minutes: 1 });

export interface StageOptions {
  /** Values of the chart; without, the operator is an administrator. */
  readonly install?: object;
  readonly settings?: Partial<OperatorSettings>;
  /** How the operator reaches the API server; directly, if absent. */
  readonly through?: (world: TestEnv) => Promise<string>;
}

export async function denialStage({ install, settings, through }: StageOptions = {}): Promise<Stage> {
  const world = await testEnv({ ...(install && { install }) });
  const kubeconfig = await through?.(world);
  const namespaces = [...first];
  let round = 0;
  const passwordOf = (which: number): string => `round-${which}`;
  const rotate = async (): Promise<void> => {
    round += 1;
    for (const name of names) await world.source(`hub-${name}`, { username: name, password: passwordOf(round) });
  };
  await world.namespaces(first);
  await rotate();
  const seen: History = await history(world, secretsCalled("regcred"));
  const start = async (): Promise<void> => {
    running = await world.startOperator({
      timing: { slowly },
      ...(settings && { settings }),
      ...(kubeconfig !== undefined && { kubeconfig }),
    });
  };
  let running: RunningOperator | undefined;
  await start();
  for (const name of names) await world.credential(name, staticSpec(`hub-${name}`, { hosts: [hosts[name]] }));

  const has: Stage["has"] = async (name, namespace, passwords) =>
    passwords.includes((await world.logins(namespace))?.[hosts[name]]?.password ?? "");
  const stage: Stage = {
    world,
    log: () => running?.log ?? [],
    stop: async () => running?.stop(),
    start,
    namespaces,
    rotate,
    get password() {
      return passwordOf(round);
    },
    get formerPassword() {
      return passwordOf(round - 1);
    },
    join: async (name) => {
      await world.namespaces([name]);
      namespaces.push(name);
    },
    has,
    well: () =>
      eventually(
        "everybody has everything",
        async () => {
          for (const namespace of namespaces) {
            for (const name of names) if (!(await has(name, namespace, [passwordOf(round)]))) return false;
            if ((await world.references(namespace)).join() !== "regcred") return false;
          }
          for (const name of names) {
            const { failures = [], conditions = [], namespaces: counts } = await world.status(name);
            if (failures.length > 0 || counts?.ready !== namespaces.length) return false;
            if (!["Ready", "Distributed", "TokensFresh"].every((type) => isTrue(conditions, type))) return false;
          }
          return true;
        },
        minute,
      ),
    losses: () => {
      const held = new Map<string, readonly string[]>();
      return seen.versions.flatMap(({ type, object }) => {
        const { namespace = "" } = object.metadata;
        const before = held.get(namespace) ?? [];
        const now = type === "DELETED" ? [] : Object.keys(loginsIn(object) ?? {});
        held.set(namespace, now);
        return before
          .filter((host) => Object.values<string>(hosts).includes(host) && !now.includes(host))
          .map((host) => `${host} in ${namespace}`);
      });
    },
    close: async () => {
      await seen[Symbol.asyncDispose]();
      await world.close();
    },
  };
  await stage.well();
  return stage;
}

function isTrue(conditions: readonly Condition[], type: string): boolean {
  return conditions.find((condition) => condition.type === type)?.status === "True";
}

/** All that the status and its conditions say. */
export async function reportedBy(world: TestEnv, name: string): Promise<string> {
  const { conditions = [], registries = [], failures = [] } = await world.status(name);
  return JSON.stringify({ conditions, registries, failures });
}
