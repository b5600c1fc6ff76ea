// Tests that each registry, as people write it, is one and the same to everything that reads a host, and that a Secret that
// pulls goes on pulling when it is taken over, merged into or imported.
import { describe, expect, it } from "vitest";
import { secretGroups } from "../../src/cli/import/groups.ts";
import { manifests } from "../../src/cli/import/manifests.ts";
import { parseRegistryCredential } from "../../src/api/parse-registry-credential.ts";
import type { Entry, RegistryCredential } from "../../src/api/registry-credential.ts";
import { type EntryToken, contentOf } from "../../src/content/content.ts";
import { entryForHost } from "../../src/cli/explain/entry-for-host.ts";
import { grantsOf, isFailure } from "../../src/providers/grant.ts";
import { planPullSecret } from "../../src/controllers/pull-secret/plan.ts";
import type { PullSecretPlan } from "../../src/controllers/pull-secret/plan-types.ts";
import { Redacted } from "../../src/runtime/redacted.ts";
import { sourceLogins } from "../../src/providers/static/source-logins.ts";
import { parseDockerConfig } from "../../src/registry/docker-config.ts";
import { canonicalHost, isLiteralHost, loginAt, registryOf } from "../../src/registry/host.ts";
import { parseImageReference } from "../../src/registry/image-reference.ts";
import { loginsFor } from "../../src/registry/kubelet-match.ts";
import { stored } from "../api/registry-credential.ts";
import { scopeOf } from "../providers/scope.ts";
import { now, secretRecord, token } from "../entitlement/objects.ts";
import { live, snapshot, wants } from "../controllers/pull-secret/plan-scenario.ts";
import { type HostRow, hostRows } from "./host-rows.ts";

const password = "kept-password";
const textOf = (key: string, name = "tenant"): string =>
  JSON.stringify({ auths: { [key]: { username: name, password } } });

/** The user names whose logins a kubelet tries for the image, out of the Secret's docker config. */
function triedFor(image: string, text: string | undefined): readonly string[] {
  const { auths = {} } = JSON.parse(text ?? "{}") as {
    readonly auths?: Readonly<Record<string, { readonly username?: string }>>;
  };
  return loginsFor(image, Object.entries(auths)).map(({ username = "" }) => username);
}

const settings: Readonly<Record<string, object>> = {
  ICR: { icr: { trustedProfileID: "Profile-94497d0d-2ac3-41bf-a993-a49d1b14627c" } },
  Static: { static: { secretName: "source" } },
};

/** A RegistryCredential as the API server holds it. */
function credentialOf(registries: readonly object[], more: object = {}): RegistryCredential {
  const spec = { registries, namespaces: { include: ["*"] }, ...more };
  const parsed = parseRegistryCredential(stored({ metadata: { name: "imported" }, spec } as never));
  if (!parsed.ok) throw new Error(parsed.problems.join());
  return parsed.credential;
}

const entryOf = ({ provider }: Pick<HostRow, "provider">, hosts: readonly string[]): object => ({
  name: "main",
  provider,
  hosts,
  ...settings[provider],
});

/** What a Static source with this docker config has. */
function loginsOf(text: string): ReturnType<typeof sourceLogins> {
  const record = { kind: "source", type: "kubernetes.io/dockerconfigjson", namespace: "r", name: "source" };
  const values = { ".dockerconfigjson": new Redacted(text) };
  return sourceLogins(record as never, values, { usernameKey: "username", passwordKey: "password" });
}

/** The plan for a tenant's Secret, given entries that are served from a source. */
function planFor(
  theirs: string,
  entries: readonly Entry[],
  sourceText: string,
  onConflict: "Adopt" | "Merge",
): PullSecretPlan {
  const found = loginsOf(sourceText);
  if (!found.ok) throw new Error(found.problem);
  const tokens = entries.map(({ name, hosts }): EntryToken => {
    const source = { ...token(), logins: found.logins };
    return { entry: name, hosts, grantKey: "grant", source, cause: "Platform" };
  });
  return planPullSecret(
    snapshot({
      ...wants([{ credential: "imported", entries: tokens }], { onConflict }),
      record: secretRecord({ type: "kubernetes.io/dockerconfigjson", digest: "digest of theirs" }),
      live: live({ dockerConfig: theirs }),
    }),
  );
}

/** What stands in the Secret once the plan is carried out. */
function after(theirs: string, { action }: PullSecretPlan): string | undefined {
  return "body" in action ? action.body.dockerConfig : theirs;
}

/** What `import --secrets` makes of one tenant's Secret. */
function imported(text: string): {
  readonly entries: readonly Entry[];
  readonly reported: readonly string[];
  readonly source: string;
} {
  const data = { ".dockerconfigjson": Buffer.from(text).toString("base64") };
  const metadata = { namespace: "team-a", name: "login", uid: "u", resourceVersion: "1" };
  const raw = { metadata, type: "kubernetes.io/dockerconfigjson", data };
  const { groups, leftOut } = secretGroups([raw], "regcred-system");
  const [group] = groups;
  const reported = [...leftOut.map(({ why }) => why), ...(group?.lost ?? [])];
  if (!group) return { entries: [], reported, source: text };
  const [source, credential] = manifests(
    { ...group, name: "imported", namespaces: { include: ["team-a"] } },
    "regcred-system",
  );
  const { registries } = (credential as { readonly spec: { readonly registries: readonly object[] } }).spec;
  const { stringData } = source as { readonly stringData: Readonly<Record<string, string>> };
  return {
    entries: credentialOf(registries).spec.registries,
    reported,
    source: stringData[".dockerconfigjson"] ?? "",
  };
}

it("the table has at least 150 rows, and no row twice", () => {
  expect(hostRows.length).toBeGreaterThanOrEqual(150);
  expect(new Set(hostRows.map((row) => JSON.stringify(row))).size).toBe(hostRows.length);
});

describe.each(hostRows)("$written for $image ($provider)", (row) => {
  const { written, image, pulls, host, entry, provider } = row;
  const theirs = textOf(written);

  it(`is ${host ?? "no registry"} wherever it is read: a key of a Secret, a source, an entry`, () => {
    expect(canonicalHost(written)).toBe(host);
    const parsed = parseDockerConfig(theirs, "dockerconfigjson");
    expect(parsed.ok ? [...parsed.logins.keys()] : []).toEqual(host === undefined ? [] : [host]);
    const source = loginsOf(theirs);
    const found = source.ok && "byHost" in source.logins && host !== undefined && loginAt(source.logins.byHost, host);
    expect(Boolean(found)).toBe(host !== undefined);
  });

  it(`${pulls ? "pulls" : "does not pull"} by the kubelet's rules`, () => {
    expect(triedFor(image, theirs)).toEqual(pulls ? ["tenant"] : []);
  });

  it(`is answered "${entry}" in hosts, and has a grant just where it is taken`, () => {
    const star = provider === "ECR" && written.startsWith("*.");
    expect(isLiteralHost(written) || star).toBe(
      ["taken", "write hosts of"].includes(entry) || (star && entry === "write a literal host"),
    );
    const { registries } = credentialOf([entryOf(row, [written])]).spec;
    const groups = registries.flatMap((each) => grantsOf(each, scopeOf({}, {})));
    const granted = groups.every(({ grant }) => !isFailure(grant));
    // What an older object may still hold is served if it can be read.
    expect(granted || entry !== "taken").toBe(true);
    expect(granted && (entry === "write hosts of" || host === undefined)).toBe(false);
  });

  it("is imported as a host that the API server takes, or told to be left out", () => {
    const { entries, reported } = imported(theirs);
    const hosts = entries.flatMap((each) => each.hosts);
    expect(hosts.filter((each) => each !== "*" && !isLiteralHost(each))).toEqual([]);
    expect(hosts).toEqual(host === undefined ? [] : [isLiteralHost(host) ? host : "*"]);
    expect(reported.length).toBe(host === undefined ? 1 : 0);
  });

  it("still pulls after it was imported, and adopted by what import wrote", () => {
    const { entries, source } = imported(theirs);
    const plan = entries.length === 0 ? undefined : planFor(theirs, entries, source, "Adopt");
    expect(plan?.failure).toBeUndefined();
    expect(plan?.action.kind).toBe(plan && "replace");
    const tried = triedFor(image, plan ? after(theirs, plan) : theirs);
    expect(tried.length > 0 || !pulls).toBe(true);
  });

  it("still pulls where Adopt finds an entry of another host, or of the registry's other name", () => {
    const others = ["other.example.com", ...(host === undefined || isLiteralHost(host) ? [] : ["ghcr.example"])];
    const alias = host === undefined ? undefined : registryOf(host);
    for (const other of [
      ...others,
      ...(alias === undefined || alias === host || !isLiteralHost(alias) ? [] : [alias]),
    ]) {
      const entries = credentialOf([entryOf({ provider: "Static" }, [other])]).spec.registries;
      const plan = planFor(theirs, entries, textOf(other, "platform"), "Adopt");
      expect(plan).toMatchObject({ action: { kind: "none" }, failure: { reason: "SecretConflict" } });
    }
  });

  it("still pulls after Merge, whether our entry is of another host, of another name of the registry, or of this one", () => {
    const names = ["other.example.com", ...(host === undefined ? [] : [registryOf(host), host])].filter(isLiteralHost);
    for (const name of names) {
      const entries = credentialOf([entryOf({ provider: "Static" }, [name])]).spec.registries;
      const plan = planFor(theirs, entries, textOf(name, "platform"), "Merge");
      const tried = triedFor(image, after(theirs, plan));
      expect(tried.length > 0 || !pulls).toBe(true);
      // A foreign login leaves for one of ours under the very name, and for nothing else.
      expect(after(theirs, plan)?.includes(JSON.stringify(written)) || name === host).toBe(true);
    }
  });

  it("is asked for by explain as a host that serves the image", () => {
    const parsed = parseImageReference(image);
    const domain = parsed.ok ? parsed.image.domain : "";
    const credential = credentialOf([entryOf({ provider: "Static" }, ["other.example.com"])]);
    const index = entryForHost(credential, domain);
    expect(index).toBe(isLiteralHost(domain) ? 0 : undefined);
    const text = contentOf(
      [
        {
          credential: "added",
          entries: [{ entry: "main", hosts: [domain], grantKey: "g", source: token(), cause: "Platform" }],
        },
      ],
      now,
    ).text;
    expect(triedFor(image, index === undefined ? "{}" : text).length > 0).toBe(index !== undefined);
  });
});
