// Tests that every step of the demo is recorded, and the one that fails named.
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { player, StepFailed } from "./player.ts";
import { screen } from "./screen.ts";

function playing(): { play: ReturnType<typeof player>; interrupt: () => void; text: () => string } {
  const sink = new PassThrough({ encoding: "utf8" });
  const controller = new AbortController();
  const play = player(screen(sink), controller.signal);
  return { play, interrupt: () => controller.abort(new Error("interrupted")), text: () => String(sink.read() ?? "") };
}

describe("a player", () => {
  it("records what a step has told and measured", async () => {
    const { play, text } = playing();
    await play.step({ name: "pull", title: "1. A pull" }, (tell) => {
      tell.done("it works", { name: "total", milliseconds: 12.34 });
      return Promise.resolve();
    });
    expect(play.reports).toMatchObject([{ name: "pull", ok: true, detail: "it works", measured: { total: 12.3 } }]);
    expect(text()).toContain("1. A pull\n  ✓     12 ms  it works\n");
  });

  it("names the step that fails and what was seen", async () => {
    const { play, text } = playing();
    const failing = play.prepare("operator", "starting", () => Promise.reject(new Error("it ended")));
    await expect(failing).rejects.toThrow(new StepFailed("step operator failed: it ended"));
    expect(play.reports).toMatchObject([{ name: "operator", ok: false, detail: "it ended" }]);
    expect(text()).toContain("✗            it ended");
  });

  it("plays no further step once it is interrupted", async () => {
    const { play, interrupt } = playing();
    interrupt();
    await expect(play.prepare("operator", "starting", () => Promise.resolve({ value: 1, text: "" }))).rejects.toThrow(
      "interrupted",
    );
    expect(play.reports).toEqual([]);
  });
});
