// The options of the bench.
import { parseArgs } from "node:util";
import { type Dimensions, namesOfOneSpec, oneOfEach, selections } from "./dimensions.ts";
import { type Trouble, troubles } from "./trouble.ts";
import { type HandOverSignal, handOverSignals } from "./hand-overs.ts";

/** What is measured. */
export type Work =
  | { readonly kind: "measure"; readonly pairs: number }
  | { readonly kind: "handOvers"; readonly count: number; readonly signal: HandOverSignal }
  | { readonly kind: "floods"; readonly pairs: number }
  | { readonly kind: "pods"; readonly count: number }
  | { readonly kind: "trouble"; readonly asked: readonly Trouble[]; readonly churnMinutes: number };

export interface BenchOptions {
  /** Ascending. */
  readonly namespaces: readonly number[];
  /** File for the JSON report. */
  readonly report: string | undefined;
  readonly dimensions: Dimensions;
  /** To which the control plane is held; undefined: to none. */
  readonly apiServerCores: number | undefined;
  readonly work: Work;
}

export type Asked =
  | { readonly kind: "bench"; readonly options: BenchOptions }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly message: string };

export interface Machine {
  readonly cores: number;
  /** Whether a process can be held to some of them. */
  readonly hasTaskset: boolean;
}

/** What the bench ends with; `--help` lists them. */
export const exitCodes = { ok: 0, failed: 1, refused: 2 } as const;

export const helpText = `Measures the operator on a real Kubernetes control plane, side by side with a bare client that does the same writes.

Usage: npm run bench -- [--namespaces N[,N...]] [--report FILE] [--pairs N] [what there is more of]
       npm run bench -- --hand-overs N [--signal SIGTERM|SIGKILL] [--namespaces N] [--report FILE]
       npm run bench -- --floods N [--namespaces N] [--report FILE]
       npm run bench -- --pods N [--report FILE]
       npm run bench -- --trouble NAME[,NAME...] [--churn-minutes N] [--namespaces N] [--report FILE]

  --namespaces N   tenant namespaces, 2 to 20000 (default: 200). A list such as 100,1000,10000 gives the growth table:
                   each size on a control plane of its own, the size at the end of each row's name, and the exponents of N
  --report FILE    also write the numbers as JSON: one per row, and everything measured under "raw"
  --pairs N        how often operator and bare client take turns at a fan-out, a deletion and a rotation, 1 to 50 (default: 5)

What there is more of:
  --credentials N           RegistryCredentials, 1 to 200 (default: 1), each with a host of its own
  --select own|all          with --credentials: each selects its own share of the namespaces, by name (own, the default),
                            or all of them, and they write one Secret together (all)
  --grants-per-namespace N  grants that each namespace has of its own, from sources of its own, 0 to 16 (default: 0, all
                            share one). A rotation is then of all sources
  --service-accounts N      ServiceAccounts in each namespace, 1 to 50 (default: 1)
  --foreign-secrets N       Secrets of 10 KB in tenants' namespaces that nobody selects, in all, 0 to 100000 (default: 0)
  --api-server-cores N      hold kube-apiserver and etcd to N cores (by taskset), so that who writes does not take theirs

Instead of all that:
  --hand-overs N   how long one replica takes to follow another, N times, 1 to 1000
  --signal NAME    with --hand-overs: what ends the one that leads: SIGTERM (the default) or SIGKILL
  --floods N       rotations in a flood of the metrics and without, in turns, N of each, 1 to 50
  --pods N         what the policy on pods costs each creation, with N pods, 1 to 10000
  --trouble NAMES  rotations in trouble, of these: slow (200 ms a write), flaky (5 % of all answers are 500), throttled
                   (429 for a minute), three (RegistryCredentials that rotate at once), churn (a flat heap while namespaces
                   come and go)
  --churn-minutes N  with churn: how long, 1 to 600 (default: 15)
  --help           show this

Takes some 6 minutes with 200 namespaces, 60 with 100,1000,10000, and needs no cluster; a hand-over takes 4 s, after SIGKILL
20 s, a pair of rotations 20 s. What the rows mean: docs/performance.md

Exit codes: ${exitCodes.ok} everything was measured; ${exitCodes.failed} a step failed; ${exitCodes.refused} wrong usage.
`;

class Wrong extends Error {}

/** `args` without the program's own name. */
export function parseOptions(args: readonly string[], machine: Machine): Asked {
  try {
    const values = valuesOf(args);
    return values.help ? { kind: "help" } : { kind: "bench", options: optionsFrom(values, machine) };
  } catch (error) {
    if (!(error instanceof Wrong) && !(error instanceof TypeError)) throw error;
    return { kind: "wrong", message: `${error.message} (see --help)` };
  }
}

type Values = ReturnType<typeof valuesOf>;

function valuesOf(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      namespaces: { type: "string" },
      pairs: { type: "string" },
      credentials: { type: "string" },
      select: { type: "string" },
      "grants-per-namespace": { type: "string" },
      "service-accounts": { type: "string" },
      "foreign-secrets": { type: "string" },
      "api-server-cores": { type: "string" },
      "hand-overs": { type: "string" },
      signal: { type: "string" },
      floods: { type: "string" },
      pods: { type: "string" },
      trouble: { type: "string" },
      "churn-minutes": { type: "string" },
      report: { type: "string" },
      help: { type: "boolean" },
    },
  });
  return values;
}

function optionsFrom(values: Values, machine: Machine): BenchOptions {
  const work = workOf(values);
  const namespaces = sizesOf(values.namespaces ?? "200");
  const dimensions = dimensionsOf(values);
  if (work.kind !== "measure") {
    const own: readonly (keyof Values)[] = ["pairs", "credentials", "select", "grants-per-namespace"];
    const misplaced = own.find((flag) => values[flag] !== undefined);
    if (misplaced) throw new Wrong(`--${misplaced} says nothing about ${flagOf[work.kind]}: leave one of them out`);
    if (namespaces.length > 1)
      throw new Wrong(`${flagOf[work.kind]} takes one size: write --namespaces ${namespaces[0]}`);
  }
  checkShares(dimensions, namespaces);
  if (values.report === "") throw new Wrong("--report needs the name of a file");
  return { namespaces, report: values.report, dimensions, apiServerCores: coresOf(values, machine), work };
}

const flagOf = { handOvers: "--hand-overs", floods: "--floods", pods: "--pods", trouble: "--trouble" } as const;

function workOf(values: Values): Work {
  const flags = (["hand-overs", "floods", "pods", "trouble"] as const).filter((flag) => values[flag] !== undefined);
  if (flags.length > 1) throw new Wrong(`write one of ${flags.map((flag) => `--${flag}`).join(" and ")}`);
  if (values.signal !== undefined && values["hand-overs"] === undefined) {
    throw new Wrong("--signal says what ends a leader: write --hand-overs N with it");
  }
  if (values["churn-minutes"] !== undefined && values.trouble === undefined) {
    throw new Wrong("--churn-minutes says how long namespaces come and go: write --trouble churn with it");
  }
  if (values["hand-overs"] !== undefined) {
    const count = wholeNumber("--hand-overs", values["hand-overs"], [1, 1000]);
    return { kind: "handOvers", count, signal: oneOf("--signal", values.signal ?? "SIGTERM", handOverSignals) };
  }
  if (values.floods !== undefined) return { kind: "floods", pairs: wholeNumber("--floods", values.floods, [1, 50]) };
  if (values.pods !== undefined) return { kind: "pods", count: wholeNumber("--pods", values.pods, [1, 10_000]) };
  if (values.trouble !== undefined) return troubleOf(values.trouble, values["churn-minutes"]);
  return { kind: "measure", pairs: wholeNumber("--pairs", values.pairs ?? "5", [1, 50]) };
}

function troubleOf(names: string, minutes: string | undefined): Work {
  const asked = names.split(",").map((name) => oneOf("--trouble", name.trim(), troubles));
  if (minutes !== undefined && !asked.includes("churn")) {
    throw new Wrong(`--churn-minutes says how long namespaces come and go: write --trouble ${names},churn`);
  }
  return { kind: "trouble", asked, churnMinutes: wholeNumber("--churn-minutes", minutes ?? "15", [1, 600]) };
}

function sizesOf(text: string): readonly number[] {
  const sizes = text.split(",").map((each) => wholeNumber("--namespaces", each.trim(), [2, 20_000]));
  const twice = sizes.find((size, index) => sizes.indexOf(size) !== index);
  if (twice !== undefined) throw new Wrong(`--namespaces has ${twice} twice: write each size once, such as 100,1000`);
  return sizes.toSorted((one, other) => one - other);
}

function dimensionsOf(values: Values): Dimensions {
  if (values.select !== undefined && values.credentials === undefined) {
    throw new Wrong("--select says what each of several RegistryCredentials selects: write --credentials N with it");
  }
  const number = (flag: keyof Values, otherwise: number, bounds: Bounds): number => {
    const text = values[flag];
    return typeof text === "string" ? wholeNumber(`--${flag}`, text, bounds) : otherwise;
  };
  return {
    credentials: number("credentials", oneOfEach.credentials, [1, 200]),
    select: oneOf("--select", values.select ?? oneOfEach.select, selections),
    grantsPerNamespace: number("grants-per-namespace", oneOfEach.grantsPerNamespace, [0, 16]),
    serviceAccounts: number("service-accounts", oneOfEach.serviceAccounts, [1, 50]),
    foreignSecrets: number("foreign-secrets", oneOfEach.foreignSecrets, [0, 100_000]),
  };
}

function checkShares({ credentials, select }: Dimensions, namespaces: readonly number[]): void {
  if (credentials === 1 || select === "all") return;
  const [fewest = 0] = namespaces;
  const most = namespaces.at(-1) ?? fewest;
  if (credentials > fewest) {
    throw new Wrong(
      `${credentials} RegistryCredentials cannot share ${fewest} namespaces: write --credentials ${fewest}`,
    );
  }
  if (Math.ceil(most / credentials) > namesOfOneSpec) {
    const needed = Math.ceil(most / namesOfOneSpec);
    throw new Wrong(
      `a RegistryCredential can name ${namesOfOneSpec} namespaces, not a share of ${most}: write --credentials ${needed} or more, or --select all`,
    );
  }
}

function coresOf(values: Values, { cores, hasTaskset }: Machine): number | undefined {
  const text = values["api-server-cores"];
  if (text === undefined) return undefined;
  if (!hasTaskset) throw new Wrong("--api-server-cores needs taskset, which Linux has (util-linux): leave it out here");
  if (cores < 2) throw new Wrong("--api-server-cores needs a machine of two cores at least: leave it out here");
  return wholeNumber("--api-server-cores", text, [1, cores - 1]);
}

type Bounds = readonly [min: number, max: number];

function wholeNumber(flag: string, text: string, [min, max]: Bounds): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : -1;
  if (number >= min && number <= max) return number;
  throw new Wrong(`${flag} cannot be ${JSON.stringify(text)}: write a whole number from ${min} to ${max}`);
}

function oneOf<const T extends string>(flag: string, text: string, names: readonly T[]): T {
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  throw new Wrong(`${flag} cannot be ${JSON.stringify(text)}: write ${names.join(" or ")}`);
}
