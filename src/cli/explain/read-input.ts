// Reads a pod or ServiceAccount and all that its pulls hang on. Only reads, and what may not be read is said.
import { credentialsAnnotation, defaultPullSecretName } from "../../api/names.ts";
import type { PodView, SecretView, ExplainInput } from "./input.ts";
import { type Seen, there } from "../seen.ts";
import { servingInstall } from "../../controllers/cluster-claim/plan.ts";
import { isObjectName } from "../../cluster/object-name.ts";
import type { CredentialRecord, ServiceAccountRecord } from "../../cluster/records.ts";
import { resources } from "../../cluster/resources.ts";
import { transformCredential } from "../../cluster/transform/credential.ts";
import { transformNamespace } from "../../cluster/transform/namespace.ts";
import { transformServiceAccount } from "../../cluster/transform/service-account.ts";
import { accountView } from "../../providers/scope-of.ts";
import type { Session } from "../session.ts";
import { seen, seenAll } from "../reads.ts";
import { podView, secretView } from "./views.ts";

export interface Subject {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Undefined: a pod of the ServiceAccount that is created now. */
  readonly pod: string | undefined;
}

// What Kubernetes gives a pod that names none: https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
const usualServiceAccount = "default";

/** `NAMESPACE [SERVICEACCOUNT | pod/NAME]`, as on the command line. */
export function subjectFrom(namespace: string, who: string | undefined): Subject {
  const pod = /^(?:pods?|po)\/(.+)$/.exec(who ?? "")?.[1];
  const serviceAccount = /^(?:(?:serviceaccounts?|sa)\/)?(.+)$/.exec(who ?? "")?.[1];
  return {
    namespace,
    pod,
    serviceAccount: pod === undefined ? (serviceAccount ?? usualServiceAccount) : usualServiceAccount,
  };
}

type Reading = Pick<Session, "objects" | "clock" | "operatorNamespace">;

export interface ReadOptions {
  /** Looks into Secrets that are not regcred's for the hosts that they have logins for. */
  readonly readSecrets: boolean;
  /** Asked about; those of pods, if none. */
  readonly images: readonly string[];
}

/** Undefined: there is no such pod. Rejects where the pod may not be read, for without it there is nothing to say. */
export async function readInput(
  { objects, clock, operatorNamespace: asked }: Reading,
  { namespace: namespaceName, pod: podName, serviceAccount: named }: Subject,
  { readSecrets, images }: ReadOptions,
): Promise<ExplainInput | undefined> {
  const rawPod =
    podName === undefined ? undefined : await objects.get(resources.pods, { namespace: namespaceName, name: podName });
  if (podName !== undefined && rawPod === undefined) return undefined;
  const pod = rawPod === undefined ? undefined : podView(rawPod);
  const serviceAccountName = pod?.serviceAccountName ?? named;
  const account = (namespace: string, name: string): Promise<Seen<ServiceAccountRecord>> =>
    seen(objects.get(resources.serviceAccounts, { namespace, name }), transformServiceAccount(Infinity));
  const [namespace, serviceAccount, pods, listed] = await Promise.all([
    seen(objects.getMetadata(resources.namespaces, { name: namespaceName }), transformNamespace()),
    account(namespaceName, serviceAccountName),
    pod || images.length > 0 ? nothing : seenAll(objects.list(resources.pods, { namespace: namespaceName }), podView),
    seenAll(objects.list(resources.credentials), transformCredential),
  ]);
  const secrets = new Map<string, Seen<SecretView>>();
  const look = async (names: readonly string[]): Promise<void> => {
    for (const name of names) {
      if (secrets.has(name)) continue;
      // Lists of references may hold anything: what no Secret can be called is not there.
      if (!isObjectName(name)) {
        secrets.set(name, { seen: "absent" });
        continue;
      }
      const place = { namespace: namespaceName, name };
      const read = readSecrets ? objects.get(resources.secrets, place) : objects.getMetadata(resources.secrets, place);
      secrets.set(name, await seen(read, secretView));
    }
  };
  const referred = pod?.pullSecrets ?? there(serviceAccount)?.references ?? [];
  await look([...referred.slice(0, maxSecrets), defaultPullSecretName]);
  const credentials = byAge(there(listed) ?? (await credentialsNamedBy([...secrets.values()], objects)));
  // Its status knows better than whoever asks: source Secrets and its ServiceAccount are there.
  const serving = servingInstall(
    credentials.flatMap(({ credential }) => credential ?? []),
    asked,
  );
  const operatorNamespace = serving.kind === "theirs" ? serving.namespace : asked;
  await look(credentials.flatMap(({ credential }) => (credential ? [credential.spec.pullSecret.name] : [])));
  for (const name of referred) {
    if (!secrets.has(name)) secrets.set(name, { seen: isObjectName(name) ? "hidden" : "absent" });
  }
  const accounts = new Map<string, Seen<ServiceAccountRecord>>();
  for (const [home, name] of identityAccounts(credentials, namespaceName, operatorNamespace)) {
    accounts.set(`${home}/${name}`, await account(home, name));
  }
  const ofPods = (there(pods) ?? []).filter((each) => each.serviceAccountName === serviceAccountName);
  return {
    now: clock.now(),
    operatorNamespace,
    namespaceName,
    namespace,
    serviceAccountName,
    serviceAccount,
    pod,
    imagesAsked: images.length > 0,
    images: images.length > 0 ? images : (pod?.images ?? ofPods.flatMap((each) => each.images)),
    credentials,
    allCredentials: listed.seen === "there",
    secrets,
    serviceAccountOf: (home, name) => {
      const found = there(accounts.get(`${home}/${name}`));
      return found && accountView(found);
    },
    accountsSeen: [...accounts.values()].every((each) => each.seen !== "hidden"),
  };
}

const nothing: Seen<readonly PodView[]> = { seen: "absent" };

// A kubelet looks at each that is referred to; a sound list has a handful, and nobody looks at thousands.
const maxSecrets = 100;
// A tenant may have written the names.
const maxCredentials = 16;

/** Who may not list them may still be allowed to read one. */
async function credentialsNamedBy(
  secrets: readonly Seen<SecretView>[],
  objects: Session["objects"],
): Promise<readonly CredentialRecord[]> {
  const names = secrets.flatMap((each) => there(each)?.annotations[credentialsAnnotation]?.split(",") ?? []);
  const found = await Promise.all(
    [...new Set(names)]
      .filter(isObjectName)
      .slice(0, maxCredentials)
      .map((name) => seen(objects.get(resources.credentials, { name }), transformCredential)),
  );
  return found.flatMap((each) => there(each) ?? []);
}

function byAge(credentials: readonly CredentialRecord[]): readonly CredentialRecord[] {
  const createdAt = ({ credential }: CredentialRecord): bigint => credential?.creationTimestamp.epochNanoseconds ?? 0n;
  return credentials.toSorted((one, other) => {
    const [first, second] = [createdAt(one), createdAt(other)];
    return first < second ? -1 : first > second ? 1 : one.name < other.name ? -1 : 1;
  });
}

function identityAccounts(
  credentials: readonly CredentialRecord[],
  namespace: string,
  operatorNamespace: string,
): readonly (readonly [namespace: string, name: string])[] {
  return credentials.flatMap(({ credential }) =>
    (credential?.spec.registries ?? []).flatMap(({ identity }) => {
      if (identity.from === "ServiceAccount") return [[operatorNamespace, identity.name] as const];
      return identity.from === "TenantServiceAccount" ? [[namespace, identity.name] as const] : [];
    }),
  );
}
