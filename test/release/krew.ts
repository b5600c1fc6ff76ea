// krew on this machine, as somebody installs the kubectl plugin with it, and where the archives of a release can be downloaded.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import type { Buildable } from "../cluster/build-with-go.ts";
import { certificateAuthority } from "../cluster/certificates.ts";
import { outputOf } from "../cluster/output-of.ts";

export const krew: Buildable = {
  name: "krew",
  version: "v0.4.3",
  build: {
    module: join(import.meta.dirname, "..", "cluster", "binaries", "krew"),
    package: "sigs.k8s.io/krew/cmd/krew",
    linkerFlags: "-s -w",
    packages: 290,
    minutes: "half a minute",
  },
};

export interface Downloads {
  readonly url: string;
  /** PEM: nobody trusts it without. */
  readonly ca: string;
  close(): Promise<void>;
}

/** The files of a folder, which may come there later, over https on loopback. */
export async function downloadsOf(folder: string): Promise<Downloads> {
  const authority = certificateAuthority("downloads");
  const { certificate, key } = authority.issue({ name: "downloads", hosts: ["localhost"] });
  const server = createServer({ cert: certificate, key }, (asked, answer) => {
    readFile(join(folder, basename(asked.url ?? ""))).then(
      (bytes) => answer.end(bytes),
      () => answer.writeHead(404).end(),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    ca: authority.certificate,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

export interface KrewOptions {
  /** Of krew and of kubectl. */
  readonly programs: { readonly krew: string; readonly kubectl: string };
  /** Where krew keeps what it installs. */
  readonly root: string;
  /** A file with the authority of the downloads. */
  readonly caFile: string;
  readonly kubeconfig: string;
}

/** A shell of somebody who has krew. */
export function krewUser({ programs, root, caFile, kubeconfig }: KrewOptions): {
  install(manifest: string): Promise<string>;
  /** With what is installed. */
  kubectl(...args: readonly string[]): Promise<string>;
} {
  const env = {
    HOME: root,
    KREW_ROOT: root,
    KREW_NO_UPGRADE_CHECK: "1",
    // Go trusts these alone.
    SSL_CERT_FILE: caFile,
    PATH: `${join(root, "bin")}:${process.env["PATH"]}`,
    KUBECONFIG: kubeconfig,
  };
  return {
    install: (manifest) => outputOf(programs.krew, ["install", `--manifest=${manifest}`], { env }),
    kubectl: (...args) => outputOf(programs.kubectl, args, { env }),
  };
}
