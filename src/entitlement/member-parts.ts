// What of the members is stored: the record of each RegistryCredential, in parts, and which of them are to be stored anew.
import { type MembersPart, rowsPerPart } from "../cluster/member-rows.ts";

/** How soon a change is to be stored. `later`: it only says which Secret it is that was expected. */
export type Urgency = "soon" | "later";

/** For whoever stores them. */
export interface StoredParts {
  /** There is a record of the credential, with or without members, or it has been begun. */
  readonly recorded: (credentialUid: string) => boolean;
  readonly begin: (credentialUid: string) => void;
  /** Parts that are not stored as they are now, or of these the ones that are to be soon. */
  readonly unsaved: (credentialUid: string, which?: "all" | Urgency) => readonly number[];
  /** The part will be stored as it is now; a later change, or `spoiled`, makes it unsaved again. Of the latter nobody is told: who has failed comes back. */
  readonly saved: (part: MembersPart) => void;
  /** It is, as it was when it was `saved`. */
  readonly stored: (part: MembersPart) => void;
  readonly spoiled: (part: MembersPart) => void;
}

/** Where a row is in its record. */
export interface Recorded {
  readonly part: number;
  /** The number of the change that made it what it is, but for which Secret it is that was expected. */
  readonly changed: number;
}

/** @typeParam C what a row is about */
export interface MemberParts<C> extends StoredParts {
  /** The number of a change that is made now. */
  change(): number;
  put(part: MembersPart, about: C): void;
  take(part: MembersPart, about: C): void;
  /** Whether there is such a part. */
  has(part: MembersPart): boolean;
  /** What its rows are about. */
  rowsOf(part: MembersPart): readonly C[];
  all(credentialUid: string): Iterable<C>;
  partWithRoom(credentialUid: string): number;
  /** Something has changed in the part. */
  spoil(part: MembersPart, urgency?: Urgency): void;
  /** There is such a part. */
  found(part: MembersPart): void;
  /** It is stored as it is in memory. */
  follow(part: MembersPart): void;
  /** Nothing is stored of it any more; undone by `stored`. */
  lost(part: MembersPart): void;
  isStored(credentialUid: string, row: Recorded): boolean;
  forget(credentialUid: string): void;
  /** From now on this replica keeps the record. */
  lead(): void;
}

interface CredentialRecord<C> {
  readonly rows: Map<number, Set<C>>;
  readonly dirty: Map<number, Urgency>;
  /** By part: the number of the last change that is sent, and of the last that is stored. */
  readonly sent: Map<number, number>;
  readonly stored: Map<number, number>;
  recorded: boolean;
}

/** @param onUnsaved something of the record is to be stored; not told again until it is */
export function memberParts<C>(onUnsaved: (credentialUid: string, urgency: Urgency) => void): MemberParts<C> {
  return new KeptParts<C>(onUnsaved);
}

class KeptParts<C> implements MemberParts<C> {
  readonly #byCredential = new Map<string, CredentialRecord<C>>();
  readonly #onUnsaved;
  #leads = false;
  #changes = 0;

  constructor(onUnsaved: (credentialUid: string, urgency: Urgency) => void) {
    this.#onUnsaved = onUnsaved;
  }

  readonly #of = (credentialUid: string): CredentialRecord<C> => {
    const known = this.#byCredential.get(credentialUid);
    if (known) return known;
    const made: CredentialRecord<C> = {
      rows: new Map([[0, new Set()]]),
      dirty: new Map(),
      sent: new Map(),
      stored: new Map(),
      recorded: false,
    };
    this.#byCredential.set(credentialUid, made);
    return made;
  };

  readonly change: MemberParts<C>["change"] = () => (this.#changes += 1);

  readonly put: MemberParts<C>["put"] = ({ credentialUid, part }, about) => {
    const { rows } = this.#of(credentialUid);
    rows.set(part, (rows.get(part) ?? new Set()).add(about));
  };

  readonly take: MemberParts<C>["take"] = ({ credentialUid, part }, about) =>
    void this.#byCredential.get(credentialUid)?.rows.get(part)?.delete(about);

  readonly has: MemberParts<C>["has"] = ({ credentialUid, part }) =>
    this.#byCredential.get(credentialUid)?.rows.has(part) === true;

  readonly rowsOf: MemberParts<C>["rowsOf"] = ({ credentialUid, part }) => [
    ...(this.#byCredential.get(credentialUid)?.rows.get(part) ?? []),
  ];

  *all(credentialUid: string): Generator<C> {
    for (const part of this.#byCredential.get(credentialUid)?.rows.values() ?? []) yield* part;
  }

  readonly partWithRoom: MemberParts<C>["partWithRoom"] = (credentialUid) => {
    const { rows } = this.#of(credentialUid);
    for (let part = 0; ; part += 1) if ((rows.get(part)?.size ?? 0) < rowsPerPart) return part;
  };

  readonly spoil: MemberParts<C>["spoil"] = ({ credentialUid, part }, urgency = "soon") => {
    if (!this.#leads) return;
    const { dirty } = this.#of(credentialUid);
    const asked = new Set(dirty.values());
    if (dirty.get(part) !== "soon") dirty.set(part, urgency);
    if (asked.has("soon") || asked.has(urgency)) return;
    this.#onUnsaved(credentialUid, urgency);
  };

  readonly found: MemberParts<C>["found"] = ({ credentialUid, part }) => {
    const known = this.#of(credentialUid);
    known.recorded = true;
    if (!known.rows.has(part)) known.rows.set(part, new Set());
  };

  readonly follow: MemberParts<C>["follow"] = ({ credentialUid, part }) =>
    void this.#byCredential.get(credentialUid)?.stored.set(part, this.#changes);

  readonly lost: MemberParts<C>["lost"] = ({ credentialUid, part }) =>
    void this.#byCredential.get(credentialUid)?.stored.delete(part);

  readonly isStored: MemberParts<C>["isStored"] = (credentialUid, { part, changed }) => {
    const upTo = this.#byCredential.get(credentialUid)?.stored.get(part);
    return upTo !== undefined && changed <= upTo;
  };

  readonly forget: MemberParts<C>["forget"] = (credentialUid) => void this.#byCredential.delete(credentialUid);

  readonly lead: MemberParts<C>["lead"] = () => {
    this.#leads = true;
  };

  readonly recorded: StoredParts["recorded"] = (credentialUid) =>
    this.#byCredential.get(credentialUid)?.recorded === true;

  readonly begin: StoredParts["begin"] = (credentialUid) => {
    const known = this.#of(credentialUid);
    known.recorded = true;
    known.dirty.set(0, "soon");
    this.#onUnsaved(credentialUid, "soon");
  };

  readonly unsaved: StoredParts["unsaved"] = (credentialUid, which = "all") => {
    const dirty = [...(this.#byCredential.get(credentialUid)?.dirty ?? [])];
    return dirty.flatMap(([part, urgency]) => (which === "all" || urgency === which ? part : []));
  };

  readonly saved: StoredParts["saved"] = ({ credentialUid, part }) => {
    const known = this.#byCredential.get(credentialUid);
    known?.dirty.delete(part);
    known?.sent.set(part, this.#changes);
  };

  readonly stored: StoredParts["stored"] = ({ credentialUid, part }) => {
    const known = this.#byCredential.get(credentialUid);
    known?.stored.set(part, known.sent.get(part) ?? 0);
  };

  readonly spoiled: StoredParts["spoiled"] = ({ credentialUid, part }) =>
    void this.#of(credentialUid).dirty.set(part, "soon");
}
