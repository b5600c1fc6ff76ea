// Finds the first history of a seed that fails, and reports it.
import * as fc from "fast-check";
import { complaintsOf } from "./history.ts";
import { shortest } from "./shortest.ts";
import { histories, type Step } from "./steps.ts";

export interface Played {
  readonly seed: number;
  /** How many of its histories. */
  readonly histories: number;
  /** Only the one that was told with a failure. */
  readonly path?: string | undefined;
  /** Whether a complaint is one. */
  readonly counts?: (complaint: string) => boolean;
  /** Called before each history is played. */
  readonly onHistory?: (history: readonly Step[]) => void;
  /** Whether a shorter history that fails is still to be looked for. */
  readonly mayShorten: () => boolean;
}

/** Undefined: all is well. */
export async function firstFailure(options: Played): Promise<string | undefined> {
  const { seed, path, counts, onHistory, mayShorten } = options;
  const property = fc.asyncProperty(histories, async (history: readonly Step[]) => {
    onHistory?.(history);
    return (await complaintsOf(history, counts)).length === 0;
  });
  const how = { seed, numRuns: options.histories, endOnFailure: true, ...(path !== undefined && { path }) };
  const found = await fc.check(property, how);
  const [failed] = found.counterexample ?? [];
  if (!found.failed || !failed) return undefined;
  if (found.errorInstance instanceof Error && !found.errorInstance.message.startsWith("Property failed"))
    throw found.errorInstance;
  const fails = async (each: readonly Step[]): Promise<boolean> => (await complaintsOf(each, counts)).length > 0;
  const history = await shortest(failed, fails, mayShorten);
  return [
    `seed ${seed} fails: npm run world -- --seed ${seed} --path ${found.counterexamplePath} --histories 1`,
    ...history.map((each) => `  ${JSON.stringify(each)},`),
    ...(await complaintsOf(history, counts)),
  ].join("\n");
}
