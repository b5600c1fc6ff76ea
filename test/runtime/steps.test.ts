// Tests that a command stays the one that was written, whatever names are put into it.
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { commandText, jsonValue, kubectl, textWithSteps } from "../../src/runtime/steps.ts";

describe("a command", () => {
  it("is the words that were written, with the names in their places", () => {
    expect(commandText(kubectl`delete pod -n ${"team-a"} ${"web"} --now`)).toBe(
      "kubectl delete pod -n team-a web --now",
    );
    expect(commandText(kubectl`label namespace ${"team-a"} ${"acme.io/tier"}=${"high"}`)).toBe(
      "kubectl label namespace team-a acme.io/tier=high",
    );
    expect(commandText(kubectl`get pods`)).toBe("kubectl get pods");
  });

  it("holds a patch as one word that a shell takes as it is", () => {
    const patch = jsonValue({ spec: { note: "it's \u202E\u001B𝕏" } });
    expect(commandText(kubectl`patch regcred acme -p ${patch}`)).toBe(
      String.raw`kubectl patch regcred acme -p '{"spec":{"note":"it'\''s \u202e\u001b\ud835\udd4f"}}'`,
    );
  });

  it("never has more words, nor an option, nor a control character, whatever is put in", () => {
    const value = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("; reboot", "$(reboot)", "a b", "--as=admin", "-n", "a\nb", "", "'", "`x`", "x".repeat(5_000)),
    );
    fc.assert(
      fc.property(value, value, (one, other) => {
        const { argv } = kubectl`delete pod -n ${one} key=${other}`;
        expect(argv.slice(0, 4)).toEqual(["kubectl", "delete", "pod", "-n"]);
        expect(argv.length).toBe(6);
        expect(argv[4]).not.toMatch(/^-/);
        expect(argv[5]).toMatch(/^key=/);
        expect(argv.join("")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      }),
      { numRuns: 300 },
    );
  });

  it("reaches the program as it is, through a real shell", () => {
    const names = ["it's", "$(echo gone)", "a; echo gone", "`echo gone`", "a b", '"', "\\", "*", "~", "#"];
    for (const name of names) {
      const typed = commandText(kubectl`get ${name} ${"x"}`).replace(/^kubectl/, String.raw`printf '%s\n'`);
      expect(execFileSync("sh", ["-c", typed], { encoding: "utf8", timeout: 10_000 })).toBe(`get\n${name}\nx\n`);
    }
  });
});

describe("a failure, as it is told", () => {
  const steps = [
    { message: "create it", command: kubectl`create secret generic ${"hub"}` },
    { message: "or name another" },
  ];
  const whole = "the Secret hub does not exist; create it: kubectl create secret generic hub; or name another";

  it("is its message, then what to do", () => {
    expect(textWithSteps({ message: "the Secret hub does not exist", steps })).toBe(whole);
    expect(textWithSteps({ message: "nobody knows" })).toBe("nobody knows");
  });

  it("is cut in its message, never in a command", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 300 }),
        fc.integer({ min: 10, max: 400 }),
        (message, longest) => {
          const reported = textWithSteps({ message, steps }, longest);
          expect(Buffer.byteLength(reported)).toBeLessThanOrEqual(longest);
          expect(reported).toMatch(
            /^(?:(?!; create it)[^])*(?:; create it: kubectl create secret generic hub(?:; or name another)?)?$/,
          );
        },
      ),
    );
    expect(textWithSteps({ message: "x".repeat(1_000), steps }, 200)).toMatch(
      /^x+…; create it: kubectl create secret generic hub; or name another$/,
    );
  });
});
