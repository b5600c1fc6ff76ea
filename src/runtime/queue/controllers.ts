// Controllers: what each watches, which keys an event means, and who runs a key.
import type { InSlices } from "../in-slices.ts";
import type { Waits } from "./waits.ts";
import type { AddOptions, Outcome } from "./work-queue.ts";

/** A run that is asked for. */
export interface Request {
  readonly key: string;
  readonly options?: AddOptions | undefined;
}

/** Whatever tells of events, such as a store of its changes. */
export interface Source<Event> {
  subscribe(listener: (event: Event) => void): unknown;
}

/** What an event of one source means. */
export interface Watch<Meaning> {
  follow(hear: (meaning: Iterable<Meaning>) => void): void;
}

/** Nothing to be run for what was looked at last: whoever goes through thousands lets others have a turn there, too. */
export type Skip = undefined;

/** The keys that each event of the source brings. */
export function watch<Event, Meaning extends Request | Skip>(
  source: Source<Event>,
  requests: (event: Event) => Iterable<Meaning>,
): Watch<Meaning> {
  return { follow: (hear) => void source.subscribe((event) => hear(requests(event))) };
}

/** The keys that all events of one turn bring together, each of which would go through as much as all of them. */
export function watchTogether<Event, Meaning extends Request | Skip>(
  source: Source<Event>,
  requests: (events: readonly Event[]) => Iterable<Meaning>,
): Watch<Meaning> {
  return {
    follow: (hear) => {
      let together: Event[] = [];
      source.subscribe((event) => {
        together.push(event);
        if (together.length > 1) return;
        queueMicrotask(() => {
          const events = together;
          together = [];
          hear(requests(events));
        });
      });
    },
  };
}

/** What each event of the source ends that runs may wait for. */
export function waitable<Event>(source: Source<Event>, what: (event: Event) => string): Watch<string> {
  return { follow: (hear) => void source.subscribe((event) => hear([what(event)])) };
}

export interface Controller {
  /** Its keys are `NAME/...`. */
  readonly name: string;
  readonly watches: readonly Watch<Request | Skip>[];
  /** What is there already when it begins. Default: nothing. */
  readonly initial?: () => Iterable<Request | Skip>;
  /** To be done once, when it begins to watch. */
  readonly begin?: () => void;
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Outcome>;
}

export interface ControllersOptions {
  /** Shared by all that goes through many in this process: what an event means may be thousands of keys, for each controller. */
  readonly inSlices: InSlices;
  readonly controllers: readonly Controller[];
  readonly enqueue: (key: string, options?: AddOptions) => void;
  readonly waits: Waits;
  /** Events that end the waits of runs, as the texts that `Outcome.waitsFor` has. */
  readonly waitedFor: readonly Watch<string>[];
}

export interface Controllers {
  /** To be called when the stores are synced: queues what is there at once, what changes from then on as it comes. */
  readonly begin: () => void;
  readonly run: (key: string, signal: AbortSignal) => Promise<Outcome>;
}

// Less work than to divide them; most events bring none or one.
const few = 8;

function isShort<T>(items: Iterable<T>): items is readonly T[] {
  return Array.isArray(items) && items.length <= few;
}

/** What is waited for comes back behind everything else. */
const afterWait: AddOptions = { lane: "bulk" };

export function controllers(options: ControllersOptions): Controllers {
  const { inSlices, enqueue, waits, waitedFor } = options;
  const byName = new Map(options.controllers.map((each) => [each.name, each]));
  const askOne = (request: Request | Skip): void => {
    if (request) enqueue(request.key, request.options);
  };
  const ask = (requests: Iterable<Request | Skip>): void => {
    if (isShort(requests)) for (const request of requests) askOne(request);
    else void inSlices(requests, askOne);
  };

  return {
    begin: () => {
      for (const each of waitedFor) {
        each.follow((changed) => {
          for (const what of changed) void inSlices(waits.changed(what), (key) => enqueue(key, afterWait));
        });
      }
      for (const { watches, begin } of options.controllers) {
        for (const each of watches) each.follow(ask);
        begin?.();
      }
      for (const { initial } of options.controllers) ask(initial?.() ?? []);
    },
    run: async (key, signal) => {
      const name = key.slice(0, Math.max(key.indexOf("/"), 0));
      const controller = byName.get(name);
      if (!controller) throw new TypeError(`no controller is called ${name}`);
      waits.begin(key);
      let waitsFor: readonly string[] = [];
      try {
        const outcome = await controller.reconcile(key, signal);
        waitsFor = outcome.waitsFor ?? [];
        return outcome;
      } finally {
        if (waits.wait(key, waitsFor)) enqueue(key, afterWait);
      }
    },
  };
}
