// Asks the person at the terminal for consent.
import { createInterface } from "node:readline/promises";

/** False for anything but y or yes, and for an input that ends. Rejects when the signal is aborted. */
export async function agree(question: string, signal: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // The line editor takes Ctrl-C for itself.
  terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    return /^y(es)?$/i.test((await terminal.question(question, { signal })).trim());
  } catch (error) {
    signal.throwIfAborted();
    // Ctrl-D: https://nodejs.org/api/readline.html#rlquestionquery-options
    if (error instanceof Error && error.name === "AbortError") return false;
    throw error;
  } finally {
    terminal.close();
  }
}
