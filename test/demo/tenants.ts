// What can be done to the tenants, and asked of them.
import { defaultPullSecretName } from "../../src/api/names.ts";
import type { KubeObject } from "../cluster/admin-client.ts";
import { type Pull, tryPull } from "../cluster/try-pull.ts";
import { credentialName, sourceName } from "./manifest.ts";
import { referencesOf } from "./observer.ts";
import type { Teller } from "./player.ts";
import type { TestEnv } from "./test-env.ts";
import { credentialsPath } from "./stage.ts";

/** Creates the source Secret, or gives it the password that holds now. */
export async function applySource(testEnv: TestEnv): Promise<void> {
  const { client, system } = testEnv;
  const path = `/api/v1/namespaces/${system}/secrets`;
  const { source } = testEnv.manifest();
  if (await client.get(`${path}/${sourceName}`)) await client.patch(`${path}/${sourceName}`, source);
  else await client.create(path, source);
}

/** Every namespace holds the present password and refers to it. */
export async function untilServed(
  testEnv: TestEnv,
  tell: Pick<Teller, "live">,
  names: readonly string[] = testEnv.tenants,
): Promise<void> {
  const isServed = (name: string): boolean =>
    testEnv.holdsPassword(testEnv.observer.secret(name)?.config) && isReferenced(testEnv, name);
  const done = (): string => `${names.filter(isServed).length} of ${names.length} namespaces`;
  await testEnv.observer.until({
    what: "every namespace to be served",
    check: () => {
      tell.live(done());
      return names.every(isServed);
    },
    seen: () => `${done()}, and ${names.find((name) => !isServed(name)) ?? "none"} not`,
  });
}

/** The status says so too; it is written a moment after the fact. */
export async function untilReady({ client, observer }: TestEnv, count: number): Promise<void> {
  let latest = "nothing";
  await observer.until({
    what: `the status to say that ${count}/${count} namespaces are served`,
    check: polled(async () => {
      const credential = await client.get(`${credentialsPath}/${credentialName}`);
      latest =
        (credential?.["status"] as { readonly namespacesReady?: string } | undefined)?.namespacesReady ?? "nothing";
      return latest === `${count}/${count}`;
    }),
    seen: () => latest,
  });
}

/** The RegistryCredential is gone, its finalizer with it. */
export async function untilReleased({ client, observer }: TestEnv): Promise<void> {
  const path = `${credentialsPath}/${credentialName}`;
  await observer.until({
    what: `RegistryCredential ${credentialName} to go`,
    check: polled(async () => (await client.get(path)) === undefined),
  });
}

/** Makes an answer of the API server a check for `Observer.until`: the latest one, one request at a time. */
function polled(ask: () => Promise<boolean>): () => boolean {
  let answer = false;
  let isAsking = false;
  return () => {
    if (!isAsking && !answer) {
      isAsking = true;
      ask()
        .then((latest) => (answer = latest))
        // It is asked again; what does not get better ends in the limit of the wait.
        .catch(() => undefined)
        .finally(() => (isAsking = false));
    }
    return answer;
  };
}

/** Pulls as a pod of that namespace would: with its Secret as it is in the cluster now, or without any. */
export async function pullAs(testEnv: TestEnv, namespace: string): Promise<Pull> {
  const { registry, repository, tag } = testEnv;
  return await tryPull(registry, repository, tag, await pullSecretOf(testEnv, namespace));
}

/** The docker config in the namespace's Secret as it is in the cluster now; undefined where there is none. */
export async function pullSecretOf({ client }: TestEnv, namespace: string): Promise<string | undefined> {
  const secret = await client.get(secretPath(namespace));
  return secret && dockerConfigOf(secret);
}

function dockerConfigOf(secret: KubeObject): string {
  const encoded = (secret["data"] as Readonly<Record<string, string>> | undefined)?.[".dockerconfigjson"];
  return Buffer.from(encoded ?? "", "base64").toString();
}

export function expectStatus({ status }: Pull, wanted: number, what: string): void {
  if (status !== wanted) throw new Error(`${what} was answered with ${status} instead of ${wanted}`);
}

export async function remains({
  client,
  prefix,
}: TestEnv): Promise<{ readonly secrets: number; readonly references: number }> {
  const named = async (path: string, name: string): Promise<readonly KubeObject[]> => {
    const found = await client.list(path, { fieldSelector: `metadata.name=${name}` });
    return found.filter(({ metadata }) => metadata.namespace?.startsWith(prefix));
  };
  const accounts = await named("/api/v1/serviceaccounts", "default");
  return {
    secrets: (await named("/api/v1/secrets", defaultPullSecretName)).length,
    references: accounts.flatMap(referencesOf).filter((name) => name === defaultPullSecretName).length,
  };
}

export function isReferenced({ observer }: TestEnv, namespace: string): boolean {
  return observer.account(namespace)?.references.includes(defaultPullSecretName) ?? false;
}

export function secretPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/secrets/${defaultPullSecretName}`;
}

export function accountPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
}
