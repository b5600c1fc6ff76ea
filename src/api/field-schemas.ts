// Schemas of names, times, counts and texts in a RegistryCredential.
import { z } from "zod";
import { labelKeySyntax, tooLongPrefixSyntax } from "./placeholder-syntax.ts";
import { rules, textRules } from "./rules.ts";

// DNS-1123 label and subdomain, label value:
// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
export const labelLength = 63;
export const subdomainLength = 253;
// A label key is PREFIX/NAME, a subdomain and a label.
export const labelKeyLength = subdomainLength + 1 + labelLength;

export const objectName = z.string().min(1).max(subdomainLength).meta(rules(textRules.objectName));
export const namespaceName = z.string().min(1).max(labelLength).meta(rules(textRules.namespaceName));
export const secretKey = z.string().min(1).max(subdomainLength).meta(rules(textRules.secretKey));
export const labelValue = z
  .string()
  .max(labelLength)
  .regex(/^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/);
export const labelKey = z
  .string()
  .max(labelKeyLength)
  .regex(new RegExp(`^(?!${tooLongPrefixSyntax})${labelKeySyntax}$`));
/** Read by whoever wants to know it, see foreign-numbers.ts: a name is not forgotten because its time is none. */
export const time = z.string().max(64).meta({ format: "date-time" });
export const count = z.int().min(0).max(1_000_000).meta({ format: "int32" });
export const generation = z.int().min(0).max(Number.MAX_SAFE_INTEGER).meta({ format: "int64" });

/** `T` with every property and element read-only. */
export type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** Text that may hold placeholders, at most `length` characters as written. */
export const template = (length: number) => z.string().min(1).max(length).meta(rules(textRules.placeholders));
/** Text in which a placeholder would be a mistake. */
export const literal = (length: number) => z.string().min(1).max(length).meta(rules(textRules.literal));
export const globs = (longest: number) =>
  z
    .array(z.string().min(1).max(longest).meta(rules(textRules.glob)))
    .min(1)
    .max(64)
    .meta({ "x-kubernetes-list-type": "set" });
