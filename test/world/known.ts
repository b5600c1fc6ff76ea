// Histories that have gone wrong once. Each is played again, as short as it was found.
import { usual } from "./history.ts";
import type { Does, EntryChoice, SpecChoice, Step } from "./steps.ts";
import { cloudHost, hosts } from "./words.ts";

export interface Known {
  /** Completes "it". */
  readonly what: string;
  readonly steps: readonly Step[];
}

const second = 1_000;
const minute = 60 * second;
const after = (pause: number, does: Does): Step => ({ does, pause });
const soon = (does: Does): Step => after(5 * second, does);

const entry = (choice: Partial<EntryChoice>): EntryChoice => ({
  name: "e1",
  from: "src-2",
  role: "r1",
  identity: "Operator",
  hosts: [hosts[1]],
  ...choice,
});
const spec = (choice: Partial<SpecChoice>): SpecChoice => ({ ...usual, entries: [entry({})], ...choice });
const create = (name: "a" | "b" | "c", choice: Partial<SpecChoice> = {}): Does => {
  return { act: "create credential", name, spec: spec(choice) };
};
const alterA = (alteration: Extract<Does, { act: "alter credential" }>["alteration"]): Does => {
  return { act: "alter credential", name: "a", alteration };
};
const [firstEntry, secondEntry] = usual.entries as readonly [EntryChoice, EntryChoice];
const cloud = (choice: Partial<EntryChoice>): EntryChoice => ({ ...secondEntry, hosts: [cloudHost], ...choice });

export const known: readonly Known[] = [
  {
    what: "keeps a login whose entry names a source that does not exist",
    steps: [soon(alterA({ field: "entries", to: [{ ...firstEntry, from: "src-none" }, secondEntry] }))],
  },
  {
    what: "keeps it over a restart, for as long as it takes",
    steps: [
      soon(alterA({ field: "entries", to: [{ ...firstEntry, from: "src-none" }, secondEntry] })),
      soon({ act: "restart", after: 0, sent: false }),
    ],
  },
  {
    what: "keeps a login whose entry names another role, while the cloud says no",
    steps: [
      after(0, { act: "cloud", mood: "denied", life: "long" }),
      soon(alterA({ field: "entries", to: [firstEntry, cloud({ role: "r2" })] })),
    ],
  },
  {
    what: "keeps a login whose ServiceAccount is deleted",
    steps: [
      soon(alterA({ field: "entries", to: [cloud({ identity: "ServiceAccount" })] })),
      soon({ act: "puller", does: "delete" }),
    ],
  },
  {
    what: "keeps a login of an account that may not be seen",
    steps: [
      soon(alterA({ field: "entries", to: [cloud({ identity: "TenantServiceAccount" })] })),
      after(0, { act: "lists", how: "hidden", of: "accounts" }),
      after(30 * second, { act: "restart", after: 0, sent: false }),
    ],
  },
  {
    what: "rotates for others while one RegistryCredential may not be written",
    steps: [
      after(0, { act: "fault", how: "policy", on: { kind: "credential", name: "c" } }),
      soon(create("c")),
      after(12 * minute, { act: "source", name: "src-1", does: "put" }),
    ],
  },
  {
    what: "rotates for others while the status of one may not be written",
    steps: [
      after(0, { act: "fault", how: "policy", on: { kind: "status", name: "c" } }),
      soon(create("c")),
      after(12 * minute, { act: "source", name: "src-1", does: "put" }),
    ],
  },
  {
    what: "rotates for others while one cannot be read since a start",
    steps: [
      soon(create("b")),
      soon({ act: "garble credential", name: "a", on: true }),
      after(30 * second, { act: "restart", after: 0, sent: false }),
      after(12 * minute, { act: "source", name: "src-2", does: "put" }),
    ],
  },
  {
    what: "writes nothing for one that is suspended, whatever changes",
    steps: [
      after(30 * second, alterA({ field: "suspend", to: true })),
      soon({ act: "source", name: "src-1", does: "put" }),
    ],
  },
  {
    what: "takes references off where another credential of that name was deleted and retained",
    steps: [
      soon(alterA({ field: "selects", to: "a" })),
      soon(alterA({ field: "deletionPolicy", to: "Retain" })),
      soon(create("b", { selects: "b" })),
      soon({ act: "delete credential", name: "a", how: "drained" }),
      soon({ act: "alter credential", name: "b", alteration: { field: "references", to: "None" } }),
    ],
  },
  {
    what: "serves two RegistryCredentials after the install has moved",
    steps: [soon(create("b")), after(30 * second, { act: "move install" })],
  },
  {
    what: "lets a token of a Secret go that nobody needs any more",
    steps: [soon(alterA({ field: "entries", to: [secondEntry] }))],
  },
  {
    what: "lets the tokens go of one that went while nobody led",
    steps: [soon({ act: "hand over" }), after(12 * minute, { act: "delete credential", name: "a", how: "stripped" })],
  },
  {
    what: "tells that a former login has no place where a tenant's own Secret stands",
    steps: [
      soon(alterA({ field: "entries", to: [{ ...firstEntry, from: "src-none" }] })),
      soon({ act: "tenant", at: "b-1", secret: "regcred", does: "own" }),
    ],
  },
  {
    what: "tells what is missing once it may be seen that it is",
    steps: [
      after(0, { act: "lists", how: "hidden", of: "accounts" }),
      after(30 * second, { act: "restart", after: 0, sent: false }),
      soon(alterA({ field: "entries", to: [cloud({ identity: "ServiceAccount" })] })),
      soon({ act: "puller", does: "delete" }),
    ],
  },
  {
    what: "mints no more for a RegistryCredential that went without a drain",
    steps: [
      soon(create("b", { secretName: "regcred-b", entries: [cloud({ name: "e1", role: "r2" })] })),
      soon({ act: "delete credential", name: "b", how: "stripped" }),
    ],
  },
  {
    what: "leaves a Secret that lists what is gone without a drain, though another no longer wants it there",
    steps: [
      soon(create("b")),
      after(0, { act: "hand over" }),
      after(0, { act: "delete credential", name: "a", how: "stripped" }),
      after(30 * second, { act: "alter credential", name: "b", alteration: { field: "selects", to: "b" } }),
    ],
  },
  {
    what: "leaves a Secret that lists what is gone without a drain, though another has no login for it",
    steps: [
      soon({ act: "delete credential", name: "a", how: "stripped" }),
      soon(create("b", { entries: [entry({ from: "src-none" })] })),
    ],
  },
  {
    what: "leaves what a successor has left that went without a drain, whatever the former one of its name wanted",
    steps: [
      soon({ act: "delete credential", name: "a", how: "forced" }),
      after(
        2 * second,
        create("a", { entries: [cloud({ name: "e1" })], onConflict: "Merge", deletionPolicy: "Retain" }),
      ),
      after(0, { act: "fault", how: "forbidden", on: { kind: "secrets", namespace: "b-2" }, reads: false }),
      soon({ act: "delete credential", name: "a", how: "stripped" }),
    ],
  },
  {
    what: "keeps its tokens while pull Secrets may not be listed",
    steps: [
      after(0, { act: "lists", how: "down", of: "secrets" }),
      after(12 * minute, { act: "restart", after: 0, sent: false }),
    ],
  },
  {
    what: "knows its Secret again that was marked as another's during a hand-over",
    steps: [
      after(0, { act: "hand over" }),
      after(30 * second, { act: "tenant", at: "a-1", secret: "regcred", does: "foreign label" }),
      soon({ act: "source", name: "src-1", does: "put" }),
      soon(alterA({ field: "selects", to: "b" })),
    ],
  },
  {
    what: "leaves a Secret that has more in it than our login",
    steps: [
      soon(alterA({ field: "onConflict", to: "Merge" })),
      soon({ act: "tenant", at: "a-1", secret: "regcred", does: "own with more" }),
      after(30 * second, { act: "delete credential", name: "a", how: "drained" }),
    ],
  },
  {
    what: "remembers since when something fails",
    steps: [soon({ act: "tenant", at: "a-1", secret: "regcred", does: "own" })],
  },
  {
    what: "renders a token that was renewed",
    steps: [
      after(0, { act: "cloud", mood: "well", life: "short" }),
      after(12 * minute, alterA({ field: "entries", to: [firstEntry, cloud({ role: "r2" })] })),
    ],
  },
  {
    what: "puts back what a tenant deletes",
    steps: [soon({ act: "tenant", at: "a-1", secret: "regcred", does: "delete" })],
  },
  {
    what: "refers from a new ServiceAccount",
    steps: [
      soon({ act: "delete account", at: "a-1", name: "app" }),
      soon({ act: "create account", at: "a-1", name: "app" }),
    ],
  },
  {
    what: "follows the labels of a Namespace",
    steps: [
      soon(alterA({ field: "selects", to: "team x" })),
      soon({ act: "label namespace", name: "a-2", team: "x" }),
      soon({ act: "label namespace", name: "b-1", team: "y" }),
    ],
  },
  {
    what: "hands on what stands in another source",
    steps: [soon({ act: "source", name: "src-1", does: "put" })],
  },
  {
    what: "takes a login from who is merely not selected any more, under Retain, too",
    steps: [soon(alterA({ field: "deletionPolicy", to: "Retain" })), soon(alterA({ field: "selects", to: "b" }))],
  },
  {
    what: "keeps the record of a reference to a tenant's own Secret while its RegistryCredential cannot be read",
    steps: [
      soon({ act: "tenant", at: "b-1", secret: "regcred", does: "own with more" }),
      soon({ act: "garble credential", name: "a", on: true }),
      soon(create("b", { excludesApp: true })),
    ],
  },
  {
    what: "takes references off once what one who is gone has left is served by another",
    steps: [
      soon({ act: "fault", how: "policy", on: { kind: "accounts", namespace: "a-2" } }),
      soon({ act: "delete credential", name: "a", how: "stripped" }),
      soon(
        create("b", {
          entries: [cloud({ name: "e1", role: "r2" }), { ...firstEntry, name: "e2" }],
          references: "None",
        }),
      ),
    ],
  },
  {
    what: "hears of one RegistryCredential while another names a label that cannot be read",
    steps: [
      after(0, { act: "lists", how: "hidden", of: "namespaces" }),
      soon(create("b", { secretName: "regcred-b", selects: "a" })),
      after(0, create("c", { selects: "team x", suspend: true })),
      after(12 * minute, { act: "alter credential", name: "b", alteration: { field: "entries", to: [firstEntry] } }),
    ],
  },
  {
    what: "remembers for which hosts an entry has a token, when the entry is altered twice in a row",
    steps: [
      soon(create("c", { selects: "a-1", secretName: "regcred-b", suspend: true })),
      after(12 * minute, { act: "cloud", mood: "hanging", life: "short" }),
      soon(alterA({ field: "entries", to: [{ ...firstEntry, hosts: [hosts[0], cloudHost] }] })),
      soon(
        alterA({
          field: "entries",
          to: [
            { ...firstEntry, hosts: [hosts[1]] },
            { ...secondEntry, from: "src-team", hosts: [hosts[0]] },
          ],
        }),
      ),
    ],
  },
  {
    what: "stores who uses a token, though its source is gone meanwhile",
    steps: [
      after(0, { act: "fault", how: "invalid", on: { kind: "tokens" } }),
      soon(create("b", { entries: [entry({ name: "e2", from: "src-1" })] })),
      soon({ act: "source", name: "src-1", does: "delete" }),
    ],
  },
  {
    what: "keeps what came into a Secret of several in the moment before a crash, though it cannot be read after it",
    steps: [
      soon(create("c", { selects: "team x", entries: [entry({ from: "src-none" })], references: "None" })),
      after(0, { act: "restart", after: 5, sent: true }),
      after(50, {
        act: "alter credential",
        name: "c",
        alteration: { field: "entries", to: [entry({ from: "src-1" })] },
      }),
      soon({ act: "garble credential", name: "c", on: true }),
    ],
  },
  {
    what: "keeps what came into a Secret as the last one leaves it, in the moment before a crash, though it cannot be read after it",
    steps: [
      after(
        50,
        create("c", {
          selects: "b",
          entries: [entry({ name: "e2", from: "src-1", hosts: [hosts[0], cloudHost] })],
          suspend: true,
        }),
      ),
      soon({ act: "restart", after: 9, sent: false }),
      soon({ act: "garble credential", name: "c", on: true }),
      soon({ act: "delete credential", name: "a", how: "drained" }),
    ],
  },
  {
    what: "knows its Secret again that was marked as another's while nobody of its name was there",
    steps: [
      after(50, { act: "delete credential", name: "a", how: "stripped" }),
      after(0, { act: "tenant", at: "b-2", secret: "regcred", does: "foreign label" }),
      after(0, create("a", { selects: "a", entries: [cloud({ name: "e1", role: "team" })] })),
      after(12 * minute, create("c", { selects: "b" })),
    ],
  },
  {
    what: "takes off a reference once a tenant's own Secret is gone behind it, though nobody wanted it meanwhile",
    steps: [
      after(50, { act: "tenant", at: "a-2", secret: "regcred", does: "own with more" }),
      after(50, alterA({ field: "references", to: "None" })),
      soon({ act: "tenant", at: "a-2", secret: "regcred", does: "delete" }),
    ],
  },
  {
    what: "retains nothing of one that stays, and wants no more of it",
    steps: [
      soon(create("c", { selects: "not a-1", entries: [entry({ from: "src-1" }), cloud({ role: "r2" })] })),
      soon(alterA({ field: "deletionPolicy", to: "Retain" })),
      soon({ act: "hand over" }),
      after(2 * second, { act: "delete credential", name: "a", how: "drained" }),
      after(0, {
        act: "alter credential",
        name: "c",
        alteration: { field: "entries", to: [entry({ from: "src-none", hosts: [cloudHost] })] },
      }),
    ],
  },
  {
    what: "keeps the tokens of accounts that may not be seen after a start",
    steps: [
      soon(
        create("c", {
          selects: "not a-1",
          entries: [cloud({ identity: "ServiceAccount" })],
          references: "None",
        }),
      ),
      soon({ act: "restart", after: 3, sent: true }),
      after(50, { act: "lists", how: "hidden", of: "accounts" }),
      after(12 * minute, { act: "delete namespace", name: "a-1" }),
    ],
  },
  {
    what: "knows its Secret again where a tenant has taken its label off before one of that name came back",
    steps: [
      soon({ act: "delete credential", name: "a", how: "stripped" }),
      soon({ act: "tenant", at: "b-2", secret: "regcred", does: "strip label" }),
      after(0, create("a", { selects: "b", entries: [entry({ name: "e2", from: "src-1" })] })),
    ],
  },
  {
    what: "tells of a suspended one, for which nothing was ever written, that the ServiceAccount of its entry is gone",
    steps: [
      soon(
        create("c", {
          secretName: "regcred-b",
          entries: [cloud({ name: "e1", identity: "ServiceAccount" })],
          suspend: true,
        }),
      ),
      soon({ act: "puller", does: "delete" }),
    ],
  },
  {
    what: "tells of a suspended one, whose Secret is to be mended, that the ServiceAccount of its entry is gone",
    steps: [
      soon(
        create("c", {
          selects: "a-1",
          secretName: "regcred-b",
          entries: [cloud({ name: "e1", identity: "ServiceAccount" })],
        }),
      ),
      soon({ act: "alter credential", name: "c", alteration: { field: "suspend", to: true } }),
      soon({ act: "tenant", at: "a-1", secret: "regcred-b", does: "edit" }),
      soon({ act: "puller", does: "delete" }),
    ],
  },
  {
    what: "asks ever more seldom for what keeps a deletion",
    steps: [
      soon({ act: "fault", how: "forbidden", on: { kind: "secrets", namespace: "a-1" } }),
      soon({ act: "fault", how: "throttled", on: { kind: "accounts", namespace: "b-2" } }),
      after(12 * minute, { act: "delete credential", name: "a", how: "drained" }),
    ],
  },
  {
    what: "gives to one that cannot be read no login that another one had under a former name",
    steps: [
      after(0, create("c", { selects: "b", entries: [{ ...firstEntry, hosts: [hosts[1]] }, secondEntry] })),
      after(0, { act: "cloud", mood: "failing", life: "short" }),
      after(13 * 60 * minute, { act: "fault", how: "invalid", on: { kind: "credential", name: "c" } }),
      soon(alterA({ field: "secretName", to: "regcred-b" })),
      soon({ act: "garble credential", name: "c", on: true }),
    ],
  },
  {
    what: "tries in time, and not at once, what is refused as changed and is not",
    steps: [
      soon({ act: "fault", how: "conflict", on: { kind: "secrets", namespace: "a-1" } }),
      after(12 * minute, { act: "delete credential", name: "a", how: "drained" }),
    ],
  },
  {
    what: "hands on what a source had before it went, to another entry that names it by now",
    steps: [
      soon({ act: "source", name: "src-1", does: "delete" }),
      soon(create("c", { entries: [entry({ hosts: [hosts[0]] })], references: "None" })),
      after(50, alterA({ field: "entries", to: [{ ...firstEntry, name: "e2" }] })),
    ],
  },
  {
    what: "leaves to one that is suspended what another one had for it in their Secret",
    steps: [
      after(0, alterA({ field: "entries", to: [entry({ name: "e2" })] })),
      soon(create("c", { selects: "b", suspend: true })),
      soon(alterA({ field: "selects", to: "team x" })),
      soon({ act: "opt out", name: "b-2", on: true }),
    ],
  },
  {
    what: "claims the cluster ever more seldom where the claim always comes too late",
    steps: [
      soon({ act: "delete credential", name: "a", how: "stripped" }),
      soon({ act: "fault", how: "conflict", on: { kind: "status", name: "a" } }),
      after(0, create("a", { selects: "b" })),
      after(12 * minute, { act: "restart", after: 0, sent: true }),
    ],
  },
  {
    what: "forgets who had a login where nobody wants anything any more, though it was drained just before a restart",
    steps: [
      after(0, { act: "fault", how: "hanging", on: { kind: "tokens" }, reads: false }),
      soon({ act: "delete credential", name: "a", how: "drained" }),
      after(
        0,
        create("a", {
          selects: "team x",
          entries: [
            entry({ from: "src-none", role: "account", identity: "TenantServiceAccount", hosts: [hosts[0]] }),
            cloud({ role: "account", identity: "ServiceAccount", hosts: [hosts[0]] }),
          ],
          deletionPolicy: "Retain",
        }),
      ),
      soon({ act: "restart", after: 1, sent: false }),
    ],
  },
  {
    what: "looks again at a reference that a tenant claims while nothing is heard of the Secrets of that name",
    steps: [
      after(50, create("b", { selects: "a", secretName: "regcred-b", suspend: true })),
      soon({ act: "lists", how: "down", of: "secrets" }),
      after(2 * second, { act: "tenant refers", at: "b-2", account: "default", does: "claim all" }),
    ],
  },
  {
    what: "takes a reference off where the Secret with the login of one that cannot be read was deleted, and made anew at once",
    steps: [
      soon({ act: "restart", after: 2, sent: true }),
      after(2 * second, { act: "garble credential", name: "a", on: true }),
      after(
        30 * second,
        create("c", {
          entries: [entry({ name: "e2", from: "src-team", role: "r2", identity: "ServiceAccount", hosts: [hosts[1]] })],
          onConflict: "Merge",
          excludesApp: true,
        }),
      ),
      soon({ act: "tenant", at: "a-1", secret: "regcred", does: "delete" }),
    ],
  },
  {
    what: "takes away in time what one has under a former name that cannot be read by then",
    steps: [
      soon(alterA({ field: "secretName", to: "regcred-b" })),
      after(12 * minute, { act: "puller", does: "delete" }),
      after(
        12 * minute,
        create("c", {
          selects: "a",
          entries: [entry({ name: "e2", from: "src-1", identity: "ServiceAccount", hosts: [hosts[0]] })],
          references: "None",
          deletionPolicy: "Retain",
        }),
      ),
      after(12 * minute, { act: "delete namespace", name: "b-2" }),
      after(2 * second, { act: "garble credential", name: "a", on: true }),
    ],
  },
  {
    what: "tells of a Secret without marks, in which nobody is any more, the same before a start and after it",
    steps: [
      after(50, { act: "delete credential", name: "a", how: "stripped" }),
      after(
        0,
        create("a", {
          selects: "team x",
          entries: [entry({ name: "e2", from: "src-1", role: "team", hosts: [hosts[0], cloudHost] })],
          excludesApp: true,
          deletionPolicy: "Retain",
          suspend: true,
        }),
      ),
      soon({ act: "delete namespace", name: "b-1" }),
      after(0, { act: "tenant", at: "a-1", secret: "regcred", does: "strip marks" }),
    ],
  },
  {
    what: "tells once of one in deletion that cannot be read what keeps it",
    steps: [
      soon({ act: "garble credential", name: "a", on: true }),
      after(2 * second, { act: "fault", how: "forbidden", on: { kind: "secrets", namespace: "b-2" }, reads: true }),
      after(12 * minute, { act: "delete credential", name: "a", how: "drained" }),
    ],
  },
  {
    what: "names who has which host in an order that nobody who has gone changes",
    steps: [
      soon(
        create("b", {
          entries: [
            cloud({ name: "e1", role: "r2", identity: "ServiceAccount", hosts: [hosts[0]] }),
            entry({
              name: "e2",
              from: "src-none",
              role: "r2",
              identity: "TenantServiceAccount",
              hosts: [hosts[0], cloudHost],
            }),
          ],
          onConflict: "Merge",
        }),
      ),
      after(0, { act: "puller", does: "delete" }),
      after(
        50,
        alterA({
          field: "entries",
          to: [entry({ name: "e2", role: "r2", identity: "ServiceAccount", hosts: [hosts[0]] })],
        }),
      ),
      after(
        0,
        create("c", {
          selects: "not a-1",
          entries: [
            entry({ from: "src-team", identity: "ServiceAccount", hosts: [hosts[0], cloudHost] }),
            entry({ name: "e2", from: "src-1", role: "r2", identity: "ServiceAccount", hosts: [hosts[0], hosts[1]] }),
          ],
          excludesApp: true,
        }),
      ),
      soon({
        act: "alter credential",
        name: "c",
        alteration: {
          field: "entries",
          to: [
            entry({ role: "team", identity: "TenantServiceAccount", hosts: [hosts[1]] }),
            entry({ name: "e2", from: "src-team", role: "r2", identity: "TenantServiceAccount", hosts: [cloudHost] }),
          ],
        },
      }),
    ],
  },
  {
    what: "remembers what stands in a Secret that may not be written, when the next login cannot be rendered any more",
    steps: [
      after(0, { act: "fault", how: "policy", on: { kind: "secrets", namespace: "a-1" } }),
      soon(
        alterA({
          field: "entries",
          to: [{ ...secondEntry, role: "r2", identity: "ServiceAccount", hosts: [hosts[0], cloudHost] }],
        }),
      ),
      after(12 * minute, { act: "label namespace", name: "b-2", team: undefined }),
      after(2 * second, { act: "puller", does: "delete" }),
      soon({ act: "restart", after: 0, sent: false }),
    ],
  },
  {
    what: "judges a Secret anew when one has left it under Retain, and it is nobody's by then",
    steps: [
      soon(
        create("b", {
          selects: "not a-1",
          entries: [cloud({ role: "team", identity: "TenantServiceAccount", hosts: [hosts[1], cloudHost] })],
          references: "None",
          excludesApp: true,
          deletionPolicy: "Retain",
          suspend: true,
        }),
      ),
      after(
        0,
        alterA({
          field: "entries",
          to: [cloud({ from: "src-none", role: "team", identity: "TenantServiceAccount" })],
        }),
      ),
      soon({ act: "lists", how: "down", of: "namespaces" }),
      soon(alterA({ field: "entries", to: [entry({ from: "src-none", role: "team", hosts: [hosts[0]] })] })),
      after(2 * second, { act: "delete credential", name: "b", how: "stripped" }),
    ],
  },
  {
    what: "leaves a reference that may be of one that is to be deleted and cannot be read, though a tenant has overwritten its login",
    steps: [
      soon({ act: "garble credential", name: "a", on: true }),
      soon({ act: "hand over" }),
      soon({ act: "tenant", at: "b-2", secret: "regcred", does: "edit" }),
      soon({ act: "delete credential", name: "a", how: "drained" }),
      after(
        0,
        create("c", {
          entries: [entry({ name: "e2", from: "src-1", role: "r2" })],
          onConflict: "Merge",
          excludesApp: true,
        }),
      ),
    ],
  },
  {
    what: "refers no more to what was left long ago, for one who is suspended and has something of the name elsewhere",
    steps: [
      soon(alterA({ field: "suspend", to: true })),
      soon(alterA({ field: "secretName", to: "regcred-b" })),
      after(
        24 * minute,
        create("c", {
          selects: "team x",
          entries: [entry({ from: "src-1", hosts: [hosts[0]] })],
          onConflict: "Merge",
          excludesApp: true,
        }),
      ),
    ],
  },
  {
    what: "takes a Secret for its tenant's that was made while nothing could be stored, and has lost its mark before the next start",
    steps: [
      soon({ act: "fault", how: "forbidden", on: { kind: "tokens" } }),
      after(2 * second, { act: "tenant", at: "b-2", secret: "regcred", does: "delete" }),
      after(50, { act: "restart", after: 3, sent: false }),
      after(13 * 60 * minute, { act: "lists", how: "down", of: "accounts" }),
      after(0, { act: "tenant", at: "b-2", secret: "regcred", does: "strip marks" }),
    ],
  },
  {
    what: "takes back what one of a name that comes again has hosts for, whoever else was gone before",
    steps: [
      after(0, { act: "hand over" }),
      after(30 * second, { act: "delete credential", name: "a", how: "stripped" }),
      soon(create("b")),
      after(0, { act: "hand over" }),
      after(30 * second, { act: "delete credential", name: "b", how: "stripped" }),
      soon(create("b", { selects: "b", entries: [entry({ hosts: [hosts[0], cloudHost] })] })),
    ],
  },
  {
    what: "remembers all who had a part in a Secret as long as somebody who is gone has left a login there",
    steps: [
      after(50, { act: "fault", how: "slow", on: { kind: "accounts", namespace: "a-1" } }),
      soon({ act: "delete credential", name: "a", how: "forced" }),
      after(0, create("b", { entries: [entry({ name: "e2", from: "src-1", hosts: [hosts[0]] })], excludesApp: true })),
      soon({ act: "restart", after: 0, sent: true }),
      after(50, { act: "label namespace", name: "a-1", team: undefined }),
      soon({ act: "restart", after: 5, sent: true }),
      soon({ act: "delete credential", name: "b", how: "forced" }),
      after(30 * second, { act: "mend" }),
      soon(create("b", { selects: "team x", references: "None" })),
    ],
  },
  {
    what: "goes on beside one that cannot be read before a record of it was begun, and whose name a Secret bears",
    steps: [
      after(65 * minute, { act: "restart", after: 3, sent: false }),
      after(30 * second, { act: "lists", how: "down", of: "secrets" }),
      after(2 * second, { act: "delete credential", name: "a", how: "stripped" }),
      soon(create("c", { entries: [cloud({ role: "team" })] })),
      after(30 * second, create("a", { selects: "a" })),
      after(50, { act: "garble credential", name: "a", on: true }),
    ],
  },
  {
    what: "tells the same of several sources that are missing, whichever was asked for last",
    steps: [
      after(50, { act: "source", name: "src-y", does: "delete" }),
      soon({ act: "source", name: "src-x", does: "delete" }),
      after(2 * second, { act: "opt out", name: "a-1", on: true }),
      after(0, create("b", { selects: "team x", secretName: "regcred-b", references: "None", suspend: true })),
      after(2 * second, { act: "label namespace", name: "b-2", team: undefined }),
      soon(
        alterA({ field: "entries", to: [cloud({ name: "e1", from: "src-team", identity: "TenantServiceAccount" })] }),
      ),
      after(50, { act: "alter credential", name: "b", alteration: { field: "selects", to: "all" } }),
    ],
  },
  {
    what: "gives back, where tenants have overwritten it, what an entry had before it was altered into what cannot be had",
    steps: [
      after(0, alterA({ field: "entries", to: [{ ...firstEntry, from: "src-none" }] })),
      after(30 * second, { act: "tenant", at: "a-2", secret: "regcred", does: "edit" }),
      soon({ act: "tenant", at: "a-1", secret: "regcred", does: "edit" }),
    ],
  },
  {
    what: "renews nothing in Secrets that may not be seen for longer than a token lives",
    steps: [
      soon({ act: "lists", how: "hidden", of: "secrets" }),
      after(13 * 60 * minute, { act: "create account", at: "a-1", name: "app" }),
    ],
  },
  {
    what: "leaves the record of a name that is nobody's any more, where it could not be stored in time",
    steps: [
      after(50, { act: "fault", how: "forbidden", on: { kind: "tokens" }, reads: true }),
      soon({ act: "delete credential", name: "a", how: "drained" }),
      soon({ act: "hand over" }),
    ],
  },
  {
    what: "keeps the login of an entry whose template names a source that is missing, under the same name",
    steps: [
      soon({ act: "source", name: "src-y", does: "delete" }),
      after(
        2 * second,
        alterA({
          field: "entries",
          to: [
            cloud({
              from: "src-team",
              role: "r2",
              identity: "TenantServiceAccount",
              hosts: [hosts[0], cloudHost],
            }),
          ],
        }),
      ),
    ],
  },
  {
    what: "leaves a reference whose record its tenant has dropped",
    steps: [
      after(0, create("c", { selects: "not a-1", entries: [cloud({ role: "r2" })], excludesApp: true })),
      soon({ act: "fault", how: "unsent", on: { kind: "accounts", namespace: "b-1" } }),
      soon({ act: "delete credential", name: "a", how: "drained" }),
      soon({ act: "tenant refers", at: "b-1", account: "app", does: "drop record" }),
    ],
  },
  {
    what: "leaves what refers to a Secret with the login of one who is gone",
    steps: [
      soon({ act: "restart", after: 2, sent: false }),
      soon({ act: "delete credential", name: "a", how: "stripped" }),
      soon(create("c", { selects: "team x", entries: [cloud({})], onConflict: "Merge", excludesApp: true })),
    ],
  },
  {
    what: "leaves what refers to a Secret for one who is suspended beside others",
    steps: [
      after(
        50,
        create("c", { selects: "team x", entries: [entry({ from: "src-1", hosts: [hosts[0]] })], excludesApp: true }),
      ),
      soon(alterA({ field: "suspend", to: true })),
    ],
  },
  {
    what: "gives to a namespace what it was to have when it was heard of last",
    steps: [
      after(50, { act: "lists", how: "deaf", of: "namespaces" }),
      after(50, { act: "opt out", name: "b-2", on: true }),
      soon(
        create("c", {
          selects: "b",
          entries: [cloud({ name: "e1", role: "account", identity: "TenantServiceAccount" })],
        }),
      ),
      after(2 * second, { act: "delete credential", name: "a", how: "stripped" }),
    ],
  },
  {
    what: "serves a former name with what the entries have become since",
    steps: [
      soon(alterA({ field: "secretName", to: "regcred-b" })),
      soon(
        alterA({
          field: "entries",
          to: [
            { ...firstEntry, hosts: [hosts[0], hosts[1]] },
            cloud({ role: "account", identity: "TenantServiceAccount" }),
          ],
        }),
      ),
    ],
  },
  {
    what: "waits with references in a namespace whose ServiceAccounts cannot be written",
    steps: [
      soon({ act: "fault", how: "unsent", on: { kind: "accounts", namespace: "a-1" } }),
      soon({ act: "tenant refers", at: "a-1", account: "default", does: "clear" }),
      after(12 * minute, { act: "puller", does: "create" }),
    ],
  },
  {
    what: "waits with a label that has not been asked for while Namespaces may not be seen",
    steps: [
      soon({ act: "lists", how: "hidden", of: "namespaces" }),
      after(12 * minute, alterA({ field: "entries", to: [entry({ name: "e2", from: "src-team" })] })),
    ],
  },
  {
    what: "leaves under a former name what another one has been given the same of",
    steps: [
      soon(alterA({ field: "secretName", to: "regcred-b" })),
      soon(
        create("b", { selects: "b", entries: [entry({ from: "src-1", hosts: [hosts[0]] })], secretName: "regcred-b" }),
      ),
      soon(alterA({ field: "selects", to: "a" })),
    ],
  },
  {
    what: "takes nothing for one that cannot be read from a namespace that opts out",
    steps: [
      after(0, { act: "restart", after: 2, sent: true }),
      after(0, { act: "garble credential", name: "a", on: true }),
      soon({ act: "opt out", name: "b-1", on: true }),
    ],
  },
  {
    what: "leaves a host to one that has it under a former name, whoever claims it under that name now",
    steps: [
      soon(alterA({ field: "secretName", to: "regcred-b" })),
      soon(
        create("c", {
          selects: "not a-1",
          entries: [cloud({ name: "e1", identity: "TenantServiceAccount" })],
          references: "None",
        }),
      ),
    ],
  },
  {
    what: "leaves a tenant's own Secret alone, whatever it says of itself",
    steps: [
      after(50, { act: "tenant", at: "b-1", secret: "regcred", does: "own" }),
      after(50, { act: "tenant", at: "b-1", secret: "regcred", does: "foreign label" }),
    ],
  },
  {
    what: "takes away what one has whose finalizer somebody takes off after its deletion was seen",
    steps: [
      soon(create("c", { selects: "team x", secretName: "regcred-b", references: "None" })),
      soon({ act: "delete credential", name: "c", how: "stripped" }),
    ],
  },
  {
    what: "keeps what a namespace was given by an entry that had been altered unseen",
    steps: [
      after(2 * second, { act: "delete namespace", name: "a-1" }),
      soon({ act: "lists", how: "down", of: "credentials" }),
      soon(create("b", { selects: "a", entries: [entry({ from: "src-2", hosts: [hosts[0]] })] })),
      soon(alterA({ field: "entries", to: [{ ...firstEntry, from: "src-none" }] })),
      after(50, { act: "create namespace", name: "a-1", team: "x" }),
    ],
  },
  {
    what: "takes what is on record under a name that nobody has any more for nobody's, though nothing of it was seen",
    steps: [
      after(50, { act: "lists", how: "down", of: "secrets" }),
      after(50, { act: "delete credential", name: "a", how: "forced" }),
      after(12 * minute, { act: "tenant refers", at: "a-2", account: "default", does: "claim all" }),
      after(12 * minute, { act: "puller", does: "create" }),
    ],
  },
  {
    what: "keeps for one that cannot be read what was made anew for it just before the process ended",
    steps: [
      soon({ act: "garble credential", name: "a", on: true }),
      soon({ act: "restart", after: 5, sent: true }),
      after(0, { act: "tenant", at: "b-1", secret: "regcred", does: "delete" }),
      soon(create("c", { selects: "team x", entries: [entry({ name: "e2", from: "src-1", hosts: [hosts[0]] })] })),
    ],
  },
  {
    what: "leaves no record of one who is gone whose creation had no answer, and was not seen",
    steps: [
      soon({ act: "fault", how: "unanswered", on: { kind: "tokens" }, reads: true }),
      soon({ act: "lists", how: "deaf", of: "secrets" }),
      after(0, { act: "delete credential", name: "a", how: "drained" }),
      soon({ act: "tenant", at: "b-2", secret: "regcred-b", does: "strip marks" }),
      soon(create("a", { selects: "b", entries: [entry({ name: "e2", from: "src-none", hosts: [hosts[0]] })] })),
      after(2 * second, { act: "delete credential", name: "a", how: "forced" }),
    ],
  },
  {
    what: "knows nothing of one who went without a drain where that could not be stored before a restart",
    steps: [
      soon({ act: "fault", how: "throttled", on: { kind: "tokens" }, reads: false }),
      soon({ act: "tenant", at: "b-1", secret: "regcred", does: "delete" }),
      after(2 * second, { act: "fault", how: "hanging", on: { kind: "accounts", namespace: "b-1" }, reads: false }),
      soon(
        create("c", {
          selects: "not a-1",
          entries: [
            entry({
              name: "e1",
              from: "src-1",
              role: "account",
              identity: "ServiceAccount",
              hosts: [hosts[0], hosts[1]],
            }),
          ],
          excludesApp: true,
        }),
      ),
      after(50, { act: "restart", after: 2, sent: true }),
      soon(alterA({ field: "selects", to: "b" })),
      soon({ act: "delete credential", name: "c", how: "stripped" }),
    ],
  },
  {
    what: "collects tokens though somebody asked about a Secret before its name was known",
    steps: [
      soon({ act: "lists", how: "hidden", of: "credentials" }),
      soon({ act: "delete credential", name: "a", how: "stripped" }),
      after(
        0,
        create("a", {
          selects: "b",
          entries: [cloud({ name: "e1", role: "r1", identity: "TenantServiceAccount" })],
          secretName: "regcred-b",
          suspend: true,
        }),
      ),
    ],
  },
  {
    what: "owes nothing of before to a host that was taken back for a moment",
    steps: [
      after(12 * minute, { act: "restart", after: 3, sent: false }),
      after(
        0,
        alterA({
          field: "entries",
          to: [cloud({ name: "e1", role: "account" }), entry({ name: "e2", from: "src-team", hosts: [hosts[0]] })],
        }),
      ),
      after(30 * second, alterA({ field: "entries", to: [cloud({ name: "e2", from: "src-none" })] })),
    ],
  },
  {
    what: "leaves a reference to its tenant whose Secret stood there when nobody was to serve it",
    steps: [
      after(50, { act: "tenant", at: "b-2", secret: "regcred", does: "own with more" }),
      soon(alterA({ field: "selects", to: "a-1" })),
      after(50, create("b", { selects: "b", onConflict: "Merge", references: "None" })),
      after(0, { act: "tenant", at: "b-2", secret: "regcred", does: "delete" }),
    ],
  },
  {
    what: "takes back what stands under a former name, though all names came to be known while that was looked at",
    steps: [
      after(2 * second, alterA({ field: "secretName", to: "regcred-b" })),
      after(0, { act: "restart", after: 3, sent: false }),
      soon({ act: "lists", how: "hidden", of: "secrets" }),
      soon(alterA({ field: "selects", to: "a-1" })),
      soon({ act: "tenant", at: "b-1", secret: "regcred", does: "delete" }),
    ],
  },
  {
    what: "decides nothing of a Secret in which only one is that cannot be read, nor of whom the record names beside it",
    steps: [
      soon({ act: "delete credential", name: "a", how: "stripped" }),
      after(
        50,
        create("c", {
          selects: "a",
          entries: [cloud({ name: "e1", role: "team", identity: "TenantServiceAccount" })],
          onConflict: "Merge",
          excludesApp: true,
          deletionPolicy: "Retain",
        }),
      ),
      soon({ act: "garble credential", name: "c", on: true }),
      soon({ act: "restart", after: 9, sent: true }),
      soon(
        create("a", {
          selects: "not a-1",
          entries: [cloud({ name: "e1", role: "team", hosts: [hosts[1], cloudHost] })],
          onConflict: "Merge",
          references: "None",
        }),
      ),
    ],
  },
  {
    what: "stores with a token who begins to use it while others who do are being stored",
    steps: [
      soon(
        create("c", {
          selects: "not a-1",
          entries: [cloud({ identity: "ServiceAccount" })],
          secretName: "regcred-b",
          excludesApp: true,
        }),
      ),
      after(0, { act: "lists", how: "down", of: "credentials" }),
      soon(
        alterA({
          field: "entries",
          to: [
            cloud({ name: "e1", role: "account" }),
            entry({ name: "e2", role: "r2", identity: "TenantServiceAccount", hosts: [hosts[0], cloudHost] }),
          ],
        }),
      ),
      after(50, {
        act: "alter credential",
        name: "c",
        alteration: {
          field: "entries",
          to: [
            cloud({ name: "e1", role: "account", hosts: [hosts[0]] }),
            entry({ name: "e2", from: "src-1", role: "team", hosts: [hosts[0], hosts[1]] }),
          ],
        },
      }),
    ],
  },
  {
    what: "leaves to its tenant what one who was deleted with Retain referred to as well as one who has just ceased to",
    steps: [
      soon(alterA({ field: "deletionPolicy", to: "Retain" })),
      after(
        0,
        create("c", {
          selects: "a-1",
          entries: [
            cloud({ name: "e1", role: "account", identity: "TenantServiceAccount", hosts: [hosts[1], cloudHost] }),
            entry({ name: "e2", from: "src-team", hosts: [hosts[0], hosts[1]] }),
          ],
          onConflict: "Merge",
          deletionPolicy: "Retain",
        }),
      ),
      after(50, { act: "delete credential", name: "a", how: "drained" }),
      after(0, { act: "alter credential", name: "c", alteration: { field: "excludesApp", to: true } }),
    ],
  },
  {
    what: "tells in the status of what was minted in the second before it started",
    steps: [
      after(17_850_050, {
        act: "fault",
        how: "unsent",
        on: { kind: "accounts", namespace: "a-1" },
      }),
    ],
  },
  {
    what: "asks as often as any process that has just begun for what is in conflict",
    steps: [
      soon(
        create("c", {
          entries: [
            entry({ name: "e1", role: "account", hosts: ["two.example.com"] }),
            cloud({ name: "e2", role: "r2", identity: "ServiceAccount" }),
          ],
          secretName: "regcred-b",
          onConflict: "Merge",
          excludesApp: true,
          deletionPolicy: "Retain",
        }),
      ),
      after(50, { act: "restart", after: 2, sent: false }),
      soon({ act: "delete credential", name: "c", how: "drained" }),
      after(30 * second, { act: "fault", how: "conflict", on: { kind: "secrets", namespace: "a-2" }, reads: false }),
      after(0, { act: "restart", after: 0, sent: true }),
      after(720 * second, { act: "tenant refers", at: "b-2", account: "default", does: "drop record" }),
    ],
  },
  {
    what: "writes nothing to a Secret of one that is suspended, whose marks were stripped, for one that has nothing there",
    steps: [
      soon(alterA({ field: "suspend", to: true })),
      after(0, { act: "tenant", at: "a-2", secret: "regcred", does: "strip marks" }),
      soon(
        create("c", { selects: "a-1", entries: [entry({ from: "src-1", hosts: [hosts[1]] })], onConflict: "Merge" }),
      ),
    ],
  },
  {
    what: "leaves what refers to a login of one who was gone unheard before the namespace was made",
    steps: [
      soon({ act: "delete namespace", name: "b-1" }),
      after(50, { act: "lists", how: "down", of: "credentials" }),
      soon(
        create("c", {
          entries: [cloud({ name: "e1", role: "account", identity: "TenantServiceAccount" })],
          onConflict: "Merge",
          excludesApp: true,
          deletionPolicy: "Retain",
        }),
      ),
      after(0, { act: "delete credential", name: "a", how: "stripped" }),
      after(0, { act: "create namespace", name: "b-1", team: "x" }),
    ],
  },
  {
    what: "keeps a login that has passed from one to another, whose entry cannot be rendered any more",
    steps: [
      soon(create("b", { selects: "a", entries: [entry({ name: "e2", from: "src-1", hosts: [hosts[0]] })] })),
      soon(alterA({ field: "selects", to: "not a-1" })),
      soon({ act: "source", name: "src-x", does: "delete" }),
      soon({
        act: "alter credential",
        name: "b",
        alteration: {
          field: "entries",
          to: [entry({ hosts: [hosts[1]] }), entry({ name: "e2", from: "src-team", hosts: [hosts[0], cloudHost] })],
        },
      }),
    ],
  },
  {
    what: "takes a Secret for its tenant's whose maker ended at once, and that has lost its mark before the next start",
    steps: [
      soon({ act: "delete credential", name: "a", how: "drained" }),
      soon({ act: "restart", after: 9, sent: false }),
      soon({ act: "fault", how: "forbidden", on: { kind: "secrets", namespace: "b-1" }, reads: false }),
      after(
        2 * second,
        create("b", {
          selects: "not a-1",
          entries: [
            entry({
              from: "src-team",
              role: "account",
              identity: "TenantServiceAccount",
              hosts: [hosts[0], cloudHost],
            }),
          ],
          references: "None",
        }),
      ),
      after(0, {
        act: "alter credential",
        name: "b",
        alteration: {
          field: "entries",
          to: [
            entry({
              name: "e2",
              from: "src-none",
              role: "team",
              identity: "TenantServiceAccount",
              hosts: [hosts[0], cloudHost],
            }),
          ],
        },
      }),
      after(0, { act: "tenant", at: "a-2", secret: "regcred", does: "strip label" }),
    ],
  },
  {
    what: "stores with a token once who uses it, though that was refused before, and nothing of it changes",
    steps: [
      soon(
        create("b", {
          selects: "b",
          excludesApp: true,
          deletionPolicy: "Retain",
          entries: [entry({ name: "e2", identity: "ServiceAccount", hosts: [hosts[0]] })],
        }),
      ),
      soon({ act: "source", name: "src-2", does: "put" }),
      after(46_800_050, { act: "fault", how: "throttled", on: { kind: "tokens" }, reads: false }),
      soon(
        alterA({
          field: "entries",
          to: [entry({ role: "account", identity: "TenantServiceAccount", hosts: [hosts[0]] })],
        }),
      ),
      after(2 * second, { act: "delete credential", name: "a", how: "drained" }),
    ],
  },
  {
    what: "gives what one who is gone unheard is to have, though one that is not heard of yet has the same grants",
    steps: [
      after(0, { act: "lists", how: "down", of: "credentials" }),
      soon({ act: "delete namespace", name: "a-2" }),
      after(50, { act: "delete credential", name: "a", how: "drained" }),
      soon(
        create("b", {
          selects: "a",
          entries: [
            cloud({ name: "e1", role: "r2", identity: "TenantServiceAccount", hosts: [hosts[0], hosts[1]] }),
            entry({ name: "e2", role: "account", identity: "ServiceAccount", hosts: [cloudHost] }),
          ],
          onConflict: "Merge",
          references: "None",
          deletionPolicy: "Retain",
        }),
      ),
      soon({
        act: "alter credential",
        name: "b",
        alteration: {
          field: "entries",
          to: [
            entry({ from: "src-1", identity: "TenantServiceAccount", hosts: [hosts[0], cloudHost] }),
            cloud({ hosts: [hosts[0]] }),
          ],
        },
      }),
      after(2 * second, { act: "create namespace", name: "a-2", team: "x" }),
    ],
  },
  {
    what: "keeps the login of one that cannot be read in a namespace made anew just before the process ended",
    steps: [
      soon({ act: "garble credential", name: "a", on: true }),
      soon({ act: "restart", after: 3, sent: false }),
      soon({ act: "delete namespace", name: "a-1" }),
      after(2 * second, { act: "create namespace", name: "a-1", team: undefined }),
      after(
        30 * second,
        create("c", {
          selects: "a-1",
          entries: [cloud({ name: "e2", role: "team", identity: "TenantServiceAccount", hosts: ["one.example.com"] })],
          onConflict: "Merge",
          excludesApp: true,
        }),
      ),
    ],
  },
  {
    what: "lets a Secret go of one that was given up while its references were still being taken off",
    steps: [
      soon({ act: "delete namespace", name: "a-2" }),
      after(
        50,
        create("c", {
          entries: [
            entry({ name: "e1", from: "src-none", identity: "ServiceAccount", hosts: ["one.example.com"] }),
            cloud({ name: "e2", role: "r2", identity: "TenantServiceAccount", hosts: ["one.example.com"] }),
          ],
          references: "None",
        }),
      ),
      soon({ act: "delete credential", name: "a", how: "drained" }),
      after(
        50,
        create("a", {
          selects: "not a-1",
          entries: [entry({ name: "e2", identity: "Operator", hosts: [cloudHost] })],
        }),
      ),
      soon({ act: "delete credential", name: "b", how: "drained" }),
      after(2 * second, { act: "restart", after: 2, sent: false }),
      after(50, { act: "delete credential", name: "c", how: "forced" }),
      after(50, { act: "fault", how: "late", on: { kind: "accounts", namespace: "b-1" }, reads: false }),
      after(30 * second, alterA({ field: "selects", to: "a-1" })),
    ],
  },
  {
    what: "remembers one that went without a drain as long as the Secret is there in which its tenant has replaced the login",
    steps: [
      after(
        0,
        create("b", {
          selects: "a-1",
          entries: [entry({ role: "account", identity: "ServiceAccount", hosts: [hosts[1], cloudHost] })],
          secretName: "regcred-b",
        }),
      ),
      soon({ act: "delete credential", name: "b", how: "stripped" }),
      after(0, { act: "tenant", at: "a-1", secret: "regcred-b", does: "edit" }),
      after(
        2 * second,
        create("c", {
          selects: "b",
          entries: [
            cloud({ name: "e1", role: "account", identity: "TenantServiceAccount", hosts: [hosts[0], hosts[1]] }),
            entry({
              name: "e2",
              from: "src-none",
              role: "team",
              identity: "ServiceAccount",
              hosts: [hosts[1], cloudHost],
            }),
          ],
          secretName: "regcred-b",
        }),
      ),
    ],
  },
  {
    what: "tries ever more seldom what can neither be recorded nor written",
    steps: [
      after(2 * second, { act: "fault", how: "unanswered", on: { kind: "tokens" }, reads: false }),
      soon({ act: "fault", how: "conflict", on: { kind: "secrets", namespace: "a-2" }, reads: true }),
      after(
        50,
        create("c", {
          entries: [
            cloud({ name: "e1", role: "team", identity: "TenantServiceAccount", hosts: [hosts[1], cloudHost] }),
            entry({ name: "e2", role: "account", identity: "ServiceAccount" }),
          ],
          references: "None",
          excludesApp: true,
          deletionPolicy: "Retain",
        }),
      ),
      soon({
        act: "alter credential",
        name: "c",
        alteration: {
          field: "entries",
          to: [entry({ name: "e2", from: "src-1", identity: "ServiceAccount", hosts: [hosts[0], hosts[1]] })],
        },
      }),
    ],
  },
  {
    what: "keeps the token of an entry of before by whose login another one has served the namespace",
    steps: [
      soon(
        alterA({
          field: "entries",
          to: [cloud({ role: "team", identity: "ServiceAccount", hosts: ["one.example.com"] })],
        }),
      ),
      soon({ act: "label namespace", name: "a-2", team: undefined }),
      after(2 * second, { act: "restart", after: 2, sent: false }),
      after(
        0,
        create("c", {
          selects: "b",
          entries: [
            entry({ hosts: ["two.example.com", cloudHost] }),
            cloud({ role: "team", identity: "ServiceAccount", hosts: ["two.example.com", cloudHost] }),
          ],
          onConflict: "Merge",
          suspend: true,
        }),
      ),
      after(50, { act: "source", name: "src-2", does: "delete" }),
      after(30 * second, { act: "mend" }),
      after(
        2 * second,
        alterA({
          field: "entries",
          to: [
            entry({ hosts: ["one.example.com", "two.example.com"] }),
            entry({
              name: "e2",
              role: "team",
              identity: "TenantServiceAccount",
              hosts: ["one.example.com", cloudHost],
            }),
          ],
        }),
      ),
      soon({ act: "label namespace", name: "b-1", team: "y" }),
      after(0, { act: "delete credential", name: "c", how: "stripped" }),
      soon({ act: "label namespace", name: "b-2", team: "x" }),
    ],
  },
  {
    what: "waits beside one with a label that has not been asked for, which goes on with the hosts that it had",
    steps: [
      after(2 * second, { act: "lists", how: "hidden", of: "namespaces" }),
      after(
        50,
        alterA({
          field: "entries",
          to: [
            entry({
              from: "src-team",
              role: "r2",
              identity: "TenantServiceAccount",
              hosts: ["one.example.com", "two.example.com"],
            }),
          ],
        }),
      ),
      after(
        12 * minute,
        create("b", {
          selects: "a-1",
          entries: [
            entry({
              name: "e2",
              from: "src-1",
              role: "team",
              identity: "TenantServiceAccount",
              hosts: ["one.example.com", cloudHost],
            }),
          ],
          onConflict: "Merge",
          references: "None",
          deletionPolicy: "Retain",
        }),
      ),
    ],
  },
  {
    what: "waits with what is made of tokens while none can be stored",
    steps: [after(13 * 60 * minute, { act: "fault", how: "unsent", on: { kind: "tokens" }, reads: false })],
  },
  {
    what: "waits with everything while a start may not see Namespaces",
    steps: [
      after(0, { act: "lists", how: "hidden", of: "namespaces" }),
      after(2 * second, { act: "restart", after: 0, sent: false }),
      after(12 * minute, { act: "source", name: "src-1", does: "put" }),
    ],
  },
  {
    what: "waits with a namespace that has changed since it may not be seen",
    steps: [
      after(30 * second, { act: "opt out", name: "b-1", on: true }),
      after(0, { act: "lists", how: "hidden", of: "namespaces" }),
      after(12 * minute, { act: "opt out", name: "b-1", on: false }),
    ],
  },
  {
    what: "takes from one that is gone the host of one that leaves, though somebody has given up on that deletion just before",
    steps: [
      after(
        2 * second,
        create("c", {
          selects: "team x",
          entries: [
            entry({ from: "src-none", identity: "TenantServiceAccount" }),
            entry({ name: "e2", from: "src-1", role: "team", identity: "ServiceAccount" }),
          ],
          secretName: "regcred-b",
          onConflict: "Merge",
          references: "None",
          excludesApp: true,
          suspend: true,
        }),
      ),
      soon(
        create("b", {
          selects: "a-1",
          entries: [
            entry({ from: "src-none", role: "r2", identity: "TenantServiceAccount" }),
            entry({ name: "e2", hosts: [cloudHost] }),
          ],
          secretName: "regcred-b",
          references: "None",
        }),
      ),
      soon({ act: "hand over" }),
      soon({ act: "delete credential", name: "c", how: "stripped" }),
      after(50, { act: "delete credential", name: "b", how: "forced" }),
    ],
  },
  {
    what: "goes on over a start with a login whose entry was altered while the users of its token were gathered",
    steps: [
      after(2 * second, { act: "delete credential", name: "a", how: "drained" }),
      soon(
        create("c", {
          selects: "b",
          entries: [entry({ from: "src-team", role: "r2" })],
          secretName: "regcred-b",
          onConflict: "Merge",
          references: "None",
        }),
      ),
      after(0, {
        act: "alter credential",
        name: "c",
        alteration: {
          field: "entries",
          to: [
            entry({ from: "src-1", role: "r2", identity: "TenantServiceAccount", hosts: [hosts[0], hosts[1]] }),
            cloud({ name: "e2", from: "cloud", role: "team", identity: "TenantServiceAccount" }),
          ],
        },
      }),
      soon({
        act: "alter credential",
        name: "c",
        alteration: { field: "entries", to: [entry({ from: "src-none" })] },
      }),
    ],
  },
  {
    what: "lets the token of a role go that an entry has again since a moment ago, unheard",
    steps: [
      soon(alterA({ field: "entries", to: [firstEntry, { ...secondEntry, role: "r2" }] })),
      after(2 * second, { act: "lists", how: "deaf", of: "credentials" }),
      after(12 * minute, alterA({ field: "entries", to: [firstEntry, { ...secondEntry, role: "account" }] })),
    ],
  },
  {
    what: "keeps under a former name a host whose login it shares with one who is gone",
    steps: [
      soon(
        create("b", {
          entries: [
            entry({
              from: "src-1",
              role: "account",
              identity: "TenantServiceAccount",
              hosts: [hosts[0], hosts[1]],
            }),
          ],
          references: "None",
        }),
      ),
      soon({ act: "delete credential", name: "a", how: "forced" }),
      soon(
        create("a", {
          selects: "a-1",
          entries: [entry({ name: "e2", identity: "ServiceAccount", hosts: [hosts[0], cloudHost] })],
          onConflict: "Merge",
        }),
      ),
      after(50, { act: "alter credential", name: "b", alteration: { field: "secretName", to: "regcred-b" } }),
    ],
  },
  {
    what: "keeps the token of an account that was gone unseen before its login came",
    steps: [
      after(2 * second, { act: "lists", how: "down", of: "accounts" }),
      soon({ act: "delete credential", name: "a", how: "drained" }),
      after(50, { act: "delete account", at: "a-2", name: "default" }),
      soon(
        create("b", {
          entries: [cloud({ name: "e2", role: "team", identity: "TenantServiceAccount", hosts: [hosts[0], hosts[1]] })],
        }),
      ),
    ],
  },
  {
    what: "leaves to tenants what refers to a login of one that went without a drain, whoever has that Secret afterwards",
    steps: [
      soon({ act: "restart", after: 2, sent: false }),
      after(30 * second, { act: "delete credential", name: "a", how: "forced" }),
      after(
        50,
        create("a", {
          selects: "a-1",
          entries: [
            entry({ name: "e2", role: "account", identity: "TenantServiceAccount", hosts: [hosts[0], hosts[1]] }),
          ],
          secretName: "regcred-b",
          onConflict: "Merge",
          references: "None",
          deletionPolicy: "Retain",
        }),
      ),
      after(
        2 * second,
        create("b", {
          selects: "a",
          entries: [entry({ name: "e2", role: "account", identity: "ServiceAccount" })],
          references: "None",
          deletionPolicy: "Retain",
        }),
      ),
      after(50, { act: "delete credential", name: "a", how: "drained" }),
      after(30 * second, { act: "mend" }),
      soon(
        create("a", {
          selects: "not a-1",
          entries: [
            entry({ from: "src-none", identity: "ServiceAccount", hosts: [hosts[0], cloudHost] }),
            entry({ name: "e2", from: "src-team", role: "team", hosts: [hosts[0], hosts[1]] }),
          ],
          references: "None",
          deletionPolicy: "Retain",
        }),
      ),
    ],
  },
  {
    what: "knows of no former login whose use could not be stored before the process ended",
    steps: [
      after(0, { act: "restart", after: 5, sent: true }),
      after(
        2 * second,
        create("c", {
          selects: "b",
          entries: [
            entry({ from: "src-1", role: "r2", identity: "TenantServiceAccount", hosts: [cloudHost] }),
            entry({ name: "e2", from: "src-1", role: "account", identity: "TenantServiceAccount" }),
          ],
          onConflict: "Merge",
          excludesApp: true,
        }),
      ),
      after(50, {
        act: "alter credential",
        name: "c",
        alteration: {
          field: "entries",
          to: [
            entry({
              name: "e2",
              from: "src-none",
              role: "r2",
              identity: "ServiceAccount",
              hosts: [hosts[0], hosts[1]],
            }),
          ],
        },
      }),
      after(30 * second, { act: "mend" }),
    ],
  },
];
