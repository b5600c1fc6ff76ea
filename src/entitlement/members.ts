// The members of each RegistryCredential: the namespaces that hold a login of it, as the operator itself knows it.
//
// What it has written or compared, and what its record in its own namespace says of that. Nothing here is read from a
// Secret of a tenant, so nobody becomes a member, stays one or ceases to be one by what a tenant writes.
import { anyUid, type MemberRow, type MembersPart } from "../cluster/member-rows.ts";
import type { KnownAbsent } from "../runtime/watch/presence.ts";
import { MultiMap } from "../runtime/multi-map.ts";
import { SmallMap } from "../runtime/small-map.ts";
import { memberParts, type Recorded, type StoredParts, type Urgency } from "./member-parts.ts";

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

export interface Members extends StoredParts {
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
  /** What a part of the record says. Once this replica leads, it knows better itself. */
  observed(part: MembersPart, rows: (() => readonly MemberRow[]) | undefined): void;
  /** From now on this replica keeps the record. */
  lead(): void;
  /** Of a part as it is now; undefined where it is no longer needed. */
  rows(part: MembersPart): readonly MemberRow[] | undefined;
  /** What is known of the credential there is stored, but for which Secret it is that was expected. */
  isStored(place: Place, credentialUid: string): boolean;
  /** Called when a namespace becomes a member of a credential or ceases to be one, and when something is to be stored. */
  subscribe(listener: MembersListener): void;
}

export interface MembersListener {
  readonly changed: (credentialUid: string, namespaceUid: string) => void;
  readonly unsaved: (credentialUid: string, urgency: Urgency) => void;
}

interface Cell extends Place {
  secretUid: string;
  merged: boolean;
  /** By uid of the credential. */
  readonly rows: SmallMap<string, Row>;
}

interface Row extends Recorded {
  readonly former: boolean;
}

export function members(): Members {
  return new MembersRecord();
}

class MembersRecord implements Members {
  readonly #byNamespace = new MultiMap<string, Cell>();
  /** By uid of the credential: members. */
  readonly #counts = new Map<string, number>();
  readonly #listeners: MembersListener[] = [];
  #leads = false;
  readonly #parts = memberParts<Cell>((credentialUid, urgency) => {
    for (const { unsaved } of this.#listeners) unsaved(credentialUid, urgency);
  });
  readonly recorded = this.#parts.recorded;
  readonly begin = this.#parts.begin;
  readonly unsaved = this.#parts.unsaved;
  readonly saved = this.#parts.saved;
  readonly stored = this.#parts.stored;
  readonly spoiled = this.#parts.spoiled;

  /** The namespace has become a member, or ceased to be one. */
  readonly #changed = (credentialUid: string, namespaceUid: string): void => {
    const by = this.has(credentialUid, namespaceUid) ? 1 : -1;
    this.#counts.set(credentialUid, this.count(credentialUid) + by);
    for (const listener of this.#listeners) listener.changed(credentialUid, namespaceUid);
  };

  readonly #cellsIn = (namespaceUid: string): readonly Cell[] => this.#byNamespace.of(namespaceUid);

  readonly #cellAt = ({ namespaceUid, secretName }: Place): Cell | undefined =>
    this.#cellsIn(namespaceUid).find((cell) => cell.secretName === secretName);

  /** One that is still to be made is not ours for that: somebody else may be first. */
  readonly #cellOf = (at: Place, secretUid: string): Cell | undefined => {
    const cell = this.#cellAt(at);
    return cell?.secretUid === secretUid || cell?.secretUid === anyUid ? cell : undefined;
  };

  readonly #join = (cell: Cell, credentialUid: string, row: Omit<Row, "changed">): void => {
    const part = { credentialUid, part: row.part };
    const before = this.has(credentialUid, cell.namespaceUid);
    cell.rows.set(credentialUid, { part: row.part, former: row.former, changed: this.#parts.change() });
    this.#parts.put(part, cell);
    this.#parts.spoil(part);
    if (!before && !row.former) this.#changed(credentialUid, cell.namespaceUid);
  };

  readonly #leave = (cell: Cell, credentialUid: string): void => {
    const row = cell.rows.get(credentialUid);
    if (row === undefined) return;
    const part = { credentialUid, part: row.part };
    cell.rows.delete(credentialUid);
    this.#parts.take(part, cell);
    this.#parts.spoil(part);
    if (cell.rows.size === 0) this.#byNamespace.delete(cell.namespaceUid, cell);
    if (!row.former && !this.has(credentialUid, cell.namespaceUid)) this.#changed(credentialUid, cell.namespaceUid);
  };

  /** Makes a row one of a member, or one of what was taken back. */
  readonly #turn = (cell: Cell, credentialUid: string, former: boolean): void => {
    const row = cell.rows.get(credentialUid);
    if (row === undefined || row.former === former) return;
    const before = this.has(credentialUid, cell.namespaceUid);
    cell.rows.set(credentialUid, { part: row.part, former, changed: this.#parts.change() });
    this.#parts.spoil({ credentialUid, part: row.part });
    if (before !== this.has(credentialUid, cell.namespaceUid)) this.#changed(credentialUid, cell.namespaceUid);
  };

  readonly #place = ({ namespaceUid, secretName }: Place, secretUid: string, merged: boolean): Cell => {
    const known = this.#cellAt({ namespaceUid, secretName });
    if (known) {
      const changed = known.secretUid !== secretUid || known.merged !== merged;
      const isExpected = known.secretUid === anyUid && known.merged === merged;
      known.secretUid = secretUid;
      known.merged = merged;
      for (const [credentialUid, row] of changed ? known.rows.entries() : []) {
        if (!isExpected)
          known.rows.set(credentialUid, { part: row.part, former: row.former, changed: this.#parts.change() });
        this.#parts.spoil({ credentialUid, part: row.part }, isExpected ? "later" : "soon");
      }
      return known;
    }
    const made: Cell = { namespaceUid, secretName, secretUid, merged, rows: new SmallMap() };
    this.#byNamespace.add(namespaceUid, made);
    return made;
  };

  readonly #follow = (part: MembersPart, rows: readonly MemberRow[]): void => {
    const { credentialUid } = part;
    this.#parts.found(part);
    const stays = new Set(rows.map(({ namespaceUid, secretName }) => `${namespaceUid} ${secretName}`));
    for (const cell of this.#parts.rowsOf(part)) {
      if (!stays.has(`${cell.namespaceUid} ${cell.secretName}`)) this.#leave(cell, credentialUid);
    }
    for (const row of rows) {
      const cell = this.#place(row, row.secretUid, row.merged);
      if (cell.rows.has(credentialUid)) this.#turn(cell, credentialUid, row.former);
      else this.#join(cell, credentialUid, { part: part.part, former: row.former });
    }
    this.#parts.follow(part);
  };

  /** One by one, as whoever goes through thousands of them lets others have a turn in between. */
  *#namespacesOf(credentialUid: string, counts: (row: Row) => boolean): Generator<string> {
    const told = new Set<string>();
    for (const { namespaceUid, rows } of this.#parts.all(credentialUid)) {
      const row = rows.get(credentialUid);
      if (!row || !counts(row) || told.has(namespaceUid)) continue;
      // Nearly every namespace has one Secret, and a Set of thousands takes longer than all else here.
      if (this.#cellsIn(namespaceUid).length !== 1) told.add(namespaceUid);
      yield namespaceUid;
    }
  }

  readonly has: Members["has"] = (credentialUid, namespaceUid) =>
    this.#cellsIn(namespaceUid).some(({ rows }) => rows.get(credentialUid)?.former === false);

  readonly holds: Members["holds"] = (at, secretUid, credentialUid) =>
    this.#cellOf(at, secretUid)?.rows.has(credentialUid) === true;

  readonly holders: Members["holders"] = (at, secretUid) => this.#cellOf(at, secretUid)?.rows.keys() ?? [];

  readonly owns: Members["owns"] = (at, secretUid) => {
    const cell = this.#cellAt(at);
    return cell?.secretUid === secretUid && !cell.merged;
  };

  readonly merged: Members["merged"] = (at, secretUid) => {
    const cell = this.#cellAt(at);
    return cell?.secretUid === secretUid && cell.merged;
  };

  readonly namespaces: Members["namespaces"] = (credentialUid) =>
    this.#namespacesOf(credentialUid, ({ former }) => !former);

  readonly count: Members["count"] = (credentialUid) => this.#counts.get(credentialUid) ?? 0;

  readonly mayHold: Members["mayHold"] = (credentialUid) => this.#namespacesOf(credentialUid, () => true);

  readonly mayHoldIn: Members["mayHoldIn"] = (credentialUid, namespaceUid) =>
    this.#cellsIn(namespaceUid).some(({ rows }) => rows.has(credentialUid));

  readonly inNamespace: Members["inNamespace"] = (namespaceUid) =>
    new Set(this.#cellsIn(namespaceUid).flatMap(({ rows }) => rows.keys()));

  readonly secretNamesIn: Members["secretNamesIn"] = (namespaceUid) =>
    this.#cellsIn(namespaceUid).map(({ secretName }) => secretName);

  readonly note: Members["note"] = (at, standing, frozen = []) => {
    const before = this.#cellAt(at);
    const stays = new Set([...(standing?.credentials ?? []), ...frozen]);
    for (const uid of before?.rows.keys() ?? []) if (before && !stays.has(uid)) this.#leave(before, uid);
    if (!standing || (standing.credentials.length === 0 && !this.#cellAt(at))) return;
    const cell = this.#place(at, standing.secretUid, standing.merged);
    for (const credentialUid of standing.credentials) {
      if (cell.rows.has(credentialUid)) this.#turn(cell, credentialUid, false);
      else this.#join(cell, credentialUid, { part: this.#parts.partWithRoom(credentialUid), former: false });
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
    if (!this.#leads || !this.recorded(credentialUid)) return;
    for (const cell of this.#cellsIn(namespaceUid)) this.#turn(cell, credentialUid, true);
  };

  readonly forgetNamespace: Members["forgetNamespace"] = (namespaceUid) => {
    // Whoever stands by has what the record says; it looks which namespaces are gone when it begins to lead.
    for (const cell of this.#leads ? this.#cellsIn(namespaceUid) : []) {
      for (const credentialUid of cell.rows.keys()) this.#leave(cell, credentialUid);
    }
  };

  readonly forgetCredential: Members["forgetCredential"] = (credentialUid) => {
    for (const cell of this.#parts.all(credentialUid)) this.#leave(cell, credentialUid);
    this.#counts.delete(credentialUid);
    this.#parts.forget(credentialUid);
  };

  readonly observed: Members["observed"] = (part, rows) => {
    if (!this.#leads) {
      if (rows) this.#follow(part, rows());
      else if (this.recorded(part.credentialUid)) this.#follow(part, []);
      return;
    }
    // Somebody has deleted what this replica keeps.
    if (rows || !this.#parts.has(part)) return;
    this.#parts.lost(part);
    this.#parts.spoil(part);
  };

  readonly lead: Members["lead"] = () => {
    this.#leads = true;
    this.#parts.lead();
  };

  readonly rows: Members["rows"] = (part) => {
    const cells = this.#parts.rowsOf(part);
    // The first part stays without rows: that there is a record says that marks on Secrets need not be asked.
    return cells.length === 0 && part.part > 0 ? undefined : cells.map((cell) => rowOf(cell, part.credentialUid));
  };

  readonly isStored: Members["isStored"] = (at, credentialUid) => {
    const row = this.#cellAt(at)?.rows.get(credentialUid);
    return row !== undefined && this.#parts.isStored(credentialUid, row);
  };

  readonly subscribe: Members["subscribe"] = (listener) => void this.#listeners.push(listener);
}

function rowOf({ namespaceUid, secretName, secretUid, merged, rows }: Cell, credentialUid: string): MemberRow {
  return { namespaceUid, secretName, secretUid, merged, former: rows.get(credentialUid)?.former === true };
}
