// Tests that a foreign docker config survives our logins byte for byte.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DockerConfigEntry, renderDockerConfig } from "../../src/registry/docker-config.ts";
import { jsonMembers } from "../../src/registry/json-members.ts";
import { hostsOf, keysIn, mergeDockerConfig } from "../../src/registry/merge-docker-config.ts";
import { Redacted } from "../../src/runtime/redacted.ts";

const secret = "s3cr3t-Passw0rd";
const ours = (key: string, password = "p"): DockerConfigEntry => ({
  key,
  login: { username: "u", password: new Redacted(password) },
});
const our = (key: string) => `"${key}":{"username":"u","password":"p","auth":"dTpw"}`;

function merged(
  text: string,
  entries: readonly DockerConfigEntry[],
  keysBefore: readonly string[] = [],
): string | undefined {
  const result = mergeDockerConfig(text, entries, keysBefore);
  if (!result.ok) throw new Error(result.problem);
  return result.text;
}

describe("mergeDockerConfig", () => {
  it("adds our hosts after the foreign ones, sorted", () => {
    expect(merged('{"auths":{"zzz.io":{"auth":"eDp5"}}}', [ours("quay.io"), ours("ghcr.io")])).toBe(
      `{"auths":{"zzz.io":{"auth":"eDp5"},${our("ghcr.io")},${our("quay.io")}}}`,
    );
  });

  it("keeps duplicates, numbers, escapes and white space of foreign members", () => {
    const twice = '"a.io" : { "n": 1.00e+2, "auth":"e\\u0044p5",  "deep": [ {"}": "]"} ] }';
    const top = '"HttpHeaders" : {"X": [1, 2 ]}';
    expect(merged(`{ ${top} , "auths": { ${twice} ,\n ${twice} } }`, [ours("ghcr.io")])).toBe(
      `{${top},"auths":{${twice},${twice},${our("ghcr.io")}}}`,
    );
  });

  it("replaces a foreign login of a host of ours, however it is spelled", () => {
    const text = '{"auths":{"https://ghcr.io/v2/":{"auth":"eDp5"},"GHCR.io":{},"ghcr.io/org":{}}}';
    // A kubelet finds it for images that are named so, and for no others.
    expect(merged(text, [ours("ghcr.io")])).toBe(`{"auths":{"GHCR.io":{},"ghcr.io/org":{},${our("ghcr.io")}}}`);
  });

  it("takes out only what we wrote before", () => {
    const text = `{"auths":{"foreign.io":{"auth":"eDp5"},"https://ghcr.io":{},${our("ghcr.io")}}}`;
    expect(merged(text, [], ["ghcr.io"])).toBe('{"auths":{"foreign.io":{"auth":"eDp5"},"https://ghcr.io":{}}}');
  });

  it("leaves a text as it is where nothing of ours goes in or out", () => {
    const text = '{ "auths": { "foreign.io": {} }\n}';
    expect(merged(text, [], ["ghcr.io"])).toBe(text);
  });

  it("keeps a foreign key that names no registry", () => {
    expect(merged('{"auths":{"what is this?":1}}', [ours("ghcr.io")])).toBe(
      `{"auths":{"what is this?":1,${our("ghcr.io")}}}`,
    );
  });

  it.each(["{}", '{"auths":{}}', '{"auths":null}', ` { "auths" : {${our("ghcr.io")}} } `])(
    "gives nothing where %s held nothing but ours",
    (text) => {
      expect(merged(text, [], ["ghcr.io"])).toBeUndefined();
    },
  );

  it("keeps other settings where the last login of ours goes", () => {
    expect(merged(`{"credsStore":"x","auths":{${our("ghcr.io")}}}`, [], ["ghcr.io"])).toBe(
      '{"credsStore":"x","auths":{}}',
    );
  });

  it("writes into an object without auths, and unites several auths as the kubelet does", () => {
    expect(merged('{"a":1}', [ours("ghcr.io")])).toBe(`{"a":1,"auths":{${our("ghcr.io")}}}`);
    expect(merged('{"auths":{"a.io":{}},"auth\\u0073":{"b.io":{}}}', [ours("ghcr.io")])).toBe(
      `{"auths":{"a.io":{},"b.io":{},${our("ghcr.io")}}}`,
    );
  });

  it.each([`{"auths":"${secret}"}`, `["${secret}"]`, `{"auths":{"${secret}`])(
    "refuses %j without quoting it",
    (text) => {
      const result = mergeDockerConfig(text, [ours("ghcr.io")], []);
      expect(result.ok).toBe(false);
      expect(JSON.stringify(result)).not.toContain(secret);
    },
  );

  const foreign = fc
    .dictionary(fc.stringMatching(/^[a-z"\\ ]{1,6}$/), fc.jsonValue(), { maxKeys: 5, noNullPrototype: true })
    .map((auths) => JSON.stringify({ auths, other: [auths] }, undefined, 1));

  it("changes nothing when it is done again, and leaves the foreign members when ours go", () => {
    const entries = [ours("quay.io"), ours("https://index.docker.io/v1/")];
    const keys = entries.map(({ key }) => key);
    fc.assert(
      fc.property(foreign, (text) => {
        const once = merged(text, entries) ?? "";
        expect(merged(once, entries, keys)).toBe(once);
        expect(JSON.parse(merged(once, [], keys) ?? "")).toEqual(JSON.parse(text));
      }),
    );
  });

  it("writes what renderDockerConfig writes where nothing is foreign", () => {
    const entries = [ours("quay.io"), ours("ghcr.io")];
    expect(merged("{}", entries)).toBe(renderDockerConfig(entries));
  });
});

describe("a docker config whose owner writes AUTHS in other letters, which a kubelet reads all the same", () => {
  const theirs = '{"Auths":{"theirs.example.com":{"auth":"eDp5"}}}';

  it("tells its hosts", () => {
    expect(hostsOf(theirs)).toEqual({ ok: true, hosts: ["theirs.example.com"] });
    expect(keysIn(theirs)).toEqual(["theirs.example.com"]);
  });

  it("gives back every login of ours, and keeps its owner's", () => {
    const merged = mergeDockerConfig(theirs, [ours("ours.example.com")], []);
    const text = merged.ok ? (merged.text ?? "") : "";
    expect(keysIn(text)).toEqual(["theirs.example.com", "ours.example.com"]);
    const renamed = text.replace('"auths"', '"aUTHs"');
    expect(mergeDockerConfig(renamed, [], ["ours.example.com"])).toEqual({
      ok: true,
      text: '{"auths":{"theirs.example.com":{"auth":"eDp5"}}}',
    });
  });
});

describe("jsonMembers", () => {
  it("finds the members that JSON.parse finds, in any layout", () => {
    const key = fc.string({ unit: "grapheme" }).filter((text) => text !== "__proto__" && !/^\d+$/.test(text));
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.jsonValue(), { noNullPrototype: true }),
        fc.integer({ min: 0, max: 2 }),
        (object, indent) => {
          const members = jsonMembers(JSON.stringify(object, undefined, indent));
          expect(members.map((member) => [member.key, JSON.parse(member.value)])).toEqual(
            Object.entries(JSON.parse(JSON.stringify(object))),
          );
          for (const member of members)
            expect(JSON.parse(`{${member.text}}`)).toEqual({ [member.key]: JSON.parse(member.value) });
        },
      ),
    );
  });
});

describe("hostsOf", () => {
  it("lists the canonical hosts once, sorted", () => {
    const text = '{"auths":{"quay.io":{},"https://index.docker.io/v1/":{},"docker.io":{},"ghcr.io":{}}}';
    expect(hostsOf(text)).toEqual({ ok: true, hosts: ["docker.io", "ghcr.io", "quay.io"] });
  });

  it("counts a key that names no registry, without repeating it", () => {
    const result = hostsOf(`{"auths":{"https://user:${secret}@ghcr.io":{}}}`);
    expect(result).toEqual({ ok: true, hosts: ["(a key that names no registry)"] });
  });

  it("finds no hosts in an empty config and says what is no config", () => {
    expect(hostsOf("{}")).toEqual({ ok: true, hosts: [] });
    expect(hostsOf("x")).toEqual({ ok: false, problem: "is not JSON" });
  });
});
