// When does what a tenant holds end, by the annotation of its pull Secret? A hint: tenants can edit it.

/** Of the credential's entries the first end; undefined where none is named, or for anything unreadable. */
export function earliestEnd(annotation: string, credential: string): Temporal.Instant | undefined {
  try {
    const entries: unknown = JSON.parse(annotation);
    if (!Array.isArray(entries)) return undefined;
    const ends = entries.flatMap((entry: unknown) => {
      const { name, expires } = Object(entry) as { readonly name?: unknown; readonly expires?: unknown };
      const isOurs = typeof name === "string" && name.startsWith(`${credential}/`);
      return isOurs && typeof expires === "string" ? [Temporal.Instant.from(expires)] : [];
    });
    return ends.toSorted((a, b) => Temporal.Instant.compare(a, b))[0];
  } catch {
    return undefined;
  }
}
