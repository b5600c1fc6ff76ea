// Pushes a small image into a registry without a container tool.

import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { Agent } from "undici";
import type { Registry } from "./registry.ts";
import { type Credentials, type RegistryCall, registryCall } from "./registry-client.ts";

// https://github.com/opencontainers/image-spec/blob/main/media-types.md
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const configType = "application/vnd.oci.image.config.v1+json";
const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";

/** An executable that its containers run. */
export interface Program {
  readonly content: Buffer;
  /** As Go names it. */
  readonly arch: string;
}

/**
 * Pushes an image of one layer with one small file, a text unless a program is given, and gives the digest of its manifest.
 * @throws Error with the registry's answer when it refuses.
 */
export async function pushImage(
  registry: Pick<Registry, "url" | "ca">,
  repository: string,
  tag: string,
  credentials?: Credentials,
  program?: Program,
): Promise<string> {
  const agent = new Agent(registry.ca === undefined ? {} : { connect: { ca: registry.ca } });
  const repositoryURL = `${registry.url}/v2/${repository}`;
  const call = async (wanted: number, one: RegistryCall): Promise<string | undefined> => {
    const answer = await registryCall(one, credentials, agent);
    if (answer.status === wanted) return answer.location;
    throw new Error(`${one.method} ${one.url} answered ${answer.status}: ${answer.body.toString()}`);
  };
  const push = async (type: string, content: Buffer): Promise<object> => {
    const digest = digestOf(content);
    const upload = new URL((await call(202, { method: "POST", url: `${repositoryURL}/blobs/uploads/` })) ?? "");
    upload.searchParams.set("digest", digest);
    const headers = { "content-type": "application/octet-stream" };
    await call(201, { method: "PUT", url: upload.href, headers, body: content });
    return { mediaType: type, digest, size: content.length };
  };
  try {
    const text = Buffer.from(`${repository}:${tag}\n`);
    const archive = program ? tarOf("program", program.content, 0o755) : tarOf("hello.txt", text, 0o644);
    const configuration = {
      architecture: program?.arch ?? "amd64",
      os: "linux",
      config: program ? { Entrypoint: ["/program"] } : {},
      rootfs: { type: "layers", diff_ids: [digestOf(archive)] },
    };
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: manifestType,
        config: await push(configType, Buffer.from(JSON.stringify(configuration))),
        layers: [await push(layerType, gzipSync(archive))],
      }),
    );
    const headers = { "content-type": manifestType };
    await call(201, { method: "PUT", url: `${repositoryURL}/manifests/${tag}`, headers, body: manifest });
    return digestOf(manifest);
  } finally {
    await agent.close();
  }
}

export function digestOf(content: Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

const block = 512;

/** A tar archive of one file: POSIX.1-1988 "ustar", a header block, the padded content, two empty blocks. */
function tarOf(name: string, content: Buffer, mode: number): Buffer {
  const header = Buffer.alloc(block);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\0`;
  header.write(name, 0);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8) + octal(0, 8) + octal(content.length, 12) + octal(0, 12), 108);
  // The checksum is taken with spaces in its own place.
  header.write("        0", 148);
  header.write("ustar\u000000", 257);
  header.write(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    ),
    148,
  );
  const padding = (block - (content.length % block)) % block;
  return Buffer.concat([header, content, Buffer.alloc(padding + 2 * block)]);
}
