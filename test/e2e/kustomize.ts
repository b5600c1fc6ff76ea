// Installs with kubectl as a platform engineer does.
import { writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { stringify } from "yaml";
import { ownPullSecret, type Way } from "./ways.ts";

const project = join(import.meta.dirname, "..", "..");

/** `config/default` with an overlay that says where the image is, as somebody would write it. */
export const kustomize: Way = {
  name: "config/default",
  isInDataCentre: false,
  prepare: () => Promise.resolve(),
  apply: async ({ kubectl, cluster, registry }, tag) => {
    const overlay = {
      apiVersion: "kustomize.config.k8s.io/v1beta1",
      kind: "Kustomization",
      resources: [relative(cluster.folder, join(project, "config/default"))],
      images: [{ name: "regcred", newName: `${registry.host}/regcred`, newTag: tag }],
      patches: [
        {
          target: { kind: "Deployment" },
          patch: JSON.stringify([
            { op: "add", path: "/spec/template/spec/imagePullSecrets", value: [{ name: ownPullSecret }] },
          ]),
        },
      ],
    };
    await writeFile(join(cluster.folder, "kustomization.yaml"), stringify(overlay));
    await kubectl("apply", "-f", join(project, "crds"));
    await kubectl("apply", "-k", cluster.folder);
  },
  remove: async ({ kubectl, cluster }) => {
    await kubectl("delete", "regcred", "--all", "--timeout=60s");
    await kubectl("delete", "-k", cluster.folder, "--timeout=60s");
    await kubectl("delete", "-f", join(project, "crds"), "--timeout=60s");
  },
};
