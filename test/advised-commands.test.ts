// Tests that every command that regcred can advise is typed in a test, complete with all the flags that it needs.
import { describe, expect, it } from "vitest";
import { advised, advisedTemplates, commandsBesideTheTag, typedCommands } from "./advised-commands.ts";

describe("the commands that are advised", () => {
  const templates = advisedTemplates();

  it("are typed on the real API server, every one: test/integration/advised-commands.test.ts", () => {
    expect(templates).toEqual(Object.keys(typedCommands).toSorted());
  });

  it("are made by one tag, so that none is overlooked", () => {
    expect(commandsBesideTheTag().toSorted()).toEqual([
      "kubectl config get-clusters",
      "kubectl config get-contexts",
      "kubectl config get-users",
      // It says what another command does.
      "kubectl delete does",
    ]);
  });

  it.each(templates)("name the namespace of what is in one: %s", (template) => {
    const isOfOne = /^(?!regcred )(?:\S+ ){1,2}(?:-n § )?(?:secret|serviceaccount|pods?|role|rolebinding)\b/.test(
      template,
    );
    expect(template.includes(" -n §")).toBe(isOfOne || template.startsWith("get § "));
  });

  it.each(templates)("set labels and annotations whatever value they have: %s", (template) => {
    const sets = /^(?:label|annotate) .*=/.test(template);
    expect(template.includes("--overwrite")).toBe(sets);
  });

  it("are read as they stand, with what is put into them, whatever that holds", () => {
    const template = "create secret generic -n § § --type=§ --from-file=§=FILE";
    expect(templates).toContain(template);
    expect(advised(template, ["a", "b c", "d", ".e"])).toBe(
      "kubectl create secret generic -n a 'b c' --type=d --from-file=.e=FILE",
    );
  });
});
