// The members of each RegistryCredential: the namespaces that hold a login of it, as the operator itself knows it.
//
// What it has written or compared, and what its record in its own namespace says of that. Nothing here is read from a
// Secret of a tenant, so nobody becomes a member, stays one or ceases to be one by what a tenant writes.
import { anyUid, type MemberRow, type MembersPart, rowsPerPart } from "../cluster/member-rows.ts";
import type { KnownAbsent } from "../runtime/watch/presence.ts";

/** A pull Secret of a namespace. */
export interface Place {
  readonly namespaceUid: string;
  readonly secretName: string;
}

/** Who has a login in a pull Secret. */
export interface Standing {
  readonly secretUid: string;
  readonly merged: boolean;
  /** Uids of RegistryCredentials. */
  readonly credentials: readonly string[];
}

export interface Members {
  has(credentialUid: string, namespaceUid: string): boolean;
  /** The operator has put a login of the credential into this very Secret. */
  holds(place: Place, secretUid: string, credentialUid: string): boolean;
  /** Of whom the operator has put a login into this very Secret: uids of RegistryCredentials. */
  holders(place: Place, secretUid: string): readonly string[];
  /** This very Secret is wholly the operator's. */
  owns(place: Place, secretUid: string): boolean;
  /** The operator has merged into this very Secret. */
  merged(place: Place, secretUid: string): boolean;
  namespaces(credentialUid: string): Iterable<string>;
  count(credentialUid: string): number;
  /** Members, and namespaces in which something may be left that was taken back. */
  mayHold(credentialUid: string): Iterable<string>;
  mayHoldIn(credentialUid: string, namespaceUid: string): boolean;
  /** Of whom something may be left in the namespace: uids of RegistryCredentials. */
  inNamespace(namespaceUid: string): ReadonlySet<string>;
  /** Under which Secret names. */
  secretNamesIn(namespaceUid: string): Iterable<string>;
  /**
   * How the Secret stands after a write or a comparison; undefined: nothing of regcred's is left in it. Of the `frozen` nothing was
   * found out: uids of RegistryCredentials.
   */
  note(place: Place, standing: Standing | undefined, frozen?: readonly string[]): void;
  /**
   * Who is entitled to the Secret, and who has to leave it and may still be in it: these are members no more from the moment in
   * which it is decided, however long a tenant keeps that from being done. All others are not in it.
   */
  judged(place: Place, entitled: readonly string[], leaving: readonly string[]): void;
  /** It is decided that the namespace loses the credential; see `judged`. Only who leads decides. */
  takeBack(credentialUid: string, namespaceUid: string): void;
  forgetNamespace(namespaceUid: string, gone: KnownAbsent): void;
  forgetCredential(credentialUid: string, gone: KnownAbsent): void;
  /** There is a record of the credential, with or without members, or it has been begun. */
  recorded(credentialUid: string): boolean;
  begin(credentialUid: string): void;
  /** What a part of the record says. Once this replica leads, it knows better itself. */
  observed(part: MembersPart, rows: readonly MemberRow[] | undefined): void;
  /** From now on this replica keeps the record. */
  lead(): void;
  /** Parts that are not stored as they are now: undefined rows where the part is no longer needed. */
  unsaved(credentialUid: string): ReadonlyMap<number, readonly MemberRow[] | undefined>;
  /** The part will be stored as `unsaved` gave it; a later change, or `spoiled`, makes it unsaved again. Of the latter nobody is told: who has failed comes back. */
  saved(part: MembersPart): void;
  spoiled(part: MembersPart): void;
  /** Called when a namespace becomes a member of a credential or ceases to be one, and when something is to be stored. */
  subscribe(listener: MembersListener): void;
}

export interface MembersListener {
  readonly changed: (credentialUid: string, namespaceUid: string) => void;
  readonly unsaved: (credentialUid: string) => void;
}

interface Cell extends Place {
  secretUid: string;
  merged: boolean;
  /** By uid of the credential. */
  readonly rows: Map<string, Row>;
}

interface Row {
  /** Of the credential's record. */
  readonly part: number;
  readonly former: boolean;
}

interface Membership {
  /** By uid: in how many pull Secrets. */
  readonly namespaces: Map<string, number>;
  /** The same of what was taken back. */
  readonly formers: Map<string, number>;
  readonly parts: Map<number, Set<Cell>>;
  readonly dirty: Set<number>;
  recorded: boolean;
}

export function members(): Members {
  return new MembersRecord();
}

class MembersRecord implements Members {
  readonly #byNamespace = new Map<string, Map<string, Cell>>();
  readonly #byCredential = new Map<string, Membership>();
  readonly #listeners: MembersListener[] = [];
  #leads = false;

  readonly #membershipOf = (credentialUid: string): Membership => {
    const known = this.#byCredential.get(credentialUid);
    if (known) return known;
    const made: Membership = {
      namespaces: new Map(),
      formers: new Map(),
      parts: new Map([[0, new Set()]]),
      dirty: new Set(),
      recorded: false,
    };
    this.#byCredential.set(credentialUid, made);
    return made;
  };

  readonly #spoil = (credentialUid: string, part: number): void => {
    if (!this.#leads) return;
    const { dirty } = this.#membershipOf(credentialUid);
    const isFirst = dirty.size === 0;
    dirty.add(part);
    if (isFirst) for (const { unsaved } of this.#listeners) unsaved(credentialUid);
  };

  readonly #changed = (credentialUid: string, namespaceUid: string): void => {
    for (const listener of this.#listeners) listener.changed(credentialUid, namespaceUid);
  };

  readonly #cellAt = ({ namespaceUid, secretName }: Place): Cell | undefined =>
    this.#byNamespace.get(namespaceUid)?.get(secretName);

  /** One that is still to be made is not ours for that: somebody else may be first. */
  readonly #cellOf = (at: Place, secretUid: string): Cell | undefined => {
    const cell = this.#cellAt(at);
    return cell?.secretUid === secretUid || cell?.secretUid === anyUid ? cell : undefined;
  };

  readonly #join = (cell: Cell, credentialUid: string, row: Row): void => {
    const { namespaces, formers, parts } = this.#membershipOf(credentialUid);
    cell.rows.set(credentialUid, row);
    parts.set(row.part, (parts.get(row.part) ?? new Set()).add(cell));
    const before = namespaces.has(cell.namespaceUid);
    add(row.former ? formers : namespaces, cell.namespaceUid, 1);
    this.#spoil(credentialUid, row.part);
    if (!before && !row.former) this.#changed(credentialUid, cell.namespaceUid);
  };

  readonly #leave = (cell: Cell, credentialUid: string): void => {
    const row = cell.rows.get(credentialUid);
    const membership = this.#byCredential.get(credentialUid);
    if (row === undefined || !membership) return;
    cell.rows.delete(credentialUid);
    membership.parts.get(row.part)?.delete(cell);
    add(row.former ? membership.formers : membership.namespaces, cell.namespaceUid, -1);
    this.#spoil(credentialUid, row.part);
    if (cell.rows.size === 0) {
      const cells = this.#byNamespace.get(cell.namespaceUid);
      cells?.delete(cell.secretName);
      if (cells?.size === 0) this.#byNamespace.delete(cell.namespaceUid);
    }
    if (!row.former && !membership.namespaces.has(cell.namespaceUid)) this.#changed(credentialUid, cell.namespaceUid);
  };

  /** Makes a row one of a member, or one of what was taken back. */
  readonly #turn = (cell: Cell, credentialUid: string, former: boolean): void => {
    const row = cell.rows.get(credentialUid);
    const membership = this.#byCredential.get(credentialUid);
    if (row === undefined || !membership || row.former === former) return;
    const { namespaces, formers } = membership;
    const before = namespaces.has(cell.namespaceUid);
    cell.rows.set(credentialUid, { ...row, former });
    add(namespaces, cell.namespaceUid, former ? -1 : 1);
    add(formers, cell.namespaceUid, former ? 1 : -1);
    this.#spoil(credentialUid, row.part);
    if (before !== namespaces.has(cell.namespaceUid)) this.#changed(credentialUid, cell.namespaceUid);
  };

  readonly #place = ({ namespaceUid, secretName }: Place, secretUid: string, merged: boolean): Cell => {
    const known = this.#cellAt({ namespaceUid, secretName });
    if (known) {
      const changed = known.secretUid !== secretUid || known.merged !== merged;
      known.secretUid = secretUid;
      known.merged = merged;
      if (changed) for (const [credentialUid, { part }] of known.rows) this.#spoil(credentialUid, part);
      return known;
    }
    const made: Cell = { namespaceUid, secretName, secretUid, merged, rows: new Map() };
    const cells = this.#byNamespace.get(namespaceUid) ?? new Map<string, Cell>();
    this.#byNamespace.set(namespaceUid, cells.set(secretName, made));
    return made;
  };

  readonly #partWithRoom = (credentialUid: string): number => {
    const { parts } = this.#membershipOf(credentialUid);
    for (let part = 0; ; part += 1) if ((parts.get(part)?.size ?? 0) < rowsPerPart) return part;
  };

  readonly #follow = ({ credentialUid, part }: MembersPart, rows: readonly MemberRow[]): void => {
    const membership = this.#membershipOf(credentialUid);
    membership.recorded = true;
    const stays = new Set(rows.map(({ namespaceUid, secretName }) => `${namespaceUid} ${secretName}`));
    for (const cell of membership.parts.get(part) ?? []) {
      if (!stays.has(`${cell.namespaceUid} ${cell.secretName}`)) this.#leave(cell, credentialUid);
    }
    if (!membership.parts.has(part)) membership.parts.set(part, new Set());
    for (const row of rows) {
      const cell = this.#place(row, row.secretUid, row.merged);
      if (cell.rows.has(credentialUid)) this.#turn(cell, credentialUid, row.former);
      else this.#join(cell, credentialUid, { part, former: row.former });
    }
  };

  readonly has: Members["has"] = (credentialUid, namespaceUid) =>
    this.#byCredential.get(credentialUid)?.namespaces.has(namespaceUid) === true;

  readonly holds: Members["holds"] = (at, secretUid, credentialUid) =>
    this.#cellOf(at, secretUid)?.rows.has(credentialUid) === true;

  readonly holders: Members["holders"] = (at, secretUid) => [...(this.#cellOf(at, secretUid)?.rows.keys() ?? [])];

  readonly owns: Members["owns"] = (at, secretUid) => {
    const cell = this.#cellAt(at);
    return cell?.secretUid === secretUid && !cell.merged;
  };

  readonly merged: Members["merged"] = (at, secretUid) => {
    const cell = this.#cellAt(at);
    return cell?.secretUid === secretUid && cell.merged;
  };

  readonly namespaces: Members["namespaces"] = (credentialUid) =>
    this.#byCredential.get(credentialUid)?.namespaces.keys() ?? [];

  readonly count: Members["count"] = (credentialUid) => this.#byCredential.get(credentialUid)?.namespaces.size ?? 0;

  readonly mayHold: Members["mayHold"] = (credentialUid) => {
    const { namespaces, formers } = this.#byCredential.get(credentialUid) ?? {};
    return new Set([...(namespaces?.keys() ?? []), ...(formers?.keys() ?? [])]);
  };

  readonly mayHoldIn: Members["mayHoldIn"] = (credentialUid, namespaceUid) =>
    [...(this.#byNamespace.get(namespaceUid)?.values() ?? [])].some(({ rows }) => rows.has(credentialUid));

  readonly inNamespace: Members["inNamespace"] = (namespaceUid) =>
    new Set([...(this.#byNamespace.get(namespaceUid)?.values() ?? [])].flatMap(({ rows }) => [...rows.keys()]));

  readonly secretNamesIn: Members["secretNamesIn"] = (namespaceUid) =>
    this.#byNamespace.get(namespaceUid)?.keys() ?? [];

  readonly note: Members["note"] = (at, standing, frozen = []) => {
    const before = this.#cellAt(at);
    const stays = new Set([...(standing?.credentials ?? []), ...frozen]);
    for (const uid of before?.rows.keys() ?? []) if (before && !stays.has(uid)) this.#leave(before, uid);
    if (!standing || (standing.credentials.length === 0 && !this.#cellAt(at))) return;
    const cell = this.#place(at, standing.secretUid, standing.merged);
    for (const credentialUid of standing.credentials) {
      if (cell.rows.has(credentialUid)) this.#turn(cell, credentialUid, false);
      else this.#join(cell, credentialUid, { part: this.#partWithRoom(credentialUid), former: false });
    }
  };

  readonly judged: Members["judged"] = (at, entitled, leaving) => {
    const cell = this.#cellAt(at);
    for (const credentialUid of cell?.rows.keys() ?? []) {
      if (!cell || entitled.includes(credentialUid)) continue;
      if (leaving.includes(credentialUid)) this.#turn(cell, credentialUid, true);
      else this.#leave(cell, credentialUid);
    }
  };

  readonly takeBack: Members["takeBack"] = (credentialUid, namespaceUid) => {
    if (!this.#leads || this.#byCredential.get(credentialUid)?.recorded !== true) return;
    for (const cell of this.#byNamespace.get(namespaceUid)?.values() ?? []) this.#turn(cell, credentialUid, true);
  };

  readonly forgetNamespace: Members["forgetNamespace"] = (namespaceUid) => {
    // Whoever stands by has what the record says; it looks which namespaces are gone when it begins to lead.
    for (const cell of (this.#leads && this.#byNamespace.get(namespaceUid)?.values()) || []) {
      for (const credentialUid of cell.rows.keys()) this.#leave(cell, credentialUid);
    }
  };

  readonly forgetCredential: Members["forgetCredential"] = (credentialUid) => {
    const membership = this.#byCredential.get(credentialUid);
    for (const cells of membership?.parts.values() ?? []) for (const cell of cells) this.#leave(cell, credentialUid);
    this.#byCredential.delete(credentialUid);
  };

  readonly recorded: Members["recorded"] = (credentialUid) => this.#byCredential.get(credentialUid)?.recorded === true;

  readonly begin: Members["begin"] = (credentialUid) => {
    const membership = this.#membershipOf(credentialUid);
    membership.recorded = true;
    membership.dirty.add(0);
    for (const { unsaved } of this.#listeners) unsaved(credentialUid);
  };

  readonly observed: Members["observed"] = (part, rows) => {
    if (!this.#leads) {
      if (rows) this.#follow(part, rows);
      else if (this.#byCredential.has(part.credentialUid)) this.#follow(part, []);
      return;
    }
    // Somebody has deleted what this replica keeps.
    if (!rows && this.#byCredential.get(part.credentialUid)?.parts.has(part.part))
      this.#spoil(part.credentialUid, part.part);
  };

  readonly lead: Members["lead"] = () => {
    this.#leads = true;
  };

  readonly unsaved: Members["unsaved"] = (credentialUid) => {
    const membership = this.#byCredential.get(credentialUid);
    return new Map(
      [...(membership?.dirty ?? [])].map((part) => {
        const cells = [...(membership?.parts.get(part) ?? [])];
        // The first part stays without rows: that there is a record says that marks on Secrets need not be asked.
        return [part, cells.length === 0 && part > 0 ? undefined : cells.map((cell) => rowOf(cell, credentialUid))];
      }),
    );
  };

  readonly saved: Members["saved"] = ({ credentialUid, part }) =>
    void this.#byCredential.get(credentialUid)?.dirty.delete(part);

  readonly spoiled: Members["spoiled"] = ({ credentialUid, part }) =>
    void this.#membershipOf(credentialUid).dirty.add(part);

  readonly subscribe: Members["subscribe"] = (listener) => void this.#listeners.push(listener);
}

function add(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

function rowOf({ namespaceUid, secretName, secretUid, merged, rows }: Cell, credentialUid: string): MemberRow {
  return { namespaceUid, secretName, secretUid, merged, former: rows.get(credentialUid)?.former === true };
}
