// Tests that each state answers each input with the right next state and commands.
import { describe, expect, it } from "vitest";
import { idle, transition } from "../../../src/runtime/watch/reflector-state.ts";
import type { ReflectorCommand, ReflectorInput, ReflectorState } from "../../../src/runtime/watch/reflector-state.ts";
import { bookmark, errorEvent, event, initialEventsEnd } from "./objects.ts";

const fresh = { failures: 0, expired: 0, paged: false };
const streaming: ReflectorState = { name: "Streaming", ...fresh };
const listing: ReflectorState = { name: "Listing", failures: 0, expired: 0, paged: true };
const midList: ReflectorState = { ...listing, resourceVersion: "50", continue: "token" };
const watching: ReflectorState = { name: "Watching", resourceVersion: "60", ...fresh };
const waiting: ReflectorState = { name: "Waiting", failures: 2, expired: 0, paged: false };
const waitingToWatch: ReflectorState = { ...waiting, resourceVersion: "60" };

const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });
const failed = (kind: string): ReflectorInput => ({ kind: "failed", failure: { kind } });
const wait = (failures: number, kind: string): ReflectorCommand => ({ kind: "wait", failures, because: { kind } });
const arrived = (watched: ReturnType<typeof event>): ReflectorInput => ({ kind: "event", ...watched });
const keep = ({ object }: ReturnType<typeof event>): ReflectorCommand => ({ kind: "keep", object });

type Row = readonly [string, ReflectorState, ReflectorInput, ReflectorState, readonly ReflectorCommand[]];

const [a, b] = [event("ADDED", "a", 61), event("MODIFIED", "b", 62)];
const gone = event("DELETED", "a", 63);
const unknown = { type: "RENAMED", object: { metadata: { resourceVersion: "64" } } };
const nameless = { type: "ADDED", object: null };
const expired = errorEvent(410, "Expired");
const internal = errorEvent(500, "InternalError");
const busy = errorEvent(429, "TooManyRequests", 7);
const patient = errorEvent(429, "TooManyRequests", 1e308);

const table: readonly Row[] = [
  ["begins with the initial state as a watch", idle, { kind: "start" }, streaming, [{ kind: "stream" }]],
  ["never begins when it is stopped first", idle, { kind: "stop" }, { name: "Stopped" }, []],
  ["starts only once", watching, { kind: "start" }, watching, []],

  ["keeps initial events", streaming, arrived(a), streaming, [keep(a)]],
  [
    "takes a deletion among the initial events",
    streaming,
    arrived(gone),
    streaming,
    [{ kind: "drop", object: gone.object }],
  ],
  ["does not take any bookmark for the end of the initial events", streaming, arrived(bookmark(61)), streaming, []],
  [
    "watches on along the same stream after the initial events",
    streaming,
    arrived(initialEventsEnd(60)),
    watching,
    [{ kind: "complete", resourceVersion: "60" }],
  ],
  ["lists in pages at once where WatchList is refused", streaming, failed("invalid"), listing, [{ kind: "list" }]],
  [
    "lists in pages after a stream that ended without the bookmark",
    streaming,
    { kind: "ended", lasted: seconds(300), events: 5, due: true },
    { name: "Waiting", failures: 1, expired: 0, paged: true },
    [wait(1, "ended")],
  ],
  [
    "begins the initial events anew after a failure",
    streaming,
    failed("transient"),
    { name: "Waiting", failures: 1, expired: 0, paged: false },
    [wait(1, "transient")],
  ],
  [
    "does not take missing rights for a refusal of WatchList",
    streaming,
    failed("forbidden"),
    { name: "Waiting", failures: 1, expired: 0, paged: false },
    [wait(1, "forbidden")],
  ],
  [
    "lists anew after rights were missing, which tells that they are back",
    watching,
    failed("forbidden"),
    { name: "Waiting", failures: 1, expired: 0, paged: false },
    [wait(1, "forbidden")],
  ],

  [
    "asks for the next page and remembers the version of the first",
    listing,
    { kind: "page", resourceVersion: "50", continue: "token" },
    midList,
    [{ kind: "list", continue: "token" }],
  ],
  [
    "goes on to a page after that, whose token is another one",
    midList,
    { kind: "page", resourceVersion: "55", continue: "another" },
    { ...midList, continue: "another" },
    [{ kind: "list", continue: "another" }],
  ],
  [
    "begins anew after a pause where a page names itself as the next one",
    midList,
    { kind: "page", resourceVersion: "50", continue: "token" },
    { name: "Waiting", failures: 1, expired: 0, paged: true },
    [{ kind: "wait", failures: 1, because: { kind: "malformed", origin: "the page names itself as the next one" } }],
  ],
  [
    "begins the list anew where its continue is refused",
    midList,
    failed("invalid"),
    { name: "Waiting", failures: 1, expired: 0, paged: true },
    [wait(1, "invalid")],
  ],
  ["keeps what comes in a page", midList, { kind: "item", object: a.object }, midList, [keep(a)]],
  [
    "watches from the first page's version after the last page",
    midList,
    { kind: "page", resourceVersion: "55" },
    { name: "Watching", resourceVersion: "50", failures: 0, expired: 0, paged: true },
    [
      { kind: "complete", resourceVersion: "50" },
      { kind: "watch", resourceVersion: "50" },
    ],
  ],
  [
    "begins the list anew when its continue is too old",
    midList,
    failed("gone"),
    { name: "Waiting", failures: 0, expired: 1, paged: true },
    [wait(1, "gone")],
  ],
  [
    "begins the list anew after a failed page",
    midList,
    failed("unavailable"),
    { name: "Waiting", failures: 1, expired: 0, paged: true },
    [wait(1, "unavailable")],
  ],

  [
    "keeps what was added and knows where it stands",
    watching,
    arrived(a),
    { ...watching, resourceVersion: "61" },
    [keep(a)],
  ],
  ["keeps what was modified", watching, arrived(b), { ...watching, resourceVersion: "62" }, [keep(b)]],
  [
    "drops what was deleted",
    watching,
    arrived(gone),
    { ...watching, resourceVersion: "63" },
    [{ kind: "drop", object: gone.object }],
  ],
  [
    "moves on with a bookmark",
    watching,
    arrived(bookmark(70)),
    { ...watching, resourceVersion: "70" },
    [{ kind: "passed", resourceVersion: "70" }],
  ],
  [
    "goes on at once when the server ends the watch at its time",
    watching,
    { kind: "ended", lasted: seconds(300), events: 0, due: true },
    watching,
    [{ kind: "watch", resourceVersion: "60" }],
  ],
  [
    "asks first who answers now when the server ends the watch before its time",
    watching,
    { kind: "ended", lasted: seconds(200), events: 0, due: false },
    watching,
    [{ kind: "resume", resourceVersion: "60" }],
  ],
  [
    "pauses after a watch that ended at once without an event",
    watching,
    { kind: "ended", lasted: seconds(0), events: 0, due: false },
    { name: "Waiting", failures: 1, expired: 0, paged: false, resourceVersion: "60" },
    [wait(1, "ended")],
  ],
  [
    "goes on at once after a short watch that had an event",
    watching,
    { kind: "ended", lasted: seconds(0), events: 1, due: false },
    watching,
    [{ kind: "resume", resourceVersion: "60" }],
  ],
  [
    "goes on from the same version after a broken connection",
    watching,
    failed("transient"),
    { ...waitingToWatch, failures: 1 },
    [wait(1, "transient")],
  ],
  [
    "goes on from the same version after silence",
    watching,
    failed("silent"),
    { ...waitingToWatch, failures: 1 },
    [wait(1, "silent")],
  ],
  [
    "lists anew after 410 as HTTP status",
    watching,
    failed("gone"),
    { ...waiting, failures: 0, expired: 1 },
    [wait(1, "gone")],
  ],
  [
    "pauses only shortly when a server comes back from a long outage with 410",
    { ...watching, failures: 9 },
    failed("gone"),
    { ...waiting, failures: 0, expired: 1 },
    [wait(1, "gone")],
  ],
  [
    "pauses longer and longer when each list leads to 410",
    { ...watching, expired: 3 },
    failed("gone"),
    { ...waiting, failures: 0, expired: 4 },
    [wait(4, "gone")],
  ],
  [
    "lists anew after 410 as ERROR event",
    watching,
    arrived(expired),
    { ...waiting, failures: 0, expired: 1 },
    [{ kind: "wait", failures: 1, because: { kind: "gone", origin: expired.object } }],
  ],
  [
    "goes on from the same version after another ERROR event",
    watching,
    arrived(internal),
    { ...waitingToWatch, failures: 1 },
    [{ kind: "wait", failures: 1, because: { kind: "errorEvent", origin: internal.object } }],
  ],
  [
    "obeys the retryAfterSeconds of an ERROR event",
    watching,
    arrived(busy),
    { ...waitingToWatch, failures: 1 },
    [{ kind: "wait", failures: 1, because: { kind: "errorEvent", origin: busy.object, retryAfter: seconds(7) } }],
  ],
  [
    "obeys it for 40 seconds at most",
    watching,
    arrived(patient),
    { ...waitingToWatch, failures: 1 },
    [{ kind: "wait", failures: 1, because: { kind: "errorEvent", origin: patient.object, retryAfter: seconds(40) } }],
  ],
  [
    "lists anew when the ERROR event comes again",
    { ...watching, failures: 1 },
    arrived(internal),
    waiting,
    [{ kind: "wait", failures: 2, because: { kind: "errorEvent", origin: internal.object } }],
  ],
  [
    "goes on from the same version after a line that is no JSON",
    watching,
    failed("malformed"),
    { ...waitingToWatch, failures: 1 },
    [wait(1, "malformed")],
  ],
  [
    "lists anew when the line is no JSON again",
    { ...watching, failures: 1 },
    failed("malformed"),
    waiting,
    [wait(2, "malformed")],
  ],
  [
    "takes an event type that does not exist for a broken stream",
    watching,
    arrived(unknown),
    { ...waitingToWatch, failures: 1 },
    [{ kind: "wait", failures: 1, because: { kind: "malformed", origin: "RENAMED" } }],
  ],
  [
    "takes an event without an object for a broken stream",
    watching,
    arrived(nameless),
    { ...waitingToWatch, failures: 1 },
    [{ kind: "wait", failures: 1, because: { kind: "malformed", origin: "ADDED" } }],
  ],
  [
    "forgets failures after two healthy minutes",
    { ...watching, failures: 7, expired: 2 },
    { kind: "healthy" },
    watching,
    [],
  ],
  ["verifies with a full list", watching, { kind: "verify" }, streaming, [{ kind: "stream" }]],
  [
    "asks for WatchList again when it verifies",
    { ...watching, expired: 0, paged: true },
    { kind: "verify" },
    streaming,
    [{ kind: "stream" }],
  ],

  [
    "begins a list after the pause",
    waiting,
    { kind: "waited" },
    { name: "Streaming", failures: 2, expired: 0, paged: false },
    [{ kind: "stream" }],
  ],
  [
    "begins a paged list after the pause where WatchList is refused",
    { ...waiting, expired: 0, paged: true },
    { kind: "waited" },
    { ...listing, failures: 2 },
    [{ kind: "list" }],
  ],
  [
    "goes on watching after the pause, once it knows who answers",
    waitingToWatch,
    { kind: "waited" },
    { ...watching, failures: 2 },
    [{ kind: "resume", resourceVersion: "60" }],
  ],
  ["verifies after the pause", waitingToWatch, { kind: "verify" }, waiting, []],
  ["does not interrupt a list to verify", midList, { kind: "verify" }, midList, []],

  ...[streaming, listing, midList, watching, waiting, waitingToWatch].map((state): Row => [
    `stops while it is ${state.name}`,
    state,
    { kind: "stop" },
    { name: "Stopped" },
    [],
  ]),
  ["stays stopped", { name: "Stopped" }, { kind: "start" }, { name: "Stopped" }, []],
];

describe("a reflector", () => {
  it.each(table)("%s", (_sentence, state, input, next, commands) => {
    const before = structuredClone([state, { ...input, lasted: undefined, failure: undefined }]);
    expect(transition(state, input)).toEqual([next, commands]);
    expect([state, { ...input, lasted: undefined, failure: undefined }]).toEqual(before);
  });
});
