// Runs the real kubectl as the administrator of a test cluster.
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import type { ControlPlane } from "./control-plane.ts";
import { ensureBinaries } from "./ensure-binaries.ts";

interface KubectlOptions {
  readonly cluster?: Pick<ControlPlane, "kubeconfig" | "folder">;
  readonly input?: string;
  /** Where its plugins are. */
  readonly path?: string;
}

/** What it prints on standard output; rejects with what it says on standard error. */
export async function kubectl(
  args: readonly string[],
  { cluster, input = "", path = process.env["PATH"] }: KubectlOptions = {},
): Promise<string> {
  const { kubectl: file } = await ensureBinaries(["kubectl"]);
  const child = spawn(file, args, {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      PATH: path,
      ...(cluster && { KUBECONFIG: cluster.kubeconfig, HOME: cluster.folder }),
    },
  });
  child.stdin.end(input);
  const ended = Promise.withResolvers<number | null>();
  child.once("error", ended.reject);
  child.once("close", ended.resolve);
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended.promise]);
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${err.trim()}`);
  return out;
}
