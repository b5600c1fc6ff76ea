// Measures fan-outs and deletions: Secrets alone, then references alone, then all of it goes, each against the bare client.
import type { KubeObject } from "../cluster/admin-client.ts";
import { untilAtRest } from "./at-rest.ts";
import { hostsOfSecret } from "./dimensions.ts";
import { bareTemplate, startBareSide } from "./bare-side.ts";
import { burst, inPairs } from "./bursts.ts";
import { type Change, refersTo } from "./changes.ts";
import type { OperatorSide } from "./operator-side.ts";
import type { Burst, Deletion, Raw } from "./report.ts";
import { isServed } from "./served.ts";
import { bareSecret, operatorSecret, secretsCalled, type Stage } from "./stage.ts";
import type { Usage } from "./usage-reporter.ts";

export interface FanOutsOptions {
  readonly stage: Stage;
  readonly side: OperatorSide;
  readonly pairs: number;
  readonly step: (text: string) => void;
}

const isAdded = ({ type }: Change): boolean => type === "ADDED";

/** In the end every namespace is served, and no operator runs. */
export async function measureFanOuts(
  options: FanOutsOptions,
): Promise<Pick<Raw, "fanOut" | "references" | "deletion" | "together">> {
  const { stage, side, pairs, step } = options;
  const references: { operator: Burst[]; bare: Burst[] } = { operator: [], bare: [] };
  const deletion: { operator: Deletion[]; bare: Deletion[] } = { operator: [], bare: [] };
  const { namespaces, seen } = stage;
  let secret: KubeObject | undefined;

  const fanOut = await inPairs(pairs, {
    operator: async () => {
      step("fan-out and deletion: operator");
      const { child } = await side.startAtRest();
      const took = await burst({
        what: "the operator's fan-out",
        stage,
        child,
        changes: seen.operatorSecrets,
        fits: isServed(stage, side),
        begin: () => side.createCredential("None"),
      });
      secret ??= await anySecret(stage);
      references.operator.push(
        await burst({
          what: "the operator's references",
          stage,
          keys: stage.accounts,
          child,
          changes: seen.serviceAccounts,
          fits: ({ object }) => refersTo(object, operatorSecret),
          begin: () => side.referFromServiceAccounts(),
        }),
      );
      const before = await child.usage();
      const seconds = await measureDeletion(stage, side);
      deletion.operator.push({ seconds, ...spent(before, await child.usage()) });
      await child.stop();
      return took;
    },
    bare: async () => {
      step("fan-out and deletion: bare client");
      if (!secret) throw new Error("the operator goes first");
      const bare = await startBareSide(stage);
      const { child } = bare;
      await bare.prepare({ kind: "prepareCreate", namespaces, secret: bareTemplate(secret) });
      const own = { stage, child, begin: () => bare.go() };
      const took = await burst({
        ...own,
        what: "the bare client's fan-out",
        changes: seen.bareSecrets,
        fits: isAdded,
      });
      await bare.prepare({ kind: "prepareReferences", namespaces, reference: bareSecret });
      references.bare.push(
        await burst({
          ...own,
          what: "the bare client's references",
          keys: stage.accounts,
          changes: seen.serviceAccounts,
          fits: ({ object }) => refersTo(object, bareSecret),
        }),
      );
      await bare.prepare({ kind: "prepareDeletion", namespaces, name: bareSecret, reference: bareSecret });
      const before = await child.usage();
      const { seconds } = await burst({
        ...own,
        what: "the bare client's deletion",
        changes: seen.bareSecrets,
        fits: ({ type }) => type === "DELETED",
      });
      deletion.bare.push({ seconds, ...spent(before, await child.usage()) });
      await bare.stop();
      return took;
    },
  });
  step("fan-out of Secrets and references together");
  return { fanOut, references, deletion, together: await measureTogether(stage, side) };
}

/** As they usually come. */
async function measureTogether(stage: Stage, side: OperatorSide): Promise<Raw["together"]> {
  const { child } = await side.startAtRest();
  const before = await child.usage();
  const secrets = stage.seen.operatorSecrets.allOf("all Secrets", stage.namespaces, isServed(stage, side));
  const refers = stage.seen.serviceAccounts.allOf("all references", stage.accounts, ({ object }) =>
    refersTo(object, operatorSecret),
  );
  const began = performance.now();
  await side.createCredential("ServiceAccounts");
  const lasts = (await Promise.all([secrets, refers])).map(({ last }) => last);
  await untilAtRest(child, stage.namespaces.length, hostsOfSecret(stage.dimensions));
  const after = await child.usage();
  await child.stop();
  return { seconds: (Math.max(...lasts) - began) / 1000, ...spent(before, after) };
}

function spent(before: Usage, after: Usage): Omit<Deletion, "seconds"> {
  const { rssMegabytes, peakRssMegabytes, longestStallMilliseconds } = after;
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  return { cpuSeconds, rssMegabytes, peakRssMegabytes, longestStallMilliseconds };
}

async function measureDeletion(stage: Stage, side: OperatorSide): Promise<number> {
  const began = performance.now();
  await side.deleteCredential();
  const seconds = (performance.now() - began) / 1000;
  const secrets = await secretsCalled(stage.admin, operatorSecret);
  const accounts = await stage.admin.list("/api/v1/serviceaccounts");
  const references = accounts.filter((account) => refersTo(account, operatorSecret));
  if (secrets.length + references.length > 0) {
    throw new Error(`${secrets.length} Secrets and ${references.length} references outlived the RegistryCredential`);
  }
  return seconds;
}

export async function anySecret(stage: Stage): Promise<KubeObject> {
  const secret = await stage.admin.get(`/api/v1/namespaces/${stage.namespaces[0]}/secrets/${operatorSecret}`);
  if (!secret) throw new Error("the operator's Secret is not there");
  return secret;
}
