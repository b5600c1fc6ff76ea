// The schema of a RegistryCredential's status.
import { z } from "zod";
import { conditions, conditionTypes } from "./conditions.ts";
import { entryStateNames, entryStates } from "./entry-states.ts";
import { labelLength, subdomainLength, time, count, generation } from "./field-schemas.ts";

const listed = (present: "always" | "while True"): string =>
  conditionTypes
    .filter((type) => conditions[type].present === present)
    .join(", ")
    .replace(/, (\w+)$/, " and $1");

// https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/types.go, type Condition
export const conditionSchema = z.object({
  type: z
    .string()
    .max(316)
    .regex(
      /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$/,
    )
    .describe(`What is judged: ${conditionTypes.join(", ")}.`),
  status: z.enum(["True", "False", "Unknown"]).describe("The judgement."),
  observedGeneration: generation.optional().describe("Generation that was judged."),
  lastTransitionTime: time.describe("When the judgement last changed."),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe("One word for machines."),
  message: z.string().max(32_768).describe("A sentence for the person who must act."),
});

export const statusSchema = z.object({
  observedGeneration: generation.optional().describe("Generation that this status describes."),
  conditions: z
    .array(conditionSchema)
    .max(16)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
    .optional()
    .describe(`${listed("always")} always; ${listed("while True")} while True.`),
  registries: z
    .array(
      z.object({
        name: z.string().min(1).max(labelLength).describe("Name of the entry."),
        identities: count.describe("Grants that the selected namespaces share."),
        failing: count.describe("Grants whose last attempt failed."),
        expiresAt: time.optional().describe("Earliest expiry of its tokens."),
        refreshedAt: time.optional().describe("Oldest time of issue of its tokens."),
        state: z
          .enum(entryStateNames)
          .describe(
            `The worst of its grants. ${entryStateNames.map((name) => `${name}: ${entryStates[name].description}.`).join(" ")}`,
          ),
        reason: z.string().max(1024).optional().describe("Why, in one word."),
        message: z.string().max(1024).optional().describe("Why, and what to do."),
        former: z
          .object({
            since: time.describe("Since when."),
            until: time.optional().describe("When the first of them ends; left out where they name no end."),
            namespaces: count.describe("Namespaces in which that is so."),
          })
          .optional()
          .describe(
            "The entry was altered and has no token yet as it is now, or none that fits: namespaces keep the login of before.",
          ),
      }),
    )
    .max(16)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .optional()
    .describe("The entries, with the earliest times and the worst state of their grants."),
  namespaces: z
    .object({
      selected: count.describe("Namespaces that are selected."),
      ready: count.describe("Of these: served."),
      pending: count.describe("Of these: being worked on."),
      failed: count.describe("Of these: not served; see failures."),
    })
    .optional()
    .describe("How many namespaces are served."),
  namespacesReady: z.string().max(32).optional().describe("READY/SELECTED, for kubectl get."),
  expires: z
    .string()
    .max(64)
    .optional()
    .describe("Earliest expiry of all tokens as RFC 3339 text, or never; for kubectl get."),
  operatorNamespace: z
    .string()
    .max(labelLength)
    .optional()
    .describe("Namespace of the install that serves the cluster; another one sees it, and stands by while it lives."),
  secretName: z
    .string()
    .max(subdomainLength)
    .optional()
    .describe("Name of the pull Secret that tenants are served under now; how a rename is noticed after a restart."),
  extraReferences: z
    .array(z.string().max(subdomainLength))
    .max(32)
    .meta({ "x-kubernetes-list-type": "set" })
    .optional()
    .describe(
      "Names that ServiceAccounts refer to beside secretName, or still do; how one is taken back after a restart.",
    ),
  failures: z
    .array(
      z.object({
        reason: z.string().min(1).max(128).describe("What is wrong, in one word."),
        cause: z.enum(["Platform", "Tenant"]).describe("Who can fix it."),
        count: count.describe("Namespaces it happens in."),
        oldestSince: time.describe("Since when the oldest of them fails."),
        examples: z
          .array(z.string().max(labelLength))
          .max(3)
          .meta({ "x-kubernetes-list-type": "atomic" })
          .describe("Some of these namespaces."),
      }),
    )
    .max(16)
    .meta({ "x-kubernetes-list-type": "atomic" })
    .optional()
    .describe("What keeps namespaces from being served, in groups."),
  retiring: z
    .array(
      z.object({
        secretName: z.string().max(subdomainLength).describe("Former name of the pull Secret."),
        until: time.describe("Until when it is kept fresh."),
      }),
    )
    .max(16)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["secretName"] })
    .optional()
    .describe("Pull Secrets of former names that are still kept."),
  mode: z
    .string()
    .max(2048)
    .optional()
    .describe("What the operator was installed for: namespaces, names, pod recovery."),
});
