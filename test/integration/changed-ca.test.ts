// Tests that work goes on, without a restart, when the API server gets a certificate of another CA while watches run.
import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { systemClock } from "../../src/runtime/clock.ts";
import { type CertificateAuthority, certificateAuthority } from "../cluster/certificates.ts";
import { type Relay, relayTo } from "../cluster/relay.ts";
import { type Replica, startReplica } from "./replica.ts";
import { eventually, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const hub = "registry.example.com";
const names = ["team-a", "team-b"];
const clock = systemClock();
// The API server is not told that its certificate has changed: it looks once a minute.
const untilReloaded = Temporal.Duration.from({ seconds: 150 });
const patience = 240_000;
// Longer than the second for which one that is not trusted waits before it looks at its files again.
const untrustedFor = Temporal.Duration.from({ seconds: 4 });
// Of watches that try again, ever more slowly, while nothing is trusted.
const soonAfter = Temporal.Duration.from({ seconds: 20 });

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
  let world: TestEnv;
  let relay: Relay;
  let volume: Volume;
  let kubeconfig: string;
  let replica: Replica | undefined;
  const second = certificateAuthority("second");
  const third = certificateAuthority("third");

  /** For those who come from now on; connections that there are stay. */
  const serve = async (authority: CertificateAuthority): Promise<void> => {
    const pair = authority.issue({ name: "kube-apiserver", hosts: ["127.0.0.1", "localhost"] });
    const { folder } = world.cluster;
    await writeFile(join(folder, "server.key"), pair.key);
    await writeFile(join(folder, "server.crt"), pair.certificate);
  };
  const trust = (...authorities: readonly string[]): Promise<void> =>
    volume.put({ "ca.crt": authorities.join("\n"), token: world.cluster.adminToken });
  const rotate = (password: string): Promise<void> => world.source("hub", { username: "ann", password });
  const passwords = async (): Promise<readonly unknown[]> =>
    (await Promise.all(names.map((name) => world.logins(name)))).map((logins) => logins?.[hub]?.password);
  const served = (password: string): Promise<void> =>
    eventually(`both have ${password}`, async () => (await passwords()).every((each) => each === password), soonAfter);
  const operating = async (flags: readonly string[]): Promise<() => readonly unknown[]> => {
    const one = await startReplica(kubeconfig, undefined, { flags });
    replica = one;
    await one.untilLogged("started");
    return () => [one.child.exitCode, one.child.signalCode, one.log().filter(({ msg }) => msg === "started").length];
  };

  beforeAll(async () => {
    world = await testEnv({ laterAuthorities: [second.certificate, third.certificate], apiServerArguments: [] });
    const { cluster } = world;
    relay = await relayTo(Number(new URL(cluster.server).port));
    volume = await projectedVolume(join(cluster.folder, "volume"));
    await trust(cluster.ca);
    kubeconfig = join(cluster.folder, "operator-kubeconfig");
    const server = `https://127.0.0.1:${relay.port}`;
    await writeFile(
      kubeconfig,
      stringify({
        clusters: [{ name: "a", cluster: { server, "certificate-authority": "volume/ca.crt" } }],
        users: [{ name: "a", user: { tokenFile: join(volume.folder, "token") } }],
        contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
        "current-context": "a",
      }),
    );
    await world.namespaces(names);
    await rotate("hush-1");
    await world.credential("hub", staticSpec("hub"));
  });
  afterEach(async () => {
    replica?.child.kill("SIGKILL");
    await replica?.exitCode;
  });
  afterAll(async () => {
    await relay.close();
    await world.close();
  });

  it(
    "is followed where the file names both beforehand, as soon as connections end, and nothing is lost",
    async () => {
      const since = await operating([]);
      await served("hush-1");
      await trust(world.cluster.ca, second.certificate);
      await serve(second);
      const port = Number(new URL(world.cluster.server).port);
      await eventually("newcomers are shown it", async () => (await issuerAt(port)) === "second", untilReloaded);
      // What runs goes on as long as its connections do.
      await rotate("hush-2");
      await served("hush-2");
      relay.cut();
      await rotate("hush-3");
      await world.admin.remove("/api/v1/namespaces/team-b/secrets/regcred");
      await served("hush-3");
      expect(since()).toEqual([null, null, 1]);
    },
    patience,
  );

  it(
    "is not trusted, and followed at once when the file is replaced afterwards, and nothing is lost",
    async () => {
      // A leader ends when it has not reached its Lease for ten seconds: here nothing but trust is looked at.
      const since = await operating(["--leader-election=false"]);
      await served("hush-3");
      await serve(third);
      // A process of before would go on with TLS sessions that it has given out.
      await world.cluster.apiServer.kill();
      await world.cluster.apiServer.start();
      await rotate("hush-4");
      await world.admin.remove("/api/v1/namespaces/team-a/secrets/regcred");
      await clock.sleep(untrustedFor);
      expect(await passwords()).toEqual([undefined, "hush-3"]);
      await trust(third.certificate);
      await served("hush-4");
      expect(since()).toEqual([null, null, 1]);
    },
    patience,
  );
});
