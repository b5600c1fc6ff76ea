// The logins that the kubelet's own code finds for an image. The program around it is ours, built with Go.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { Buildable } from "./build-with-go.ts";
import { catalogue } from "./catalogue.ts";

const kubernetes = catalogue()["kube-apiserver"];
export const matcher: Buildable = {
  name: "the kubelet's matcher",
  version: kubernetes.version,
  build: {
    module: kubernetes.build.module,
    package: "./matcher",
    linkerFlags: "-s -w",
    packages: 299,
    minutes: "about a minute",
  },
};

export interface Question {
  readonly image: string;
  /** Of docker configs, as they stand there. */
  readonly keys: readonly string[];
}

/** For each question the indices of the keys whose logins are tried, in their order. */
export async function kubeletsAnswers(
  program: string,
  questions: readonly Question[],
): Promise<readonly (readonly number[])[]> {
  // What it logs of keys that are no URLs is of no interest.
  const child = spawn(program, { stdio: ["pipe", "pipe", "ignore"] });
  const ended = once(child, "exit");
  child.stdin.end(JSON.stringify(questions));
  const output = await text(child.stdout);
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`the matcher ended with ${String(code)}`);
  return JSON.parse(output) as number[][];
}
