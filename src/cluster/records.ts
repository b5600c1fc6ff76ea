// Records: what a decision gets to see of each kind. Transformed and frozen, as the stores hold them.
import type { RegistryCredential, Status } from "../api/registry-credential.ts";
import type { StoredObject } from "../runtime/watch/object-meta.ts";
import type { Redacted } from "../runtime/redacted.ts";
import type { OthersApply } from "./managed-fields.ts";
import type { MembersPart } from "./member-rows.ts";
import type { Token } from "./token.ts";

export interface NamespaceRecord extends StoredObject {
  readonly name: string;
  readonly uid: string;
  /** Those that a RegistryCredential selects by, or has placeholders for. */
  readonly labels: Readonly<Record<string, string>>;
  /** `regcred.dev/ignore: "true"` is set. */
  readonly optedOut: boolean;
  /** Deletion has begun: nothing can be created in it any more. */
  readonly terminating: boolean;
}

export interface ServiceAccountRecord extends StoredObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly optedOut: boolean;
  /** Names in `imagePullSecrets`, in order; undefined where the list is too long to be kept: read it first. */
  readonly references: readonly string[] | undefined;
  /** The list is too large even to be read: nothing in it is known, and it is left alone. */
  readonly tooLarge?: boolean;
  /** Annotations by which clouds know the account, and no others. */
  readonly cloud: Readonly<Record<string, string>>;
  /** The raw `regcred.dev/references` annotation: a hint only, tenants can edit it. */
  readonly record: string | undefined;
  readonly terminating: boolean;
  readonly othersApply?: OthersApply;
}

/** A Secret that bears the name of a pull Secret; its data never leaves the reflector, only a keyed digest does. */
export interface SecretRecord extends StoredObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly type: string;
  /** As it stands there: a write sends it back, and undefined is not false to whoever compares. */
  readonly immutable: boolean | undefined;
  readonly terminating: boolean;
  /** HMAC of `data`, keyed by a secret of this run of the operator: comparable within it, worthless outside. */
  readonly digest: string;
  /** Labels and annotations; undefined where they are too large to be kept, or owners or finalizers are there too: read the object first. */
  readonly metadata:
    | {
        readonly labels: Readonly<Record<string, string>>;
        readonly annotations: Readonly<Record<string, string>>;
      }
    | undefined;
  /** Its annotation says that we have merged into it; set where `metadata` is undefined, and would say so. */
  readonly merged?: boolean;
  /** `app.kubernetes.io/managed-by: regcred` is set. */
  readonly labelled: boolean;
  /** RegistryCredentials named by our annotation; empty without it. */
  readonly credentials: readonly string[];
  /** Has an ownerReference with `controller: true`; its kind and name. */
  readonly controller: string | undefined;
  readonly othersApply?: OthersApply;
  /** A hint, as every mark on it: who copies a Secret copies its marks, but not who has written it. */
  readonly writtenByUs?: true;
}

/** The CustomResourceDefinition of RegistryCredentials, as it is installed. */
export interface CrdRecord extends StoredObject {
  /** What it lacks of this release's schema, each as a path. */
  readonly gaps: readonly string[];
}

/** A RegistryCredential as it was last heard of. */
export interface CredentialRecord extends StoredObject {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  /** Deletion has begun. */
  readonly deleting: boolean;
  readonly finalizers: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  /** Undefined where the object cannot be read; `problems` says why. */
  readonly credential: RegistryCredential | undefined;
  readonly problems: readonly string[];
  /** What can be read of its status, also where its spec cannot be. */
  readonly status?: Status;
  /** There is more in it, which cannot. */
  readonly statusDamaged?: boolean;
}

/** A Secret of the operator's namespace, or of one that sources may live in. */
export type OperatorSecretRecord = StoredObject & {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
} & (
    | {
        readonly kind: "source";
        readonly type: string;
        /** Decoded values by key; undefined where the Secret is too large to be a source. */
        readonly values: Readonly<Record<string, Redacted>> | undefined;
        /** Keys whose value is no UTF-8 text, and "" above. */
        readonly unreadable?: readonly string[];
        /** Label `regcred.dev/source: "true"`. */
        readonly offered: boolean;
        /** Annotation `regcred.dev/expires-at`, as written. */
        readonly expiresAt: string | undefined;
      }
    /** A token Secret; undefined where it cannot be read, which is as good as none. */
    | { readonly kind: "token"; readonly token: Token | undefined }
    /** A part of the record of who holds a login; `data` as it is, see member-rows.ts, until it has been followed. */
    | {
        readonly kind: "members";
        readonly part: MembersPart;
        data: Readonly<Record<string, string>> | undefined;
      }
    /** A pull Secret of ours, or of a type that is no source: never read. */
    | { readonly kind: "other"; readonly type: string }
  );

/** A Secret that an administrator keeps logins in. */
export type SourceRecord = Extract<OperatorSecretRecord, { kind: "source" }>;

/** A pod that waits for an image that could not be pulled. */
export interface PodRecord extends StoredObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly createdAt: Temporal.Instant;
  /** Name. */
  readonly serviceAccount: string;
  /** Names in `imagePullSecrets`, in order: from the pod's template, or else copied from the ServiceAccount at creation. */
  readonly references: readonly string[];
  readonly stuckImages: readonly string[];
  /** The owner that makes a new pod when this one goes. */
  readonly controller: { readonly apiVersion: string; readonly kind: string; readonly uid: string } | undefined;
}
