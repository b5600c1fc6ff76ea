// Tests that a program that goes through the proxy meets the hosts that are played, and no others.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ProxyAgent, request } from "undici";
import { type PlayedInternet, playedInternet } from "./played-internet.ts";

let internet: PlayedInternet;
beforeAll(async () => {
  internet = await playedInternet(["vendor.example"], ({ method, host, path, headers, body }) =>
    Promise.resolve({ status: 201, headers: {}, body: [method, host, path, headers["x-asked"], body].join(" ") }),
  );
});
afterAll(() => internet.close());

async function post(url: string, ca?: string): Promise<string> {
  const agent = new ProxyAgent({ uri: internet.proxyUrl, ...(ca === undefined ? {} : { requestTls: { ca } }) });
  try {
    const answer = await request(url, { method: "POST", headers: { "x-asked": "yes" }, body: "b", dispatcher: agent });
    return `${answer.statusCode} ${await answer.body.text()}`;
  } finally {
    await agent.close();
  }
}

describe("the played internet", () => {
  it("answers as the host that was meant", async () => {
    expect(await post("https://vendor.example/path?q=1", internet.ca)).toBe("201 POST vendor.example /path?q=1 yes b");
  });

  it("is trusted by nobody who was not given its CA", async () => {
    await expect(post("https://vendor.example/")).rejects.toThrow(/certificate/);
  });

  it("has no other hosts", async () => {
    await expect(post("https://other.example/", internet.ca)).rejects.toThrow("403");
  });
});
