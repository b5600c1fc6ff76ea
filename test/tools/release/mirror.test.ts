// Tests that a release is copied from a registry that nobody trusts: what it names is looked at before it is asked for anywhere.
import { describe, expect, it } from "vitest";
import { mirrored, type Origin } from "../../../tools/release/mirror.ts";
import { digestOf } from "../../../tools/release/oci.ts";

/** A registry with this manifest as the release, and others by digest; notes what it is asked for. */
function origin(release: object, others: readonly object[] = []): { readonly asked: string[]; readonly it: Origin } {
  const asked: string[] = [];
  const bytesOf = (each: object): Buffer => Buffer.from(JSON.stringify(each));
  const byReference = new Map([
    ["1.0.0", bytesOf(release)],
    ...others.map((each) => [digestOf(bytesOf(each)), bytesOf(each)] as const),
  ]);
  const it: Origin = {
    readManifest: (_repository, reference) => {
      asked.push(reference);
      const bytes = byReference.get(reference);
      return Promise.resolve(bytes && { mediaType: "application/vnd.oci.image.index.v1+json", bytes });
    },
    readBlob: () => Promise.reject(new Error("no content is read before it is sent")),
  };
  return { asked, it };
}

const copied = (from: Origin): Promise<unknown> => mirrored(from, { version: "1.0.0", from: "a", to: "b" });
const named = (digest: string): object => ({ mediaType: "m", digest, size: 1 });

describe("a registry that names what is no digest", () => {
  const evil = "x/../../../../../api/v2.0/users/current?a=";

  it.each([
    ["a config", { config: named(evil) }],
    ["a layer", { layers: [named(evil)] }],
    ["a manifest", { manifests: [named(evil)] }],
    ["too few digits", { layers: [named("sha256:00")] }],
  ])("is asked for nothing more: %s", async (_what, release) => {
    const { asked, it: from } = origin(release);
    await expect(copied(from)).rejects.toThrow("is no digest");
    expect(asked).toEqual(["1.0.0"]);
  });

  it.each([undefined, "1", -1, 1e300])("or gives the size %j, is asked for nothing more", async (size) => {
    const layer = { mediaType: "m", digest: digestOf(Buffer.from("")), size };
    const { asked, it: from } = origin({ layers: [layer] });
    await expect(copied(from)).rejects.toThrow("gives no size for");
    expect(asked).toEqual(["1.0.0"]);
  });

  it("is told in one line of what can be printed", async () => {
    const { it: from } = origin({ layers: [named("\u001B[2J\n\u001B]0;x\u0007")] });
    const message = await copied(from).catch((error: unknown) => (error as Error).message);
    expect(message).not.toMatch(/\p{Cc}/u);
  });
});

it("a registry with an index within an index sends nobody round in circles", async () => {
  const inner = { manifests: [named(digestOf(Buffer.from("")))] };
  const bytes = Buffer.from(JSON.stringify(inner));
  const descriptor = { mediaType: "m", digest: digestOf(bytes), size: bytes.byteLength };
  const { asked, it: from } = origin({ manifests: [descriptor, descriptor] }, [inner]);
  await expect(copied(from)).rejects.toThrow("an index within an index");
  expect(asked).toEqual(["1.0.0", descriptor.digest]);
});
