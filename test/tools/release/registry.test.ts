// Tests of where a release sends the login of its registry.
import { MockAgent } from "undici";
import { expect, it } from "vitest";
import { registryClient } from "../../../tools/release/registry.ts";

const blob = {
  descriptor: { mediaType: "application/octet-stream", digest: `sha256:${"a".repeat(64)}`, size: 1 },
  read: () => Promise.resolve(new Uint8Array(1)),
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
