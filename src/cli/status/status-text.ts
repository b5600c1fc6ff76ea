// The text of `kubectl regcred status`.
import { entryStates } from "../../api/entry-states.ts";
import { formerText } from "../../controllers/credential/plan-status-text.ts";
import { commandText, kubectl } from "../../runtime/steps.ts";
import type { Style, Terminal } from "../terminal/terminal.ts";
import { type Cell, type Column, type Row, textTable, wrapped } from "../terminal/layout.ts";
import { ageText, timeLeft, timeOf } from "../terminal/time-left.ts";
import type { CredentialReport, EntryReport } from "./credential-view.ts";

const columns: readonly Column[] = [
  { title: "CREDENTIAL" },
  { title: "READY" },
  { title: "NAMESPACES" },
  { title: "ENTRY" },
  { title: "PROVIDER", spare: 1 },
  { title: "STATE" },
  { title: "TIME LEFT" },
  { title: "HOSTS", spare: 2 },
];

const failureColumns: readonly Column[] = [
  { title: "CREDENTIAL", spare: 1 },
  { title: "REASON" },
  { title: "WHO FIXES IT" },
  { title: "FOR", spare: 2 },
  { title: "NAMESPACES" },
];

const styles = { good: "green", doubtful: "yellow", lost: "red" } as const satisfies Record<string, Style>;

/** A table, the failing namespaces, and what each credential that is not well says of itself. */
export function statusText(reports: readonly CredentialReport[], now: Temporal.Instant, out: Terminal): string {
  if (reports.length === 0) {
    return "There is no RegistryCredential in this cluster. See the README for a first one.\n";
  }
  return [
    textTable(
      columns,
      reports.flatMap((report) => rowsOf(report, now, out)),
      out,
    ),
    failuresText(reports, now, out),
    ...reports.map((report) => remarks(report, out)),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function rowsOf(report: CredentialReport, now: Temporal.Instant, out: Terminal): Row[] {
  const { name, ready, namespaces, entries } = report;
  const first: Row = [
    name,
    { text: ready ? "yes" : "no", style: ready ? "green" : "red" },
    { text: `${namespaces.ready}/${namespaces.selected}`, style: namespaces.failed > 0 ? "yellow" : undefined },
  ];
  // What a person looks for in a pipe is in each line: grep finds it there.
  const later: Row = out.width === undefined ? first : ["", "", ""];
  if (entries.length === 0) return [first];
  return entries.map((entry, index) => [...(index === 0 ? first : later), ...entryCells(entry, now, out)]);
}

function entryCells(entry: EntryReport, now: Temporal.Instant, out: Terminal): Cell[] {
  const { name, provider, state, hosts } = entry;
  const expiresAt = timeOf(entry.expiresAt);
  return [
    { text: name },
    { text: provider },
    { text: state, style: styles[entryStates[state].health] },
    expiresAt
      ? timeLeft({ expiresAt, refreshedAt: timeOf(entry.refreshedAt) }, now, out)
      : { text: entry.refreshedAt === undefined ? "no token" : "never expires" },
    { text: hosts.join(",") },
  ];
}

function failuresText(reports: readonly CredentialReport[], now: Temporal.Instant, out: Terminal): string {
  const rows = reports.flatMap(({ name, failures }) =>
    failures.map(({ reason, cause, count, oldestSince, examples }): Row => {
      const since = timeOf(oldestSince);
      return [
        name,
        { text: reason, style: "red" },
        cause === "Tenant" ? "the tenant" : "the platform",
        since ? ageText(since, now) : "",
        `${examples.join(", ")}${count > examples.length ? `, and ${count - examples.length} more` : ""}`,
      ];
    }),
  );
  if (rows.length === 0) return "";
  const example = reports.flatMap(({ failures }) => failures.flatMap(({ examples }) => examples))[0];
  const hint =
    example === undefined ? "" : `Why, and how to fix it: ${commandText(kubectl`regcred explain ${example}`)}\n`;
  return `${out.paint("bold", "Failing namespaces")}\n${textTable(failureColumns, rows, out)}${hint}`;
}

function remarks({ name, ready, reason, message, entries, warnings }: CredentialReport, out: Terminal): string {
  const texts = [
    ...(ready ? [] : [`${name} is not ready (${reason}): ${message}`]),
    ...entries.flatMap((entry) =>
      entry.former ? [`${name}, entry ${entry.name}, since ${entry.former.since}: ${formerText(entry.former)}`] : [],
    ),
    ...warnings.map((warning) => `${name}: ${warning.type} (${warning.reason}): ${warning.message}`),
  ];
  return texts.flatMap((text) => wrapped(text, out.width)).join("\n") + (texts.length > 0 ? "\n" : "");
}
