// Runs the demo, from its first line to the last thing that it removes.
import { version as node } from "node:process";
import { systemClock } from "../../src/runtime/clock.ts";
import { agree } from "./agree.ts";
import { prepareClouds } from "./clouds.ts";
import { contextStage, DemoRefused, removeCredential } from "./context-stage.ts";
import { interruption } from "./interruption.ts";
import { isOnPath, nextCommands } from "./next-commands.ts";
import { endOfLog } from "./operator-process.ts";
import { type DemoOptions, exitCodes } from "./options.ts";
import { ownStage } from "./own-stage.ts";
import { type Player, player, StepFailed, type StepReport } from "./player.ts";
import { prepareRegistry, prepareTestEnv, type TestEnv } from "./test-env.ts";
import { type Screen, screen } from "./screen.ts";
import { credentialsPath, type Stage } from "./stage.ts";
import { story } from "./story.ts";
import { applySource, untilReady, untilServed } from "./tenants.ts";

export interface DemoReport {
  /** The whole story was played. */
  readonly ok: boolean;
  readonly milliseconds: number;
  readonly namespaces: number;
  /** Null: a control plane of the demo's own. */
  readonly context: string | null;
  readonly node: string;
  /** What went wrong, in one sentence. */
  readonly failure: string | null;
  readonly steps: readonly StepReport[];
}

/** What is passed from hand to hand while the demo runs. */
interface Performance {
  readonly options: DemoOptions;
  readonly show: Screen;
  readonly play: Player;
  readonly cleanup: AsyncDisposableStack;
  readonly signal: AbortSignal;
}

/** What there is to look at. */
interface Built {
  readonly stage: Stage;
  readonly testEnv: TestEnv;
}

/** Plays the story, saves the report, stays up if that is wanted, cleans up whatever happens, and gives the exit code. */
export async function perform(options: DemoOptions, save: (report: DemoReport) => Promise<void>): Promise<number> {
  const clock = systemClock();
  const began = clock.elapsed();
  const show = screen(process.stdout);
  const { signal, end } = interruption(() => show.paragraph("Still cleaning up; every wait has a limit."));
  const cleanup = new AsyncDisposableStack();
  const performance: Performance = { options, show, play: player(show, signal), cleanup, signal };
  let code: number = exitCodes.ok;
  let failure: string | null = null;
  let built: Built | undefined;
  /** Runs a part of the whole; what it throws becomes a sentence and an exit code. */
  const attempt = async (run: () => Promise<void>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      failure = messageOf(error);
      code = exitCodeFor(error, signal);
      // A failed step has been shown.
      if (code === exitCodes.interrupted) show.heading("Interrupted.");
      else if (!(error instanceof StepFailed)) show.failed(failure);
      if (built && code === exitCodes.failed && error instanceof StepFailed) showLog(show, built.testEnv);
    }
  };

  await attempt(async () => {
    introduce(performance);
    built = await setUp(performance);
    for (const step of story) await playStep(built.testEnv, step, performance);
    show.heading(`That was the whole story, in ${inSeconds(clock.elapsed() - began)} with everything that was set up.`);
  });
  const { context = null, namespaces } = options;
  const milliseconds = Math.round(clock.elapsed() - began);
  const steps = performance.play.reports;
  const report = { ok: failure === null, milliseconds, namespaces, context, node, failure, steps };
  await attempt(() => save(report));
  const ready = built;
  if (ready && code === exitCodes.ok && !options.once) await attempt(() => stayUp(ready, performance));

  show.live("cleaning up ...");
  try {
    await cleanup.disposeAsync();
    if (code !== exitCodes.refused) show.done("Everything that the demo started or made is gone again.");
  } catch (error) {
    show.failed(`Not everything could be removed: ${messageOf(error)}`);
    code = exitCodes.failed;
  }
  end();
  return code;
}

function introduce({ options, show }: Performance): void {
  const { context, namespaces } = options;
  show.title("regcred demo: registry credentials for every tenant namespace");
  show.paragraph(
    `Images live in a registry that wants a password, and every one of ${namespaces} tenant namespaces must be able to pull them. You will see regcred give each its pull Secret, and keep it right. No pods run here: the demo itself pulls from the registry as a node would, with the Secret read back from the namespace.`,
  );
  show.paragraph(
    context === undefined
      ? "It takes about 40 seconds; the first time some minutes more to download etcd and Kubernetes, or up to 15 to build them. Nothing outside temporary folders and that cache is touched."
      : `It takes about 30 seconds, on your context ${context}. The registry and the operator run on this machine.`,
  );
  show.heading("Setting up");
}

async function setUp(performance: Performance): Promise<Built> {
  const { options, show, play, cleanup, signal } = performance;
  const { context, namespaces } = options;
  const removing = (text: string): void => show.live(`removing ${text}`);
  const stage =
    context === undefined
      ? await ownStage({ play, cleanup, signal })
      : await contextStage({
          kubeconfig: process.env["KUBECONFIG"],
          context,
          namespaces,
          agree: (question) => consent(question, performance),
          play,
          cleanup,
          removing,
        });
  const registry = await prepareRegistry({ play, cleanup, signal });
  const clouds = context === undefined ? await prepareClouds({ play, cleanup, signal }) : undefined;
  const testEnv = await prepareTestEnv({ stage, registry, clouds, count: namespaces }, { play, cleanup, signal });
  if (context !== undefined) {
    cleanup.defer(() => removeCredential(stage.client, removing, () => testEnv.operator.pid() !== undefined));
  }
  return { stage, testEnv };
}

async function consent(question: string, { options, show, signal }: Performance): Promise<boolean> {
  if (options.yes) return true;
  if (!process.stdin.isTTY)
    throw new DemoRefused(
      "nothing was done: nobody can be asked, since standard input is no terminal; add --yes to agree beforehand",
    );
  show.paragraph(question);
  return await agree("  Type y to go on: ", signal);
}

async function playStep(testEnv: TestEnv, step: (typeof story)[number], { play }: Performance): Promise<void> {
  await play.step(step, (tell) => step.run(testEnv, tell));
}

async function stayUp({ stage, testEnv }: Built, { show, signal }: Performance): Promise<void> {
  const interrupted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  try {
    await applySource(testEnv);
    await testEnv.client.create(credentialsPath, testEnv.manifest().credential);
    const everybody = [...testEnv.tenants, testEnv.lateTenant];
    await untilServed(testEnv, show, everybody);
    await untilReady(testEnv, everybody.length);
  } catch (error) {
    // Ctrl-C is how this is meant to end, from the beginning.
    if (signal.aborted) return;
    throw error;
  }
  show.paragraph(
    "The first RegistryCredential has been created again, so that there is something to look at. In another terminal:",
  );
  show.block(
    nextCommands({
      kubeconfig: stage.kubeconfig,
      context: stage.context,
      system: testEnv.system,
      tenant: testEnv.tenants[0],
      newTenant: `${testEnv.prefix}mine`,
      hasKubectl: isOnPath("kubectl", process.env["PATH"] ?? ""),
      curl: stage.curl,
      operatorLog: testEnv.operator.logFile,
    }).join("\n"),
  );
  show.heading("It stays up until you press Ctrl-C, which removes everything.");
  // Nothing else may keep the program alive while the cluster is idle.
  const awake = setInterval(() => undefined, 60_000);
  await interrupted;
  clearInterval(awake);
  show.paragraph("");
}

function showLog(show: Screen, { operator }: TestEnv): void {
  show.paragraph("The last lines of the operator's log:");
  show.block(endOfLog(operator));
}

function exitCodeFor(error: unknown, signal: AbortSignal): number {
  if (signal.aborted) return exitCodes.interrupted;
  return error instanceof DemoRefused || (error instanceof StepFailed && error.cause instanceof DemoRefused)
    ? exitCodes.refused
    : exitCodes.failed;
}

function messageOf(error: unknown): string {
  if (error instanceof SuppressedError) return `${messageOf(error.error)}; ${messageOf(error.suppressed)}`;
  return error instanceof Error ? error.message : String(error);
}

function inSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
