// Parses an object from the API server into a RegistryCredential with its defaults filled in.

import { z } from "zod";
import { timeOfText } from "../runtime/foreign-numbers.ts";
import { parseStatus } from "./parse-status.ts";
import type { ProviderList } from "../providers/definition.ts";
import { providers as ownProviders } from "../providers/index.ts";
import { kindOf } from "../providers/kinds.ts";
import type { WrittenFields } from "./entry-fields.ts";
import type { Entry, Identity, RegistryCredential, Status } from "./registry-credential.ts";
import { specSchema, specSchemaOf } from "./spec-schema.ts";

export type Parsed =
  | { readonly ok: true; readonly credential: RegistryCredential }
  | { readonly ok: false; readonly problems: readonly string[] };

const time = z.string().transform((text, context) => {
  const at = timeOfText(text);
  if (at) return at;
  context.addIssue({ code: "custom", message: "not an RFC 3339 time" });
  return z.NEVER;
});

const metadataSchema = z.object({
  name: z.string(),
  uid: z.string(),
  generation: z.int(),
  resourceVersion: z.string(),
  creationTimestamp: time,
  deletionTimestamp: time.optional(),
  finalizers: z.array(z.string()).default([]),
  annotations: z.record(z.string(), z.string()).default({}),
});

/** @param status what has been read of its status already */
type Parse = (raw: unknown, status?: Status) => Parsed;

/**
 * Reads an object as it came from the API server as JSON. Applies the defaults itself, because the CRD in the cluster may
 * be older than this program. Checks shapes and bounds; the CEL rules are the API server's. Never throws; each problem
 * starts with the field's path.
 */
export const parseRegistryCredential = credentialParser(ownProviders);

/** The same for another list of providers. */
export function credentialParser(providers: ProviderList): Parse {
  const objectSchema = z.object({ metadata: metadataSchema, spec: schemaFor(providers) });
  return (raw, status = readStatus(raw)) => {
    const parsed = objectSchema.safeParse(raw);
    if (!parsed.success) return { ok: false, problems: parsed.error.issues.map(problem) };

    const { metadata, spec } = parsed.data;
    const narrowed = narrowedEntries(providers, spec.registries, "spec.registries");
    if (!narrowed.ok) return narrowed;

    const { deletionTimestamp, ...always } = metadata;
    return {
      ok: true,
      credential: {
        ...always,
        ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
        spec: { ...spec, registries: narrowed.entries },
        ...(status && { status }),
      },
    };
  };
}

/** Ours is made once: it takes a part of the time in which a command starts. */
function schemaFor(providers: ProviderList): ReturnType<typeof specSchemaOf> {
  return providers === ownProviders ? specSchema : specSchemaOf(providers);
}

export type ParsedEntries =
  /** `written`: with their defaults, as rules judge them. */
  | { readonly ok: true; readonly entries: readonly Entry[]; readonly written: readonly WrittenEntry[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads a list of entries that stands elsewhere than in a RegistryCredential, by the same schema. */
export function parseEntries(raw: unknown, at: string, providers: ProviderList = ownProviders): ParsedEntries {
  const parsed = z.object({ [at]: schemaFor(providers).shape.registries }).safeParse({ [at]: raw });
  if (!parsed.success) return { ok: false, problems: parsed.error.issues.map(problem) };
  return narrowedEntries(providers, parsed.data[at] ?? [], at);
}

function narrowedEntries(providers: ProviderList, written: readonly WrittenEntry[], at: string): ParsedEntries {
  const narrowed = written.map((entry, index) => narrow(providers, entry, `${at}[${index}]`));
  const problems = narrowed.filter((entry) => typeof entry === "string");
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, entries: narrowed.filter((entry) => typeof entry !== "string"), written };
}

/** What is broken of it must not make a good spec unusable. */
function readStatus(raw: unknown): Status | undefined {
  const { status } = Object(raw) as { readonly status?: unknown };
  return typeof status === "object" && status !== null ? parseStatus(status).status : undefined;
}

function problem(issue: z.core.$ZodIssue): string {
  const path = issue.path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("");
  return `${path.replace(/^\./, "") || "object"}: ${issue.message}`;
}

/** The entry with the settings of its provider, empty ones where they are optional; a text says what is missing. */
function narrow(providers: ProviderList, written: WrittenEntry, at: string): Entry | string {
  const identity = narrowIdentity(written.identity);
  if (identity === undefined) return `${at}.identity.name: missing, identity.from ${written.identity.from} needs it`;
  const { provider } = written;
  const { block, missing } = kindOf(providers, provider).provider;
  // Parsed by the schema of the same list, so the block has what its provider's settings say.
  const settings = (written as Readonly<Record<string, unknown>>)[block];
  if (missing && settings === undefined) return `${at}.${block}: missing, provider ${provider} needs it`;
  return {
    name: written.name,
    hosts: written.hosts,
    identity,
    ...(written.registry === undefined ? {} : { registry: written.registry }),
    ...(written.caSecretName === undefined ? {} : { caSecretName: written.caSecretName }),
    ...(written.tokenServers === undefined ? {} : { tokenServers: written.tokenServers }),
    ...(written.verify === undefined ? {} : { verify: written.verify }),
    provider,
    [block]: settings ?? {},
  } as unknown as Entry;
}

/** As parsed, before its provider's settings are known to be there. */
export type WrittenEntry = WrittenFields & { readonly provider: string };

function narrowIdentity({ from, name }: WrittenEntry["identity"]): Identity | undefined {
  if (from === "Operator") return { from };
  return name === undefined ? undefined : { from, name };
}
