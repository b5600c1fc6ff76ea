// What does regcred need to know of a ServiceAccount?
import { cloudAnnotations, ignoreAnnotation, referencesAnnotation } from "../../api/names.ts";
import type { ServiceAccountRecord } from "../../plan/snapshot.ts";
import { annotationsOf, fields, identityOf, isTerminating, listOf, optional } from "./object-meta.ts";
import { shared } from "./shared.ts";

// A ServiceAccount of a tenant may list thousands of names; a sound one lists a handful.
const mostReferences = 32;
// Twice what 32 names of 63 characters take as JSON; ours are fewer. A longer record is a forged one.
const longestRecord = 4096;

const noAnnotations: Readonly<Record<string, string>> = Object.freeze({});
// The longest that a cloud defines is a role ARN: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html
const longestAnnotation = 2048;

const noReferences: readonly string[] = Object.freeze([]);

/**
 * One per store: equal lists, names and records are shared. `most` bounds the references that are kept: Infinity for
 * an answer to GET that is looked at once and not stored.
 */
export function stripServiceAccount(most = mostReferences): (raw: unknown) => ServiceAccountRecord {
  const sharedText = shared<string>();
  const sharedList = shared<readonly string[]>();
  const sharedMap = shared<Readonly<Record<string, string>>>();

  const referencesOf = (raw: unknown): readonly string[] | undefined => {
    const list = listOf(fields(raw, "ServiceAccount")["imagePullSecrets"], "imagePullSecrets");
    if (list.length > most) return undefined;
    if (list.length === 0) return noReferences;
    const names = list.map((reference) => optional(fields(reference, "imagePullSecrets"), "name") ?? "");
    return sharedList(JSON.stringify(names), () => names);
  };

  const cloudOf = (annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
    const found = cloudAnnotations.flatMap((name): [string, string][] => {
      const value = annotations[name];
      return value === undefined || value.length > longestAnnotation ? [] : [[name, value]];
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
      references: referencesOf(raw),
      record: record === undefined || record.length > longestRecord ? undefined : sharedText(record, () => record),
      terminating: isTerminating(raw),
    };
  };
}
