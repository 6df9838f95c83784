import type { ServerVersion } from "../engine/index.ts";
import { formatDuration } from "../kit/units.ts";
import { COUNTED } from "../mask/distinct.ts";
import type { BaseRecord } from "./catalogue.ts";
import type { Masked } from "./masking.ts";
import type { RuleCount } from "./row-masks.ts";

/** What a report is about. */
export interface Reported {
  project: string;
  source: string;
  database: string;
  server: ServerVersion;
  baseId: string;
  profile: string;
  createdAt: string;
  durationMs: number;
  rows: number;
  tables: number;
  warnings: string[];
  disarmed: string[];
  origin: BaseRecord["origin"];
  /** "" when the base could not be dumped, and its rows were only counted. */
  dumpKey: string;
  /** The fingerprint of the key that drew its pseudonyms. */
  maskKey?: string;
  /** Undefined when a file was loaded as it is. */
  masked: Masked | undefined;
  dittoVersion: string;
}

/** What was masked, what was not and how that was proven, as one HTML page without anything from elsewhere. It quotes no value. */
export function reportHtml(report: Reported): string {
  const title = `Masking of ${report.project}, ${report.database}`;
  const sections = [
    ...(report.masked ? maskingSections(report.masked) : [section("What was masked", "", ofFile(report))]),
    section("Proof", list(proofsOf(report)), ""),
    section("Notes", list([...report.warnings, ...report.disarmed.map((thing) => `Disarmed: ${thing}`)]), "None."),
    section("What this protects", LIMITS, ""),
  ];
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><style>${STYLE}</style>
<main><h1>${escaped(title)}</h1>
${facts(report)}
${sections.join("\n")}
<footer>ditto ${escaped(report.dittoVersion)}</footer></main></html>
`;
}

function maskingSections({ rules, kept, unreviewed, judged }: Masked): string[] {
  return [
    section("What was masked", rulesTable(rules), "No rule is configured: the base holds the source's own values."),
    section("Reviewed and kept as it is", list(kept), "No column is kept by a rule."),
    section(
      "Looks personal, and no rule mentions it",
      list(unreviewed),
      judged
        ? "Nothing was found by name, type, or a sample of values."
        : "Columns without a rule were not looked at (obfuscation.unreviewed: allow).",
    ),
  ];
}

function ofFile({ profile }: Reported): string {
  return profile === "none"
    ? "Nothing: the base holds the values of a file as they are."
    : "Nothing more: the base was loaded from a dump that was masked when it was made, and whose manifest tells how.";
}

function facts({ server, ...report }: Reported): string {
  const pairs = {
    "Made at": report.createdAt.replace("T", " ").replace(/\.\d+Z$/, " UTC"),
    Source: `${report.source} (${server.flavour} ${server.version})`,
    Base: report.baseId,
    Rows: `${report.rows.toLocaleString("en")} in ${report.tables} tables, in ${formatDuration(report.durationMs)}`,
    "Set of rules": report.profile,
    "Key's fingerprint": report.maskKey || "no key was needed",
  };
  const rows = Object.entries(pairs).map(([name, value]) => `<dt>${name}</dt><dd>${escaped(value)}</dd>`);
  return `<dl>${rows.join("")}</dl>`;
}

function section(title: string, content: string, nothing: string): string {
  return `<section><h2>${title}</h2>${content || `<p>${nothing}</p>`}</section>`;
}

function rulesTable(rules: RuleCount[]): string {
  if (rules.length === 0) return "";
  const rows = rules.map(
    ({ name, strategy, type, seen, changed, kept, distinct }) =>
      `<tr><td>${escaped(name)}</td><td>${escaped([strategy, type].filter(Boolean).join(" "))}</td>${[...[seen, changed, kept].map(number), ...[distinct?.before, distinct?.after].map(different)].map(cell).join("")}</tr>`,
  );
  const head = ["Column", "Rule", "Values seen", "Changed", "Kept by where", "Different before", "after"]
    .map((name) => `<th>${name}</th>`)
    .join("");
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

function number(count: number): string {
  return count.toLocaleString("en");
}

/** What nobody could count is a dash, and what was estimated says so. */
function different(count: number | null | undefined): string {
  if (count == null) return "–";
  return count > COUNTED ? `about ${number(Number(count.toPrecision(2)))}` : number(count);
}

function cell(text: string): string {
  return `<td class="number">${text}</td>`;
}

function list(items: string[]): string {
  return items.length === 0 ? "" : `<ul>${items.map((item) => `<li>${escaped(item)}</li>`).join("")}</ul>`;
}

function proofsOf(report: Reported): string[] {
  const { masked } = report;
  return masked
    ? [comparisonOf(report), ...pairsOf(masked), ...searchOf(masked), ...unchangedOf(masked)]
    : [comparisonOf(report)];
}

/** What the finished base was compared with, see makeBase. */
function comparisonOf({ masked, origin, dumpKey }: Reported): string {
  if (origin === "file" && !masked)
    return "The rows of the base were compared with what the file tells of them: by number and content where it has a manifest, by number where it is an archive, not where it is plain SQL.";
  return dumpKey === ""
    ? "The rows of the base were compared with those that left ditto, by number."
    : "Every row of the base was compared with the rows that left ditto, by number and content; by number where text vectors were made again or jobs were disarmed.";
}

function pairsOf({ pairs: { compared, same } }: Masked): string[] {
  if (compared === 0) return [];
  const result = same.length === 0 ? "every one is another." : "the same are:";
  return [
    `${compared} values of sampled rows were compared with the source's under the same primary key; ${result}`,
    ...same.map(({ column, values }) => `${values} of ${column}`),
  ];
}

function searchOf({ sought, unsought, leaks }: Masked): string[] {
  if (sought === 0)
    return [
      "No value of a masked column was looked for in the base, because none was telling enough or the base could not be dumped.",
    ];
  const end = leaks.length > 0 ? ":" : "; none was found.";
  return [
    `${sought} sampled values of masked columns were looked for in every row of the base${end}`,
    ...leaks.map(({ column, table, values }) => `${values} sampled values of ${column} stand in ${table}`),
    ...(unsought.length > 0
      ? [`There are too many columns to look for values of all: none of ${unsought.join(", ")} was looked for`]
      : []),
  ];
}

function unchangedOf({ rules }: Masked): string[] {
  return rules
    .filter(({ seen, changed }) => changed < seen)
    .map(
      ({ name, seen, changed }) =>
        `${(seen - changed).toLocaleString("en")} values of ${name} are what they were: special values such as infinity, or empty texts`,
    );
}

const LIMITS = `<p>The base is pseudonymised, not anonymous. Equality, frequency, numbers of rows, the order of shifted dates, and the columns
without a rule are as they are in the source. Whoever holds the key can tell which pseudonym belongs to a value that they know;
erasure of a person reaches a base with the next reseed, when the older ones are pruned.</p>`;

const STYLE = `:root{color-scheme:light dark;--line:#8884;--soft:#8881}
body{margin:0;font:15px/1.5 system-ui,sans-serif}main{max-width:60rem;margin:2rem auto;padding:0 1.5rem}
h1{font-size:1.6rem;margin:0 0 1rem}h2{font-size:1.1rem;margin:2rem 0 .6rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.2rem;padding:1rem;background:var(--soft);border-radius:.5rem}
dt{opacity:.7}dd{margin:0;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line)}
th{font-weight:600;font-size:.85rem}td:first-child{overflow-wrap:anywhere}.number{text-align:right;font-variant-numeric:tabular-nums}
th:nth-child(n+3){text-align:right}footer{margin:2.5rem 0;opacity:.6;font-size:.85rem}
@media print{main{margin:0;max-width:none}}`;

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
