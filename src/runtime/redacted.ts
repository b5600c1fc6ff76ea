// Redacted: a password that is never printed.

const contents = new WeakMap<Redacted, string>();

/** A string that prints as `[redacted]` in logs, errors, JSON and the debugger's inspection; only `reveal` gives it. */
export class Redacted {
  constructor(secret: string) {
    contents.set(this, secret);
  }

  reveal(): string {
    return contents.get(this) ?? "";
  }

  toString(): string {
    return "[redacted]";
  }

  toJSON(): string {
    return "[redacted]";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[redacted]";
  }
}
