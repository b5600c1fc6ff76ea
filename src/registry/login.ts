// The login to a registry, and which user names and passwords can be one.
import { Redacted } from "../runtime/redacted.ts";

export interface Login {
  readonly username: string;
  readonly password: Redacted;
}

export type LoginResult =
  | { readonly ok: true; readonly login: Login }
  /** `problem` completes the sentence "this login …". */
  | { readonly ok: false; readonly problem: string };

/** The login of a user name and a password as they were read from a Secret. */
export function loginOf(username: string, password: string): LoginResult {
  if (username === "") return { ok: false, problem: "has no user name" };
  if (password === "") return { ok: false, problem: "has no password" };
  // RFC 7617 section 2: whatever follows the first colon is read as the password.
  if (username.includes(":")) {
    return { ok: false, problem: "has a colon in its user name, which Basic authentication cannot carry" };
  }
  return { ok: true, login: { username, password: new Redacted(password) } };
}

/** What a try at the registry showed. */
export type Verification = "Verified" | "Authenticated" | "Denied" | "Inconclusive";
