// Tests of where a release sends the login of its registry, and what it asks a right for.
import { MockAgent } from "undici";
import { expect, it } from "vitest";
import { registryClient } from "../../../tools/release/registry.ts";

const blob = {
  descriptor: { mediaType: "application/octet-stream", digest: `sha256:${"a".repeat(64)}`, size: "content".length },
  read: () => Promise.resolve(new Uint8Array("content".length)),
};

it.each(["http://registry.example.com", "https://elsewhere.example.com", "https://registry.example.com:8443"])(
  "not to %s, though the registry wants the upload there",
  async (origin) => {
    const agent = new MockAgent();
    agent.disableNetConnect();
    const asked: string[] = [];
    agent
      .get("https://registry.example.com")
      .intercept({ method: "POST", path: "/v2/team/blobs/uploads/" })
      .reply(202, "", { headers: { location: `${origin}/v2/team/blobs/uploads/1` } });
    agent
      .get(origin)
      .intercept({ method: "PUT", path: /uploads/ })
      .reply(({ path }) => {
        asked.push(path);
        return { statusCode: 201 };
      });
    const client = registryClient({
      host: "registry.example.com",
      scheme: "https",
      login: { username: "ann", password: "hush" },
      dispatcher: agent,
    });
    await expect(client.pushBlob("team", blob)).rejects.toThrow(`sends uploads to ${origin}`);
    expect(asked).toEqual([]);
    await agent.close();
  },
);

it("not to where a cloud keeps contents, which it reads there all the same", async () => {
  const agent = new MockAgent();
  agent.disableNetConnect();
  const authorizations: unknown[] = [];
  const registry = agent.get("https://registry.example.com");
  const path = `/v2/team/blobs/${blob.descriptor.digest}`;
  registry.intercept({ path }).reply(401, "", { headers: { "www-authenticate": 'Basic realm="r"' } });
  registry.intercept({ path }).reply(307, "", { headers: { location: "https://bucket.example.net/a?signed=1" } });
  agent
    .get("https://bucket.example.net")
    .intercept({ path: "/a?signed=1" })
    .reply(({ headers }) => {
      authorizations.push((headers as Record<string, string>)["authorization"]);
      return { statusCode: 200, data: "content" };
    });
  const login = { username: "ann", password: "hush" };
  const client = registryClient({ host: "registry.example.com", scheme: "https", login, dispatcher: agent });
  expect(Buffer.from(await client.readBlob("team", blob.descriptor)).toString()).toBe("content");
  expect(authorizations).toEqual([undefined]);
  await agent.close();
});

it("says who could not be asked, and why", async () => {
  const agent = new MockAgent();
  agent.disableNetConnect();
  agent
    .get("https://registry.example.com")
    .intercept({ path: "/v2/team/manifests/1.0.0" })
    .replyWithError(new Error("connect ECONNREFUSED"));
  const client = registryClient({
    host: "registry.example.com",
    scheme: "https",
    login: undefined,
    dispatcher: agent,
  });
  await expect(client.readManifest("team", "1.0.0")).rejects.toThrow(
    "registry.example.com could not be asked: Error: connect ECONNREFUSED",
  );
  await agent.close();
});

it.each([
  ["a layer, beyond the size that its manifest gives", `blobs/${blob.descriptor.digest}`, "contents and more", 7],
  ["a manifest, beyond what registries take", "manifests/1.0.0", "x".repeat(4 * 2 ** 20 + 1), 4 * 2 ** 20],
])("reads no further than it must: %s", async (_what, path, data, longest) => {
  const agent = new MockAgent();
  agent.disableNetConnect();
  agent
    .get("https://registry.example.com")
    .intercept({ path: `/v2/team/${path}` })
    .reply(200, data);
  const client = registryClient({
    host: "registry.example.com",
    scheme: "https",
    login: undefined,
    dispatcher: agent,
  });
  const reading = path.startsWith("blobs/")
    ? client.readBlob("team", blob.descriptor)
    : client.readManifest("team", "1.0.0");
  await expect(reading).rejects.toThrow(`answers with more than ${longest} bytes`);
  await agent.close();
});

it("asks for no more than to pull where it only reads", async () => {
  const agent = new MockAgent();
  agent.disableNetConnect();
  const registry = agent.get("https://registry.example.com");
  const path = "/v2/team/manifests/1.0.0";
  const challenge = 'Bearer realm="https://registry.example.com/token",service="r"';
  const scopes: string[] = [];
  for (const _ of [1, 2]) {
    registry.intercept({ path }).reply(401, "", { headers: { "www-authenticate": challenge } });
    registry.intercept({ path: /^\/token/ }).reply(({ path: asked }) => {
      scopes.push(new URL(asked, "https://registry.example.com").searchParams.get("scope") ?? "");
      return { statusCode: 200, data: '{"token":"t"}' };
    });
    registry.intercept({ path }).reply(404, "");
  }
  for (const more of [{ actions: "pull" }, {}] as const) {
    const options = { host: "registry.example.com", scheme: "https", login: undefined, dispatcher: agent } as const;
    expect(await registryClient({ ...options, ...more }).readManifest("team", "1.0.0")).toBeUndefined();
  }
  expect(scopes).toEqual(["repository:team:pull", "repository:team:pull,push"]);
  await agent.close();
});
