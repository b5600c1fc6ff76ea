// Tests that a version is never overwritten, and taken up again where a push was cut off.
import { describe, expect, it } from "vitest";
import { type Blob, blobOf, indexOf, type Manifest, manifestOf } from "../../../tools/release/oci.ts";
import { type Artifact, pushAll, type Registry } from "../../../tools/release/push.ts";

const text = (content: string): Blob => blobOf("text/plain", Buffer.from(content));
const image = (content: string): Manifest =>
  indexOf(["amd64", "arm64"].map((each) => manifestOf({ config: text("{}"), layers: [text(`${content} ${each}`)] })));
const artifact = (content: string, more: Partial<Artifact> = {}): Artifact => ({
  what: "image",
  repository: "acme/regcred",
  tag: "1.0.0",
  manifest: image(content),
  ...more,
});

/** Refuses the `refuses`th blob from now on, if any. */
function played(): {
  readonly registry: Registry;
  readonly calls: string[];
  readonly there: Map<string, string>;
  refuse: number;
} {
  const there = new Map<string, string>();
  const blobs = new Set<string>();
  const calls: string[] = [];
  const state = {
    there,
    calls,
    refuse: Infinity,
    registry: {
      manifest: async (repository: string, reference: string) => there.get(`${repository}:${reference}`),
      hasBlob: async (repository: string, digest: string) => blobs.has(`${repository}@${digest}`),
      pushBlob: async (repository: string, { descriptor: { digest } }: Blob) => {
        state.refuse -= 1;
        if (state.refuse < 0) throw new Error("the registry does not take it: HTTP 500");
        calls.push("blob");
        blobs.add(`${repository}@${digest}`);
      },
      pushManifest: async (repository: string, { descriptor: { digest } }: Manifest, reference: string) => {
        calls.push(reference === digest ? "manifest" : `tag ${reference}`);
        there.set(`${repository}:${reference}`, digest);
      },
    },
  };
  return state;
}

describe("a push", () => {
  it("sends each content once, then what names it, and the tag last", async () => {
    const { registry, calls, there } = played();
    await pushAll([artifact("a")], registry, () => undefined);
    // Both images have one configuration.
    expect(calls).toEqual(["blob", "blob", "blob", "manifest", "manifest", "tag 1.0.0"]);
    expect(there.get("acme/regcred:1.0.0")).toBe(artifact("a").manifest.descriptor.digest);
  });

  it("that was refused in the middle has set no tag, and is taken up where it ended", async () => {
    const state = played();
    state.refuse = 2;
    await expect(pushAll([artifact("a")], state.registry, () => undefined)).rejects.toThrow(/HTTP 500/);
    expect(state.calls).toEqual(["blob", "blob"]);
    expect(state.there.size).toBe(0);
    state.refuse = Infinity;
    state.calls.length = 0;
    const reported: string[] = [];
    await pushAll([artifact("a")], state.registry, (line) => reported.push(line));
    expect(state.calls).toEqual(["blob", "manifest", "manifest", "tag 1.0.0"]);
    expect(reported.filter((line) => line.endsWith("is there already"))).toHaveLength(2);
  });

  it("of what is there already sends nothing", async () => {
    const { registry, calls } = played();
    await pushAll([artifact("a")], registry, () => undefined);
    calls.length = 0;
    await pushAll([artifact("a")], registry, () => undefined);
    expect(calls).toEqual([]);
  });

  it("of a version that is another one sends nothing at all, not even of what is new", async () => {
    const { registry, calls } = played();
    await pushAll([artifact("a")], registry, () => undefined);
    calls.length = 0;
    const chart = artifact("chart", { what: "chart", repository: "acme/charts/regcred" });
    await expect(pushAll([chart, artifact("b")], registry, () => undefined)).rejects.toThrow(
      /acme\/regcred:1\.0\.0 is there already, and is another.* A version is never overwritten/,
    );
    expect(calls).toEqual([]);
  });
});
