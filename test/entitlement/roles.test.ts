// Tests who has which role in a pull Secret.
import { describe, expect, it } from "vitest";
import { finalizer } from "../../src/api/names.ts";
import type { CredentialRecord } from "../../src/cluster/records.ts";
import { rolesIn, unreadableIn } from "../../src/entitlement/roles.ts";
import { credential, namespace, secretRecord } from "./objects.ts";

describe("a RegistryCredential that cannot be read", () => {
  const known = {
    /** Its record of members has been begun. */
    begun: true,
    /** By that a login of it is in this very Secret. */
    here: false,
    /** By that one is in some Secret of the namespace. */
    inNamespace: true,
    /** The Secret names it. */
    named: true,
    /** `managedFields` say that the operator has written the Secret. */
    written: true,
    finalizers: [finalizer] as readonly string[],
  };

  it.each<[string, Partial<typeof known>, boolean]>([
    ["is on record in it", { here: true, named: false, written: false }, true],
    ["has one that was made anew just before the process ended", {}, true],
    ["has nothing in the namespace", { inNamespace: false }, false],
    ["is named by what somebody else has made", { written: false }, false],
    ["is not named", { named: false }, false],
    ["has no record, as an earlier release kept none", { begun: false, inNamespace: false, written: false }, true],
    ["has no record, and has never written to tenants", { begun: false, finalizers: [] }, false],
    ["has no record, and is not named", { begun: false, named: false }, false],
  ])("where it %s", (_what, change, expected) => {
    const { begun, here, inNamespace, named, written, finalizers } = { ...known, ...change };
    const acme = { name: "acme", uid: "uid-acme", finalizers } as CredentialRecord;
    const found = unreadableIn(
      {
        stores: { credentials: { get: () => acme } as never },
        index: { unreadable: () => new Set(["acme"]), exists: () => true },
        members: { recorded: () => begun, holds: () => here, holders: () => [], mayHoldIn: () => inNamespace },
      },
      { namespaceUid: "uid-team-a", secretName: "regcred" },
      secretRecord({ credentials: named ? ["acme"] : [], ...(written && { writtenByUs: true }) }),
    );
    expect(found.map(({ name }) => name)).toEqual(expected ? ["acme"] : []);
  });
});

describe("a RegistryCredential that does not select the namespace of a Secret whose marks were stripped", () => {
  const acme = credential({ name: "acme" });
  const contributor = { name: "acme", credential: acme, role: "current", entitled: false, deleting: false };

  it.each([
    ["leaves it where the record has something of it there", true, true, ["acme"]],
    ["has no part in it where the record has nothing of it there", true, false, []],
    ["leaves it where no record of it was begun: an earlier release kept none", false, false, ["acme"]],
  ])("%s", (_what, begun, mayHoldIn, expected) => {
    const members = { recorded: () => begun, holds: () => false, holders: () => [], mayHoldIn: () => mayHoldIn };
    const { leaving, unjudged } = rolesIn(
      {
        credentials: {
          index: { contributors: () => [contributor], namesOf: () => [] } as never,
          members: members as never,
        },
        cluster: {
          stores: { credentials: {} as never },
          namesSynced: () => true,
          permissions: { name: () => undefined },
        },
      },
      namespace(),
      "regcred",
      { record: secretRecord({ uid: "uid-1", credentials: [] }), ours: "uid-1" },
    );
    expect([...leaving, ...unjudged].map(({ name }) => name)).toEqual(expected);
  });
});
