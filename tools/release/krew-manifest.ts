// Writes the manifest by which krew installs the kubectl plugin.
import { stringify } from "yaml";

export interface PluginArchive {
  /** As Go names them. */
  readonly platforms: readonly { readonly os: string; readonly arch: string }[];
  /** The program in it. */
  readonly bin: string;
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
        ...(archives.some(({ platforms }) => platforms.some(({ os }) => os === "darwin")) && {
          caveats: "On macOS it needs Node 26 or newer: https://nodejs.org\n",
        }),
        platforms: archives.flatMap(({ platforms, bin, url, sha256 }) =>
          platforms.map((matchLabels) => ({ selector: { matchLabels }, uri: url, sha256, bin })),
        ),
      },
    },
    { lineWidth: 0 },
  );
}
