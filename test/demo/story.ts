// The story of the demo: what happens, in which order.
import { systemClock } from "../../src/runtime/clock.ts";
import { defaultPullSecretName } from "../../src/api/names.ts";
import { credentialName, sourceName } from "./manifest.ts";
import { seenSince } from "./observer.ts";
import type { Teller } from "./player.ts";
import { rotation } from "./rotation.ts";
import type { TestEnv } from "./test-env.ts";
import { createNamespace, credentialsPath } from "./stage.ts";
import { tableText } from "./table.ts";
import {
  accountPath,
  applySource,
  expectStatus,
  isReferenced,
  pullAs,
  remains,
  secretPath,
  untilReady,
  untilReleased,
  untilServed,
} from "./tenants.ts";

export interface Step {
  /** For the report. */
  readonly name: string;
  readonly title: string;
  readonly run: (testEnv: TestEnv, tell: Teller) => Promise<void>;
}

const clock = systemClock();

export const story: readonly Step[] = [
  { name: "refused", title: "1. A pull without credentials is refused", run: refused },
  { name: "served", title: "2. One RegistryCredential serves every tenant", run: served },
  { name: "pulled", title: "3. The same pull works with the tenant's Secret", run: pulled },
  { name: "new-namespace", title: "4. A namespace that is made later is served at once", run: newNamespace },
  { name: "repaired", title: "5. What somebody breaks by hand is repaired", run: reverted },
  { name: "rotated", title: "6. The password changes, and every namespace follows", run: rotated },
  { name: "table", title: "7. What an administrator sees with kubectl get regcred", run: table },
  { name: "deleted", title: "8. The RegistryCredential is deleted, and nothing is left", run: deleted },
  { name: "clouds", title: "9. Tokens of ECR, ACR and GCR expire, and no pull fails", run: rotation },
];

async function refused(testEnv: TestEnv, tell: Teller): Promise<void> {
  const [tenant] = testEnv.tenants;
  const began = clock.elapsed();
  const answer = await pullAs(testEnv, tenant);
  expectStatus(answer, 401, `a pull in ${tenant} without a Secret`);
  tell.done(
    `401 Unauthorized: in ${tenant} there is no Secret yet, so the registry does not give ${testEnv.image} away.`,
    {
      name: "pull",
      milliseconds: clock.elapsed() - began,
    },
  );
}

async function served(testEnv: TestEnv, tell: Teller): Promise<void> {
  tell.paragraph("This is all you write; the demo applies it as you would with kubectl apply -f:");
  tell.block(testEnv.manifest().yaml);
  const count = testEnv.tenants.length;
  await applySource(testEnv);
  const began = clock.elapsed();
  await testEnv.client.create(credentialsPath, testEnv.manifest().credential);
  await untilServed(testEnv, tell);
  tell.done(
    `${count} of ${count} namespaces have a Secret "${defaultPullSecretName}" with the login, and their default ServiceAccount names it: every new pod uses it by itself.`,
    { name: "all", milliseconds: clock.elapsed() - began },
  );
}

async function pulled(testEnv: TestEnv, tell: Teller): Promise<void> {
  const [tenant] = testEnv.tenants;
  const began = clock.elapsed();
  expectStatus(await pullAs(testEnv, tenant), 200, `a pull with the Secret of ${tenant}`);
  tell.done(
    `200 OK: the Secret was read back from ${tenant}, and manifest, configuration and layer came with the right digests.`,
    {
      name: "pull",
      milliseconds: clock.elapsed() - began,
    },
  );
}

async function newNamespace(testEnv: TestEnv, tell: Teller): Promise<void> {
  const name = testEnv.lateTenant;
  const began = clock.elapsed();
  const created = createNamespace(testEnv.client, name);
  const [, toSecret, toReference] = await Promise.all([
    created,
    timed(
      began,
      testEnv.observer.until({ what: `a Secret in ${name}`, check: () => testEnv.observer.secret(name) !== undefined }),
    ),
    timed(began, testEnv.observer.until({ what: `a reference in ${name}`, check: () => isReferenced(testEnv, name) })),
  ]);
  tell.done(`${name}: from "create namespace" to its Secret ...`, { name: "secret", milliseconds: toSecret });
  tell.done("... and to the reference in its ServiceAccount.", { name: "reference", milliseconds: toReference });

  const again = clock.elapsed();
  expectStatus(await pullAs(testEnv, name), 200, `a pull with the Secret of ${name}`);
  tell.done("200 OK: a pod that is created there now can pull.", {
    name: "pull",
    milliseconds: clock.elapsed() - again,
  });
}

async function reverted(testEnv: TestEnv, tell: Teller): Promise<void> {
  const { client, observer } = testEnv;
  const [, robbed, edited] = testEnv.tenants;
  const before = observer.secret(robbed)?.uid;
  const deletion = clock.elapsed();
  const isBack = (): boolean => ![undefined, before].includes(observer.secret(robbed)?.uid);
  await Promise.all([
    client.remove(secretPath(robbed)),
    observer.until({ what: `the deleted Secret of ${robbed} to come back`, check: isBack }),
  ]);
  tell.done(`kubectl -n ${robbed} delete secret ${defaultPullSecretName}: it is back.`, {
    name: "secret",
    milliseconds: clock.elapsed() - deletion,
  });

  const removal = clock.elapsed();
  const patched = await client.patch(accountPath(edited), { imagePullSecrets: null });
  await observer.until({
    what: `the removed reference of ${edited} to come back`,
    check: () => seenSince(observer.account(edited), patched.metadata.resourceVersion) && isReferenced(testEnv, edited),
  });
  tell.done(`imagePullSecrets of ServiceAccount ${edited}/default emptied: the entry is back.`, {
    name: "reference",
    milliseconds: clock.elapsed() - removal,
  });
}

async function rotated(testEnv: TestEnv, tell: Teller): Promise<void> {
  const [tenant] = testEnv.tenants;
  const change = clock.elapsed();
  await testEnv.changePassword();
  expectStatus(await pullAs(testEnv, tenant), 401, "a pull with the old password");
  tell.done("The registry has a new password. 401 Unauthorized: what tenants hold is worth nothing now.", {
    name: "refused",
    milliseconds: clock.elapsed() - change,
  });

  const everybody = [...testEnv.tenants, testEnv.lateTenant];
  const began = clock.elapsed();
  await applySource(testEnv);
  await untilServed(testEnv, tell, everybody);
  tell.done(`The Secret ${sourceName} was updated with it, and all ${everybody.length} namespaces have it.`, {
    name: "all",
    milliseconds: clock.elapsed() - began,
  });

  const again = clock.elapsed();
  expectStatus(await pullAs(testEnv, tenant), 200, `a pull with the Secret of ${tenant}`);
  tell.done(`200 OK: the pull with the Secret of ${tenant} works again.`, {
    name: "pull",
    milliseconds: clock.elapsed() - again,
  });
}

async function table(testEnv: TestEnv, tell: Teller): Promise<void> {
  const began = clock.elapsed();
  await untilReady(testEnv, testEnv.tenants.length + 1);
  tell.block(tableText(await testEnv.client.table(`${credentialsPath}/${credentialName}`)));
  tell.done("Ready: every namespace that is selected is served. The status groups what is not, with the reason.", {
    name: "ready",
    milliseconds: clock.elapsed() - began,
  });
}

async function deleted(testEnv: TestEnv, tell: Teller): Promise<void> {
  const { client, observer, tenants } = testEnv;
  const everybody = [...tenants, testEnv.lateTenant];
  const left = (): string => {
    const count = everybody.filter((name) => observer.secret(name) !== undefined || isReferenced(testEnv, name)).length;
    return `${count} of ${everybody.length} namespaces still have something`;
  };
  const nothing = `0 of ${everybody.length} namespaces still have something`;
  const began = clock.elapsed();
  await client.remove(`${credentialsPath}/${credentialName}`);
  await observer.until({
    what: "every Secret and reference to go",
    check: () => {
      tell.live(left());
      return left() === nothing;
    },
    seen: left,
  });
  const milliseconds = clock.elapsed() - began;
  // Counted by the API server, not by what the watches have shown.
  const { secrets, references } = await remains(testEnv);
  if (secrets + references > 0) throw new Error(`${secrets} Secrets and ${references} references are left`);
  tell.done(`0 Secrets and 0 references are left in ${everybody.length} namespaces.`, { name: "all", milliseconds });

  await untilReleased(testEnv);
  tell.done("The RegistryCredential itself is gone: its finalizer kept it until nothing was left to remove.", {
    name: "released",
    milliseconds: clock.elapsed() - began,
  });

  const again = clock.elapsed();
  const [tenant] = tenants;
  expectStatus(await pullAs(testEnv, tenant), 401, `a pull in ${tenant} without a Secret`);
  tell.done("401 Unauthorized: the pull is refused, as in the beginning.", {
    name: "pull",
    milliseconds: clock.elapsed() - again,
  });
}

async function timed(began: number, event: Promise<void>): Promise<number> {
  await event;
  return clock.elapsed() - began;
}
