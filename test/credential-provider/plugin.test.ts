// Tests that a run answers the kubelet, whatever comes in and whatever a cloud does, and says on failure how to fix it.
import { describe, expect, it } from "vitest";
import type { NewToken } from "../../src/cluster/token.ts";
import type { LoginSource } from "../../src/credential-provider/login-source.ts";
import { type PluginOptions, runPlugin } from "../../src/credential-provider/plugin.ts";
import type { PrivateFiles } from "../../src/credential-provider/private-files.ts";
import { OperatorError } from "../../src/runtime/errors.ts";
import { NetworkError } from "../../src/providers/http/network-error.ts";
import { Redacted } from "../../src/runtime/redacted.ts";
import { fakeClock } from "../fake-clock.ts";
import { hub, now, rawFile, rawPodFile, requestText, secrets, tokenOf } from "./node.ts";

const noFiles: Pick<PrivateFiles, "secret"> = {
  secret: () => {
    throw new TypeError("no Secret is expected to be read");
  },
};

type Mint = LoginSource["fetch"];

const minted = (life?: Temporal.DurationLike): NewToken => ({
  logins: { all: { username: "user", password: new Redacted("hunter2") } },
  issuedAt: now,
  expiresAt: life === undefined ? undefined : now.add(life),
});

/** A run with this file and request; `mint` stands for the clouds. */
function start(file: unknown, request: string | Promise<string>, mint: Mint = async () => minted()) {
  const clock = fakeClock(now);
  const asked: unknown[] = [];
  const options: PluginOptions = {
    config: "/etc/regcred/regcred.yaml",
    secrets,
    files: { ...noFiles, text: () => JSON.stringify(file) },
    input: async () => request,
    clock,
    environment: {},
    endpoints: {},
    parse: async (text) => JSON.parse(text),
    logins: (handed) => ({
      fetch: async (grant, signal) => {
        asked.push({ grant, handed });
        return mint(grant, signal);
      },
      close: async () => undefined,
    }),
  };
  return { clock, asked, result: runPlugin(options) };
}

const team = { ...hub, name: "team", hosts: ["docker.io/acme"], static: { secretName: "team" } };

describe("a run", () => {
  it("answers with the login of the entry that serves the image", async () => {
    const { result, asked } = start(rawFile([hub]), requestText(), async () => minted({ hours: 2 }));
    expect(await result).toMatchObject({
      answer: { cacheDuration: "3600s", auth: { "docker.io": { username: "user", password: "hunter2" } } },
      notes: [],
    });
    expect(asked).toHaveLength(1);
  });

  it("answers emptily, and asks nobody, where no entry serves the image", async () => {
    const { result, asked } = start(rawFile([hub]), requestText({ image: "registry.k8s.io/pause" }));
    expect(await result).toMatchObject({ answer: { auth: {}, cacheDuration: "0s" }, notes: [] });
    expect(asked).toEqual([]);
  });

  it("gives all logins that match, each asked for once", async () => {
    const both = { ...hub, hosts: ["docker.io", "docker.io/acme"] };
    const { result, asked } = start(rawFile([both]), requestText());
    expect(Object.keys((await result).answer?.auth ?? {})).toEqual(["docker.io/acme", "docker.io"]);
    expect(asked).toHaveLength(1);
  });

  it("gives what there is where one of two entries fails, says so, and lets the kubelet keep nothing", async () => {
    const { result } = start(rawFile([hub, team]), requestText(), async (grant) => {
      if ("name" in grant && grant.name === "hub") throw new NetworkError("auth.example:443", "ECONNREFUSED");
      return minted({ hours: 2 });
    });
    const { answer, notes } = await result;
    expect(answer).toMatchObject({ cacheDuration: "0s" });
    expect(Object.keys(answer?.auth ?? {})).toEqual(["docker.io/acme"]);
    expect(notes).toEqual([expect.stringMatching(/^entry hub: no answer from auth.example:443/)]);
  });

  it("fails with the entry and what mends it where there is no login at all", async () => {
    const denied = new OperatorError({
      reason: "Denied",
      cause: "Platform",
      retry: "slowly",
      message: "give it a role",
    });
    const { result } = start(rawFile([hub]), requestText(), async () => Promise.reject(denied));
    expect(await result).toEqual({ answer: undefined, notes: ["entry hub: give it a role"] });
  });

  it("repeats nothing of an error that is not its own", async () => {
    const { result } = start(rawFile([hub]), requestText(), async () => Promise.reject(new TypeError("hunter2")));
    expect(await result).toEqual({
      answer: undefined,
      notes: ["entry hub: it failed unexpectedly (TypeError): report that"],
    });
  });

  it("says where a source has no login for the host", async () => {
    const { result } = start(rawFile([hub]), requestText(), async () => ({
      ...minted(),
      logins: { byHost: new Map() },
    }));
    expect((await result).notes).toEqual(["entry hub: its source has no login for docker.io: add one"]);
  });

  it("ends within half a minute whatever a cloud does, and cuts the call", async () => {
    let isCut = false;
    const { result, clock } = start(rawFile([hub]), requestText(), async (_, signal) => {
      signal.addEventListener("abort", () => (isCut = true));
      return new Promise(() => undefined);
    });
    await clock.advance(Temporal.Duration.from({ seconds: 30 }));
    expect(await result).toEqual({ answer: undefined, notes: ["entry hub: no answer within 30 s from its cloud"] });
    expect(isCut).toBe(true);
  });

  it("gives the login that it has when another cloud hangs", async () => {
    const { result, clock } = start(rawFile([hub, team]), requestText(), async (grant) =>
      "name" in grant && grant.name === "hub" ? new Promise(() => undefined) : minted({ hours: 2 }),
    );
    await clock.advance(Temporal.Duration.from({ seconds: 30 }));
    const { answer } = await result;
    expect(Object.keys(answer?.auth ?? {})).toEqual(["docker.io/acme"]);
  });

  it("ends where standard input never does", async () => {
    const { result, clock } = start(rawFile([hub]), new Promise(() => undefined));
    await clock.advance(Temporal.Duration.from({ seconds: 30 }));
    expect((await result).notes).toEqual([
      "no answer within 30 s from standard input, to which the kubelet writes its request",
    ]);
  });

  it("leaves no timer behind", async () => {
    const { result, clock } = start(rawFile([hub]), requestText());
    await result;
    expect(clock.scheduled()).toBe(0);
  });

  it.each([
    ["nothing at all", "", rawFile([hub]), /^standard input is empty/],
    ["half a request", requestText().slice(0, 20), rawFile([hub]), /^standard input holds no whole/],
    ["a request of another kind", requestText({ kind: "Pod" }), rawFile([hub]), /^the request is of the kind "Pod"/],
    [
      "a request of another version",
      requestText({ apiVersion: "credentialprovider.kubelet.k8s.io/v1beta1" }),
      rawFile([hub]),
      /^the request is of the version "credentialprovider\.kubelet\.k8s\.io\/v1beta1": write apiVersion/,
    ],
    ["a request without an image", requestText({ image: "" }), rawFile([hub]), /^the request names no image/],
    [
      "a file with a field that nobody knows",
      requestText(),
      rawFile([{ ...hub, host: 1 }]),
      /^\/etc\/regcred\/regcred.yaml: registries\[0\].host: no field/,
    ],
    [
      "a file in which two entries claim the image's host",
      requestText(),
      rawFile([hub, { ...hub, name: "again" }]),
      /^\/etc\/regcred\/regcred.yaml: registries: two entries claim docker\.io/,
    ],
  ])("fails on %s, and asks nobody", async (_, request, file, note) => {
    const { result, asked } = start(file, request);
    const { answer, notes } = await result;
    expect(answer).toBeUndefined();
    expect(notes[0]).toMatch(note);
    expect(asked).toEqual([]);
  });
});

describe("a run for a pod", () => {
  const file = rawPodFile([{ ...hub, pods: { namespaces: { include: ["team-a"] } } }]);

  it("hands the pod's own token to the provider, and the login to the pod that is named", async () => {
    const { result, asked } = start(file, requestText({ serviceAccountToken: tokenOf() }));
    expect((await result).answer?.auth).toHaveProperty(["docker.io"]);
    expect(asked).toMatchObject([{ handed: { account: { namespace: "team-a", name: "builder" } } }]);
  });

  it("answers emptily for another namespace's pod, with a note that names the entry", async () => {
    const token = tokenOf({}, { namespace: "team-b" });
    const { result, asked } = start(file, requestText({ serviceAccountToken: token }));
    expect(await result).toMatchObject({
      answer: { auth: {} },
      notes: ["entry hub: pods.namespaces does not select team-b"],
    });
    expect(asked).toEqual([]);
  });

  it.each([
    ["no token", {}, /has sent no ServiceAccount token, .* write tokenAttributes with serviceAccountTokenAudience/],
    ["one for another audience", { serviceAccountToken: tokenOf({ aud: ["x"] }) }, /is for the audience "x", not for/],
    ["one that has ended", { serviceAccountToken: tokenOf({ exp: 1 }) }, /has ended/],
  ])("fails on %s", async (_, request, note) => {
    const { result, asked } = start(file, requestText(request));
    const { answer, notes } = await result;
    expect(answer).toBeUndefined();
    expect(notes[0]).toMatch(note);
    expect(asked).toEqual([]);
  });

  it("of whom a file of the node itself knows nothing gives no login of the node", async () => {
    const { result } = start(rawFile([hub]), requestText({ serviceAccountToken: tokenOf() }));
    const { answer, notes } = await result;
    expect(answer).toBeUndefined();
    expect(notes[0]).toMatch(
      /serves the node itself: write serviceAccountToken.audience into it, or remove tokenAttributes/,
    );
  });
});
