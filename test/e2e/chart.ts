// Installs with helm as a platform engineer does, in a data centre with its own authority and proxy, on OpenShift.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { assignUsers } from "./openshift.ts";
import { ownPullSecret, system, type Way } from "./ways.ts";
import { corpHost } from "./world.ts";

const project = join(import.meta.dirname, "..", "..");
const release = ["regcred", `--namespace=${system}`];

/** `config/chart`, with values that say where the image is, and where egress goes. */
export const chart: Way = {
  name: "config/chart",
  isInDataCentre: true,
  prepare: ({ admin }) => assignUsers(admin, system),
  apply: async ({ helm, registry, corp, cluster }, tag) => {
    const values = {
      image: { repository: `${registry.host}/regcred`, tag },
      imagePullSecrets: [ownPullSecret],
      allowedHosts: [corpHost],
      trustedCAs: corp.registry.ca,
      proxy: { https: corp.proxy.url, noProxy: "10.0.0.0/8" },
      runAsUser: null,
    };
    const file = join(cluster.folder, "values.yaml");
    await writeFile(file, stringify(values));
    await helm("upgrade", "--install", ...release, join(project, "config/chart"), `--values=${file}`);
  },
  remove: async ({ helm, kubectl }) => {
    await helm("uninstall", ...release, "--wait");
    await kubectl("delete", "-f", join(project, "crds"), "--timeout=60s");
    await kubectl("delete", "namespace", system, "--timeout=60s");
  },
};
