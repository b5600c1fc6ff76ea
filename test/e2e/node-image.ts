// Builds the image of config/nodes/install on a machine that can pull none.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownArchitecture } from "../cluster/build-image.ts";
import { baseImage, buildahIn } from "../cluster/buildah.ts";
import { outputOf } from "../cluster/output-of.ts";
import type { Registry } from "../cluster/registry.ts";
import { watchdog } from "../cluster/watchdog.ts";

const dockerfile = join(import.meta.dirname, "../../config/nodes/install/Dockerfile");
// What its steps and the DaemonSet's script call.
const programs = ["sh", "cp", "mv", "rm", "chmod"].map((name) => `/bin/${name}`);

/** With the executables of `context`; pushed as `regcred-node:e2e`. */
export async function pushNodeImage(context: string, registry: Pick<Registry, "host">): Promise<void> {
  if (!ownArchitecture) throw new Error(`there is no executable for ${process.arch}`);
  const { name: architecture } = ownArchitecture;
  const folder = await mkdtemp(join(tmpdir(), "regcred-node-image-"));
  watchdog.made(folder);
  const buildah = buildahIn(folder);
  try {
    const files = join(folder, "base");
    const linked = await outputOf("ldd", programs);
    const libraries = [...linked.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, path = ""]) => path);
    await outputOf("mkdir", [files]);
    await outputOf("cp", ["--dereference", "--parents", ...programs, ...new Set(libraries), files]);
    const base = await baseImage(buildah, { name: "shell", architecture, files, path: "/bin" });
    await buildah(
      "build",
      "--isolation=chroot",
      "--layers=false",
      "--pull-never",
      `--platform=linux/${architecture}`,
      `--build-arg=BASE_IMAGE=${base}`,
      // Newer ones than Debian 12's know this by themselves.
      `--build-arg=TARGETARCH=${architecture}`,
      `--file=${dockerfile}`,
      "--tag=localhost/regcred-node",
      context,
    );
    const to = `docker://${registry.host}/regcred-node:e2e`;
    await buildah("push", "--quiet", "--tls-verify=false", "localhost/regcred-node", to);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
