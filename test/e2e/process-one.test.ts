// Tests that the program is stopped by one signal as process 1 of a container, whatever it is doing, and leaves nothing behind.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bundle, entryFile } from "../../tools/build/bundle.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { withFreePort } from "../cluster/free-port.ts";
import { type Asked, type HeldRequests, heldRequests } from "../cluster/held-requests.ts";
import {
  credentialsPath,
  eventually,
  operatorNamespace,
  type TestEnv,
  testEnv,
  staticSpec,
} from "../integration/test-env.ts";
import { type ProcessOne, processOne } from "./process-one.ts";

// terminationGracePeriodSeconds of the chart.
const grace = Temporal.Duration.from({ seconds: 40 });
const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/regcred`;
// Nobody listens there: tcpmux is dead (RFC 7805).
const nobody = "https://127.0.0.1:1";
const clock = systemClock();
const patience = 180_000;

const kubeconfigFor = (server: string, user: object = {}): string =>
  JSON.stringify({
    // Plain http, where the requests are held.
    clusters: [{ name: "c", cluster: { server, "insecure-skip-tls-verify": server.startsWith("http:") } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  });
const module = (script: string): string => `data:text/javascript,${encodeURIComponent(script)}`;

// Tells when the program begins to listen.
const telltale = module(`process.on("newListener", (name) => name === "SIGTERM" && process.stderr.write("listens"));`);
// The signal comes in the middle of this.
const whileReading = module(`
  import fs from "node:fs";
  import { syncBuiltinESMExports } from "node:module";
  const read = fs.readFileSync;
  fs.readFileSync = (path, ...rest) => {
    if (String(path).endsWith("kubeconfig")) {
      process.stderr.write("reads");
      process.kill(process.pid, "SIGTERM");
    }
    return read(path, ...rest);
  };
  syncBuiltinESMExports();`);

let folder: string;
let program: string;
let running: ProcessOne | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "regcred-process-one-"));
  await bundle(folder);
  program = join(folder, entryFile);
  return () => rm(folder, { recursive: true });
}, 120_000);
afterEach(() => running?.kill());

async function started(server: string, { user = {}, before }: { user?: object; before?: string } = {}) {
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigFor(server, user));
  return withFreePort((port) => {
    const flags = ["--namespace", operatorNamespace, "--health-address", `127.0.0.1:${port}`];
    running = processOne({ program, kubeconfig, flags, ...(before !== undefined && { before }) });
    return Promise.resolve(running);
  });
}

/** With what code it ends, if that is within the grace time. */
async function endOf(one: ProcessOne): Promise<number | null | "killed"> {
  const waiting = new AbortController();
  const killed = clock.sleep(grace, waiting.signal).then(
    () => "killed" as const,
    () => null,
  );
  return Promise.race([one.exitCode, killed]).finally(() => waiting.abort());
}

describe("one signal, before it knows of any cluster,", () => {
  it.each<[string, string, (one: ProcessOne) => Promise<void>, { user?: object; before?: string }]>([
    [
      "in its first line",
      "ends it before it has said anything",
      async (one) => {
        await one.untilPrinted("listens");
        await one.stop();
      },
      { before: telltale },
    ],
    ["while it reads its kubeconfig", "ends it", (one) => one.untilPrinted("reads"), { before: whileReading }],
    [
      "while a program logs in for it",
      "ends it",
      async (one) => {
        await one.untilPrinted("connecting");
        await one.stop();
      },
      {
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1",
            command: "sleep",
            args: ["50"],
            interactiveMode: "Never",
          },
        },
      },
    ],
    [
      "while it waits for an API server that is away",
      "ends it",
      async (one) => {
        await one.untilPrinted("waiting for the API server");
        await one.stop();
      },
      {},
    ],
  ])(
    "%s %s",
    async (_when, _what, interrupted, options) => {
      const one = await started(nobody, options);
      await interrupted(one);
      expect([await endOf(one), one.output().stdout.includes('"stopped"')]).toEqual([0, true]);
    },
    patience,
  );
});

describe("one signal, with a cluster,", () => {
  let world: TestEnv;
  let way: HeldRequests;
  const namespaces = Array.from({ length: 20 }, (_, index) => `team-${index}`);

  beforeAll(async () => {
    world = await testEnv({ apiServerArguments: [] });
    way = await heldRequests(world.cluster);
    await world.namespaces(namespaces);
    await world.source("hub", { username: "ann", password: "hush" });
  });
  afterAll(async () => {
    await way.close();
    await world.close();
  });
  beforeEach(async () => {
    await world.admin.remove(leasePath);
    way.hold(undefined);
  });
  afterEach(() => way.hold(undefined));

  const holder = async (): Promise<unknown> =>
    ((await world.admin.get(leasePath))?.["spec"] as { holderIdentity?: string } | undefined)?.holderIdentity ?? "";
  const operate = (): Promise<ProcessOne> => started(way.server, { user: { token: world.cluster.adminToken } });
  const isLast = (writes: readonly Asked[]): boolean => writes.at(-1)?.path.split("?")[0] === leasePath;
  /** Everything it wrote, and nothing after it gave the Lease back. */
  const stopped = async (one: ProcessOne) => {
    const before = way.writes().length;
    await one.stop();
    const code = await endOf(one);
    const writes = way.writes();
    return { code, writes: writes.slice(before), isLast: isLast(writes), holder: await holder() };
  };

  it(
    "during the checks at the start ends it, and it never runs for leader",
    async () => {
      way.hold(({ path }) => path.includes("selfsubjectaccessreviews"));
      const one = await operate();
      await way.holding();
      expect(await stopped(one)).toMatchObject({ code: 0, writes: [], holder: "" });
      expect(await world.admin.get(leasePath)).toBeUndefined();
    },
    patience,
  );

  it(
    "while it fills its stores ends it, and the Lease, if it has it by then, is given back last",
    async () => {
      way.hold(({ path }) => path.includes("/namespaces?") && path.includes("watch=true"));
      const one = await operate();
      await way.holding();
      await one.untilPrinted("leading");
      expect(await stopped(one)).toMatchObject({ code: 0, isLast: true, holder: "" });
    },
    patience,
  );

  it(
    "while another holds the Lease ends it without a write, and leaves the Lease alone",
    async () => {
      const now = Temporal.Now.instant().toString({ smallestUnit: "microsecond" });
      await world.admin.create(leasePath.slice(0, leasePath.lastIndexOf("/")), {
        metadata: { name: "regcred" },
        spec: { holderIdentity: "another", leaseDurationSeconds: 15, acquireTime: now, renewTime: now },
      });
      const one = await operate();
      await one.untilPrinted("standing by");
      expect(await stopped(one)).toMatchObject({ code: 0, writes: [], holder: "another" });
    },
    patience,
  );

  it(
    "while it leads ends it, and it gives the Lease back last",
    async () => {
      const one = await operate();
      await one.untilPrinted('"started"');
      expect(await stopped(one)).toMatchObject({ code: 0, isLast: true, holder: "" });
    },
    patience,
  );

  it(
    "in the middle of a rotation that hangs ends it within the grace time, and it gives the Lease back last",
    async () => {
      await world.credential("hub", staticSpec("hub"));
      way.hold(({ method, path }) => method === "POST" && /team-[0-9]+\/secrets/.test(path));
      const one = await operate();
      await way.holding();
      expect(await stopped(one)).toMatchObject({ code: 0, isLast: true, holder: "" });
    },
    patience,
  );

  it(
    "in the middle of a drain ends it, gives the Lease back last, and the next one ends the drain",
    async () => {
      const first = await operate();
      await first.untilPrinted('"started"');
      await eventually(
        "all are served",
        async () => (await world.status("hub")).namespaces?.ready === namespaces.length,
      );
      way.hold(({ method, path }) => method === "DELETE" && path.includes("team-7/secrets"));
      const gone = world.deleteCredential("hub");
      await way.holding();
      expect(await stopped(first)).toMatchObject({ code: 0, isLast: true, holder: "" });
      expect(await world.admin.get(`${credentialsPath}/hub`)).toBeDefined();
      way.hold(undefined);
      const second = await operate();
      await gone;
      expect(await stopped(second)).toMatchObject({ code: 0, isLast: true, holder: "" });
    },
    patience,
  );

  it(
    "after another one ends it at once, and nothing is written any more",
    async () => {
      await world.credential("again", staticSpec("hub"));
      way.hold(({ method, path }) => method === "POST" && /team-[0-9]+\/secrets/.test(path));
      const one = await operate();
      await way.holding();
      await one.stop();
      await one.untilPrinted("stopping");
      const before = way.writes().filter(({ path }) => !path.startsWith(leasePath)).length;
      await one.stop();
      const code = await endOf(one);
      const after = way.writes().filter(({ path }) => !path.startsWith(leasePath)).length;
      expect([code, after - before]).toEqual([143, 0]);
    },
    patience,
  );
});
