// The order in which a program is looked for, and what a person reads when it is nowhere.

import type { Binary } from "./catalogue.ts";

/** One way to a program. */
export interface Way {
  /** What a person can do to open it; ends the sentence "any one of these helps:". */
  readonly advice: (binary: Binary) => string;
  /** The program's path. Throws an Error whose message says why this way is closed. */
  readonly find: (binary: Binary) => Promise<string>;
}

/**
 * The first way that leads to the program wins; the others are not tried.
 * @throws Error that lists all ways, why each is closed and how to open it.
 */
export async function findBinary(binary: Binary, ways: readonly Way[]): Promise<string> {
  const closed: string[] = [];
  for (const way of ways) {
    try {
      return await way.find(binary);
    } catch (error) {
      closed.push(`  - ${way.advice(binary)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(`${binary.name} ${binary.version} is nowhere. Any one of these helps:\n${closed.join("\n")}`);
}
