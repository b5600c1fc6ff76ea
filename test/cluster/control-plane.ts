// A whole Kubernetes control plane for one test.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { type CertificateAuthority, certificateAuthority, type KeyAndCertificate } from "./certificates.ts";
import { ensureBinaries } from "./ensure-binaries.ts";
import { withFreePort } from "./free-port.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { type Part, type PartOptions, part } from "./part.ts";
import { variantOf } from "./variant.ts";
import { watchdog } from "./watchdog.ts";

export interface ControlPlaneOptions {
  /** One line per call, without line break; by default to standard error. */
  readonly log?: (line: string) => void;
  /** Writes JSON lines (level Metadata) to `auditLog`: when a request has ended, and when the answer to a watch begins. */
  readonly auditLog?: boolean;
  readonly apiServerArguments?: readonly string[];
  /** Names and addresses, beside those of loopback, by which the API server is called. */
  readonly hosts?: readonly string[];
  readonly controllerArguments?: readonly string[];
  /** To so many of the machine's cores etcd and the API server are held; Linux only, by taskset. */
  readonly cores?: number | undefined;
  /** PEM of further authorities that may sign its certificate one day. */
  readonly laterAuthorities?: readonly string[];
}

/** An identity for RBAC; no groups but these and `system:authenticated`. */
export interface User {
  readonly name: string;
  readonly groups?: readonly string[];
}

export interface ControlPlane {
  /** `https://127.0.0.1:PORT`; the same over all restarts of the API server. */
  readonly server: string;
  /** PEM file of the authority that signed the API server's certificate, and of those that may do so later. */
  readonly caFile: string;
  /** Of the first of them. */
  readonly ca: string;
  /** A path; the user is in `system:masters`. */
  readonly kubeconfig: string;
  /** Bearer token of the same user. */
  readonly adminToken: string;
  /** Temporary; removed by `stop`. */
  readonly folder: string;
  /** A path, when asked for. */
  readonly auditLog: string | undefined;
  /** Writes a kubeconfig with a client certificate for a user, and gives its path. */
  kubeconfigFor(user: User): Promise<string>;
  /** The API server's own metrics, in Prometheus' text format. */
  metricsText(): Promise<string>;
  readonly etcd: Part;
  readonly apiServer: Part;
  /** kube-controller-manager. Its readiness is seen at its first start only: after another one, wait for its work. */
  readonly controllers: Part;
  /** Ends everything and removes the folder. What it would have written is lost. May be called again. */
  stop(): Promise<void>;
}

// The controllers without which namespaces, ServiceAccounts, owner references, quotas and ReplicaSets are dead letters; the others
// would only take CPU from what is tested. Names: kube-controller-manager --help of 1.37.
const controllerNames = [
  "serviceaccount-controller",
  "serviceaccount-token-controller",
  "root-ca-certificate-publisher-controller",
  "namespace-controller",
  "garbage-collector-controller",
  "clusterrole-aggregation-controller",
  "resourcequota-controller",
  "replicaset-controller",
  "validatingadmissionpolicy-status-controller",
];

const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "None", nonResourceURLs: ["/readyz*", "/livez*", "/metrics"] }, { level: "Metadata" }],
};

/**
 * Starts kube-apiserver, etcd and kube-controller-manager on loopback in a temporary folder, RBAC on. Resolves when
 * a new namespace would get its ServiceAccount. Whatever ends this program ends them too.
 * @throws Error with the end of the failing part's log.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const log = options.log ?? ((line: string): void => void process.stderr.write(`${line}\n`));
  const { kubernetes } = variantOf(process.env);
  const files = await ensureBinaries(["etcd", "kube-apiserver", "kube-controller-manager"], { log, kubernetes });
  const folder = await mkdtemp(join(tmpdir(), "regcred-"));
  watchdog.made(folder);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 });

  const etcd = etcdPart(files.etcd, folder, options.cores);
  try {
    await etcd.start();
    return await withFreePort(async (port) => {
      const authority = certificateAuthority("regcred-test");
      const settings: Settings = { ...options, files, folder, port, authority };
      const written = await writeFiles(settings);
      const apiServer = apiServerPart(settings, written);
      const controllers = controllersPart(settings, written);
      let stopping: Promise<void> | undefined;
      const end = async (): Promise<void> => {
        await Promise.all([controllers.kill(), apiServer.kill(), etcd.kill()]);
        await written.agent.close();
        await remove();
      };
      try {
        await apiServer.start();
        await controllers.start();
      } catch (error) {
        await Promise.all([controllers.kill(), apiServer.kill()]);
        throw error;
      }
      return {
        server: written.server,
        caFile: written.caFile,
        ca: authority.certificate,
        kubeconfig: written.kubeconfig,
        adminToken: written.adminToken,
        folder,
        auditLog: options.auditLog ? written.auditLog : undefined,
        kubeconfigFor: (user) => kubeconfigFor(settings, written, user),
        metricsText: async () => (await get(written, "/metrics")).text,
        etcd,
        apiServer,
        controllers,
        stop: () => (stopping ??= end()),
      };
    });
  } catch (error) {
    await etcd.kill();
    await remove();
    throw error;
  }
}

interface Settings extends ControlPlaneOptions {
  readonly files: Readonly<Record<"etcd" | "kube-apiserver" | "kube-controller-manager", string>>;
  readonly folder: string;
  readonly port: number;
  readonly authority: CertificateAuthority;
}

interface Written {
  readonly server: string;
  readonly caFile: string;
  /** Paths. */
  readonly serving: KeyAndCertificate;
  readonly serviceAccountKey: string;
  readonly tokens: string;
  readonly auditPolicy: string;
  readonly auditLog: string;
  readonly kubeconfig: string;
  readonly adminToken: string;
  readonly agent: Agent;
}

async function writeFiles(settings: Settings): Promise<Written> {
  const { folder, port, authority, hosts = [], laterAuthorities = [] } = settings;
  const trusted = [authority.certificate, ...laterAuthorities].join("\n");
  const write = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  const server = `https://127.0.0.1:${port}`;
  const pair = authority.issue({
    name: "kube-apiserver",
    hosts: ["127.0.0.1", "localhost", "kubernetes.default.svc", ...hosts],
  });
  const serviceAccountKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const adminToken = randomBytes(24).toString("base64url");
  const auditLog = join(folder, "audit.log");
  // A file that is there is appended to, and may be emptied meanwhile.
  await writeFile(auditLog, "");
  return {
    server,
    adminToken,
    agent: new Agent({ connect: { ca: trusted } }),
    caFile: await write("ca.crt", trusted),
    serving: {
      certificate: await write("server.crt", pair.certificate),
      key: await write("server.key", pair.key),
    },
    serviceAccountKey: await write("service-account.key", serviceAccountKey.export({ type: "sec1", format: "pem" })),
    tokens: await write("tokens.csv", `${adminToken},admin,admin,system:masters\n`),
    auditPolicy: await write("audit-policy.json", JSON.stringify(auditPolicy)),
    auditLog,
    kubeconfig: await write(
      "kubeconfig",
      kubeconfigText(server, authority.certificate, "admin", { token: adminToken }),
    ),
  };
}

/** Held from its start, so that Go knows as many cores as it has: sched_getaffinity(2), by which it counts them. */
function held(
  cores: number | undefined,
  file: string,
  ...own: readonly string[]
): Pick<PartOptions, "file" | "arguments"> {
  if (cores === undefined) return { file, arguments: own };
  return { file: "taskset", arguments: ["--cpu-list", `0-${cores - 1}`, file, ...own] };
}

// Unix sockets instead of ports: nothing to collide with, and no other user can connect.
function etcdPart(file: string, folder: string, cores: number | undefined): Part {
  const client = join(folder, "etcd.sock");
  const peer = `unix://${join(folder, "peer.sock")}`;
  return part({
    name: "etcd",
    folder,
    ...held(
      cores,
      file,
      `--data-dir=${join(folder, "etcd")}`,
      `--listen-client-urls=unix://${client}`,
      `--advertise-client-urls=unix://${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      // Old versions stay for some minutes: its default of 2 GiB would end a bench of tens of thousands of namespaces.
      `--quota-backend-bytes=${8 * 2 ** 30}`,
      // Everything is thrown away with the folder.
      "--unsafe-no-fsync",
      "--log-level=warn",
    ),
    ready: async () => {
      const socket = connect(client);
      try {
        await once(socket, "connect");
        return true;
      } catch {
        return false;
      } finally {
        socket.destroy();
      }
    },
  });
}

function apiServerPart(settings: Settings, written: Written): Part {
  const audit = [`--audit-policy-file=${written.auditPolicy}`, `--audit-log-path=${written.auditLog}`];
  return part({
    name: "kube-apiserver",
    folder: settings.folder,
    ...held(
      settings.cores,
      settings.files["kube-apiserver"],
      `--etcd-servers=unix://${join(settings.folder, "etcd.sock")}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${settings.port}`,
      // The Endpoints of a loopback address would be refused, and nobody asks for them here.
      "--endpoint-reconciler-type=none",
      `--tls-cert-file=${written.serving.certificate}`,
      `--tls-private-key-file=${written.serving.key}`,
      `--client-ca-file=${written.caFile}`,
      `--token-auth-file=${written.tokens}`,
      "--authorization-mode=RBAC",
      "--service-cluster-ip-range=10.0.0.0/24",
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-signing-key-file=${written.serviceAccountKey}`,
      `--service-account-key-file=${written.serviceAccountKey}`,
      ...(settings.auditLog ? audit : []),
      ...variantOf(process.env).apiServerArguments,
      ...(settings.apiServerArguments ?? []),
    ),
    ready: async () => (await get(written, "/readyz")).status === 200,
  });
}

function controllersPart(settings: Settings, written: Written): Part {
  return part({
    name: "kube-controller-manager",
    file: settings.files["kube-controller-manager"],
    folder: settings.folder,
    arguments: [
      `--kubeconfig=${written.kubeconfig}`,
      `--controllers=${controllerNames.join(",")}`,
      `--service-account-private-key-file=${written.serviceAccountKey}`,
      `--root-ca-file=${written.caFile}`,
      "--leader-elect=false",
      "--secure-port=0",
      // 20 queries a second, its default, would let 1,000 new namespaces wait minutes for their ServiceAccounts.
      "--kube-api-qps=1000",
      "--kube-api-burst=2000",
      "--concurrent-serviceaccount-token-syncs=20",
      "--concurrent-namespace-syncs=20",
      ...(settings.controllerArguments ?? []),
    ],
    ready: async () => (await get(written, "/api/v1/namespaces/default/serviceaccounts/default")).status === 200,
  });
}

async function get(written: Written, path: string): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const answer = await request(`${written.server}${path}`, {
      dispatcher: written.agent,
      headers: { authorization: `Bearer ${written.adminToken}`, "user-agent": "regcred-test-cluster" },
      headersTimeout: 5000,
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  } catch {
    return { status: 0, text: "" };
  }
}

async function kubeconfigFor({ folder, authority }: Settings, { server }: Written, user: User): Promise<string> {
  const path = join(folder, `kubeconfig-${randomBytes(4).toString("hex")}`);
  const own = authority.issue(user);
  await writeFile(path, kubeconfigText(server, authority.certificate, user.name, own), { mode: 0o600 });
  return path;
}
