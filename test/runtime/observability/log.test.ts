// Tests of log lines: complete, readable by who reads them, and without secrets.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Redacted } from "../../../src/runtime/redacted.ts";
import { pinoLog, type LogOptions } from "../../../src/runtime/observability/log.ts";
import { fakeClock } from "../../fake-clock.ts";
import { anything, obeyedIn } from "../../foreign-texts.ts";

const secret = "hunter2";

function logged(
  { isTTY = false, ...options }: Partial<LogOptions> & { readonly isTTY?: boolean },
  write: (log: ReturnType<typeof pinoLog>) => void,
): string {
  let text = "";
  const to = { write: (line: string) => (text += line), isTTY };
  write(pinoLog({ level: "info", format: "auto", clock: fakeClock(), to, ...options }));
  return text;
}

describe("a log line", () => {
  it("is one JSON document with level, time, fields and message", () => {
    const text = logged({}, (log) => log.info("started", { namespaces: 3 }));
    expect(text).toBe('{"level":"info","time":"2026-01-01T00:00:00.000Z","namespaces":3,"msg":"started"}\n');
  });

  it("is one line without JSON for a person at a terminal", () => {
    const text = logged({ isTTY: true }, (log) => log.warn("paused", { why: "a\nb" }));
    expect(text).toMatch(/WARN.*paused.*why.*\n$/);
    expect(text.trimEnd()).not.toContain("\n");
    expect(text).toContain("\u001b[");
  });

  it("is pretty into a file where that was asked for, then without colours", () => {
    const text = logged({ format: "pretty" }, (log) => log.error("failed"));
    expect(text).toMatch(/ERROR: failed\n$/);
    expect(text).not.toContain("\u001b[");
  });

  it.each(["json", "pretty"] as const)(
    "has no character in %s that a terminal obeys, whatever its fields hold",
    (format) => {
      fc.assert(
        fc.property(anything, (text) => {
          const line = logged({ format }, (log) => log.warn("refused", { text, list: [text] }));
          expect(obeyedIn(line.replace(/\n$/, "").replaceAll("\n", ""))).toEqual([]);
          expect(format === "pretty" || (JSON.parse(line) as { text: string }).text === text).toBe(true);
        }),
        { numRuns: 200 },
      );
    },
  );

  it("is written only from the level upwards", () => {
    const text = logged({ level: "warn" }, (log) => {
      log.debug("a");
      log.info("b");
      log.warn("c");
    });
    expect(text.match(/"msg":"."/g)).toEqual(['"msg":"c"']);
  });

  it.each(["json", "pretty"] as const)("never shows a secret in %s", (format) => {
    const password = new Redacted(secret);
    const text = logged({ format }, (log) =>
      log.info("stored", { password, nested: { list: [password] }, text: `in ${password.toString()}` }),
    );
    expect(text).not.toContain(secret);
    expect(text.match(/\[redacted\]/g)).toHaveLength(3);
  });
});
