// Tests that a tenant can inject no text into the output of `explain`, in whatever field of its own objects.
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explainSubject } from "../../../src/cli/explain/explain-subject.ts";
import { isObjectName } from "../../../src/cluster/object-name.ts";
import { obeyedIn } from "../../foreign-texts.ts";
import { evil, hostile, type Objects, sessionOn } from "../hostile-cluster.ts";

async function outputOf(objects: Objects, who: string, output?: string): Promise<string> {
  const { session, printed } = sessionOn(objects);
  await explainSubject(session, ["team-a", who], { output });
  return printed();
}

const styles = new RegExp(String.raw`${"\u001B"}\[(?:1|22|31|32|33|39)m`, "g");

describe("explain, of a namespace in which a tenant has written what it likes", () => {
  const subjects = fc.constantFrom("pod/web", "default");

  it("prints no character that a terminal obeys", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, subjects, async (objects, who) => {
        for (const output of [undefined, "json"]) {
          expect(obeyedIn((await outputOf(objects, who, output)).replaceAll("\n", ""))).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("has nothing but its own styles in colours", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, subjects, async (objects, who) => {
        const { session, printed } = sessionOn(objects, true);
        await explainSubject(session, ["team-a", who], {});
        expect(obeyedIn(stripVTControlCharacters(printed()).replaceAll("\n", ""))).toEqual([]);
        expect(printed().replaceAll(styles, "")).toBe(stripVTControlCharacters(printed()));
      }),
      { numRuns: 100 },
    );
  });

  it("advises only what it would advise anyway", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, subjects, async (objects, who) => {
        const { obstacle, images } = JSON.parse(await outputOf(objects, who, "json")) as {
          obstacle?: { remedy: { commands: string[] } };
          images: { obstacle?: { remedy: { commands: string[] } } }[];
        };
        const commands = [obstacle, ...images.map((image) => image.obstacle)].flatMap(
          (each) => each?.remedy.commands ?? [],
        );
        for (const command of commands) {
          expect(command).toMatch(
            /^kubectl (?:annotate|create (?:secret|role|rolebinding|serviceaccount) |delete (?:pod|secret) |get pods|label|patch (?:regcred|serviceaccount) |regcred )/,
          );
          expect(command).not.toMatch(/clusterrolebinding|mallory|evil|--as/);
        }
        const text = await outputOf(objects, who);
        // Nothing that a tenant wrote begins a line, let alone one in the place of a command.
        const lines = text.split("\n").filter((line) => /^\s*kubectl/.test(line));
        expect(lines.map((line) => line.trim()).filter((line) => !commands.includes(line))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("does not ask for Events, which anybody in the namespace may write in the operator's name", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (objects) => {
        const { session, printed, asked } = sessionOn(objects);
        await explainSubject(session, ["team-a", "pod/web"], {});
        expect(asked).not.toContain("events");
        const { events: _, ...others } = objects;
        expect(printed()).toBe(await outputOf(others, "pod/web"));
      }),
      { numRuns: 50 },
    );
  });

  it("asks for objects that can be there, and for no thousands of them", async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({ name: `secret-${index}` }));
    await fc.assert(
      fc.asyncProperty(hostile, async (objects) => {
        const [pod] = objects["pods"] as unknown as { metadata: object; spec: object }[];
        const crowded = {
          ...objects,
          pods: [{ ...pod, metadata: pod?.metadata ?? {}, spec: { ...pod?.spec, imagePullSecrets: many } }],
        };
        for (const each of [objects, crowded]) {
          const { session, asked } = sessionOn(each);
          await explainSubject(session, ["team-a", "pod/web"], {});
          expect(
            asked.filter((path) => path.includes("/") && !isObjectName(path.split("/").slice(1).join("/"))),
          ).toEqual([]);
          expect(asked.length).toBeLessThan(200);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("shows an Event's command nowhere", async () => {
    const [objects] = fc.sample(hostile, { numRuns: 1, seed: 1 });
    expect(await outputOf({ ...objects, pods: [], secrets: [] }, "default")).not.toContain(evil);
  });
});
