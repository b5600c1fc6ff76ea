// The ways in which a pull can fail.
import { type Draft, frozenLabel, login } from "./explain-stage.ts";
import { deletedButHeld, endedInPlace } from "./explain-stories.ts";
import { eventually } from "./test-env.ts";

/** Faults of different layers can meet in one situation. */
export type Layer = "selection" | "entry" | "source" | "secret" | "account" | "pod";

export interface Fault {
  readonly name: string;
  readonly layer: Layer;
  /** Reasons with which `explain` may tell it. */
  readonly reason: string;
  readonly make: (draft: Draft) => void;
  /** It is a story of its own, which others would change. */
  readonly alone?: true;
}

const entryOf = (draft: Draft): Record<string, unknown> => draft.spec.registries[0] ?? {};

export const faults: readonly Fault[] = [
  {
    name: "no include matches the namespace",
    layer: "selection",
    reason: "NotSelected",
    make: ({ spec }) => (spec.namespaces = { include: ["other-*"] }),
  },
  {
    name: "an exclude matches it",
    layer: "selection",
    reason: "NotSelected",
    make: ({ spec, namespace }) => (spec.namespaces = { include: ["case-*"], exclude: ["never", `${namespace}*`] }),
  },
  {
    name: "it is the only exclude",
    layer: "selection",
    reason: "NotSelected",
    make: ({ spec, namespace }) => (spec.namespaces = { include: ["case-*"], exclude: [namespace] }),
  },
  {
    name: "a label is missing",
    layer: "selection",
    reason: "NotSelected",
    make: ({ spec }) => (spec.namespaces = { selector: { matchLabels: { "acme.io/pull": "yes" } } }),
  },
  {
    name: "a label has another value",
    layer: "selection",
    reason: "NotSelected",
    make: (draft) => {
      draft.labels["acme.io/tier"] = "low";
      const matchExpressions = [{ key: "acme.io/tier", operator: "In", values: ["high", "higher"] }];
      draft.spec.namespaces = { selector: { matchExpressions } };
    },
  },
  {
    name: "a label is refused",
    layer: "selection",
    reason: "NotSelected",
    make: (draft) => {
      draft.labels["acme.io/legacy"] = "true";
      const matchExpressions = [{ key: "acme.io/legacy", operator: "DoesNotExist" }];
      draft.spec.namespaces = { include: ["case-*"], selector: { matchExpressions } };
    },
  },
  {
    name: "the namespace has opted out",
    layer: "selection",
    reason: "NotSelected",
    make: ({ annotations }) => (annotations["regcred.dev/ignore"] = "true"),
  },
  {
    name: "no entry has the registry",
    layer: "entry",
    reason: "NoEntry",
    make: (draft) => (entryOf(draft)["hosts"] = ["registry.other.example"]),
  },
  {
    name: "the entry has another port",
    layer: "entry",
    reason: "NoEntry",
    make: (draft) => (entryOf(draft)["hosts"] = ["127.0.0.1:1"]),
  },
  {
    name: "the entry has another path",
    layer: "entry",
    reason: "NoEntry",
    make: (draft) => (entryOf(draft)["hosts"] = [`${draft.image.split("/")[0]}/other`]),
  },
  {
    name: "the source is missing",
    layer: "source",
    reason: "SourceMissing",
    make: (draft) => (draft.source = undefined),
  },
  {
    name: "the source lacks a key",
    layer: "source",
    reason: "SourceInvalid",
    make: (draft) => (draft.source = { type: "Opaque", stringData: { username: login.username } }),
  },
  {
    name: "the source's docker config lacks the host",
    layer: "source",
    reason: "HostMissing",
    make: (draft) => {
      const config = { auths: { "registry.other.example": login } };
      draft.source = {
        type: "kubernetes.io/dockerconfigjson",
        stringData: { ".dockerconfigjson": JSON.stringify(config) },
      };
    },
  },
  {
    name: "the source has ended",
    layer: "source",
    reason: "SourceExpired",
    make: ({ source }) => source && (source.annotations = { "regcred.dev/expires-at": "2020-01-01T00:00:00Z" }),
  },
  {
    name: "the registry refuses the login",
    layer: "source",
    reason: "VerificationDenied",
    make: (draft) => {
      entryOf(draft)["verify"] = { image: draft.image };
      if (draft.source) draft.source.stringData["password"] = "wrong-password";
    },
  },
  {
    name: "the label that names the source is missing",
    layer: "source",
    reason: "MissingLabel",
    make: (draft) => {
      // Its value makes the name that the source has.
      entryOf(draft)["static"] = { secretName: "source-$(namespace.labels['acme.io/source'])" };
    },
  },
  {
    name: "the credential is suspended",
    layer: "secret",
    reason: "Suspended",
    make: ({ spec }) => (spec["suspend"] = true),
  },
  {
    name: "a Secret of another type has the name",
    layer: "secret",
    reason: "SecretConflict",
    make: (draft) => {
      draft.ownSecret = { type: "Opaque", stringData: { key: "value" } };
      draft.flags = ["--read-secrets"];
    },
  },
  {
    name: "a docker config of the tenant's own has the name, for another registry",
    layer: "secret",
    reason: "SecretConflict",
    make: (draft) => {
      const config = { auths: { "registry.other.example": login } };
      draft.ownSecret = {
        type: "kubernetes.io/dockerconfigjson",
        stringData: { ".dockerconfigjson": JSON.stringify(config) },
      };
      draft.flags = ["--read-secrets"];
    },
  },
  {
    name: "a quota refuses the Secret",
    layer: "secret",
    reason: "QuotaExceeded",
    make: (draft) => (draft.quota = { "count/secrets": "0" }),
  },
  {
    name: "an admission policy refuses the Secret",
    layer: "secret",
    reason: "AdmissionDenied",
    make: ({ labels }) => (labels[frozenLabel] = "yes"),
  },
  {
    name: "the credential is being deleted, and another namespace holds it up",
    layer: "selection",
    reason: "Deleting",
    alone: true,
    make: (draft) => (draft.later = (acts) => deletedButHeld(draft, acts)),
  },
  {
    name: "the login has ended in place, while the credential was suspended",
    layer: "source",
    reason: "Suspended",
    alone: true,
    make: (draft) =>
      endedInPlace(draft, async ({ world }) => {
        await world.patchCredential(draft.credential, { spec: { suspend: true } });
        await eventually(
          "it is suspended",
          async () => (await world.status(draft.credential)).observedGeneration === 2,
        );
      }),
  },
  {
    name: "the login has ended in place, while the operator was down",
    layer: "source",
    reason: "Progressing",
    alone: true,
    make: (draft) => endedInPlace(draft, ({ operator }) => operator.stop()),
  },
  {
    name: "the ServiceAccount has opted out",
    layer: "account",
    reason: "NotSelected",
    make: ({ accountAnnotations }) => (accountAnnotations["regcred.dev/ignore"] = "true"),
  },
  {
    name: "the ServiceAccount is not included",
    layer: "account",
    reason: "NotSelected",
    make: ({ spec }) => (spec["serviceAccounts"] = { include: ["builder"] }),
  },
  {
    name: "the ServiceAccount is excluded",
    layer: "account",
    reason: "NotSelected",
    make: ({ spec }) => (spec["serviceAccounts"] = { include: ["*"], exclude: ["def*"] }),
  },
  {
    name: "no references are written",
    layer: "account",
    reason: "ReferencesOff",
    make: ({ spec }) => (spec["references"] = "None"),
  },
  {
    name: "the pod was created before the reference",
    layer: "pod",
    reason: "PodTooEarly",
    make: (draft) => (draft.podFirst = true),
  },
  {
    name: "the pod names other Secrets",
    layer: "pod",
    reason: "OtherReferences",
    make: ({ podSpec }) => (podSpec["imagePullSecrets"] = [{ name: "my-own" }]),
  },
  {
    name: "there is no such ServiceAccount",
    layer: "pod",
    reason: "ServiceAccountMissing",
    make: (draft) => (draft.serviceAccount = "nobody"),
  },
];
