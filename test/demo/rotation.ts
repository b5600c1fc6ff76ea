// Checks that tenants notice nothing when the tokens of three clouds are replaced while they use them.
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../src/runtime/clock.ts";
import { tryPull } from "../cluster/try-pull.ts";
import { cloudCredentialName, cloudManifest } from "./cloud-manifest.ts";
import type { Clouds } from "./clouds.ts";
import { type CloudName, cloudNames, registryHosts } from "./played-clouds.ts";
import type { Teller } from "./player.ts";
import type { TestEnv } from "./test-env.ts";
import { credentialsPath } from "./stage.ts";
import { expectStatus, pullSecretOf } from "./tenants.ts";

const clock = systemClock();
const lifetimes = 3;
/** Milliseconds. */
const every = 100;

export async function rotation(testEnv: TestEnv, tell: Teller): Promise<void> {
  const { client, clouds, system } = testEnv;
  if (!clouds) {
    tell.paragraph(
      "Left out: the clouds are played behind a proxy of the demo's own, through which the operator might not reach your cluster.",
    );
    return;
  }
  const lifetime = clouds.lifetime.total("milliseconds");
  const { glob, tenants } = some(testEnv);
  const { secrets, yaml, credential } = cloudManifest(glob, clouds.keys);
  tell.paragraph(
    `Real tokens live for hours. These live for ${clouds.lifetime.total("seconds")} s, and the registries refuse them from then on. The operator has the keys of three identities in Secrets, and this:`,
  );
  tell.block(yaml);
  const began = clock.elapsed();
  for (const secret of secrets) await client.create(`/api/v1/namespaces/${system}/secrets`, secret);
  await client.create(credentialsPath, credential);
  await untilEachHoldsAll(testEnv, tell, tenants);
  tell.done(`${tenants.length} of ${tenants.length} namespaces hold a token of each cloud.`, {
    name: "all",
    milliseconds: clock.elapsed() - began,
  });

  const early = await pullSecretOf(testEnv, tenants[0] ?? "");
  await expectEach(clouds, early, 200);
  const pulling = clock.elapsed();
  const tally: Tally = { pulls: 0, failed: [], left: new Map(), min: lifetime };
  for (let life = 1; life <= lifetimes; life++) {
    while (clock.elapsed() - pulling < life * lifetime) {
      const tenant = tenants[Math.floor(Math.random() * tenants.length)] ?? "";
      await Promise.all([
        pullFromEach(testEnv, clouds, tenant, tally),
        sleep(every, undefined, { signal: testEnv.signal }),
      ]);
      tell.live(`${pullsOf(tally)}; tokens: ${tokensOf(clouds, tally)}`);
    }
    const milliseconds = clock.elapsed() - pulling;
    const minted = cloudNames.map((name) => `${name} ${mintedBy(clouds, name)}`).join(", ");
    if (life < lifetimes) {
      tell.done(`${pullsOf(tally)}; tokens so far: ${minted}.`, { name: `life-${life}`, milliseconds });
    }
  }
  if (tally.failed.length > 0) throw new Error(`${pullsOf(tally)}; the first: ${tally.failed[0]}`);
  const milliseconds = clock.elapsed() - pulling;
  tell.done(
    `${pullsOf(tally)}, ${clouds.issued.length} tokens. There was one every ${Math.round(milliseconds / tally.pulls)} ms, with the Secret of a random tenant, and no token had less than ${inSeconds(tally.min)} to live.`,
    { name: "pulls", milliseconds },
  );

  const again = clock.elapsed();
  await expectEach(clouds, early, 401);
  tell.done("401 Unauthorized, three times: the tokens of the beginning, kept aside, are worth nothing now.", {
    name: "expired",
    milliseconds: clock.elapsed() - again,
  });
}

interface Tally {
  pulls: number;
  readonly failed: string[];
  /** Of the tokens that tenants held last, in milliseconds. */
  readonly left: Map<CloudName, number>;
  /** The same, of all tokens that were pulled with. */
  min: number;
}

/** At most 99 namespaces, however many there are: with a thousand, a lifetime would be too short to write them all. */
function some({ prefix, tenants }: TestEnv): { readonly glob: string; readonly tenants: readonly string[] } {
  const digits = tenants[0].length - prefix.length;
  const start = `${prefix}${"0".repeat(digits - 2)}`;
  return { glob: `${start}*`, tenants: tenants.filter((name) => name.startsWith(start)) };
}

async function untilEachHoldsAll({ observer }: TestEnv, tell: Teller, tenants: readonly string[]): Promise<void> {
  const holds = (tenant: string): boolean =>
    cloudNames.every((name) => passwordIn(observer.secret(tenant)?.config, name) !== undefined);
  const count = (): string => `${tenants.filter(holds).length} of ${tenants.length} namespaces`;
  await observer.until({
    what: `every namespace to have the tokens of ${cloudCredentialName}`,
    check: () => {
      tell.live(count());
      return tenants.every(holds);
    },
    seen: count,
  });
}

async function expectEach(clouds: Clouds, config: string | undefined, status: number): Promise<void> {
  for (const name of cloudNames) {
    expectStatus(await pull(clouds, name, config), status, `a pull from ${registryHosts[name]}`);
  }
}

async function pullFromEach(testEnv: TestEnv, clouds: Clouds, tenant: string, tally: Tally): Promise<void> {
  const config = await pullSecretOf(testEnv, tenant);
  for (const name of cloudNames) {
    const token = clouds.issued.find(({ password }) => password === passwordIn(config, name));
    const left = token ? Temporal.Now.instant().until(token.expiresAt).total("milliseconds") : 0;
    tally.left.set(name, left);
    tally.min = Math.min(tally.min, left);
  }
  await Promise.all(
    cloudNames.map(async (name) => {
      const { ok, status } = await pull(clouds, name, config);
      tally.pulls += 1;
      if (!ok) tally.failed.push(`${status} in ${tenant} from ${registryHosts[name]}`);
    }),
  );
}

/** As a kubelet would: it looks for a login by the registry's name, whatever address that name has. */
async function pull({ registry, repository, tag }: Clouds, name: CloudName, config: string | undefined) {
  const { url, ca } = registry;
  return await tryPull({ host: registryHosts[name], url, ca }, repository, tag, config);
}

function passwordIn(config: string | undefined, name: CloudName): string | undefined {
  const { auths } = JSON.parse(config ?? "{}") as { auths?: Readonly<Record<string, { readonly password?: string }>> };
  return auths?.[registryHosts[name]]?.password;
}

/** How many so far, and how long the latest that a tenant was seen with will live. */
function tokensOf(clouds: Clouds, { left }: Tally): string {
  const [first, ...others] = cloudNames.map(
    (name) => `${name} ${mintedBy(clouds, name)}, ${inSeconds(left.get(name) ?? 0)}`,
  );
  return [`${first} left`, ...others].join("; ");
}

function mintedBy({ issued }: Clouds, name: CloudName): number {
  return issued.filter(({ cloud }) => cloud === name).length;
}

function pullsOf({ pulls, failed }: Tally): string {
  return `${pulls} pulls, ${failed.length} failed`;
}

function inSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
