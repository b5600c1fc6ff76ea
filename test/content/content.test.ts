// Tests that a pull Secret holds each host once, for as long as its token lives.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type EntryToken, type Contribution, contentOf } from "../../src/content/content.ts";
import { isAlive } from "../../src/cluster/token.ts";
import { commandText } from "../../src/runtime/steps.ts";
import { entryToken, failure, frozen, login, minute, now, token } from "../entitlement/objects.ts";

function content(...contributions: readonly Contribution[]) {
  return contentOf(frozen(contributions), now);
}

function hostsIn(text: string | undefined): string[] {
  if (text === undefined) return [];
  const config = JSON.parse(text) as { auths: Record<string, unknown> };
  return Object.keys(config.auths);
}

describe("the content of a pull Secret", () => {
  it("has every host of every entry, sorted, with its login", () => {
    const { text, credentials, failures } = content(
      { credential: "b", entries: [entryToken({ hosts: ["b.example.com", "docker.io"] })] },
      {
        credential: "a",
        entries: [entryToken({ hosts: ["a.example.com"], source: token({ logins: { all: login("bob") } }) })],
      },
    );
    expect(hostsIn(text)).toEqual(["a.example.com", "b.example.com", "https://index.docker.io/v1/"]);
    expect(JSON.parse(text ?? "")).toMatchObject({
      auths: { "a.example.com": { username: "bob", password: "secret", auth: btoa("bob:secret") } },
    });
    expect(credentials).toEqual(["a", "b"]);
    expect(failures).toEqual([]);
  });

  it("is never an empty config", () => {
    expect(content().text).toBeUndefined();
    expect(content({ credential: "a", entries: [entryToken({ source: failure() })] }).text).toBeUndefined();
  });

  it("leaves a host claimed twice with the older credential, and says so of that host only", () => {
    const { served, shadowed, credentials } = content(
      { credential: "old", entries: [entryToken({ hosts: ["a.example.com"] })] },
      { credential: "young", entries: [entryToken({ hosts: ["a.example.com", "b.example.com"] })] },
    );
    expect(served.map(({ credential, host }) => [credential, host])).toEqual([
      ["old", "a.example.com"],
      ["young", "b.example.com"],
    ]);
    expect(shadowed).toEqual([{ credential: "young", entry: "hub", host: "a.example.com", by: "old" }]);
    expect(credentials).toEqual(["old", "young"]);
  });

  it("serves a host from the younger credential while the older one has no token for it", () => {
    const { served, shadowed } = content(
      { credential: "old", entries: [entryToken({ source: failure() })] },
      { credential: "young", entries: [entryToken()] },
    );
    expect(served.map(({ credential }) => credential)).toEqual(["young"]);
    expect(shadowed).toEqual([]);
  });

  it("that an entry had before it was altered is shadowed by nobody: it is no claim of the spec", () => {
    const former = { token: token({ grantKey: "before" }), hosts: ["a.example.com"], known: true };
    const altered = entryToken({ entry: "altered", source: failure(), formers: [former] });
    const { served, shadowed } = content(
      { credential: "old", entries: [entryToken()] },
      { credential: "young", entries: [altered] },
    );
    expect(served.map(({ credential }) => credential)).toEqual(["old"]);
    expect(shadowed).toEqual([]);
  });

  it("is not held back by an entry without a token", () => {
    const missing = failure();
    const { text, failures } = content({
      credential: "a",
      entries: [
        entryToken({ entry: "broken", hosts: ["x.example.com"], source: missing, grantKey: "grant-x" }),
        entryToken({ entry: "good", hosts: ["a.example.com"] }),
      ],
    });
    expect(hostsIn(text)).toEqual(["a.example.com"]);
    expect(failures).toEqual([{ credential: "a", entry: "broken", grantKey: "grant-x", failure: missing }]);
  });

  it("keeps a token to its last moment and no longer, and blames whoever can mend it", () => {
    const source = token({ expiresAt: minute(5) });
    const contributions = (cause: EntryToken["cause"]): readonly Contribution[] =>
      frozen([{ credential: "a", entries: [entryToken({ source, cause })] }]);
    expect(hostsIn(contentOf(contributions("Platform"), minute(4)).text)).toEqual(["a.example.com"]);
    for (const cause of ["Platform", "Tenant"] as const) {
      const { text, failures } = contentOf(contributions(cause), minute(5));
      expect(text).toBeUndefined();
      expect(failures).toMatchObject([{ failure: { reason: "TokenExpired", cause } }]);
    }
  });

  describe("from an imported docker config", () => {
    const byHost = new Map([
      ["docker.io", login("hub")],
      ["a.example.com", login("a")],
      ["b.example.com", login("b")],
    ]);
    const imported = token({ grantKey: "grant-i", logins: { byHost } });

    it("takes the listed hosts only, and names those that it lacks", () => {
      const { text, failures } = content({
        credential: "a",
        entries: [entryToken({ hosts: ["docker.io", "c.example.com"], source: imported, cause: "Tenant" })],
      });
      expect(hostsIn(text)).toEqual(["https://index.docker.io/v1/"]);
      expect(failures).toMatchObject([{ failure: { reason: "HostMissing", cause: "Tenant" } }]);
      expect(failures[0]?.failure.message).toContain("c.example.com");
    });

    it("takes nothing with * from a source that names no host, and says what to write", () => {
      const place = { namespace: "logins", name: "hub", operatorNamespace: "regcred-system" };
      const { served, text, failures } = content({
        credential: "a",
        entries: [entryToken({ hosts: ["*"], source: token(), place })],
      });
      expect(served).toEqual([]);
      expect(text).toBeUndefined();
      expect(failures).toMatchObject([{ failure: { reason: "HostMissing", retry: "on-change" } }]);
      const failure = failures[0]?.failure;
      expect(failure?.steps?.map(({ command }) => command && commandText(command))).toEqual([
        undefined,
        "kubectl delete secret -n logins hub",
        expect.stringMatching(/^kubectl create secret docker-registry -n logins hub --docker-server=HOST /),
        "kubectl label -n logins secret hub regcred.dev/source=true --overwrite",
      ]);
    });

    it("takes every host with *", () => {
      const { text } = content({ credential: "a", entries: [entryToken({ hosts: ["*"], source: imported })] });
      expect(hostsIn(text)).toHaveLength(3);
    });

    it("leaves with * the hosts that another entry of the credential names, wherever it stands", () => {
      const { served, shadowed } = content({
        credential: "a",
        entries: [
          entryToken({ entry: "all", hosts: ["*"], source: imported }),
          entryToken({ entry: "one", hosts: ["a.example.com"] }),
        ],
      });
      expect(served.find(({ host }) => host === "a.example.com")?.entry).toBe("one");
      expect(served.find(({ host }) => host === "b.example.com")?.entry).toBe("all");
      expect(shadowed).toEqual([{ credential: "a", entry: "all", host: "a.example.com", by: "a" }]);
    });

    it("says which of its hosts an older credential has", () => {
      const { shadowed } = content(
        { credential: "old", entries: [entryToken({ hosts: ["b.example.com"] })] },
        { credential: "young", entries: [entryToken({ entry: "all", hosts: ["*"], source: imported })] },
      );
      expect(shadowed).toEqual([{ credential: "young", entry: "all", host: "b.example.com", by: "old" }]);
    });
  });

  it("tells the tenant who serves which hosts until when, and knows its grants again", () => {
    const { entriesText } = content({
      credential: "acme",
      entries: [
        entryToken({
          entry: "own",
          hosts: ["b.example.com"],
          source: token({ grantKey: "grant-b", expiresAt: undefined }),
        }),
        entryToken({ entry: "hub", hosts: ["docker.io", "a.example.com"] }),
      ],
    });
    // In the order of names: that of claims changes with who had one before.
    expect(JSON.parse(entriesText)).toEqual([
      { name: "acme/hub", grant: "grant-a", hosts: ["a.example.com", "docker.io"], expires: "2026-01-01T13:00:00Z" },
      { name: "acme/own", grant: "grant-b", hosts: ["b.example.com"] },
    ]);
    expect(entriesText).not.toContain("secret");
  });

  it("lists the grants in force that have no living token, whether it is known or not", () => {
    const { tokenless } = content({
      credential: "acme",
      entries: [
        entryToken({ entry: "lost", hosts: ["index.docker.io"], source: failure(), grantKey: "grant-l" }),
        entryToken({ entry: "over", hosts: ["a.example.com"], source: token({ expiresAt: minute(-1) }) }),
        entryToken({ entry: "unlabelled", hosts: ["b.example.com"], source: failure(), grantKey: undefined }),
        entryToken({ entry: "good", hosts: ["c.example.com"] }),
      ],
    });
    expect(tokenless).toEqual([
      { credential: "acme", entry: "lost", grantKey: "grant-l", hosts: ["docker.io"], ended: false, held: false },
      { credential: "acme", entry: "over", grantKey: "grant-a", hosts: ["a.example.com"], ended: true, held: false },
    ]);
  });
});

describe("whatever contributes", () => {
  const hosts = fc.uniqueArray(fc.constantFrom("docker.io", "a.example.com", "b.example.com", "c.example.com/team"), {
    minLength: 1,
  });
  const imported = hosts.map((found) => new Map(found.map((host) => [host, login(host.slice(0, 1))])));
  const sources = fc.oneof(
    fc.constant(failure()),
    fc.record({ end: fc.option(fc.integer({ min: -5, max: 5 })), byHost: fc.option(imported) }).map(({ end, byHost }) =>
      token({
        expiresAt: end === null ? undefined : minute(end),
        logins: byHost === null ? { all: login() } : { byHost },
      }),
    ),
  );
  const claims = fc
    .tuple(fc.oneof(hosts, fc.constant(["*"])), sources)
    // The API server refuses "*" but for imported configs.
    .filter(([wanted, source]) => !(wanted[0] === "*" && "logins" in source && "all" in source.logins))
    .map(([wanted, source]) => entryToken({ hosts: wanted, source }));
  const all = fc
    .array(fc.array(claims, { minLength: 1, maxLength: 4 }), { maxLength: 4 })
    .map((lists) => frozen(lists.map((list, index) => ({ credential: `c${index}`, entries: list }))));

  it("no host stands there twice, no text is empty, and what is not served has a reason", () => {
    fc.assert(
      fc.property(all, (contributions) => {
        const { text, served, failures } = contentOf(contributions, now);
        expect(new Set(served.map(({ host }) => host)).size).toBe(served.length);
        expect(hostsIn(text)).toHaveLength(served.length);
        expect(text === undefined).toBe(served.length === 0);
        expect(contributions.length > 0 && text === undefined && failures.length === 0).toBe(false);
      }),
    );
  });

  it("a failure takes away no host whose token lives", () => {
    fc.assert(
      fc.property(all, (contributions) => {
        const served = new Set(contentOf(contributions, now).served.map(({ host }) => host));
        const lost = contributions
          .flatMap(({ entries: list }) => list)
          .flatMap(({ hosts: wanted, source }) => {
            if (!("logins" in source) || !isAlive(source, now)) return [];
            const held = "all" in source.logins ? wanted : [...source.logins.byHost.keys()];
            return held.filter((host) => wanted.includes(host) || wanted.includes("*"));
          })
          .filter((host) => !served.has(host));
        expect(lost).toEqual([]);
      }),
    );
  });

  it("the same contributions make the same bytes", () => {
    fc.assert(
      fc.property(all, (contributions) => {
        expect(contentOf(contributions, now).text).toBe(contentOf(contributions, now).text);
      }),
    );
  });
});
