// Measures what the policy on pods costs each pod that is created, for a number of RegistryCredentials.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensureBinaries } from "../cluster/ensure-binaries.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import type { Rows } from "./report.ts";
import { credentialsPath, operatorNamespace, type Stage } from "./stage.ts";
import { median, percentile } from "./statistics.ts";

export interface PodCreationsOptions {
  readonly stage: Stage;
  /** Of pods, for each number of RegistryCredentials. */
  readonly count: number;
  readonly step: (text: string) => void;
}

/** Milliseconds of each creation, which is judged and not stored. */
export interface PodCreations {
  readonly credentials: number;
  /** Of a pod that opts out. */
  readonly without: readonly number[];
  /** One of the RegistryCredentials selects the pod. */
  readonly one: readonly number[];
  /** All of them do. */
  readonly all: readonly number[];
}

export const credentialNumbers = [1, 10, 100] as const;

const folder = join(import.meta.dirname, "../../config/admission/pods");
const limit = Temporal.Duration.from({ minutes: 1 });

/** With the policy and without, in turns: what else the machine does is in both. */
export async function measurePodCreations({
  stage,
  count,
  step,
}: PodCreationsOptions): Promise<readonly PodCreations[]> {
  const { admin, cluster, namespaces } = stage;
  const [namespace = ""] = namespaces;
  const { kubectl } = await ensureBinaries(["kubectl"]);
  await promisify(execFile)(kubectl, ["apply", `--kubeconfig=${cluster.kubeconfig}`, "--kustomize", folder]);
  const referencesOf = async (annotations: object): Promise<readonly unknown[]> => {
    const { spec } = await admin.create(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, {
      metadata: { name: "web", annotations },
      spec: { containers: [{ name: "web", image: "registry.example.com/app:1" }] },
    });
    return (spec as { readonly imagePullSecrets?: readonly unknown[] }).imagePullSecrets ?? [];
  };
  const timed = async (annotations: object): Promise<number> => {
    const began = performance.now();
    await referencesOf(annotations);
    return performance.now() - began;
  };
  const known = async (selecting: number): Promise<void> => {
    await pollUntil(async () => (await referencesOf({})).length === selecting, {
      what: `the policy to know ${selecting} RegistryCredentials that select the pod`,
      limit,
    });
  };
  const measured: PodCreations[] = [];
  let there = 0;
  for (const credentials of credentialNumbers) {
    step(`pods with ${credentials} RegistryCredentials`);
    const former = there;
    for (; there < credentials; there += 1) await admin.create(credentialsPath, credential(there, there === 0));
    const names = Array.from({ length: credentials }, (_, index) => index);
    for (const index of names.slice(1, former)) await admin.patch(`${credentialsPath}/c-${index}`, elsewhere);
    await known(1);
    const [without, one, all]: readonly [number[], number[], number[]] = [[], [], []];
    for (let each = 0; each < count; each += 1) {
      // A pod that opts out is not asked about: the condition stands before all else.
      without.push(await timed({ "regcred.dev/ignore": "true" }));
      one.push(await timed({}));
    }
    for (const index of names.slice(1)) await admin.patch(`${credentialsPath}/c-${index}`, here);
    await known(credentials);
    for (let each = 0; each < count; each += 1) all.push(await timed({}));
    measured.push({ credentials, without, one, all });
  }
  return measured;
}

const here = { spec: { namespaces: { include: ["team-*"] } } };
const elsewhere = { spec: { namespaces: { include: ["elsewhere-*"] } } };

function credential(index: number, selects: boolean): object {
  return {
    apiVersion: "regcred.dev/v1alpha1",
    kind: "RegistryCredential",
    metadata: { name: `c-${index}` },
    spec: {
      registries: [
        { name: "main", provider: "Static", hosts: ["registry.example.com"], static: { secretName: "hub" } },
      ],
      namespaces: {
        include: [selects ? "team-*" : "elsewhere-*"],
        exclude: [operatorNamespace, "team-x-*"],
        selector: { matchExpressions: [{ key: "acme.io/pull", operator: "NotIn", values: ["no"] }] },
      },
      pullSecret: { name: `pull-${index}` },
    },
  };
}

export function podCreationRows(measured: readonly PodCreations[]): Rows {
  return Object.fromEntries(
    measured.flatMap(({ credentials, without, one, all }) =>
      Object.entries({ Without: without, One: one, All: all }).flatMap(([name, values]) => [
        [`podCreation${credentials}${name}P50`, round(median(values))],
        [`podCreation${credentials}${name}P99`, round(percentile(values, 99))],
      ]),
    ),
  );
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
