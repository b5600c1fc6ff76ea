// Tests that we find the logins for an image that the kubelet's own code finds, in the same order.
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loginsFor } from "../../src/registry/kubelet-match.ts";
import { buildWithGo, proveGo } from "../cluster/build-with-go.ts";
import { kubeletsAnswers, matcher, type Question } from "../cluster/kubelet-matcher.ts";
import { streamPrinter } from "../cluster/printer.ts";
import { temporaryFolder } from "../cluster/temporary-folder.ts";

const seed = 20_261_123;
const cases = 20_000;

// The control plane can be downloaded, this program only built: it is ours, around Kubernetes' code.
const noGo = await proveGo(matcher).then(
  () => undefined,
  (error: unknown) => (error instanceof Error ? error.message : String(error)),
);

// Few words, so that keys and images often meet. None has an underscore: Kubernetes' parser takes such a host for a part
// of a repository, which no runtime can pull.
const label = fc.constantFrom(
  "quay",
  "io",
  "docker",
  "index",
  "eu",
  "a",
  "b-c",
  "1",
  "localhost",
  "Quay",
  "registry-1",
);
const name = fc.oneof(
  { weight: 4, arbitrary: fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join(".")) },
  { weight: 3, arbitrary: fc.constantFrom("docker.io", "index.docker.io", "quay.io", "localhost", "eu.quay.io") },
  { weight: 1, arbitrary: fc.constantFrom("[::1]", "[fd00::a]", "127.0.0.1", "a..io", "-a.io", "") },
);
const port = fc.oneof(
  { weight: 6, arbitrary: fc.constant("") },
  { weight: 3, arbitrary: fc.constantFrom(":5000", ":443", ":80") },
  { weight: 1, arbitrary: fc.constantFrom(":", ":x", ":05000", ":99999", ":443") },
);
const segment = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.constantFrom("library", "busybox", "a", "ab", "a-b", "a__b", "v1", "v2", "team", "team.x"),
  },
  { weight: 1, arbitrary: fc.constantFrom("A", "", "-", "a.") },
);
const path = fc
  .array(segment, { minLength: 1, maxLength: 4 })
  .map((segments) => segments.map((each) => `/${each}`).join(""));
const version = fc.oneof(
  { weight: 10, arbitrary: fc.constant("") },
  {
    weight: 5,
    arbitrary: fc.constantFrom(":1", ":latest", `@sha256:${"0".repeat(64)}`, `:1@sha256:${"a".repeat(64)}`),
  },
  { weight: 1, arbitrary: fc.constantFrom(":", "@", "@sha256:0", ":-", `:${"a".repeat(129)}`) },
);
const anyImage = fc
  .tuple(name, port, path, version)
  .map(([host, hostPort, repository, tag]) => `${host}${hostPort}${repository}${tag}`)
  .map((image) => image.replace(/^\//, ""));

/** Mostly nothing. */
const seldom = (...texts: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant("") }, { weight: 1, arbitrary: fc.constantFrom(...texts) });
const scheme = fc.oneof(fc.constantFrom("", "https://", "http://"), seldom("HTTPS://", "ftp://", "//"));
const apiVersion = seldom("/v1", "/v2", "/v1/", "/v2/", "/v3", "/v1/v2");
const ending = seldom(
  "/",
  "?x=/y",
  "?",
  "#x",
  "#%",
  "//",
  " ",
  "%",
  "%2f",
  "%61",
  "%3f",
  "%ff",
  "é",
  "\n",
  "?\n",
  "\u0085",
);
const userinfo = seldom("user@", "user:pw@", "u@v@", "@", "%@", "u v@");
/** A character that is something to a glob or to a URL, put in somewhere. */
const odd = fc.tuple(fc.nat(), fc.constantFrom("*", "*", "*", "*", "?", "[a-z]", "\\", "%", "%25", "^", " ", "{", "<"));

/** What somebody may have written in a docker config for an image: part of its name, with or without signs in it. */
function keyFor(image: string): fc.Arbitrary<string> {
  const bare = image.replace(/@.*$/, "").replace(/:[^/]*$/, "");
  const written = fc.oneof(
    { weight: 3, arbitrary: fc.nat({ max: bare.length }).map((end) => bare.slice(0, end)) },
    { weight: 6, arbitrary: fc.constantFrom(bare, bare.split("/", 1)[0] ?? "") },
    { weight: 2, arbitrary: fc.tuple(name, port, path).map((parts) => parts.join("")) },
    { weight: 1, arbitrary: fc.constantFrom("index.docker.io", "docker.io", "docker.io/library", "") },
  );
  const globbed = fc.tuple(written, fc.array(odd, { maxLength: 2 })).map(([key, signs]) =>
    signs.reduce((so, [at, sign]) => {
      const index = at % (so.length + 1);
      // Half of them take the place of what stands there, up to the end of the label.
      const rest = at % 2 === 0 ? so.slice(index) : so.slice(index).replace(/^[^./:]*/, "");
      return `${so.slice(0, index)}${sign}${rest}`;
    }, key),
  );
  const plain = fc.oneof({ weight: 2, arbitrary: written }, { weight: 1, arbitrary: globbed });
  return fc
    .tuple(scheme, userinfo, plain, apiVersion, ending, fc.boolean())
    .map(([before, user, key, api, after, first]) => {
      if (!first) return `${before}${user}${key}${api}${after}`;
      const [host = "", ...rest] = key.split("/");
      return `${before}${user}${host}${api}${rest.map((each) => `/${each}`).join("")}${after}`;
    });
}

const question: fc.Arbitrary<Question> = anyImage.chain((image) =>
  fc
    .uniqueArray(fc.oneof({ weight: 3, arbitrary: keyFor(image) }, { weight: 1, arbitrary: anyKeyOfRegcred() }), {
      maxLength: 6,
    })
    .map((keys) => ({ image, keys })),
);

/** As src/registry/host.ts writes them. */
function anyKeyOfRegcred(): fc.Arbitrary<string> {
  return fc.constantFrom(
    "https://index.docker.io/v1/",
    "quay.io",
    "*.quay.io",
    "eu.*",
    "quay.io/team",
    "localhost:5000",
  );
}

// On a developer's machine only: CI has Go, and a matcher that nobody asks would prove nothing.
const skipped = noGo !== undefined && !process.env["CI"];
if (skipped) process.stderr.write(`kubelet-matcher.test.ts needs Go >= 1.26 and is not run: ${noGo}\n`);

describe.skipIf(skipped)(`loginsFor against Kubernetes ${matcher.version}, which needs Go`, () => {
  it(`finds the same in ${cases} cases (seed ${seed})`, { timeout: 900_000 }, async () => {
    expect(noGo).toBeUndefined();
    const program = join(temporaryFolder(), "matcher");
    await buildWithGo(matcher, program, streamPrinter(process.stderr));
    const questions = fc.sample(question, { numRuns: cases, seed });
    const kubelets = await kubeletsAnswers(program, questions);

    const differences = questions
      .map(({ image, keys }, index) => ({
        image,
        keys,
        ours: loginsFor(
          image,
          keys.map((key, at) => [key, at] as const),
        ),
        kubelets: kubelets[index],
      }))
      .filter(({ ours, kubelets: theirs }) => ours.join() !== theirs?.join())
      // The shortest tell most.
      .toSorted((a, b) => JSON.stringify(a).length - JSON.stringify(b).length);
    expect(differences.slice(0, 10)).toEqual([]);

    // A generator whose keys never match would prove nothing.
    expect(kubelets.filter((found) => found.length > 0).length).toBeGreaterThan(cases / 5);
    expect(kubelets.filter((found) => found.length > 1).length).toBeGreaterThan(cases / 50);
  });
});
