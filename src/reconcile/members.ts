// Which namespaces hold a login of which RegistryCredential, as the operator itself knows it?
//
// What it has written or compared, and what its record in its own namespace says of that. Nothing here is read from a
// Secret of a tenant, so nobody becomes a member, stays one or ceases to be one by what a tenant writes.
import { type MemberRow, type MembersPart, rowsPerPart } from "../plan/member-rows.ts";

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
  /** This very Secret is wholly the operator's. */
  owns(place: Place, secretUid: string): boolean;
  namespaces(credentialUid: string): Iterable<string>;
  count(credentialUid: string): number;
  /** How the Secret stands after a write or a comparison; undefined: nothing of regcred's is left in it. */
  note(place: Place, standing: Standing | undefined): void;
  forgetNamespace(namespaceUid: string): void;
  forgetCredential(credentialUid: string): void;
  /** There is a record of the credential, with or without members, or it has been begun. */
  recorded(credentialUid: string): boolean;
  begin(credentialUid: string): void;
  /** What a part of the record says. Once this replica leads, it knows better itself. */
  observed(part: MembersPart, rows: readonly MemberRow[] | undefined): void;
  /** From now on this replica keeps the record. */
  lead(): void;
  /** Parts that are not stored as they are now: undefined rows where the part is no longer needed. */
  unsaved(credentialUid: string): ReadonlyMap<number, readonly MemberRow[] | undefined>;
  /** The part will be stored as `unsaved` gave it; a later change, or `spoiled`, makes it unsaved again. */
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
  /** By uid of the credential: the part of its record that has the row. */
  readonly parts: Map<string, number>;
}

interface Membership {
  /** By uid: in how many pull Secrets. */
  readonly namespaces: Map<string, number>;
  readonly parts: Map<number, Set<Cell>>;
  readonly dirty: Set<number>;
  recorded: boolean;
}

export function members(): Members {
  const byNamespace = new Map<string, Map<string, Cell>>();
  const byCredential = new Map<string, Membership>();
  const listeners: MembersListener[] = [];
  let leads = false;

  const membershipOf = (credentialUid: string): Membership => {
    const known = byCredential.get(credentialUid);
    if (known) return known;
    const made: Membership = { namespaces: new Map(), parts: new Map(), dirty: new Set(), recorded: false };
    byCredential.set(credentialUid, made);
    return made;
  };
  const spoil = (credentialUid: string, part: number): void => {
    if (!leads) return;
    const { dirty } = membershipOf(credentialUid);
    const isFirst = dirty.size === 0;
    dirty.add(part);
    if (isFirst) for (const { unsaved } of listeners) unsaved(credentialUid);
  };
  const changed = (credentialUid: string, namespaceUid: string): void => {
    for (const listener of listeners) listener.changed(credentialUid, namespaceUid);
  };
  const cellAt = ({ namespaceUid, secretName }: Place): Cell | undefined =>
    byNamespace.get(namespaceUid)?.get(secretName);

  const join = (cell: Cell, credentialUid: string, part: number): void => {
    const { namespaces, parts } = membershipOf(credentialUid);
    cell.parts.set(credentialUid, part);
    parts.set(part, (parts.get(part) ?? new Set()).add(cell));
    const before = namespaces.get(cell.namespaceUid) ?? 0;
    namespaces.set(cell.namespaceUid, before + 1);
    spoil(credentialUid, part);
    if (before === 0) changed(credentialUid, cell.namespaceUid);
  };
  const leave = (cell: Cell, credentialUid: string): void => {
    const part = cell.parts.get(credentialUid);
    const membership = byCredential.get(credentialUid);
    if (part === undefined || !membership) return;
    cell.parts.delete(credentialUid);
    membership.parts.get(part)?.delete(cell);
    const left = (membership.namespaces.get(cell.namespaceUid) ?? 1) - 1;
    if (left === 0) membership.namespaces.delete(cell.namespaceUid);
    else membership.namespaces.set(cell.namespaceUid, left);
    spoil(credentialUid, part);
    if (cell.parts.size === 0) {
      const cells = byNamespace.get(cell.namespaceUid);
      cells?.delete(cell.secretName);
      if (cells?.size === 0) byNamespace.delete(cell.namespaceUid);
    }
    if (left === 0) changed(credentialUid, cell.namespaceUid);
  };
  const place = ({ namespaceUid, secretName }: Place, secretUid: string, merged: boolean): Cell => {
    const known = cellAt({ namespaceUid, secretName });
    if (known) {
      const isNews = known.secretUid !== secretUid || known.merged !== merged;
      known.secretUid = secretUid;
      known.merged = merged;
      if (isNews) for (const [credentialUid, part] of known.parts) spoil(credentialUid, part);
      return known;
    }
    const made: Cell = { namespaceUid, secretName, secretUid, merged, parts: new Map() };
    const cells = byNamespace.get(namespaceUid) ?? new Map<string, Cell>();
    byNamespace.set(namespaceUid, cells.set(secretName, made));
    return made;
  };
  const partWithRoom = (credentialUid: string): number => {
    const { parts } = membershipOf(credentialUid);
    for (let part = 0; ; part += 1) if ((parts.get(part)?.size ?? 0) < rowsPerPart) return part;
  };
  const follow = ({ credentialUid, part }: MembersPart, rows: readonly MemberRow[]): void => {
    const membership = membershipOf(credentialUid);
    membership.recorded = true;
    const stays = new Set(rows.map(({ namespaceUid, secretName }) => `${namespaceUid} ${secretName}`));
    for (const cell of membership.parts.get(part) ?? []) {
      if (!stays.has(`${cell.namespaceUid} ${cell.secretName}`)) leave(cell, credentialUid);
    }
    if (!membership.parts.has(part)) membership.parts.set(part, new Set());
    for (const row of rows) {
      const cell = place(row, row.secretUid, row.merged);
      if (!cell.parts.has(credentialUid)) join(cell, credentialUid, part);
    }
  };

  return {
    has: (credentialUid, namespaceUid) => byCredential.get(credentialUid)?.namespaces.has(namespaceUid) === true,
    holds: (at, secretUid, credentialUid) => {
      const cell = cellAt(at);
      return cell?.secretUid === secretUid && cell.parts.has(credentialUid);
    },
    owns: (at, secretUid) => {
      const cell = cellAt(at);
      return cell?.secretUid === secretUid && !cell.merged;
    },
    namespaces: (credentialUid) => byCredential.get(credentialUid)?.namespaces.keys() ?? [],
    count: (credentialUid) => byCredential.get(credentialUid)?.namespaces.size ?? 0,
    note: (at, standing) => {
      const before = cellAt(at);
      for (const credentialUid of before?.parts.keys() ?? []) {
        if (before && !standing?.credentials.includes(credentialUid)) leave(before, credentialUid);
      }
      if (!standing || standing.credentials.length === 0) return;
      const cell = place(at, standing.secretUid, standing.merged);
      for (const credentialUid of standing.credentials) {
        if (!cell.parts.has(credentialUid)) join(cell, credentialUid, partWithRoom(credentialUid));
      }
    },
    forgetNamespace: (namespaceUid) => {
      for (const cell of byNamespace.get(namespaceUid)?.values() ?? []) {
        for (const credentialUid of cell.parts.keys()) leave(cell, credentialUid);
      }
    },
    forgetCredential: (credentialUid) => {
      const membership = byCredential.get(credentialUid);
      for (const cells of membership?.parts.values() ?? []) for (const cell of cells) leave(cell, credentialUid);
      byCredential.delete(credentialUid);
    },
    recorded: (credentialUid) => byCredential.get(credentialUid)?.recorded === true,
    begin: (credentialUid) => {
      const membership = membershipOf(credentialUid);
      membership.recorded = true;
      membership.dirty.add(0);
      for (const { unsaved } of listeners) unsaved(credentialUid);
    },
    observed: (part, rows) => {
      if (!leads) {
        if (rows) follow(part, rows);
        else if (byCredential.has(part.credentialUid)) follow(part, []);
        return;
      }
      // Somebody has deleted what this replica keeps.
      if (!rows && byCredential.get(part.credentialUid)?.parts.has(part.part)) spoil(part.credentialUid, part.part);
    },
    lead: () => {
      leads = true;
    },
    unsaved: (credentialUid) => {
      const membership = byCredential.get(credentialUid);
      return new Map(
        [...(membership?.dirty ?? [])].map((part) => {
          const cells = [...(membership?.parts.get(part) ?? [])];
          // The first part stays without rows: that there is a record says that marks on Secrets need not be asked.
          return [part, cells.length === 0 && part > 0 ? undefined : cells];
        }),
      );
    },
    saved: ({ credentialUid, part }) => void byCredential.get(credentialUid)?.dirty.delete(part),
    spoiled: ({ credentialUid, part }) => spoil(credentialUid, part),
    subscribe: (listener) => void listeners.push(listener),
  };
}
