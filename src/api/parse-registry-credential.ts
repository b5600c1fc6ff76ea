// Parses an object from the API server into a RegistryCredential with its defaults filled in.

import { z } from "zod";
import { timeOfText } from "../runtime/foreign-numbers.ts";
import { parseStatus } from "./parse-status.ts";
import type { Entry, Identity, RegistryCredential, Status, WrittenEntry } from "./registry-credential.ts";
import { specSchema } from "./spec-schema.ts";

export type Parsed =
  | { readonly ok: true; readonly credential: RegistryCredential }
  | { readonly ok: false; readonly problems: readonly string[] };

const time = z.string().transform((text, context) => {
  const at = timeOfText(text);
  if (at) return at;
  context.addIssue({ code: "custom", message: "not an RFC 3339 time" });
  return z.NEVER;
});

const objectSchema = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    generation: z.int(),
    resourceVersion: z.string(),
    creationTimestamp: time,
    deletionTimestamp: time.optional(),
    finalizers: z.array(z.string()).default([]),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  spec: specSchema,
});

/**
 * Reads an object as it came from the API server as JSON. Applies the defaults itself, because the CRD in the cluster may
 * be older than this program. Checks shapes and bounds; the CEL rules are the API server's. Never throws; each problem
 * starts with the field's path.
 * @param status what has been read of its status already
 */
export function parseRegistryCredential(raw: unknown, status: Status | undefined = readStatus(raw)): Parsed {
  const parsed = objectSchema.safeParse(raw);
  if (!parsed.success) return { ok: false, problems: parsed.error.issues.map(problem) };

  const { metadata, spec } = parsed.data;
  const narrowed = spec.registries.map((entry, index) => narrow(entry, `spec.registries[${index}]`));
  const problems = narrowed.filter((entry) => typeof entry === "string");
  if (problems.length > 0) return { ok: false, problems };

  const { deletionTimestamp, ...always } = metadata;
  return {
    ok: true,
    credential: {
      ...always,
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      spec: { ...spec, registries: narrowed.filter((entry) => typeof entry !== "string") },
      ...(status && { status }),
    },
  };
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
function narrow(written: WrittenEntry, at: string): Entry | string {
  const identity = narrowIdentity(written.identity);
  if (identity === undefined) return `${at}.identity.name: missing, identity.from ${written.identity.from} needs it`;
  const fields = {
    name: written.name,
    hosts: written.hosts,
    identity,
    ...(written.registry === undefined ? {} : { registry: written.registry }),
    ...(written.caSecretName === undefined ? {} : { caSecretName: written.caSecretName }),
    ...(written.tokenServers === undefined ? {} : { tokenServers: written.tokenServers }),
    ...(written.verify === undefined ? {} : { verify: written.verify }),
  };
  const { provider } = written;
  switch (provider) {
    case "ECR":
    case "ECRPublic":
      return { ...fields, provider, ecr: written.ecr ?? {} };
    case "ACR":
      return { ...fields, provider, acr: written.acr ?? {} };
    case "GCR":
    case "GAR":
      return { ...fields, provider, google: written.google ?? {} };
    case "OCIR":
      return { ...fields, provider, ocir: written.ocir ?? {} };
    case "ICR":
      return { ...fields, provider, icr: written.icr ?? {} };
    case "Static":
      if (!written.static) return `${at}.static: missing, provider Static needs it`;
      return { ...fields, provider, static: written.static };
    case "TokenExchange":
      if (!written.tokenExchange) return `${at}.tokenExchange: missing, provider TokenExchange needs it`;
      return { ...fields, provider, tokenExchange: written.tokenExchange };
  }
}

function narrowIdentity({ from, name }: WrittenEntry["identity"]): Identity | undefined {
  if (from === "Operator") return { from };
  return name === undefined ? undefined : { from, name };
}
