// Transform of a ServiceAccount.
import { cloudAnnotations } from "../../api/cloud-annotations.ts";
import { ignoreAnnotation, referencesAnnotation } from "../../api/names.ts";
import type { ServiceAccountRecord } from "../records.ts";
import { limits } from "../object-limits.ts";
import { appliedIn } from "./managed-fields.ts";
import { annotationsOf, fields, identityOf, isTerminating, listOf, optional } from "../../runtime/watch/object-meta.ts";
import { shared } from "./shared.ts";

const noAnnotations: Readonly<Record<string, string>> = Object.freeze({});

const noReferences: readonly string[] = Object.freeze([]);

/**
 * One per store: equal lists, names and records are shared. `max` bounds the references that are kept: Infinity for
 * an answer to GET that is looked at once and not stored.
 */
export function transformServiceAccount(max: number = limits.referencesHeld): (raw: unknown) => ServiceAccountRecord {
  const sharedText = shared<string>();
  const sharedList = shared<readonly string[]>();
  const sharedMap = shared<Readonly<Record<string, string>>>();

  const referencesOf = (raw: unknown): Pick<ServiceAccountRecord, "references" | "tooLarge"> => {
    const list = listOf(fields(raw, "ServiceAccount")["imagePullSecrets"], "imagePullSecrets");
    if (list.length === 0) return { references: noReferences };
    if (list.length > limits.references && max < Infinity) return { references: undefined, tooLarge: true };
    const names = list.map((reference) => optional(fields(reference, "imagePullSecrets"), "name") ?? "");
    // No Secret has such a name.
    if (names.some((each) => each.length > limits.name) && max < Infinity)
      return { references: undefined, tooLarge: true };
    return { references: list.length > max ? undefined : sharedList(JSON.stringify(names), () => names) };
  };

  const cloudOf = (annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
    const found = cloudAnnotations.flatMap((name): [string, string][] => {
      const value = annotations[name];
      return value === undefined || value.length > limits.cloudAnnotation ? [] : [[name, value]];
    });
    return found.length === 0 ? noAnnotations : sharedMap(JSON.stringify(found), () => Object.fromEntries(found));
  };

  return (raw) => {
    const { key, namespace, name, uid, resourceVersion } = identityOf(raw);
    const annotations = annotationsOf(raw);
    const record = annotations[referencesAnnotation];
    return {
      key,
      resourceVersion,
      namespace,
      name: sharedText(name, () => name),
      uid,
      cloud: cloudOf(annotations),
      optedOut: annotations[ignoreAnnotation] === "true",
      ...referencesOf(raw),
      record:
        record === undefined || record.length > limits.referencesRecord ? undefined : sharedText(record, () => record),
      terminating: isTerminating(raw),
      ...appliedIn(raw),
    };
  };
}
