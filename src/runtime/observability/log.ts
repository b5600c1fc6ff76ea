// The log: constant messages with fields, one line per decision, never a secret.
import { pino } from "pino";
import { prettyFactory } from "pino-pretty";
import type { Clock } from "../clock.ts";
import { escapedJson, printable } from "../foreign-text.ts";

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface LogOptions {
  readonly level: LogLevel;
  /** json for machines; pretty for a person; auto looks whether a person sits at `to`. */
  readonly format: "auto" | "json" | "pretty";
  readonly to: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly clock: Clock;
}

/** A line is with `to` when the call returns, so that no exit loses the last ones. */
export function pinoLog({ level, format, to, clock }: LogOptions): Log {
  const isPretty = format === "pretty" || (format === "auto" && to.isTTY === true);
  const written = isPretty
    ? prettyFactory({ colorize: to.isTTY === true, singleLine: true, translateTime })
    : escapedJson;
  const options = {
    level,
    // Which process and machine it is, the cluster's log collector knows.
    base: null,
    timestamp: () => `,"time":"${clock.now().toString({ smallestUnit: "millisecond" })}"`,
    formatters: { level: (label: string) => ({ level: label }), log: isPretty ? printableFields : same },
  };
  // For a person the fields are made harmless before they are laid out; JSON for machines keeps what it means.
  const logger = pino(options, { write: (line) => to.write(written(line)) });
  const at =
    (name: LogLevel) =>
    (message: string, fields?: LogFields): void =>
      logger[name](fields ?? {}, message);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function same(fields: Record<string, unknown>): Record<string, unknown> {
  return fields;
}

/** Texts, alone or in a list: there is nothing deeper. */
function printableFields(fields: Record<string, unknown>): Record<string, unknown> {
  const shown = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shown);
    return typeof value === "string" ? printable(value) : value;
  };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, shown(value)]));
}

// The local time of day: https://github.com/pinojs/pino-pretty#options
const translateTime = "SYS:HH:MM:ss.l";
