// Tests that `status` shows itself anew on a screen, and elsewhere only what has changed.
import { expect, it } from "vitest";
import { showStatus } from "../../../src/cli/status/show-status.ts";
import type { Session } from "../../../src/cli/session.ts";
import { stored, minimal } from "../../api/registry-credential.ts";

/** What reaches the terminal in two rounds of the same. */
async function shown(
  width: number | undefined,
  options: Readonly<Record<string, unknown>>,
): Promise<readonly string[]> {
  const did: string[] = [];
  let rounds = 0;
  const session = {
    objects: { list: async () => [stored(minimal)] },
    out: {
      width,
      paint: (_style: string, text: string) => text,
      clear: () => did.push("cleared"),
      redraw: () => did.push("drawn"),
      write: () => did.push("written"),
    },
    clock: {
      now: () => Temporal.Instant.from("2026-11-25T12:00:00Z"),
      sleep: () => ((rounds += 1) === 2 ? Promise.reject(new Error("stopped")) : Promise.resolve()),
    },
    signal: new AbortController().signal,
  } as unknown as Session;
  await showStatus(session, [], options);
  return did;
}

it.each<[string, number | undefined, Readonly<Record<string, unknown>>, readonly string[]]>([
  ["once", 80, {}, ["written"]],
  ["on a screen, which is emptied first", 80, { watch: true }, ["cleared", "drawn", "drawn"]],
  ["in a pipe", undefined, { watch: true }, ["written"]],
  ["for a script", 80, { watch: true, output: "json" }, ["written"]],
])("the status is shown %s", async (_where, width, options, expected) => {
  expect(await shown(width, options)).toEqual(expected);
});
