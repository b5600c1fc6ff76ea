// Measures how long a new namespace waits for its Secret and its reference.
import { setTimeout as sleep } from "node:timers/promises";
import { refersTo } from "./changes.ts";
import { isServed } from "./served.ts";
import type { OperatorSide } from "./operator-side.ts";
import type { Raw } from "./report.ts";
import { accountKey, operatorSecret, type Stage } from "./stage.ts";

interface Waits {
  readonly secret: number;
  readonly reference: number;
}

const idleSamples = 100;
const busySamples = 50;
// So that a small cluster, whose rotation is over in a moment, does not rotate for ever.
const maxRotations = 15;
const pauseMs = 50;

export async function measureNewNamespaces(
  stage: Stage,
  side: OperatorSide,
  step: (text: string) => void,
): Promise<Raw["newNamespace"]> {
  const idleNames = Array.from({ length: idleSamples }, (_, index) => `new-idle-${index + 1}`);
  const busyNames = Array.from({ length: busySamples }, (_, index) => `new-busy-${index + 1}`);
  await side.createSources([...idleNames, ...busyNames]);
  const idle: Waits[] = [];
  for (const name of idleNames) {
    idle.push(await appear(stage, side, name));
    await sleep(pauseMs);
  }

  step("new namespaces during rotations");
  const busy: Waits[] = [];
  for (let rotations = 1; busy.length < busySamples && rotations <= maxRotations; rotations += 1) {
    const changes = stage.seen.operatorSecrets;
    const begun = changes.allOf(
      "the rotation to begin",
      stage.namespaces.slice(0, 1),
      ({ type }) => type === "MODIFIED",
    );
    const rotation = { over: false };
    const over = changes
      .allOf("the rotation to end", stage.namespaces, ({ type }) => type === "MODIFIED")
      .then(() => {
        rotation.over = true;
      });
    await side.changeSource();
    await begun;
    while (!rotation.over && busy.length < busySamples) {
      const name = busyNames[busy.length] ?? "";
      const waits = await appear(stage, side, name);
      // One that the rotation did not outlast says nothing.
      if (!rotation.over) busy.push(waits);
      else await forget(stage, name);
    }
    await over;
  }
  return {
    secret: idle.map(({ secret }) => secret),
    reference: idle.map(({ reference }) => reference),
    secretDuringRotation: busy.map(({ secret }) => secret),
    referenceDuringRotation: busy.map(({ reference }) => reference),
  };
}

/** Creates a namespace; milliseconds from its own event to those of its Secret and of its reference. */
async function appear(stage: Stage, side: OperatorSide, name: string): Promise<Waits> {
  const { admin, seen } = stage;
  const created = seen.namespaces.allOf(`namespace ${name}`, [name], ({ type }) => type === "ADDED");
  const secret = seen.operatorSecrets.allOf(`the Secret of ${name}`, [name], isServed(stage, side));
  const reference = seen.serviceAccounts.allOf(`the reference in ${name}`, [accountKey(name)], ({ object }) =>
    refersTo(object, operatorSecret),
  );
  await admin.create("/api/v1/namespaces", { metadata: { name } });
  const [begin, ...ends] = await Promise.all([created, secret, reference]);
  const [secretAt = Number.NaN, referenceAt = Number.NaN] = ends.map(({ last }) => last - begin.last);
  return { secret: secretAt, reference: referenceAt };
}

/** Its name is used again. */
async function forget({ admin, seen }: Stage, name: string): Promise<void> {
  const gone = seen.namespaces.allOf(`the end of ${name}`, [name], ({ type }) => type === "DELETED");
  await admin.remove(`/api/v1/namespaces/${name}`);
  await gone;
}
