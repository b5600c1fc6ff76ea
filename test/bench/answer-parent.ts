// The requests of the bench to a script that it started, as the script gets them. See child.ts for the other end.

/** Calls `answer` for each request and sends back what it resolves to; what it throws ends this process. */
export function answerParent<Request>(answer: (request: Request) => Promise<unknown>): void {
  process.on("message", (message: unknown) => {
    if (typeof message !== "object" || message === null || !("ask" in message) || !("what" in message)) return;
    const { ask } = message;
    void answer(message.what as Request).then((value) => process.send?.({ reply: ask, value: value ?? null }));
  });
  process.channel?.ref();
  process.once("disconnect", () => process.exit());
}
