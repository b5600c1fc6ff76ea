// The record of which namespaces hold a login of a RegistryCredential. It lies in Secrets of the operator's namespace, because
// what stands on a tenant's own Secret is the tenant's to write.
import { boundedNumber, bounds } from "../runtime/foreign-numbers.ts";
import { base64OfText, textOfBase64 } from "../runtime/base64.ts";

/** The operator has written a login of the credential into this Secret, and has not taken it back. */
export interface MemberRow {
  readonly namespaceUid: string;
  readonly secretName: string;
  /** `anyUid` from before the Secret is made until it is known which one it is. */
  readonly secretUid: string;
  /** The Secret is somebody else's, and holds logins of others too. */
  readonly merged: boolean;
  /** Taken back, though something may be left of it: the namespace is a member no more. */
  readonly former: boolean;
}

/** A record is kept in parts, so that one namespace more costs one small write. */
export interface MembersPart {
  readonly credentialUid: string;
  /** From 0. */
  readonly part: number;
}

/** No object has it. */
export const anyUid = "*";

/** A row is some 80 bytes: a part stays far below the 1 MiB of a Secret, and is sent in one packet or two. */
export const rowsPerPart = 500;

export function membersSecretName({ credentialUid, part }: MembersPart): string {
  return `regcred-members-${credentialUid}-${part}`;
}

/** Undefined for a name that is no part's. */
export function membersPartOf(secretName: string): MembersPart | undefined {
  const [, credentialUid, digits] = /^regcred-members-([a-z0-9.-]{1,64})-(0|[1-9]\d{0,5})$/.exec(secretName) ?? [];
  const part = boundedNumber(digits, bounds.count);
  return credentialUid === undefined || part === undefined ? undefined : { credentialUid, part };
}

/** The `data` of a part: by name of the pull Secret a line for each namespace, `NAMESPACE-UID SECRET-UID [merged] [former]`. */
export function rowsToData(rows: Iterable<MemberRow>): Record<string, string> {
  const lines = new Map<string, string[]>();
  for (const { namespaceUid, secretName, secretUid, merged, former } of rows) {
    const line = `${namespaceUid} ${secretUid}${merged ? " merged" : ""}${former ? " former" : ""}`;
    const known = lines.get(secretName);
    if (known) known.push(line);
    else lines.set(secretName, [line]);
  }
  return Object.fromEntries([...lines].map(([name, of]) => [name, base64OfText(`${of.toSorted().join("\n")}\n`)]));
}

/** Lines that are no row are left out: they make nobody a member. Words that a later release has added say nothing here. */
export function rowsFromData(data: Readonly<Record<string, string>> | undefined): readonly MemberRow[] {
  return Object.entries(data ?? {}).flatMap(([secretName, encoded]) =>
    (textOfBase64(encoded) ?? "").split("\n").flatMap((line): MemberRow[] => {
      const [namespaceUid = "", secretUid = "", ...words] = line.split(" ");
      if (namespaceUid === "" || secretUid === "") return [];
      return [
        { namespaceUid, secretName, secretUid, merged: words.includes("merged"), former: words.includes("former") },
      ];
    }),
  );
}
