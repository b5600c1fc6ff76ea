// An AWS that nobody here has written: moto, in a virtual environment of its own.
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import { cacheFolder } from "./cache-folder.ts";
import { withFreePort } from "./free-port.ts";
import { withLock } from "./lock.ts";
import { outputOf } from "./output-of.ts";
import { type Part, part } from "./part.ts";
import { watchdog } from "./watchdog.ts";

export interface Moto {
  readonly url: string;
  readonly server: Part;
  /** An action of IAM, by the account's owner; gives the XML of the answer. */
  iam(action: string, parameters: Readonly<Record<string, string>>): Promise<string>;
  /** From now on, signatures and rights are checked, or nothing is. */
  setStrict(strict: boolean): Promise<void>;
  stop(): Promise<void>;
}

/** moto and all that it needs for IAM, STS and ECR, each with its version. */
const requirements = join(import.meta.dirname, "moto-requirements.txt");

/**
 * Starts it on a free loopback port. Its packages are fetched once, by pip as this machine has it, and kept beside the other
 * programs.
 * @throws Error that says what to install
 */
export async function startMoto(): Promise<Moto> {
  const python = await pythonWithMoto();
  const folder = await mkdtemp(join(tmpdir(), "regcred-moto-"));
  watchdog.made(folder);
  try {
    return await withFreePort(async (port) => {
      const url = `http://127.0.0.1:${port}`;
      const server = part({
        name: "moto",
        file: python,
        arguments: ["-m", "moto.server", "--host", "127.0.0.1", "--port", String(port)],
        folder,
        ready: async () => (await statusOf(url)) === 200,
      });
      await server.start();
      return {
        url,
        server,
        iam: (action, parameters) => iam(url, action, parameters),
        setStrict: async (strict) => {
          await posted(`${url}/moto-api/reset-auth`, strict ? "0" : "inf");
        },
        stop: async () => {
          await server.kill();
          await rm(folder, { recursive: true, force: true, maxRetries: 5 });
        },
      };
    });
  } catch (error) {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    throw error;
  }
}

/** The path of a Python that has it. */
async function pythonWithMoto(): Promise<string> {
  const version = await outputOf("python3", [
    "-c",
    "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])",
  ]).catch((error: unknown) => {
    throw new Error(
      `this machine cannot run moto, because it lacks python3 with venv and pip; on Debian: apt-get install python3-venv`,
      { cause: error },
    );
  });
  const wanted = await readFile(requirements, "utf8");
  const digest = createHash("sha256").update(`${version}\n${wanted}`).digest("hex").slice(0, 12);
  const folder = join(cacheFolder(process.env, process.platform), `moto-${digest}`);
  const whole = join(folder, "whole");
  const isWhole = (): Promise<boolean> =>
    access(whole).then(
      () => true,
      () => false,
    );
  const python = join(folder, "bin", "python");
  if (await isWhole()) return python;
  await withLock(`${folder}.lock`, { onWait: () => undefined }, async () => {
    if (await isWhole()) return;
    process.stderr.write(`fetching moto's packages by pip, kept in ${folder}\n`);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await outputOf("python3", ["-m", "venv", folder]);
    // All of them are listed, so that nothing else comes; and none is built here.
    const options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"];
    await outputOf(python, ["-m", "pip", "install", ...options, "--requirement", requirements]);
    await writeFile(whole, "");
  });
  return python;
}

async function statusOf(url: string): Promise<number | undefined> {
  try {
    const { statusCode, body } = await request(`${url}/moto-api/`);
    await body.dump();
    return statusCode;
  } catch {
    return undefined;
  }
}

// moto finds the service in the scope of the signature, which it does not check while it is not strict.
async function iam(url: string, action: string, parameters: Readonly<Record<string, string>>): Promise<string> {
  const form = new URLSearchParams({ Action: action, Version: "2010-05-08", ...parameters });
  return posted(url, form.toString(), {
    authorization:
      "AWS4-HMAC-SHA256 Credential=owner/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=none",
    "content-type": "application/x-www-form-urlencoded",
  });
}

async function posted(url: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const answer = await request(url, { method: "POST", body, headers });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`moto answered with HTTP ${answer.statusCode}: ${text.slice(0, 500)}`);
  return text;
}
