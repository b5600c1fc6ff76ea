// Copies the files that Node needs in an image that has nothing else: those of the Node that runs this.
//
// Usage: node tools/build/runtime-files.ts FOLDER. It imports nothing of ours: the Dockerfile runs it alone.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { getCACertificates } from "node:tls";

// Nobody, by the number that images use: https://github.com/GoogleContainerTools/distroless/blob/main/common/variables.bzl
const user = 65_532;

/** Writes them below `folder`, each where it belongs in the image, and gives their paths there. */
export function writeRuntimeFiles(folder: string): readonly string[] {
  const written: string[] = [];
  const place = (path: string, put: (to: string) => void): void => {
    const to = join(folder, path);
    mkdirSync(dirname(to), { recursive: true });
    put(to);
    written.push(path);
  };
  place("/usr/local/bin/node", (to) => copyFileSync(process.execPath, to));
  for (const library of libraries()) place(library, (to) => copyFileSync(library, to));
  for (const [path, text] of Object.entries(runtimeTexts())) place(path, (to) => writeFileSync(to, text));
  return written;
}

/** The files that are texts, by their path in the image. */
export function runtimeTexts(): Readonly<Record<string, string>> {
  return {
    // Mozilla's, as Node has them built in; here for --use-openssl-ca and for whoever looks where Debian has them.
    "/etc/ssl/certs/ca-certificates.crt": getCACertificates("bundled").join("\n"),
    "/etc/passwd": `regcred:x:${user}:${user}::/:/nonexistent\n`,
    "/etc/group": `regcred:x:${user}:\n`,
    // glibc's default asks the DNS before /etc/hosts only where this file says nothing.
    "/etc/nsswitch.conf": "hosts: files dns\n",
  };
}

/** What the running Node has loaded, the loader itself included. The kernel's own part has no path, an addon ends in .node. */
function libraries(): readonly string[] {
  const { sharedObjects } = process.report.getReport() as { readonly sharedObjects: readonly string[] };
  return sharedObjects.filter((path) => /^\/.*\.so(?:\.\d+)*$/.test(path));
}

if (import.meta.main) {
  for (const path of writeRuntimeFiles(process.argv[2] ?? "")) process.stdout.write(`${path}\n`);
}
