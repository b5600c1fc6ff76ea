// The text of a plan.
import type { Terminal } from "../terminal/terminal.ts";
import { type Row, textTable, wrapped } from "../terminal/layout.ts";
import type { PlanReport } from "./plan-report.ts";

const columns = [
  { title: "NAMESPACE" },
  { title: "SECRET", spare: 1 },
  { title: "WRITE" },
  { title: "SERVICEACCOUNTS" },
  { title: "HOSTS" },
];
const styles = { create: "green", change: "yellow", delete: "red" } as const;

export function planText(report: PlanReport, what: string, out: Terminal): string {
  const rows = rowsOf(report);
  const lines = [
    ...wrapped(summary(report, what), out.width).map((line) => out.paint("bold", line)),
    ...report.held.flatMap(({ credential, message }) => wrapped(`HELD ${credential}: ${message}`, out.width)),
    ...(report.underWay > 0
      ? wrapped(`The operator has ${report.underWay} other writes before it, with or without this.`, out.width)
      : []),
    ...unservedLines(report, out),
  ].map((line) => `${line}\n`);
  return `${lines.join("")}${rows.length > 0 ? `\n${textTable(columns, rows, out)}` : ""}`;
}

function summary({ secrets, accounts, tokens }: PlanReport, what: string): string {
  const count = (kind: "create" | "change" | "delete"): number => secrets.filter((each) => each.what === kind).length;
  const namespaces = new Set([...secrets, ...accounts].map(({ namespace }) => namespace)).size;
  if (namespaces === 0 && tokens === 0) return `${what} would write nothing to any namespace.`;
  return `${what} would create ${count("create")}, change ${count("change")} and delete ${count("delete")} Secrets, and change ${accounts.length} ServiceAccounts, in ${namespaces} namespaces; tokens to fetch: ${tokens}.`;
}

function rowsOf({ secrets, accounts }: PlanReport): readonly Row[] {
  const left = Map.groupBy(accounts, ({ namespace }) => namespace);
  const ofSecrets = secrets.map(({ namespace, secret, what, gained, lost }): Row => {
    const referring = (left.get(namespace) ?? []).filter(({ added, removed }) =>
      [...added, ...removed].includes(secret),
    );
    return [
      namespace,
      secret,
      { text: what, style: styles[what] },
      referring
        .map(({ serviceAccount, removed }) => `${removed.includes(secret) ? "-" : "+"}${serviceAccount}`)
        .join(" "),
      [...gained.map((host) => `+${host}`), ...lost.map((host) => `-${host}`)].join(" "),
    ];
  });
  const written = new Set(secrets.map(({ namespace }) => namespace));
  const others = accounts
    .filter(({ namespace }) => !written.has(namespace))
    .map(({ namespace, serviceAccount, added, removed }): Row => {
      const names = [...added.map((name) => `+${name}`), ...removed.map((name) => `-${name}`)];
      return [namespace, "", "refer", serviceAccount, names.join(" ")];
    });
  return [...ofSecrets, ...others];
}

/** Namespaces that fail alike are one line. */
function unservedLines({ unserved }: PlanReport, out: Terminal): readonly string[] {
  const groups = Map.groupBy(unserved, ({ credential, reason }) => `${credential}: ${reason}`);
  return [...groups].flatMap(([title, [first, ...more]]) => {
    const others = more.length > 0 ? `, and in ${more.length} more` : "";
    return wrapped(`NOT SERVED ${title} in ${first?.namespace}${others}: ${first?.message}`, out.width);
  });
}
