// Reads a login that a person has written into a Secret, without what editors, `echo` and shells put around it.
import { type LoginResult, loginOf } from "./login.ts";

// A file may begin with it; no registry's password does.
const byteOrderMark = "\uFEFF";
const space = 0x20;
const del = 0x7f;

/**
 * The login with the line ends taken off that `echo` and editors leave, refused where characters are left that RFC 7617
 * section 2 does not allow. A password that is JSON, as Google's `_json_key`, may have line breaks within it.
 */
export function writtenLogin(username: string, password: string): LoginResult {
  const result = loginOf(withoutLineEnds(username), withoutLineEnds(password));
  if (!result.ok) return result;
  const { login } = result;
  if (hasControl(login.username)) return { ok: false, problem: problemOf("user name") };
  const secret = login.password.reveal();
  if (!secret.startsWith("{") && hasControl(secret)) return { ok: false, problem: problemOf("password") };
  return result;
}

function problemOf(what: string): string {
  return `has a line break or another control character in its ${what}: write it on one line, as UTF-8`;
}

function withoutLineEnds(text: string): string {
  let end = text.length;
  while (text[end - 1] === "\n" || text[end - 1] === "\r") end -= 1;
  return text.slice(text.startsWith(byteOrderMark) ? 1 : 0, end);
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < space || unit === del) return true;
  }
  return false;
}
