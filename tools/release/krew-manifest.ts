// Writes the manifest by which krew installs the kubectl plugin.
import { stringify } from "yaml";

export interface PluginArchive {
  /** As Go names it. */
  readonly os: string;
  readonly arch: string;
  readonly url: string;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/ */
export function krewManifest(version: string, homepage: string, archives: readonly PluginArchive[]): string {
  return stringify(
    {
      apiVersion: "krew.googlecontainertools.github.com/v1alpha2",
      kind: "Plugin",
      metadata: { name: "regcred" },
      spec: {
        version: `v${version}`,
        homepage,
        shortDescription: "Explain and check the image-pull Secrets of tenants",
        description: [
          "Shows what is left of each registry login that regcred keeps in tenant namespaces, says",
          "why a pod can or cannot pull an image, with the command that mends it, and checks the",
          "installation.",
          "",
        ].join("\n"),
        platforms: archives.map(({ os, arch, url, sha256 }) => ({
          selector: { matchLabels: { os, arch } },
          uri: url,
          sha256,
          bin: "kubectl-regcred",
          files: [
            { from: "kubectl-regcred", to: "." },
            { from: "LICENSE", to: "." },
          ],
        })),
      },
    },
    { lineWidth: 0 },
  );
}
