// Tests that the grants, the allow-list and the documentation know the same names of the clouds' registries.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { entryRules } from "../../src/api/entry-rules.ts";
import { allowedHosts } from "../../src/providers/http/allow-list.ts";
import { providers } from "../../src/providers/index.ts";
import { isCloud, kindsOf } from "../../src/providers/kinds.ts";
import { formsText, registryHost } from "../../src/registry/host-templates.ts";

const providersDoc = readFileSync(join(import.meta.dirname, "../../docs/providers.md"), "utf8");

const examples: Readonly<Record<string, string>> = {
  ACCOUNT: "123456789012",
  REGION: "eu-west-1",
  NAME: "acmeimages",
  LOCATION: "europe-west1",
  KEY: "fra",
};

const regions: Readonly<Record<string, string>> = { GAR: "europe-west1", ICR: "de" };

const clouds = [...kindsOf(providers)].flatMap(([provider, { registries }]) =>
  registries ? [{ provider, registries }] : [],
);
const rules = entryRules(providers);

/** Whose registry the host is; undefined where it is no cloud's. */
const cloudProviderOf = (host: string): string | undefined =>
  clouds.find(({ registries }) => registryHost(registries, host) !== undefined)?.provider;

const rows = clouds.flatMap(({ provider, registries }) =>
  registries.forms.map((form) => ({
    provider,
    registries,
    form,
    host: form.replaceAll(/[A-Z]{3,}/g, (place) =>
      place === "REGION" ? (regions[provider] ?? "eu-west-1") : (examples[place] ?? place),
    ),
  })),
);

describe("a form that people are told to write", () => {
  it.each(rows)(
    "$form is one of $provider's, in every letter case and with a path",
    ({ provider, registries, host }) => {
      expect(registryHost(registries, host)?.host).toBe(host);
      expect(registryHost(registries, `${host.toUpperCase()}/team/app`)?.host).toBe(host);
      expect(cloudProviderOf(host)).toBe(provider);
      for (const wrong of [`${host}:443`, `x.${host}.example`, `${host}.example`, `evil.example/${host}`, ` ${host}`])
        expect(registryHost(registries, wrong)).toBeUndefined();
    },
  );

  it.each(rows.filter(({ host }) => !host.includes("*")))("$form may be spoken to", ({ host }) => {
    expect(allowedHosts([])(host, 443)).toBe(true);
  });

  it.each(rows)("$form stands in docs/providers.md", ({ form }) => {
    expect(providersDoc).toContain(`\`${form}\``);
  });

  it.each(clouds)("of $provider is in the rule that refuses others", ({ provider, registries }) => {
    const messages = rules.filter(({ rule }) => rule.includes(`'${provider}' ||`)).map(({ message }) => message);
    expect(messages).toHaveLength(2);
    expect(messages[0]).toContain(formsText(registries));
  });
});

describe("docs/providers.md", () => {
  it.each([...kindsOf(providers).keys()])("says which registries are for %s", (kind) => {
    expect(providersDoc).toMatch(new RegExp(`^\\| .*\\| (?:\\[\`${kind}\`\\]|\`${kind}\`)`, "m"));
  });

  it.each([...kindsOf(providers)])("says which identities are not for %s", (kind, { provider }) => {
    const unfit = Object.entries(provider.identities ?? {}).filter(([, may]) => may !== true);
    for (const [from] of unfit) {
      const row = providersDoc.split("\n").find((line) => line.startsWith(`| \`${from}\``)) ?? "";
      expect(row).toContain(`Not for \`${kind}\``);
    }
    const rows = providersDoc.split("\n").filter((line) => line.includes(`Not for \`${kind}\``));
    expect(rows).toHaveLength(unfit.length);
  });
});

describe("the rules of the API server", () => {
  // RE2 reads these patterns as JavaScript does, but for the flag at the front.
  const patternsOf = (provider: string): readonly RegExp[] =>
    rules
      .filter(({ rule }) => rule.includes(`'${provider}' ||`))
      .map(({ rule }) => new RegExp(/r"(.*)"/.exec(rule)?.[1]?.replace("(?i)", "") ?? "never", "i"));

  it.each(rows)("take $form in hosts, and in registry unless it has a star", ({ provider, host }) => {
    const [hosts, registry] = patternsOf(provider);
    expect(hosts?.test(host)).toBe(true);
    expect(hosts?.test(`${host}/team`)).toBe(true);
    expect(hosts?.test(`${host}.example`)).toBe(false);
    expect(registry?.test(host)).toBe(!host.includes("*"));
    expect(registry?.test(`${host}/team`)).toBe(false);
  });
});

it("only clouds have such names", () => {
  expect(["ECR", "Static", "TokenExchange", "toString"].map((name) => isCloud(providers, name))).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect(["ghcr.io", "docker.io", "cp.icr.io", "mcr.microsoft.com", "docker.pkg.dev"].map(cloudProviderOf)).toEqual(
    Array.from({ length: 5 }),
  );
});
