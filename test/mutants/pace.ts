// What tests have let through of what keeps the engine's pace: lives counted from answers, addresses that were refused, timers
// and listeners that stay.
import type { Finder, Mutant } from "./mutant.ts";

const unit = (path: string): Finder => ({ phase: "unit", path: `test/${path}.test.ts` });

const fault = (name: string, file: string, [from, to]: readonly [string, string], foundBy: string): Mutant => ({
  fault: "failures",
  name,
  edits: [{ file: `src/${file}`, from, to }],
  foundBy: unit(foundBy),
});

export const paceMutants: readonly Mutant[] = [
  fault(
    "a renewal of the Lease counts from its answer",
    "runtime/leader/leader-election.ts",
    ["sentAt: mark.elapsed", "sentAt: clock.elapsed()"],
    "runtime/leader/leader-election",
  ),
  fault(
    "the fence counts a renewal from its answer",
    "runtime/leader/leader-election.ts",
    ["fence.renewed(mark)", "fence.renewed(fence.mark())"],
    "runtime/leader/leader-election",
  ),
  fault(
    "who has lost a race for the Lease gives it back",
    "runtime/leader/leader-election.ts",
    ["if (record?.view.holder !== this.#identity) return;", "if (!record) return;"],
    "runtime/leader/leader-election",
  ),
  fault(
    "a PUT of the Lease names no version",
    "runtime/leader/leases.ts",
    ["body: JSON.stringify(object),", "body: JSON.stringify({ ...object, metadata: { namespace, name } }),"],
    "runtime/leader/leases",
  ),
  fault(
    "an address that is refused goes to the socket",
    "providers/http/checked-lookup.ts",
    ["found(null, [...allowed])", "found(null, [...addresses])"],
    "providers/http/guarded-http",
  ),
  fault(
    "plain http is refused where it is allowed",
    "providers/http/guarded-http.ts",
    ['if (url.protocol === "http:" && !context.plainAllowed?.(host, portOf(url)))', 'if (url.protocol === "http:")'],
    "providers/http/guarded-http",
  ),
  fault(
    "a life counts from the answer",
    "providers/ocir/fetch.ts",
    ['memberAt(answer, "expires_in"), issuedAt)', 'memberAt(answer, "expires_in"), clock.now())'],
    "providers/clocks",
  ),
  fault(
    "a server's times are taken by our clock, however wrong that is",
    "runtime/foreign-numbers.ts",
    ["return ahead.sign > 0 ||", "return ahead.sign > 1 ||"],
    "providers/clocks",
  ),
  fault(
    "a page that names itself as the next one is asked for again and again",
    "runtime/watch/reflector-state.ts",
    ['if (state.name === "Listing" && page.continue === state.continue) {', 'if (state.name === "Streaming") {'],
    "runtime/watch/reflector-state",
  ),
  fault(
    "half a line at the end of a watch is a good end",
    "runtime/client/list-watch.ts",
    ['if (!lines.isWhole()) throw unavailable("the watch broke off in the middle of an event", "TruncatedEvent");', ""],
    "runtime/client/list-watch",
  ),
  fault(
    "a call that is given up before it has a connection is sent all the same",
    "runtime/client/exchange.ts",
    ["const reason = cutOff ?? blocker();", "const reason = blocker();"],
    "runtime/client/exchange",
  ),
  fault(
    "a call that is given up while it waits for its credentials is sent all the same",
    "runtime/client/transport.ts",
    ["      signal.throwIfAborted();\n      this.#sockets", "      this.#sockets"],
    "runtime/client/transport",
  ),
  fault(
    "a call leaves a listener behind",
    "runtime/client/transport.ts",
    ['call.signal?.removeEventListener("abort", onAbort);', "undefined;"],
    "runtime/client/transport",
  ),
  fault(
    "a stop in the moment in which all is known begins work",
    "operator.ts",
    ["  stopping.signal.throwIfAborted();\n  work.begin();", "    work.begin();"],
    "operator/start-and-stop",
  ),
  fault(
    "an event brings no key forward that was told to wait",
    "runtime/queue/failures.ts",
    ["now + Math.min(backoff, minWaitAfterFailures, within)", "now + Math.max(backoff, asked)"],
    "runtime/queue/failures",
  ),
  fault(
    "a call that hangs keeps its place among the short ones",
    "grants/admission.ts",
    ["if (!this.#held.move(text, from, to)) displaced.abort();", "void [from, to, displaced];"],
    "grants/bulkheads",
  ),
  fault(
    "where no more may hang, a further one may",
    "grants/admission.ts",
    ["if (!this.#held.move(text, from, to)) displaced.abort();", "this.#held.move(text, from, to);"],
    "grants/bulkheads",
  ),
  fault(
    "who was never asked waits behind all who were not either",
    "runtime/queue/ready-keys.ts",
    ["if (line.isNew && this.#gate.isNewestFirst(lacks)) prepend", "if (line.isNew && lacks === undefined) prepend"],
    "grants/bulkheads",
  ),
  fault(
    "an entry is told of others' silence before it has asked",
    "grants/admission.ts",
    ["this.#ways.isDoubted(name) ? this.#authorities.of(place) : undefined", "this.#authorities.of(place)"],
    "grants/admission",
  ),
  fault(
    "who gets no answer has all of an authority's time",
    "grants/call-needs.ts",
    ['if (standing === "proven") return [all];', "if (standing) return [all];"],
    "grants/bulkheads",
  ),
  fault(
    "calls wait for a socket behind those that hang",
    "providers/http/agents.ts",
    ["connections: null,", "connections: 8,"],
    "providers/http/guarded-http",
  ),
  fault(
    "a length in milliseconds counts as one in seconds",
    "runtime/foreign-numbers.ts",
    [
      "if (isInMilliseconds(number, bound)) return Math.min(number / 1000, bound.max);",
      "if (isInMilliseconds(number, bound)) return bound.max;",
    ],
    "runtime/foreign-numbers",
  ),
  fault(
    "each call asks the resolver for a name that hangs",
    "providers/http/checked-lookup.ts",
    ["underway.set(host, made);", "void underway;"],
    "providers/http/checked-lookup",
  ),
  fault(
    "each iteration of a turn has a slice of its own",
    "runtime/in-slices.ts",
    ["if (began === undefined) turn();", "turn();"],
    "runtime/in-slices",
  ),
  fault(
    "who goes through many first holds up all others until the end",
    "runtime/in-slices.ts",
    ["if (step()) waiting.add(step);", "while (clock.elapsed() - since < slice && step());"],
    "runtime/in-slices",
  ),
  fault(
    "what is there at a start is queued in one turn",
    "runtime/queue/controllers.ts",
    ["ask(initial?.() ?? []);", "for (const { key, options: how } of initial?.() ?? []) enqueue(key, how);"],
    "runtime/queue/controllers",
  ),
  fault(
    "thousands that wait for one thing are queued in one turn",
    "runtime/queue/controllers.ts",
    [
      "void inSlices(waits.changed(what), (key) => enqueue(key, afterWait));",
      "for (const key of waits.changed(what)) enqueue(key, afterWait);",
    ],
    "runtime/queue/controllers",
  ),
  fault(
    "a claim that comes too late is made again five times a second",
    "controllers/cluster-claim/claim.ts",
    ["Math.min(afterConflict * 2 ** (races - 1), lookEvery)", "afterConflict"],
    "controllers/cluster-claim/claim",
  ),
  fault(
    "a status that somebody always writes first holds up a start",
    "controllers/cluster-claim/claim.ts",
    [" || races >= maxLost", ""],
    "controllers/cluster-claim/claim",
  ),
  fault(
    "a tenant's account is nobody's identity",
    "entitlement/named-accounts.ts",
    ["...users.of(`*/${name}`), ", ""],
    "entitlement/named-accounts",
  ),
  fault(
    "what the API server leaves out of a status is taken for somebody's work",
    "controllers/credential/apply.ts",
    ["memory.written = { status: written.status ?? {}, reverts };", "memory.written = { status, reverts };"],
    "controllers/credential/repeated-status",
  ),
  fault(
    "what a status says no more stays in it",
    "controllers/credential/apply.ts",
    ["{ ...Object.fromEntries(gone.map((key) => [key, null])), ...after }", "{ ...after }"],
    "controllers/credential/repeated-status",
  ),
  fault(
    "a failure is told anew because its Secret has waited in between",
    "controllers/status-cache.ts",
    ["if (waits) for (const reason of before?.keys() ?? []) now.add(reason);", ""],
    "controllers/status-cache",
  ),
  fault(
    "a registry that answers again is tried by one at a time for ever",
    "grants/verify.ts",
    ["      else registries.gave(host);\n", ""],
    "grants/verify",
  ),
  fault(
    "a token that somebody alters as it is stored is minted again each second",
    "controllers/token/apply.ts",
    ["stored.token?.grantKey !== token.grantKey)", 'stored.token?.grantKey === "")'],
    "controllers/token/controller",
  ),
  fault(
    "each status that only tells how far it is is written at once, however many there are",
    "controllers/credential/controller.ts",
    ["isProgress(credential.status, status) ? ", "false ? "],
    "controllers/credential/tallies",
  ),
  fault(
    "what is news waits like what only tells how far it is",
    "controllers/credential/controller.ts",
    ["isProgress(credential.status, status) ? ", "status ? "],
    "controllers/credential/tallies",
  ),
  fault(
    "all RegistryCredentials are looked at for each that changes, to see who serves",
    "controllers/cluster-claim/claim.ts",
    ["if (claimOf(before) !== claimOf(after)) lookNow();", "lookNow();"],
    "controllers/cluster-claim/claim",
  ),
  fault(
    "of a token that hundreds use the answer to its write is not read",
    "cluster/cluster-objects.ts",
    ["memoryTypes.has((body as { readonly type?: unknown }).type)", "memoryTypes.has(body)"],
    "cluster-state/cluster-objects",
  ),
  fault(
    "a name that is known from now on is taken for a change of rights, for which all is counted anew",
    "cluster/pull-secret-watches.ts",
    ["if (isRefusal) onRefusal();", "onRefusal();"],
    "cluster-state/pull-secret-watches",
  ),
  fault(
    "who has rested counts as one who rests",
    "runtime/queue/pace.ts",
    ["if (until <= now) restsUntil.delete(each);", "if (until > now) void each;"],
    "runtime/queue/pace",
  ),
  fault(
    "who rests takes no time from others",
    "runtime/queue/pace.ts",
    ["(restsUntil.size + 1)", "1"],
    "runtime/queue/pace",
  ),
  fault(
    "a call that has ended leaves its timer",
    "grants/admission.ts",
    ["    cancel?.();\n", ""],
    "grants/admission-calls",
  ),
];
