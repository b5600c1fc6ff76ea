// Checks whether this machine can be a node of a cluster, and says what is missing if not.
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { outputOf } from "./output-of.ts";

/** What a node is made of, each program with Debian's package that brings it. */
export const nodeTools: Readonly<Record<string, string>> = {
  containerd: "containerd",
  runc: "runc",
  unshare: "util-linux",
  mount: "mount",
  ip: "iproute2",
  "/usr/lib/cni/ptp": "containernetworking-plugins",
  "/usr/lib/cni/host-local": "containernetworking-plugins",
  "/usr/lib/cni/loopback": "containernetworking-plugins",
};

/** @throws Error that names everything that is missing, and the command that brings it. */
export async function demandHost(needed: Readonly<Record<string, string>>): Promise<void> {
  const missing: string[] = [];
  if (process.platform !== "linux") missing.push(`Linux (this is ${process.platform})`);
  if (process.getuid?.() !== 0) missing.push("root (this is another user)");
  const packages = new Set<string>();
  for (const [program, from] of Object.entries(needed)) {
    if (await found(program)) continue;
    missing.push(program);
    packages.add(from);
  }
  // A container of a build server often has root, and may not do this all the same.
  if (missing.length === 0)
    await outputOf("unshare", ["--mount", "--pid", "--fork", "--mount-proc", "true"]).catch(() =>
      missing.push("the right to make namespaces (a container needs --privileged)"),
    );
  if (missing.length === 0) return;
  const advice = packages.size > 0 ? `; on Debian: apt-get install ${[...packages].join(" ")}` : "";
  throw new Error(`this machine cannot run pods, because it lacks ${missing.join(", ")}${advice}`);
}

async function found(program: string): Promise<boolean> {
  const folders = program.startsWith("/") ? [""] : (process.env["PATH"] ?? "").split(delimiter);
  for (const folder of folders) {
    const there = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (there) return true;
  }
  return false;
}
