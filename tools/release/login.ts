// The login of `docker login` for a registry.
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { loginAt } from "../../src/registry/host.ts";
import { parseDockerConfig } from "../../src/registry/docker-config.ts";
import type { Login } from "./registry.ts";

/** Undefined where the file has none for the host. @throws Error where it cannot be read as one. */
export async function loginFor(host: string, file: string | undefined): Promise<Login | undefined> {
  const path = file ?? join(homedir(), ".docker", "config.json");
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    // What is named must be there.
    if (file !== undefined) throw error;
    return undefined;
  });
  if (text === undefined) return undefined;
  const read = parseDockerConfig(text, "dockerconfigjson");
  if (!read.ok) throw new Error(`${path} ${read.problem}`);
  const login = loginAt(read.logins, host);
  return login && { username: login.username, password: login.password.reveal() };
}
