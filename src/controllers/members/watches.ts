// Watches of the members controller: RegistryCredentials that go, and parts of their records that are not stored yet.
import { type Request, watch, type Watch } from "../../runtime/queue/controllers.ts";
import type { Context } from "../context.ts";
import { membersKey } from "../keys.ts";

/** What is not stored yet is lost with the process, and found again by the first run of each namespace; so it may wait for more. */
const soon = { lane: "normal", after: Temporal.Duration.from({ seconds: 2 }) } as const;

/** That somebody is in the Secret is stored already, and which Secret it is comes for one after the other while many are written. */
const later = { lane: "normal", after: Temporal.Duration.from({ seconds: 10 }) } as const;

export function membersWatches({ cluster: { stores }, credentials: { members } }: Context): readonly Watch<Request>[] {
  const unsaved = (listener: (request: Request) => void): void =>
    members.subscribe({
      changed: () => undefined,
      unsaved: (uid, urgency) => listener({ key: membersKey(uid), options: urgency === "soon" ? soon : later }),
    });
  return [
    watch(stores.credentials, ({ before, after }): readonly Request[] =>
      before && before.uid !== after?.uid ? [{ key: membersKey(before.uid) }] : [],
    ),
    // One whose creation had no answer may come into sight when nobody is left whose it is.
    watch(stores.operatorSecrets, ({ before, after }): readonly Request[] =>
      after?.kind === "members" && !before ? [{ key: membersKey(after.part.credentialUid), options: soon }] : [],
    ),
    watch({ subscribe: unsaved }, (request): readonly Request[] => [request]),
  ];
}

export function* storedMembers({
  operatorSecrets,
}: Pick<Context["cluster"]["stores"], "operatorSecrets">): Generator<Request> {
  for (const record of operatorSecrets.values()) {
    if (record.kind === "members") yield { key: membersKey(record.part.credentialUid), options: soon };
  }
}
