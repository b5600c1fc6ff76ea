// The series in a scrape.

/** The lines of samples of metrics whose name begins so. */
export function seriesIn(text: string, name = ""): string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#") && startsWithName(line, name));
}

/** `regcred_namespace_not_ready` is not the beginning of `regcred_namespace_not_ready_omitted`, but `regcred_` is. */
function startsWithName(line: string, name: string): boolean {
  return name === "" || name.endsWith("_") ? line.startsWith(name) : line.split(/[{ ]/)[0] === name;
}
