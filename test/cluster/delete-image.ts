// Deletes an image from a registry, as its owner does who no longer wants it.
import { Agent } from "undici";
import type { Registry } from "./registry.ts";
import { type Credentials, registryCall } from "./registry-client.ts";

/** @throws Error with the registry's answer when it refuses. */
export async function deleteImage(
  registry: Pick<Registry, "url" | "ca">,
  repository: string,
  tag: string,
  credentials?: Credentials,
): Promise<void> {
  const agent = new Agent(registry.ca === undefined ? {} : { connect: { ca: registry.ca } });
  const manifest = `${registry.url}/v2/${repository}/manifests/`;
  const headers = { accept: "application/vnd.oci.image.manifest.v1+json" };
  try {
    const { digest = "" } = await registryCall({ method: "HEAD", url: manifest + tag, headers }, credentials, agent);
    const { status, body } = await registryCall({ method: "DELETE", url: manifest + digest }, credentials, agent);
    if (status !== 202) throw new Error(`DELETE ${manifest}${digest} answered ${status}: ${body.toString()}`);
  } finally {
    await agent.close();
  }
}
