// Measures how long a new namespace waits for its Secret and its reference.
import { setTimeout as sleep } from "node:timers/promises";
import { refersTo } from "./changes.ts";
import type { OperatorSide } from "./operator-side.ts";
import type { Raw } from "./report.ts";
import { operatorSecret, type Stage } from "./stage.ts";

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
  const idle: Waits[] = [];
  for (let index = 1; index <= idleSamples; index += 1) {
    idle.push(await appear(stage, `new-idle-${index}`));
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
      const waits = await appear(stage, `new-busy-${busy.length + 1}`);
      // One that the rotation did not outlast says nothing.
      if (!rotation.over) busy.push(waits);
      else await forget(stage, `new-busy-${busy.length + 1}`);
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
async function appear({ admin, seen }: Stage, name: string): Promise<Waits> {
  const created = seen.namespaces.allOf(`namespace ${name}`, [name], ({ type }) => type === "ADDED");
  const secret = seen.operatorSecrets.allOf(`the Secret of ${name}`, [name], ({ type }) => type === "ADDED");
  const reference = seen.serviceAccounts.allOf(`the reference in ${name}`, [name], ({ object }) =>
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
