// How does a platform engineer install it with helm?
import { join } from "node:path";
import { ownPullSecret, type Way } from "./ways.ts";

const project = join(import.meta.dirname, "..", "..");
const release = ["regcred", "--namespace=regcred-system"];

/** `config/chart`, with values that say where the image is. */
export const chart: Way = {
  name: "config/chart",
  apply: async ({ helm, registry }, tag) => {
    const values = [`image.repository=${registry.host}/regcred`, `image.tag=${tag}`];
    const set = [...values, `imagePullSecrets={${ownPullSecret}}`].map((value) => `--set=${value}`);
    await helm("upgrade", "--install", ...release, join(project, "config/chart"), ...set);
  },
  remove: async ({ helm, kubectl }) => {
    await helm("uninstall", ...release, "--wait");
    await kubectl("delete", "-f", join(project, "crds"), "--timeout=60s");
    await kubectl("delete", "namespace", "regcred-system", "--timeout=60s");
  },
};
