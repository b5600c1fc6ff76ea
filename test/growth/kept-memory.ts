// How many bytes of the heap the operator keeps after a start and a rotation with so many namespaces: prints it. What the API server in
// memory has is none of them.
import { strict as assert } from "node:assert";
import { setImmediate } from "node:timers/promises";
import { writeHeapSnapshot } from "node:v8";
import { growingCluster } from "./growing-cluster.ts";

const { gc } = globalThis;
assert(gc, "to be run with --expose-gc");
const kept = async (): Promise<number> => {
  // What the first one finalizes, the second one collects; none sees what the turn of the event loop before it still had at hand.
  for (let round = 0; round < 2; round += 1) {
    await setImmediate();
    gc();
  }
  return process.memoryUsage().heapUsed;
};

const namespaces = Number(process.argv[2]);
const before = await kept();
const cluster = growingCluster({
  namespaces,
  credentials: 1,
  // V8 keeps texts of up to ten characters once by itself; names of namespaces are longer.
  nameOf: (index) => `team-payments-${index}`,
});
await cluster.begin();
await cluster.rotate();
const written = cluster.secrets();
cluster.loseServer();
process.stdout.write(String((await kept()) - before));
if (process.argv[3]) writeHeapSnapshot(process.argv[3]);
// Asked after the count, so that the operator is there while it is made.
const { pullSecrets } = cluster.context.cluster.stores;
// What is still to come in its time needs not.
process.exit(written === namespaces && pullSecrets.size === namespaces ? 0 : 1);
