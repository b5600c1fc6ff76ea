// Renders templates with `$(namespace.name)` and `$(namespace.labels['k'])` for one namespace.
import { failure } from "./reasons.ts";
import type { Failure } from "../runtime/errors.ts";
import { kubectl } from "../runtime/steps.ts";

const placeholder = /\$\(namespace\.(?:name|labels\['([^']*)'\])\)/g;

// Label values: apimachinery's validation.IsValidLabelValue, never empty here, for an empty one would widen the grant.
const labelValue = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

/** Of a Namespace what placeholders are filled from. */
export interface PlaceholderSource {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Each placeholder of the text once, without `$(` and `)`. */
export function placeholdersIn(template: string): readonly string[] {
  return [...new Set([...template.matchAll(placeholder)].map(([whole]) => whole.slice(2, -1)))].toSorted();
}

/** What stands for a placeholder, as `placeholdersIn` gives it; undefined where the Namespace has no such value. */
export function placeholderValue(name: string, namespace: PlaceholderSource): string | undefined {
  if (name === "namespace.name") return namespace.name;
  const [label] = labelsInTemplate(`$(${name})`);
  return label === undefined ? undefined : namespace.labels[label];
}

/** Whether the text differs from one namespace to the next. */
export function hasPlaceholders(template: string): boolean {
  return template.includes("$(");
}

/** Keys of the labels that the text has placeholders for. */
export function labelsInTemplate(template: string): readonly string[] {
  return [...template.matchAll(placeholder)].flatMap(([, label]) => (label === undefined ? [] : [label]));
}

/**
 * Each value is put in once (what a label brings in is never rendered again). A missing, empty or odd value is the
 * tenant's failure for this entry alone: it never falls back to a wider grant.
 */
export function rendered(template: string, namespace: PlaceholderSource): string | Failure {
  if (!hasPlaceholders(template)) return template;
  let missing: Failure | undefined;
  const text = template.replaceAll(placeholder, (_whole, label: string | undefined) => {
    const value = label === undefined ? namespace.name : namespace.labels[label];
    if (value !== undefined && labelValue.test(value)) return value;
    missing ??= failure(
      "MissingLabel",
      value === undefined || value === ""
        ? {
            message: `the Namespace needs the label ${label}`,
            steps: [
              {
                message: "label it",
                command: kubectl`label namespace ${namespace.name} ${label ?? ""}=VALUE --overwrite`,
              },
            ],
          }
        : { message: `the Namespace's label ${label} holds no valid label value` },
    );
    return "";
  });
  return missing ?? text;
}
