// Makes the operator do what is measured: a process of its own, one RegistryCredential, one source Secret.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundle, bytesOf, entryFile } from "../../tools/build/bundle.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import { nodeOptions } from "../node-options.ts";
import { type Child, startChild } from "./child.ts";
import { credentialsPath, operatorNamespace, operatorSecret, secretsCalled, type Stage } from "./stage.ts";

export interface OperatorSide {
  readonly bundleMegabytes: number;
  /** What V8 has compiled of it. */
  readonly compiledMegabytes: number;
  /** Starts the program of the image as the image does, with further flags. Resolves at once. */
  start(flags?: readonly string[]): Child;
  /** Gives the source Secret a new password; resolves to the pull Secret's data that follows from it. */
  changeSource(): Promise<string>;
  createCredential(references: "ServiceAccounts" | "None"): Promise<void>;
  referFromServiceAccounts(): Promise<void>;
  /** Resolves when it is gone. */
  deleteCredential(): Promise<void>;
  /** @throws Error unless every tenant's Secret holds what `changeSource` gave. */
  verify(data: string): Promise<void>;
}

const credential = "bench";
const source = "bench-source";
// With it the Secret has some 3.5 kB, as with a cloud registry's token.
const passwordBytes = 750;
const limit = Temporal.Duration.from({ minutes: 2 });

export async function operatorSide({ cluster, admin, namespaces }: Stage): Promise<OperatorSide> {
  const sources = `/api/v1/namespaces/${operatorNamespace}/secrets`;
  const body = (password: string): object => ({
    metadata: { name: source },
    type: "kubernetes.io/basic-auth",
    stringData: { username: "bench", password },
  });
  await admin.create(sources, body(newPassword()));
  const folder = join(cluster.folder, "regcred");
  const bundleBytes = bytesOf(await bundle(folder));
  const program = join(folder, entryFile);
  // As in the Dockerfile: V8 compiles it once, before it is needed.
  const compiled = join(cluster.folder, "compiled");
  const environment = { NODE_COMPILE_CACHE: compiled };
  await promisify(execFile)(process.execPath, [...nodeOptions, "--import", loadParts, program, "run", "--help"], {
    env: { ...process.env, ...environment },
    timeout: limit.total("milliseconds"),
  });

  return {
    bundleMegabytes: bundleBytes / 1e6,
    compiledMegabytes: bytesIn(compiled) / 1e6,
    start: (flags = []) =>
      startChild({
        nodeOptions,
        environment,
        script: program,
        arguments: ["run", "--namespace", operatorNamespace, "--kubeconfig", cluster.kubeconfig, ...flags],
        logFile: join(cluster.folder, "operator.log"),
      }),
    changeSource: async () => {
      const password = newPassword();
      await admin.replace(`${sources}/${source}`, body(password));
      return password;
    },
    createCredential: async (references) => {
      await admin.create(credentialsPath, {
        apiVersion: "regcred.dev/v1alpha1",
        kind: "RegistryCredential",
        metadata: { name: credential },
        spec: {
          registries: [
            { name: "main", provider: "Static", hosts: ["registry.example.com"], static: { secretName: source } },
          ],
          namespaces: { include: ["team-*", "new-*"] },
          references,
        },
      });
    },
    referFromServiceAccounts: async () => {
      await admin.patch(`${credentialsPath}/${credential}`, { spec: { references: "ServiceAccounts" } });
    },
    deleteCredential: async () => {
      await admin.remove(`${credentialsPath}/${credential}`);
      await pollUntil(async () => (await admin.get(`${credentialsPath}/${credential}`)) === undefined, {
        what: "the RegistryCredential to be gone",
        limit,
        every: Temporal.Duration.from({ milliseconds: 20 }),
      });
    },
    verify: async (password) => {
      const tenants = new Set(namespaces);
      const right = (await secretsCalled(admin, operatorSecret)).filter(
        (secret) => tenants.has(secret.metadata.namespace ?? "") && passwordIn(secret["data"]) === password,
      );
      if (right.length !== namespaces.length) {
        throw new Error(`only ${right.length} of ${namespaces.length} Secrets hold the new password`);
      }
    },
  };
}

const loadParts = new URL("../../tools/build/load-parts.mjs", import.meta.url).href;

function bytesIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  return files.reduce((total, { parentPath, name }) => total + statSync(join(parentPath, name)).size, 0);
}

function newPassword(): string {
  return randomBytes(passwordBytes).toString("base64url");
}

function passwordIn(data: unknown): string | undefined {
  const encoded = (data as Record<string, string> | undefined)?.[".dockerconfigjson"] ?? "";
  const config = JSON.parse(Buffer.from(encoded, "base64").toString() || "{}") as {
    auths?: Record<string, { password?: string }>;
  };
  return Object.values(config.auths ?? {})[0]?.password;
}
