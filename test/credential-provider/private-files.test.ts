// Tests that files of a node are accepted only where nobody else can have written or read them.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { privateFiles } from "../../src/credential-provider/private-files.ts";
import { OperatorError } from "../../src/runtime/errors.ts";

const owner = process.getuid?.() ?? 0;
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "regcred-node-"));
  mkdirSync(join(folder, "hub"), { mode: 0o700 });
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(path: string, text: string | Uint8Array, mode = 0o600): void {
  writeFileSync(join(folder, path), text);
  chmodSync(join(folder, path), mode);
}

const files = (uid = owner) => privateFiles(folder, uid);

/** Reason and message of what it throws. */
function failureOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof OperatorError) return `${error.reason}: ${error.message}`;
  }
  return "";
}

describe("a Secret on a node", () => {
  it("is a folder with a file for each key, as a Secret has it", () => {
    put("hub/username", "acme");
    put("hub/password", "hunter2", 0o400);
    const record = files().secret("hub");
    expect(record).toMatchObject({ kind: "source", type: "Opaque", name: "hub", offered: true });
    expect(record.kind === "source" && record.values?.["password"]?.reveal()).toBe("hunter2");
    expect(JSON.stringify(record)).not.toContain("hunter2");
  });

  it.each([
    [".dockerconfigjson", "kubernetes.io/dockerconfigjson"],
    [".dockercfg", "kubernetes.io/dockercfg"],
  ])("with the key %s is of the type %s", (key, type) => {
    put(`hub/${key}`, "{}");
    expect(files().secret("hub")).toMatchObject({ type });
  });

  it.each([
    [
      "a file that others may read",
      () => put("hub/password", "hunter2", 0o640),
      /can be read by others than its owner: chmod go-rwx .*\/hub\/password$/,
    ],
    [
      "a file that others may write",
      () => put("hub/password", "hunter2", 0o602),
      /can be written by others than its owner: chmod go-rwx /,
    ],
    [
      "a folder that others may write",
      () => chmodSync(join(folder, "hub"), 0o770),
      /hub can be written by others than its owner: chmod go-w /,
    ],
    [
      "a folder above it that others may write",
      () => chmodSync(folder, 0o777),
      /can be written by others than its owner: chmod go-w /,
    ],
    ["a link", () => symlinkSync("/etc/hostname", join(folder, "hub/password")), /hub\/password is a symbolic link/],
    ["a folder for a key", () => mkdirSync(join(folder, "hub/password")), /hub\/password is no file/],
    ["what is no text", () => put("hub/password", Uint8Array.of(0xff, 0xfe, 0x41)), /is not UTF-8 text/],
    ["what is too large", () => put("hub/password", "x".repeat(64 * 1024 + 1)), /is larger than 64 KiB/],
  ])("is refused: %s", (_, prepare, message) => {
    prepare();
    expect(failureOf(() => files().secret("hub"))).toMatch(message);
  });

  it("is refused where somebody else owns it, with the command that mends it", () => {
    put("hub/password", "hunter2");
    expect(failureOf(() => files(owner + 1).secret("hub"))).toMatch(
      new RegExp(
        `^SourceRefused: .* belongs to the user ${owner}, who can change it: chown ${owner + 1}:${owner + 1} /`,
      ),
    );
  });

  it("that is not there is told with its place", () => {
    expect(failureOf(() => files().secret("other"))).toBe(
      `SourceMissing: ${join(folder, "other")} does not exist: create it, as docs/nodes.md says`,
    );
  });

  it("is looked for in no other folder", () => {
    for (const name of ["..", "../hub", "hub/..", "/etc", ""]) {
      expect(failureOf(() => files().secret(name))).toMatch(/^SourceInvalid: no folder of .* can be called so$/);
    }
  });

  it("that is a link is not followed", () => {
    symlinkSync(join(folder, "hub"), join(folder, "link"));
    expect(failureOf(() => files().secret("link"))).toMatch(/symbolic link|is no folder/);
  });
});

describe("a configuration file", () => {
  it("may be read by all, and written by its owner only", () => {
    put("regcred.yaml", "a: b", 0o644);
    expect(files().text(join(folder, "regcred.yaml"))).toBe("a: b");
    chmodSync(join(folder, "regcred.yaml"), 0o664);
    expect(failureOf(() => files().text(join(folder, "regcred.yaml")))).toMatch(/chmod go-w /);
  });
});
