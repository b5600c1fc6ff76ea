// The options of `npm run world`.
import { parseArgs } from "node:util";

export interface WorldOptions {
  /** Which seeds are played: one, so many from a first one on, or from there on for so many seconds. */
  readonly which:
    | { readonly kind: "one"; readonly seed: number }
    | { readonly kind: "many"; readonly from: number | undefined; readonly seeds: number }
    | { readonly kind: "lasting"; readonly from: number | undefined; readonly seconds: number };
  /** Of each seed. */
  readonly histories: number;
  /** Only the history that was told with a failure. */
  readonly path: string | undefined;
  /** All other complaints are passed over. */
  readonly only: RegExp | undefined;
  /** Seconds. */
  readonly shrink: number;
}

export type Asked =
  | { readonly kind: "play"; readonly options: WorldOptions }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly message: string };

export const helpText = `Usage: npm run world -- [--seconds N | --seeds N] [--from N] [--seed N] [--path P] [--histories N] [--only REGEXP] [--shrink SECONDS]

  --seconds N       how long new histories are played (60)
  --seeds N         plays N seeds of new histories instead, however long it takes: the same ones on every machine
  --from N          the seed of the first of them, each next one of one more (any)
  --seed N          plays the histories of this seed instead, as many as --histories says
  --path P          of these only the one that was told with a failure
  --histories N     of each seed (100)
  --only REGEXP     passes over all other complaints
  --shrink SECONDS  how long a shorter history is looked for that fails (60)
  --help            shows this
`;

/** Of none of these nothing is played, and nothing is no success. */
const counts: readonly string[] = ["seconds", "seeds", "histories"];

/** @param args without the program's own name */
export function parseOptions(args: readonly string[]): Asked {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seconds: { type: "string", default: "60" },
        seeds: { type: "string" },
        from: { type: "string" },
        seed: { type: "string" },
        path: { type: "string" },
        histories: { type: "string", default: "100" },
        only: { type: "string" },
        shrink: { type: "string", default: "60" },
        help: { type: "boolean" },
      },
    });
    if (values.help === true) return { kind: "help" };
    const numberOf = (name: "seconds" | "seeds" | "from" | "seed" | "histories" | "shrink"): number => {
      const text = values[name] ?? "";
      if (!/^\d+$/.test(text)) throw new Error(`--${name} cannot be ${JSON.stringify(text)}: write a number`);
      if (counts.includes(name) && Number(text) === 0)
        throw new Error(`--${name} cannot be ${text}: nothing would be played. Write a number from 1 on`);
      return Number(text);
    };
    const from = values.from === undefined ? undefined : numberOf("from");
    const which = (): WorldOptions["which"] => {
      if (values.seed !== undefined) return { kind: "one", seed: numberOf("seed") };
      if (values.seeds !== undefined) return { kind: "many", from, seeds: numberOf("seeds") };
      return { kind: "lasting", from, seconds: numberOf("seconds") };
    };
    const only = values.only === undefined ? undefined : new RegExp(values.only);
    return {
      kind: "play",
      options: {
        which: which(),
        histories: numberOf("histories"),
        path: values.path,
        only,
        shrink: numberOf("shrink"),
      },
    };
  } catch (error) {
    return { kind: "wrong", message: error instanceof Error ? error.message : String(error) };
  }
}
