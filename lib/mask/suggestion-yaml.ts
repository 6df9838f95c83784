import type { Finding } from "./detect.ts";

/** Plain scalars that mean something else than themselves, in YAML 1.1 or 1.2. */
const RESERVED = /^(true|false|yes|no|on|off|y|n|null|~|\.inf|\.nan|[-+.\d].*)$/i;

/**
 * The lines to add under `obfuscation.rules`: one per rule, and at the end how to say that a column is not personal.
 * `schema` is the one that rules need not name.
 */
export function suggestionYaml(findings: readonly Finding[], { schema: plain = "public" } = {}): string {
  const place = ({ schema, table, column }: Finding) => ({ ...(schema === plain ? {} : { schema }), table, column });
  const [first] = findings;
  if (first === undefined) return "";
  const lines = findings.flatMap((finding) => finding.suggest.map((rule) => flow({ ...place(finding), ...rule })));
  const keep = flow({ ...place(first), strategy: "keep" });
  return `${lines.map((line) => `    - ${line}\n`).join("")}    # Or, for a column that is not personal: - ${keep}\n`;
}

/** A rule as one line of YAML. */
export function flow(rule: object): string {
  const pairs = Object.entries(rule).map(([key, value]) => `${key}: ${scalar(value)}`);
  return `{ ${pairs.join(", ")} }`;
}

function scalar(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(scalar).join(", ")}]`;
  if (typeof value !== "string") return String(value);
  const isPlain = /^[A-Za-z_][A-Za-z0-9_-]*$/.test(value) && !RESERVED.test(value);
  return isPlain ? value : JSON.stringify(value);
}
