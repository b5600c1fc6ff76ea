// Tests of what is written to a tenant in each state that the pull-secret controller may find, while it runs and when it starts.
import { describe, expect, it } from "vitest";
import { statusError } from "./api-server.ts";
import { ops, type ReplicaOptions, type Fixture, fixture, reported } from "./fixture.ts";

const hub = "https://index.docker.io/v1/";
const both = { [hub]: "first", "ghcr.io": "other" };
const place = "team-a/regcred";
const config = "kubernetes.io/dockerconfigjson";
const configOf = (auths: Readonly<Record<string, string>>): object => ({
  ".dockerconfigjson": btoa(
    JSON.stringify({
      auths: Object.fromEntries(
        Object.entries(auths).map(([host, password]) => [host, { auth: btoa(`me:${password}`) }]),
      ),
    }),
  ),
});
const foreign = (data = configOf({ "mine.example": "mine" }), name = "regcred"): object => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace: "team-a", name },
  type: config,
  data,
});
const stripped = { metadata: { labels: null, annotations: null } };
const entry = (name: string, host: string, secretName: string): object => ({
  name,
  provider: "Static",
  hosts: [host],
  static: { secretName },
});
const patchCredential = (on: Fixture, spec: object, name = "acme"): void =>
  on.server.patch("registrycredentials", name, { spec });
const deselect = (on: Fixture, name = "acme"): void =>
  patchCredential(on, { namespaces: { include: ["team-b"] } }, name);

interface Row {
  readonly where: string;
  /** Beside the usual: acme for docker.io, and beta for ghcr.io, in one Secret of team-a and team-b. */
  readonly before?: (on: Fixture) => void;
  readonly happens: (on: Fixture) => unknown;
  /** What is written in team-a while it runs, in this order; not compared, if absent. */
  readonly writes?: readonly string[];
  readonly logins: Readonly<Record<string, string>> | undefined;
  /** Of its ServiceAccount; the Secret alone, if absent. */
  readonly references?: readonly string[];
  /** Labels and annotations of it that a RegistryCredential asks for. */
  readonly marks?: Readonly<Record<string, string>>;
  /** Seconds until it is looked at; a few, if absent. */
  readonly after?: number;
  readonly options?: ReplicaOptions;
  /** Holds only while it runs: by what is remembered, or because time passes. */
  readonly runningOnly?: true;
}

const [reverted, made, gone] = ["PUT secrets/regcred", "POST secrets/regcred", "DELETE secrets/regcred"];
/** Renews no Lease while hours pass. */
const alone: ReplicaOptions = { leaderElection: false };
const referred = "PATCH serviceaccounts/default";

const rows: readonly Row[] = [
  { where: "nothing has changed", happens: () => undefined, writes: [], logins: both },
  {
    where: "our label is taken off",
    happens: (on) => on.server.patch("secrets", place, { metadata: { labels: null } }),
    writes: [reverted],
    logins: both,
  },
  {
    where: "all our marks are taken off",
    happens: (on) => on.server.patch("secrets", place, stripped),
    writes: [reverted],
    logins: both,
  },
  {
    where: "somebody else is named as its manager",
    happens: (on) =>
      on.server.patch("secrets", place, { metadata: { labels: { "app.kubernetes.io/managed-by": "me" } } }),
    writes: [reverted],
    logins: both,
  },
  {
    where: "a login is altered",
    happens: (on) => on.server.patch("secrets", place, { data: configOf({ [hub]: "forged" }) }),
    writes: [reverted],
    logins: both,
  },
  {
    where: "a further key is put in",
    happens: (on) => on.server.patch("secrets", place, { data: { more: btoa("x") } }),
    writes: [reverted],
    logins: both,
  },
  { where: "it is deleted", happens: (on) => on.server.remove("secrets", place), writes: [made], logins: both },
  {
    where: "it is made immutable, with other logins in it",
    happens: (on) => on.server.patch("secrets", place, { immutable: true, data: configOf({ [hub]: "forged" }) }),
    writes: [gone, made],
    logins: both,
  },
  {
    where: "it is deleted, and somebody makes one of his own",
    happens: (on) => {
      on.server.remove("secrets", place);
      on.server.create(foreign());
    },
    writes: [],
    logins: { "mine.example": "mine" },
  },
  {
    where: "somebody had one before, which is to be left alone",
    before: (on) => void on.server.create(foreign()),
    happens: () => undefined,
    writes: [],
    logins: { "mine.example": "mine" },
    references: [],
  },
  {
    where: "somebody had one before, which is to be merged into",
    before: (on) => {
      on.server.create(foreign());
      patchCredential(on, { pullSecret: { name: "regcred", onConflict: "Merge" } });
    },
    happens: (on) => on.server.patch("secrets", place, { data: configOf({ "mine.example": "new", [hub]: "forged" }) }),
    writes: [reverted],
    logins: { ...both, "mine.example": "new" },
  },
  {
    where: "it is held by somebody's finalizer when it is deleted",
    happens: (on) => {
      on.server.patch("secrets", place, { metadata: { finalizers: ["else.example/holds"] } });
      on.server.remove("secrets", place);
    },
    logins: both,
  },
  {
    where: "it is held by somebody's finalizer when it is deleted, and selected no more",
    happens: (on) => {
      on.server.patch("secrets", place, { metadata: { finalizers: ["else.example/holds"] } });
      on.server.remove("secrets", place);
      for (const name of ["acme", "beta"]) deselect(on, name);
    },
    logins: {},
    references: [],
  },
  {
    where: "a namespace is selected no more by one of two",
    happens: deselect,
    writes: [reverted],
    logins: { "ghcr.io": "other" },
  },
  {
    where: "a namespace is selected no more",
    happens: (on) => ["acme", "beta"].forEach((name) => deselect(on, name)),
    logins: undefined,
    references: [],
  },
  {
    where: "a namespace whose marks were taken off is selected no more",
    happens: (on) => {
      on.server.patch("secrets", place, stripped);
      for (const name of ["acme", "beta"]) deselect(on, name);
    },
    logins: undefined,
    references: [],
  },
  {
    where: "a namespace that has one of its own by now is selected no more",
    happens: async (on) => {
      on.server.remove("secrets", place);
      on.server.create(foreign());
      await on.pass(1);
      for (const name of ["acme", "beta"]) deselect(on, name);
    },
    // Its record alone goes: the name stays in the list.
    writes: [referred],
    logins: { "mine.example": "mine" },
  },
  {
    where: "a namespace opts out",
    happens: (on) =>
      on.server.patch("namespaces", "team-a", { metadata: { annotations: { "regcred.dev/ignore": "true" } } }),
    writes: [referred, gone],
    logins: undefined,
    references: [],
  },
  {
    where: "one of two is deleted",
    happens: (on) => on.server.remove("registrycredentials", "acme"),
    writes: [reverted],
    logins: { "ghcr.io": "other" },
  },
  {
    where: "one of two is deleted under Retain",
    before: (on) => patchCredential(on, { deletionPolicy: "Retain" }),
    happens: (on) => on.server.remove("registrycredentials", "acme"),
    logins: { "ghcr.io": "other" },
  },
  {
    where: "both are deleted, one of them under Retain",
    before: (on) => patchCredential(on, { deletionPolicy: "Retain" }),
    happens: (on) => ["acme", "beta"].forEach((name) => on.server.remove("registrycredentials", name)),
    after: 30,
    runningOnly: true,
    logins: undefined,
    references: [],
  },
  {
    where: "an entry is taken out of the spec",
    happens: (on) => patchCredential(on, { registries: [entry("new", "new.example", "docker-hub")] }),
    logins: { "new.example": "first", "ghcr.io": "other" },
  },
  {
    where: "one of two is suspended",
    happens: (on) => {
      patchCredential(on, { suspend: true });
      on.server.patch("secrets", place, stripped);
    },
    writes: [reverted],
    logins: both,
  },
  {
    where: "both are suspended",
    happens: async (on) => {
      for (const name of ["acme", "beta"]) patchCredential(on, { suspend: true }, name);
      await on.pass(1);
      on.server.remove("secrets", place);
    },
    writes: [],
    logins: undefined,
  },
  {
    where: "both are suspended and the namespace is selected no more",
    happens: async (on) => {
      for (const name of ["acme", "beta"]) patchCredential(on, { suspend: true }, name);
      await on.pass(1);
      for (const name of ["acme", "beta"]) deselect(on, name);
    },
    writes: [],
    logins: both,
  },
  {
    where: "a source is renewed",
    happens: (on) => on.server.patch("secrets", `${ops}/other`, { data: { password: btoa("second") } }),
    writes: [reverted],
    logins: { [hub]: "first", "ghcr.io": "second" },
  },
  { where: "a source is gone", happens: (on) => on.server.remove("secrets", `${ops}/other`), writes: [], logins: both },
  {
    where: "a source ends, of two",
    before: (on) =>
      on.server.patch("secrets", `${ops}/other`, {
        metadata: { annotations: { "regcred.dev/expires-at": "2026-01-01T00:05:00Z" } },
      }),
    happens: () => undefined,
    after: 301,
    options: alone,
    runningOnly: true,
    writes: [reverted],
    logins: { [hub]: "first" },
  },
  {
    where: "a source and its token are gone, and what was made of them ends",
    before: (on) =>
      on.server.patch("secrets", `${ops}/other`, {
        metadata: { annotations: { "regcred.dev/expires-at": "2026-01-01T00:05:00Z" } },
      }),
    happens: (on) => {
      on.server.remove("secrets", `${ops}/other`);
      for (const { metadata } of on.server.list("secrets"))
        if (metadata.name.startsWith("regcred-token-")) on.server.remove("secrets", `${ops}/${metadata.name}`);
    },
    after: 310,
    options: alone,
    runningOnly: true,
    logins: { [hub]: "first" },
  },
  {
    where: "the name of the Secret is another, for one of two",
    happens: (on) => patchCredential(on, { pullSecret: { name: "renamed" } }),
    writes: ["POST secrets/renamed", referred],
    logins: both,
    references: ["regcred", "renamed"],
  },
  {
    where: "the name of the Secret is another for an hour, for one of two",
    happens: (on) => patchCredential(on, { pullSecret: { name: "renamed" } }),
    after: 3700,
    options: alone,
    runningOnly: true,
    writes: ["POST secrets/renamed", referred, reverted],
    logins: { "ghcr.io": "other" },
    references: ["regcred", "renamed"],
  },
  {
    where: "there is no room for all that one of two adds",
    options: { settings: { maxConfigBytes: 300 } },
    happens: (on) =>
      patchCredential(on, {
        registries: [
          entry("hub", "docker.io", "docker-hub"),
          ...Array.from({ length: 4 }, (_, index) =>
            entry(`e${index}`, `long-name-${index}.example.com`, "docker-hub"),
          ),
        ],
      }),
    writes: ["PUT secrets/regcred"],
    logins: { ...both, "long-name-0.example.com": "first" },
  },
  {
    where: "the oldest says which labels it has, as far as the install lets it",
    options: {
      settings: {
        mode: {
          pullSecretNames: [],
          watchNamespaces: [],
          podRecovery: false,
          pullSecretLabels: ["team"],
          pullSecretAnnotations: ["note"],
        },
      },
    },
    happens: (on) => {
      patchCredential(on, {
        pullSecret: { name: "regcred", labels: { team: "old", other: "x" }, annotations: { note: "n", more: "x" } },
      });
      patchCredential(on, { pullSecret: { name: "regcred", labels: { team: "young" } } }, "beta");
    },
    marks: { team: "old", note: "n" },
    logins: both,
  },
  {
    where: "the install has no rights in the namespace any more",
    options: { settings: { mode: { pullSecretNames: [], watchNamespaces: ["team-b"], podRecovery: false } } },
    happens: (on) => deselect(on),
    writes: [],
    logins: undefined,
    references: [],
  },
  {
    where: "the install has no rights on that name",
    options: { settings: { mode: { pullSecretNames: ["other"], watchNamespaces: [], podRecovery: false } } },
    happens: () => undefined,
    writes: [],
    logins: undefined,
    references: [],
  },
];

/** acme, the older one, and beta. */
function standing({
  before,
  options,
}: Pick<Row, "before" | "options">): Fixture & { start: (by: string) => ReturnType<Fixture["run"]> } {
  const on = fixture({ namespaces: ["team-a", "team-b"] });
  on.addSource("other", "other");
  on.addCredential("acme");
  on.addCredential("beta", {}, { host: "ghcr.io", source: "other" });
  before?.(on);
  return { ...on, start: (by) => on.run(by, options ?? {}) };
}
/** What a row speaks of, as it is. */
const found = (on: Fixture): Pick<Row, "logins" | "references" | "marks"> => {
  const { labels = {}, annotations = {} } = on.server.get("secrets", place)?.metadata ?? {};
  const { "app.kubernetes.io/managed-by": _ours, ...others } = labels;
  const noted = Object.entries(annotations).filter(([key]) => !key.includes("/"));
  return {
    logins: on.logins("team-a"),
    references: on.references("team-a"),
    marks: { ...others, ...Object.fromEntries(noted) },
  };
};
const expected = ({ logins, references = ["regcred"], marks = {} }: Row): ReturnType<typeof found> => ({
  logins,
  references,
  marks,
});

describe("a pull Secret", () => {
  it.each(rows)("where $where", async (row) => {
    const on = standing(row);
    on.start("a");
    await on.pass(5);
    const before = on.recorded.length;
    await row.happens(on);
    await on.pass(row.after ?? 5);
    const written = on.recorded
      .slice(before)
      .filter((each) => on.toTenants().includes(each) && each.namespace === "team-a");
    expect({ ...found(on), writes: row.writes && reported(written) }).toEqual({ ...expected(row), writes: row.writes });
    on.isLawful();
  });

  it.each(rows.filter(({ runningOnly }) => !runningOnly))("where $where while nobody runs", async (row) => {
    const on = standing(row);
    const first = on.start("a");
    await on.pass(5);
    await on.stop(first);
    await row.happens(on);
    on.start("b");
    await on.pass((row.after ?? 5) + 15);
    expect(found(on)).toEqual(expected(row));
    on.isLawful();
  });
});

describe("a write to a pull Secret", () => {
  it("that meets another version is done anew at once, and nobody hears of it", async () => {
    const on = standing({});
    on.start("a");
    await on.pass(5);
    let isFirst = true;
    on.setFaults(({ method, resource, namespace }) => {
      if (method !== "PUT" || resource !== "secrets" || namespace !== "team-a" || !isFirst) return;
      isFirst = false;
      on.server.patch("secrets", place, { metadata: { labels: { touched: "true" } } });
    });
    on.server.patch("secrets", place, stripped);
    await on.pass(2);
    expect([isFirst, on.logins("team-a"), on.logged.filter((each) => each.includes("not written"))]).toEqual([
      false,
      both,
      [],
    ]);
    on.isLawful();
  });

  it("in a namespace that is going is not tried again, and nobody hears of it", async () => {
    const on = standing({});
    on.start("a");
    await on.pass(5);
    const details = {
      causes: [
        {
          reason: "NamespaceTerminating",
          message: "namespace team-a is being terminated",
          field: "metadata.namespace",
        },
      ],
    };
    on.setFaults(({ method, resource, namespace }) =>
      method === "POST" && resource === "secrets" && namespace === "team-a"
        ? statusError(403, "Forbidden", details)
        : undefined,
    );
    const before = on.recorded.length;
    on.server.remove("secrets", place);
    await on.pass(120);
    const tried = on.recorded
      .slice(before)
      .filter(
        ({ method, resource, namespace }) => method === "POST" && resource === "secrets" && namespace === "team-a",
      );
    expect([tried.length, on.logged.filter((each) => each.includes("not written"))]).toEqual([1, []]);
  });

  it("takes no source of another namespace for one of its own", async () => {
    const on = fixture({ namespaces: ["team-a", "team-b"] });
    on.addSource("given", "source", "team-a");
    on.server.patch("secrets", "team-a/given", { metadata: { labels: { "regcred.dev/source": "true" } } });
    on.addCredential("acme", { pullSecret: { name: "given", onConflict: "Adopt" } });
    on.run("a", { settings: { sourceNamespaces: ["team-a"] } });
    await on.pass(10);
    expect([on.toTenants().filter(({ namespace }) => namespace === "team-a"), on.logins("team-b", "given")]).toEqual([
      [],
      { [hub]: "first" },
    ]);
    expect(on.failures("acme")).toEqual(["SecretNameReserved"]);
    on.isLawful();
  });
});
