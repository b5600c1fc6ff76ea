// Does work go on, without a restart, when the API server gets a certificate of another CA while watches run?
import { mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { systemClock } from "../../src/clock.ts";
import { type AdminClient, adminClient } from "../cluster/admin-client.ts";
import { certificateAuthority } from "../cluster/certificates.ts";
import { type Relay, relayTo } from "../cluster/relay.ts";
import { type Replica, startReplica } from "./replica.ts";
import { eventually, operatorNamespace, type Scene, scene, staticSpec } from "./scene.ts";

const hub = "registry.example.com";
const clock = systemClock();
// The API server is not told that its certificate has changed: it looks once a minute.
const untilReloaded = Temporal.Duration.from({ seconds: 150 });
const patience = 240_000;
// Longer than the second for which one that is not trusted waits before it looks at its files again.
const untrustedFor = Temporal.Duration.from({ seconds: 4 });
// Of watches that try again, ever more slowly, while nothing is trusted.
const short = Temporal.Duration.from({ seconds: 20 });

/** A folder whose files are replaced as the kubelet does it: all at once, by a link. */
interface Volume {
  readonly folder: string;
  put(files: Readonly<Record<string, string>>): Promise<void>;
}

async function projectedVolume(folder: string): Promise<Volume> {
  await mkdir(folder);
  let version = 0;
  const put: Volume["put"] = async (files) => {
    version += 1;
    await mkdir(join(folder, `..${version}`));
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, `..${version}`, name), text);
    await symlink(`..${version}`, join(folder, "..data_tmp"));
    await rename(join(folder, "..data_tmp"), join(folder, "..data"));
    if (version > 1) return;
    for (const name of Object.keys(files)) await symlink(join("..data", name), join(folder, name));
  };
  return { folder, put };
}

/** The name of who has signed what the server shows to those who come now. */
function issuerAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      const { CN = "" } = socket.getPeerCertificate().issuer;
      socket.destroy();
      resolve([CN].flat().join());
    });
    socket.once("error", reject);
  });
}

describe("an API server whose certificate is of another CA by now", () => {
  let world: Scene;
  let relay: Relay;
  let volume: Volume;
  let admin: AdminClient;
  let replica: Replica;
  const authorities = { second: certificateAuthority("second"), third: certificateAuthority("third") };

  /** For those who come from now on; connections that there are stay. */
  const serveAnother = async (name: keyof typeof authorities): Promise<void> => {
    const pair = authorities[name].issue({ name: "kube-apiserver", hosts: ["127.0.0.1", "localhost"] });
    const { folder, server } = world.cluster;
    await writeFile(join(folder, "server.key"), pair.key);
    await writeFile(join(folder, "server.crt"), pair.certificate);
    const port = Number(new URL(server).port);
    await eventually("the API server shows it", async () => (await issuerAt(port)) === name, untilReloaded);
  };
  const rotate = (password: string): Promise<unknown> =>
    admin.patch(`/api/v1/namespaces/${operatorNamespace}/secrets/hub`, { stringData: { password } });
  const passwordOf = async (namespace: string): Promise<string | undefined> => {
    const secret = await admin.get(`/api/v1/namespaces/${namespace}/secrets/regcred`);
    const { [".dockerconfigjson"]: config = "" } = (secret?.["data"] ?? {}) as Readonly<Record<string, string>>;
    const text = Buffer.from(config, "base64").toString();
    if (text === "") return undefined;
    return (JSON.parse(text) as { auths: Record<string, { password?: string }> }).auths[hub]?.password;
  };
  const served = (password: string): Promise<void> =>
    eventually(
      `both have ${password}; it said: ${replica.complaint()}`,
      async () => (await passwordOf("team-a")) === password && (await passwordOf("team-b")) === password,
      short,
    );
  const isTheSame = (): readonly unknown[] => [
    replica.child.exitCode,
    replica.child.signalCode,
    replica.said().filter(({ msg }) => msg === "started").length,
  ];

  beforeAll(async () => {
    world = await scene({ apiServerArguments: [] });
    const { cluster } = world;
    const first = await readFile(cluster.caFile, "utf8");
    const allFile = join(cluster.folder, "all-ca.crt");
    await writeFile(allFile, [first, authorities.second.certificate, authorities.third.certificate].join("\n"));
    admin = await adminClient({ ...cluster, caFile: allFile });
    relay = await relayTo(Number(new URL(cluster.server).port));
    volume = await projectedVolume(join(cluster.folder, "volume"));
    await volume.put({ "ca.crt": first, token: cluster.adminToken });
    const kubeconfig = join(cluster.folder, "operator-kubeconfig");
    await writeFile(
      kubeconfig,
      stringify({
        clusters: [
          {
            name: "a",
            cluster: { server: `https://127.0.0.1:${relay.port}`, "certificate-authority": "volume/ca.crt" },
          },
        ],
        users: [{ name: "a", user: { tokenFile: join(volume.folder, "token") } }],
        contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
        "current-context": "a",
      }),
    );
    await world.namespaces(["team-a", "team-b"]);
    await world.source("hub", { username: "ann", password: "hush-1" });
    await world.credential("hub", staticSpec("hub"));
    replica = await startReplica(kubeconfig);
    await replica.saying("started");
    await served("hush-1");
  });
  afterAll(async () => {
    replica.child.kill("SIGKILL");
    await replica.exitCode;
    await relay.close();
    await admin.close();
    await world.close();
  });

  it(
    "is followed where the file named both before, as soon as connections end, and nothing is lost",
    async () => {
      const first = await readFile(world.cluster.caFile, "utf8");
      const both = `${first}\n${authorities.second.certificate}`;
      await volume.put({ "ca.crt": both, token: world.cluster.adminToken });
      await serveAnother("second");
      // What runs goes on as long as its connections do.
      await rotate("hush-2");
      await served("hush-2");
      relay.cut();
      await rotate("hush-3");
      await admin.remove("/api/v1/namespaces/team-b/secrets/regcred");
      await served("hush-3");
      expect(isTheSame()).toEqual([null, null, 1]);
    },
    patience,
  );

  it(
    "is trusted by nobody, and followed at once when the file is replaced afterwards",
    async () => {
      await serveAnother("third");
      relay.cut();
      await rotate("hush-4");
      await admin.remove("/api/v1/namespaces/team-a/secrets/regcred");
      await clock.sleep(untrustedFor);
      expect([await passwordOf("team-a"), await passwordOf("team-b")]).toEqual([undefined, "hush-3"]);
      await volume.put({ "ca.crt": authorities.third.certificate, token: world.cluster.adminToken });
      await served("hush-4");
      expect(isTheSame()).toEqual([null, null, 1]);
    },
    patience,
  );
});
