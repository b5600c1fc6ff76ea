// Tries whether a kubelet could pull an image with a pull Secret.

import { Agent } from "undici";
import { parseDockerConfig } from "../../src/registry/docker-config.ts";
import { loginsFor } from "../../src/registry/kubelet-match.ts";
import { digestOf } from "./push-image.ts";
import type { Registry } from "./registry.ts";
import { type Credentials, type RegistryAnswer, registryCall } from "./registry-client.ts";

export interface Pull {
  /** Manifest, configuration and layers came and have the digests that they should have. */
  readonly ok: boolean;
  /** Of the last answer: 200, or the status with which the registry or its token server refused. */
  readonly status: number;
}

interface Descriptor {
  readonly digest: string;
}

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

const accept = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/**
 * Pulls as a kubelet does: with each login of the docker config that matches the image, in its order, until one serves;
 * with none, anonymously. `dockerConfigJson` is the decoded text of the Secret, undefined for a pod without one.
 * @throws Error when the config is malformed or the registry sends what has another digest.
 */
export async function tryPull(
  registry: Pick<Registry, "host" | "url" | "ca">,
  repository: string,
  tag: string,
  dockerConfigJson?: string,
): Promise<Pull> {
  const agent = new Agent(registry.ca === undefined ? {} : { connect: { ca: registry.ca } });
  try {
    let last: Pull = { ok: false, status: 0 };
    for (const credentials of matching(`${registry.host}/${repository}:${tag}`, dockerConfigJson)) {
      last = await pull(`${registry.url}/v2/${repository}`, tag, credentials, agent);
      if (last.ok) break;
    }
    return last;
  } finally {
    await agent.close();
  }
}

function matching(image: string, dockerConfigJson: string | undefined): readonly (Credentials | undefined)[] {
  if (dockerConfigJson === undefined) return [undefined];
  const config = parseDockerConfig(dockerConfigJson, "dockerconfigjson");
  if (!config.ok) throw new Error(`this docker config ${config.problem}`);
  const logins = loginsFor(image, config.logins);
  if (logins.length === 0) return [undefined];
  return logins.map(({ username, password }) => ({ username, password: password.reveal() }));
}

async function pull(url: string, tag: string, credentials: Credentials | undefined, agent: Agent): Promise<Pull> {
  const get = (path: string): Promise<RegistryAnswer> =>
    registryCall({ method: "GET", url: `${url}/${path}`, headers: { accept } }, credentials, agent);
  const manifest = await get(`manifests/${tag}`);
  if (manifest.status !== 200) return { ok: false, status: manifest.status };
  prove(manifest, manifest.digest);
  const { config, layers } = JSON.parse(manifest.body.toString()) as Manifest;
  for (const { digest } of [config, ...layers]) {
    const blob = await get(`blobs/${digest}`);
    if (blob.status !== 200) return { ok: false, status: blob.status };
    prove(blob, digest);
  }
  return { ok: true, status: 200 };
}

function prove({ body }: RegistryAnswer, digest: string | undefined): void {
  const actual = digestOf(body);
  if (actual !== digest) throw new Error(`the registry sent something with the digest ${actual} as ${digest}`);
}
