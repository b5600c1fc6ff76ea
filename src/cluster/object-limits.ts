// Limits of what is read of objects that somebody else writes. The one table, for every kind.
import { dockerConfigKey } from "../registry/docker-config.ts";
import { cloudAnnotations } from "../api/cloud-annotations.ts";
import {
  credentialsAnnotation,
  expiresAtAnnotation,
  ignoreAnnotation,
  managedAnnotation,
  managedByLabel,
  referencesAnnotation,
  sourceLabel,
} from "../api/names.ts";
import { list, map, record, type Shape, text, whole } from "../runtime/client/shape.ts";

/** In characters, if nothing else is said. What is longer counts as too large, and is never taken for all there is. */
export const limits = {
  /** DNS subdomain: k8s.io/apimachinery/pkg/util/validation, DNS1123SubdomainMaxLength. */
  name: 253,
  /** DNS label: the same file, DNS1123LabelMaxLength. A label's value has as many. */
  label: 63,
  /** A uid has 36, a resourceVersion 20, a time 20 to 30. */
  word: 64,
  /** The longest that a cloud defines is a role ARN: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html */
  cloudAnnotation: 2048,
  /** Twice what 32 names of 63 characters take as JSON; ours are fewer. A longer record is a forged one. */
  referencesRecord: 4096,
  /** Of all records in one namespace that differ: a thousand sound ones. */
  recordsOfNamespace: 64 * 1024,
  /** Items; a sound ServiceAccount lists a handful. */
  referencesHeld: 32,
  /** Items; 1,000 names as long as they may be are 250 KiB, and more is nobody's honest need. */
  references: 1000,
  /** JSON of the metadata of a Secret of our name. We describe up to 16 entries with their hosts. */
  ownMetadata: 8192,
  /** The same of one that does not carry our label. */
  foreignMetadata: 1024,
  /** Items; only one owner can be the controller, and a sound object has one or two. */
  owners: 16,
  /** Items of `managedFields`; of those who update the API server keeps ten, and appliers are a few. */
  managers: 32,
  /** Bytes of one of them, that is carried along: the names of all fields of a ServiceAccount or Secret that somebody has set. */
  managedEntry: 16 * 1024,
  /** Items; a sound pod has a few containers. */
  containers: 64,
  image: 512,
  /** Of the Secrets of the operator's namespace, some of which are its memory: more than etcd takes of one. */
  operatorData: 2 * 1024 * 1024,
  /** Bytes of annotations that are carried along: k8s.io/apimachinery/pkg/api/validation, TotalAnnotationSizeLimitB, and escapes. */
  foreignAnnotations: 320 * 1024,
  /** Bytes of labels, owners or finalizers that are carried along: some hundred of them. */
  foreignLists: 64 * 1024,
  /** Bytes of a Secret's data that is carried along. */
  foreignData: 256 * 1024,
  /** Bytes: what only administrators write, and etcd takes (--max-request-bytes). */
  administrators: 2 * 1024 * 1024,
} as const;

const name = text(limits.name);
const word = text(limits.word);

/** Which object it is, in which version, and whether it goes. */
const identity = {
  name,
  namespace: name,
  uid: word,
  resourceVersion: word,
  creationTimestamp: word,
  deletionTimestamp: word,
};
/** Of a name each, with its longest value. */
const named = (names: readonly string[], longest: number): Record<string, number> =>
  Object.fromEntries(names.map((each) => [each, longest]));
const carried = whole(limits.foreignLists);
/** Who applies the object, but not what. */
const managers = list(record({ manager: name, operation: word, subresource: name }), limits.managers);
const carriedManagers = list(whole(limits.managedEntry), limits.managers);

/** RFC 4648, section 4: four characters of base64 for three bytes. */
const base64Length = (bytes: number): number => Math.ceil(bytes / 3) * 4;

/** @param labels keys that somebody asks for */
const namespace = (labels: Iterable<string>): Shape =>
  record({
    metadata: record({
      ...identity,
      labels: map(named([...labels], limits.label)),
      annotations: map({ [ignoreAnnotation]: limits.word }),
    }),
  });

const serviceAccountWith = (managedFields: Shape): Shape =>
  record({
    metadata: record({
      ...identity,
      annotations: map({
        ...named(cloudAnnotations, limits.cloudAnnotation),
        [ignoreAnnotation]: limits.word,
        [referencesAnnotation]: limits.referencesRecord,
      }),
      managedFields,
    }),
    imagePullSecrets: list(record({ name }), limits.references),
  });
const serviceAccount = serviceAccountWith(managers);
const liveServiceAccount = serviceAccountWith(carriedManagers);

/** Of one that is larger, enough comes to tell that its content is none of ours. */
const secret = (maxConfigBytes: number): Shape =>
  record({
    metadata: record({
      ...identity,
      labels: map({ [managedByLabel]: limits.label }, limits.ownMetadata),
      annotations: map(named([credentialsAnnotation, managedAnnotation], limits.ownMetadata), limits.ownMetadata),
      ownerReferences: list(record({ kind: name, name, controller: word }), limits.owners),
      finalizers: list(word, 0),
      managedFields: managers,
    }),
    type: name,
    immutable: word,
    data: map({ [dockerConfigKey]: base64Length(maxConfigBytes) }, limits.word),
  });

/** All that a PUT must carry along; see `tooLarge`. */
const liveSecret = (maxConfigBytes: number): Shape =>
  record({
    apiVersion: word,
    kind: word,
    metadata: record({
      ...identity,
      labels: carried,
      annotations: whole(limits.foreignAnnotations),
      ownerReferences: carried,
      finalizers: carried,
      managedFields: carriedManagers,
    }),
    type: name,
    immutable: word,
    data: whole(limits.foreignData + base64Length(maxConfigBytes)),
  });

const operatorSecret = record({
  metadata: record({
    ...identity,
    labels: map(named([managedByLabel, sourceLabel], limits.label)),
    annotations: map({ [expiresAtAnnotation]: limits.word }),
  }),
  type: name,
  data: map({}, limits.operatorData),
});

const containers = list(record({ name, image: text(limits.image) }), limits.containers);
const statuses = list(record({ name, state: record({ waiting: record({ reason: name }) }) }), limits.containers);

const pod = record({
  metadata: record({
    ...identity,
    ownerReferences: list(record({ apiVersion: name, kind: name, uid: word, controller: word }), limits.owners),
  }),
  spec: record({
    serviceAccountName: name,
    imagePullSecrets: list(record({ name }), limits.referencesHeld),
    initContainers: containers,
    containers,
  }),
  status: record({ initContainerStatuses: statuses, containerStatuses: statuses }),
});

const administrators = whole(limits.administrators);

const credential = record({
  apiVersion: word,
  kind: word,
  metadata: record({ ...identity, generation: word, finalizers: administrators, annotations: administrators }),
  spec: administrators,
  status: administrators,
});

const crd = record({
  metadata: record({ ...identity, annotations: administrators, labels: administrators }),
  spec: administrators,
  status: administrators,
});

/** Of the operator's own namespace; what is not known of it is written back. */
const lease = record({ apiVersion: word, kind: word, metadata: administrators, spec: administrators });

/** Of an object that is larger than 64 KiB this is read; a smaller one comes as it is, and the strips keep no more of it. */
export const kept = {
  namespace,
  serviceAccount,
  liveServiceAccount,
  secret,
  liveSecret,
  operatorSecret,
  pod,
  credential,
  crd,
  lease,
};
