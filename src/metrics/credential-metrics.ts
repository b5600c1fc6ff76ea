// Metrics of each RegistryCredential: the same as its status, and the namespaces that are not served.
import type { RegistryCredential, RegistryStatus, Status } from "../api/registry-credential.ts";
import { timeOfText } from "../runtime/foreign-numbers.ts";
import type { KnownAbsent } from "../runtime/watch/presence.ts";
import type { Instruments, Labels } from "./instruments.ts";
import { boundedNotReady, countedNotReady, type NotReady } from "./not-ready.ts";

export interface CredentialMetrics {
  /** What a status says now, also where it says what it said before: after a restart nothing is known. */
  readonly publish: (credential: RegistryCredential, status: Status, notReady: NotReady) => void;
  readonly forget: (credential: string, gone: KnownAbsent) => void;
}

interface Reported {
  readonly providers: ReadonlyMap<string, string>;
  readonly suspended: boolean;
  readonly status: Status;
  readonly notReady: NotReady;
}

type EntryLabels = Labels<"regcred_token_refresh_timestamp_seconds">;

/** @param readers known: only who may read the metrics gets them, and so the names of tenants; anybody: how many there are */
export function credentialMetrics(
  { show }: Pick<Instruments, "show">,
  readers: "known" | "anybody",
): CredentialMetrics {
  const reported = new Map<string, Reported>();

  const perEntry = function* <S>(sample: (labels: EntryLabels, entry: RegistryStatus) => S | undefined): Generator<S> {
    for (const [credential, { providers, status }] of reported) {
      for (const entry of status.registries ?? []) {
        const made = sample({ credential, entry: entry.name, provider: providers.get(entry.name) ?? "" }, entry);
        if (made !== undefined) yield made;
      }
    }
  };

  show("regcred_token_expiration_timestamp_seconds", () =>
    // What tenants have, which may be from before the entry was altered.
    perEntry((labels, { expiresAt, former }) =>
      timeSample(labels, [expiresAt, former?.until].filter(isTime).toSorted()[0]),
    ),
  );
  show("regcred_token_refresh_timestamp_seconds", () =>
    perEntry((labels, { refreshedAt }) => timeSample(labels, refreshedAt)),
  );
  show("regcred_token_failing_grants", () =>
    perEntry((labels, { failing, reason = "" }) => ({ labels: { ...labels, reason }, value: failing })),
  );
  show("regcred_namespaces", function* () {
    for (const [credential, { status }] of reported) {
      for (const [state, value] of Object.entries(status.namespaces ?? {}))
        yield { labels: { credential, state }, value };
    }
  });
  show("regcred_suspended", function* () {
    for (const [credential, { suspended }] of reported) yield { labels: { credential }, value: Number(suspended) };
  });
  show("regcred_namespace_not_ready", function* () {
    const byCredential = notReadyByCredential();
    const series = readers === "known" ? boundedNotReady(byCredential).series : countedNotReady(byCredential);
    for (const { count, ...labels } of series) yield { labels, value: count };
  });
  show("regcred_namespace_not_ready_omitted", () => [
    { labels: {}, value: readers === "known" ? boundedNotReady(notReadyByCredential()).omitted : 0 },
  ]);
  const notReadyByCredential = (): ReadonlyMap<string, NotReady> =>
    new Map([...reported].map(([credential, { notReady }]) => [credential, notReady]));

  return {
    publish: ({ name, spec }, status, notReady) => {
      reported.set(name, {
        providers: new Map(spec.registries.map(({ name: entry, provider }) => [entry, provider])),
        suspended: spec.suspend,
        status,
        notReady,
      });
    },
    forget: (credential) => void reported.delete(credential),
  };
}

function timeSample(
  labels: EntryLabels,
  time: string | undefined,
): { readonly labels: EntryLabels; readonly value: number } | undefined {
  const at = timeOfText(time ?? "");
  return at && { labels, value: at.epochMilliseconds / 1000 };
}

/** As the status writes times: in the order of their texts. */
function isTime(text: string | undefined): text is string {
  return text !== undefined;
}
