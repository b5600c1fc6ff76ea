// How many bytes a start and a rotation with so many namespaces leave in the heap: prints it. The Secrets of the API server in memory
// are among them.
import { strict as assert } from "node:assert";
import { growingCluster } from "./growing-cluster.ts";

const { gc } = globalThis;
assert(gc, "to be run with --expose-gc");
const kept = (): number => {
  // What the first one finalizes, the second one collects.
  gc();
  gc();
  return process.memoryUsage().heapUsed;
};

const namespaces = Number(process.argv[2]);
const cluster = growingCluster({ namespaces, credentials: 1 });
const before = kept();
await cluster.begin();
await cluster.rotate();
process.stdout.write(String(kept() - before));
// What is still to come in its time needs not.
process.exit(cluster.secrets() === namespaces ? 0 : 1);
