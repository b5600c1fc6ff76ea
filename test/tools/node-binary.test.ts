// Tests of the platforms for which there is an executable, and of what is said of the others.
import { expect, it } from "vitest";
import { platformNamed } from "../../tools/build/node-binary.ts";

it.each(["linux-x64", "linux-arm64"])("there is an executable for %s", (name) => {
  expect(platformNamed(name)).toBe(name);
});

it.each(["darwin-arm64", "win32-x64", "linux"])("who asks for %s is told what there is", (name) => {
  expect(() => platformNamed(name)).toThrow(
    `there is no executable for ${name}, only for linux-x64 and linux-arm64: npm run package is for all`,
  );
});
