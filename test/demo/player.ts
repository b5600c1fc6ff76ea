// Plays a step: shows, measures and records it, and names it when it fails.
import { systemClock } from "../../src/runtime/clock.ts";
import type { Screen } from "./screen.ts";

export interface StepReport {
  readonly name: string;
  readonly ok: boolean;
  /** Of the whole step. */
  readonly milliseconds: number;
  /** What was shown; of a failed step also what went wrong. */
  readonly detail: string;
  /** Single times in milliseconds, by name. */
  readonly measured: Readonly<Record<string, number>>;
}

/** What a step may say while it runs. */
export interface Teller {
  /** Something worked and took so long. */
  done(text: string, took: { readonly name: string; readonly milliseconds: number }): void;
  live(text: string): void;
  paragraph(text: string): void;
  block(text: string): void;
}

export interface Player {
  /** A step with a heading and lines of its own. */
  step(step: { readonly name: string; readonly title: string }, run: (tell: Teller) => Promise<void>): Promise<void>;
  /** A step of one line that is told when it is over. */
  prepare<T>(
    name: string,
    meanwhile: string,
    run: () => Promise<{ readonly value: T; readonly text: string }>,
  ): Promise<T>;
  readonly reports: readonly StepReport[];
}

/** A step went wrong; it has been shown and recorded. */
export class StepFailed extends Error {
  override readonly name = "StepFailed";
}

/** Who is there while the demo sets up. */
export interface Crew {
  readonly play: Player;
  /** Undoes what has been done, last first. */
  readonly cleanup: AsyncDisposableStack;
  /** Aborted when the demo is interrupted. */
  readonly signal: AbortSignal;
}

export function player(screen: Screen, signal: AbortSignal): Player {
  const clock = systemClock();
  const reports: StepReport[] = [];

  const recorded = async <T>(
    name: string,
    run: (shown: string[], measured: Record<string, number>) => Promise<T>,
  ): Promise<T> => {
    signal.throwIfAborted();
    const began = clock.elapsed();
    const shown: string[] = [];
    const measured: Record<string, number> = {};
    const record = (ok: boolean): void => {
      reports.push({ name, ok, milliseconds: rounded(clock.elapsed() - began), detail: shown.join(" "), measured });
    };
    try {
      const value = await run(shown, measured);
      record(true);
      return value;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      shown.push(message);
      record(false);
      if (signal.aborted) throw error;
      screen.failed(message);
      throw new StepFailed(`step ${name} failed: ${message}`, { cause: error });
    }
  };

  return {
    reports,
    step: ({ name, title }, run) => {
      signal.throwIfAborted();
      screen.heading(title);
      return recorded(name, (shown, measured) =>
        run({
          done: (text, took) => {
            shown.push(text);
            measured[took.name] = rounded(took.milliseconds);
            screen.done(text, took.milliseconds);
          },
          live: (text) => screen.live(text),
          paragraph: (text) => screen.paragraph(text),
          block: (text) => screen.block(text),
        }),
      );
    },
    prepare: (name, meanwhile, run) =>
      recorded(name, async (shown) => {
        const began = clock.elapsed();
        screen.live(`${meanwhile} ...`);
        const { value, text } = await run();
        shown.push(text);
        screen.done(text, clock.elapsed() - began);
        return value;
      }),
  };
}

/** To a tenth of a millisecond. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
