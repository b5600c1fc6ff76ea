// How does the operator say what it does? Constant messages with fields, one line per decision, never a secret.
import { pino } from "pino";
import pretty from "pino-pretty";

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
  /** json for machines; pretty for a person at a terminal. */
  readonly format: "json" | "pretty";
  readonly to: NodeJS.WritableStream;
}

export function pinoLog({ level, format, to }: LogOptions): Log {
  const stream =
    format === "pretty" ? pretty({ destination: to, colorize: true, ignore: "pid,hostname", singleLine: true }) : to;
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  const at =
    (name: LogLevel) =>
    (message: string, fields?: LogFields): void =>
      logger[name](fields ?? {}, message);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
