// Tests that what `explain` says is true: a real pull ends as it says, and its advice fixes it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pushImage } from "../cluster/push-image.ts";
import { type Registry, startRegistry } from "../cluster/registry.ts";
import { ask } from "./ask.ts";
import { type Fault, faults, type Layer } from "./explain-faults.ts";
import {
  draft,
  frozenLabel,
  login,
  refusesSecrets,
  repository,
  stage,
  type Stage,
  type Switch,
  type Remedied,
} from "./explain-stage.ts";
import { byHand, shortLived } from "./explain-stories.ts";
import { eventually, type RunningOperator, type TestEnv, testEnv } from "./test-env.ts";
import { filled, type Shell, shellIn } from "./shell.ts";

const user = "regcred-operator";

interface FaultCase {
  readonly name: string;
  readonly faults: readonly Fault[];
}

/** Each fault alone, then two or three of different layers at once: the same ones in each run. */
function faultCases(): readonly FaultCase[] {
  const alone = faults.map((fault): FaultCase => ({ name: fault.name, faults: [fault] }));
  // The generator of https://pubs.opengroup.org/onlinepubs/9799919799/functions/rand.html, its high bits.
  let state = 1;
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
  const combinable = faults.filter((fault) => !fault.alone);
  const combined = Array.from({ length: 10 }, (_, index): FaultCase => {
    const several = new Map<Layer, Fault>();
    while (several.size < 2 + (index % 2)) {
      const fault = combinable[random(combinable.length)];
      if (fault && fits(fault, [...several.values()])) several.set(fault.layer, fault);
    }
    const chosen = faults.filter((fault) => several.get(fault.layer) === fault);
    return { name: chosen.map(({ name }) => name).join("; "), faults: chosen };
  });
  const unique = new Map([...alone, ...combined].map((faultCase) => [faultCase.name, faultCase]));
  return [{ name: "nothing is wrong", faults: [] }, ...unique.values()];
}

/** The API server refuses a verify.image of another host than the entry's. */
function fits({ layer, reason }: Fault, others: readonly Fault[]): boolean {
  return others.every(
    (other) =>
      other.layer !== layer &&
      !(layer === "entry" && other.reason === "VerificationDenied") &&
      !(reason === "VerificationDenied" && other.layer === "entry"),
  );
}

describe("explain", () => {
  let world: TestEnv;
  let registry: Registry;
  let kubeconfig: string;
  let running: RunningOperator | undefined;
  let folder: string;
  let shell: Shell;

  const operator: Switch = {
    start: async () => {
      running ??= await world.startOperator({ kubeconfig, routes: { [registry.host]: { url: registry.url } } });
    },
    stop: async () => {
      await running?.stop();
      running = undefined;
    },
  };

  beforeAll(async () => {
    registry = await startRegistry({
      auth: { kind: "htpasswd", users: [{ name: login.username, password: login.password }] },
    });
    await pushImage(registry, repository, "1", { username: login.username, password: login.password });
    world = await testEnv();
    // An administrator by another name, so that a policy can mean it.
    kubeconfig = await world.cluster.kubeconfigFor({ name: user, groups: ["system:masters"] });
    folder = await mkdtemp(join(tmpdir(), "regcred-explain-"));
    shell = await shellIn(folder, world.cluster);
    await freeze(world);
    await operator.start();
  });
  afterAll(async () => {
    await world?.close();
    await registry?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const rows = faultCases().map((faultCase, index) => ({ ...faultCase, index }));

  it("is asked about at least 30 cases", () => {
    expect(rows.length).toBeGreaterThanOrEqual(30);
    expect(rows.filter((row) => row.faults.length > 1).length).toBeGreaterThanOrEqual(8);
  });

  it.each(rows)("tells the truth, and fixes it: $name", async ({ faults: wrong, index }) => {
    const plan = draft(index, registry);
    for (const { make } of wrong) make(plan);
    const testEnvs = await stage({ world, registry, operator }, plan);
    try {
      await checkTruth(testEnvs, wrong);
      await follow(testEnvs);
      const { json, text } = await testEnvs.explain();
      expect({ json: json.answer, line: text.split("\n")[0] }).toMatchObject({
        json: "yes",
        line: expect.stringMatching(/^YES: /),
      });
    } finally {
      await operator.start();
      await testEnvs.remove();
    }
  });

  async function checkTruth(testEnvs: Stage, wrong: readonly Fault[]): Promise<void> {
    const { code, text, json } = await testEnvs.explain();
    const truth = await testEnvs.pulls();
    expect({ answer: json.answer, text }).toMatchObject({ answer: truth ? "yes" : "no" });
    expect(truth).toBe(wrong.length === 0);
    expect(code).toBe(truth ? 0 : 3);
    const reasons: (string | undefined)[] = truth ? [undefined] : wrong.map(({ reason }) => reason);
    expect(reasons).toContain(blockerIn(json)?.reason);
    for (const { password } of [login, shortLived]) expect(text).not.toContain(password);
  }

  /** What was fixed may uncover the next fault, which the status tells a moment later. */
  async function blockerLeft(testEnvs: Stage): Promise<Remedied | undefined> {
    let reported: Remedied | undefined;
    await eventually("it pulls, or is told why it cannot", async () => {
      reported = blockerIn((await testEnvs.explain()).json);
      return reported !== undefined || (await testEnvs.pulls());
    });
    return reported;
  }

  /** The plugin takes a second to start, and is typed in advised-commands.test.ts. */
  async function takes(command: string): Promise<boolean> {
    if (!command.startsWith("kubectl regcred ")) return (await shell(command)).code === 0;
    return (await ask(world.cluster.kubeconfig, command.split(" ").slice(2))).stderr === "";
  }

  /** Does what the advice says, again and again while it says something else, until a pull succeeds. */
  async function follow(testEnvs: Stage): Promise<void> {
    const words = {
      HOST: registry.host,
      USER: login.username,
      PASSWORD: login.password,
      VALUE: testEnvs.draft.credential.split("-")[1] ?? "",
    };
    for (let round = 0; round < 6; round += 1) {
      const reported = await blockerLeft(testEnvs);
      if (!reported) break;
      await byHand({ world, operator }, testEnvs)[reported.reason]?.();
      for (const command of reported.remedy.commands) {
        const isTaken = await takes(filled(command, words));
        expect({ command, isTaken }).toMatchObject({ isTaken: true });
      }
      await eventually(
        `${reported.reason} is over after ${reported.remedy.commands.join("; ") || "a person's work"}`,
        async () => {
          await testEnvs.makePod();
          return JSON.stringify(blockerIn((await testEnvs.explain()).json)) !== JSON.stringify(reported);
        },
      );
    }
    expect(await testEnvs.pulls()).toBe(true);
  }
});

/** Lets the operator write no Secret where the label is. */
async function freeze(world: TestEnv): Promise<void> {
  const { admin } = world;
  const admission = "/apis/admissionregistration.k8s.io/v1";
  const metadata = { name: "frozen" };
  const namespaceSelector = { matchLabels: { [frozenLabel]: "yes" } };
  const operations = ["CREATE", "UPDATE", "DELETE"];
  await admin.create(`${admission}/validatingadmissionpolicies`, {
    metadata,
    spec: {
      matchConstraints: {
        namespaceSelector,
        resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations, resources: ["secrets"] }],
      },
      // Not the controller that empties namespaces.
      matchConditions: [{ name: "people", expression: `request.userInfo.username in ['${user}', 'admin']` }],
      validations: [{ expression: "false", message: "nothing is written here" }],
    },
  });
  await admin.create(`${admission}/validatingadmissionpolicybindings`, {
    metadata,
    spec: { policyName: "frozen", validationActions: ["Deny"] },
  });
  await admin.create("/api/v1/namespaces", { metadata: { name: "frozen", labels: { [frozenLabel]: "yes" } } });
  await refusesSecrets(world, "frozen");
}

function blockerIn({ obstacle, images }: Awaited<ReturnType<Stage["explain"]>>["json"]): Remedied | undefined {
  return obstacle ?? images.find((image) => image.obstacle)?.obstacle;
}
