import { randomBytes } from "node:crypto";
import type { Finding } from "../mask/detect.ts";
import type { What } from "../mask/detect-phrases.ts";
import { openKey } from "../mask/key.ts";
import { type Engine, type Kind, kindOf } from "../mask/kind.ts";
import { isUnique } from "../mask/plan.ts";
import type { Rule } from "../mask/rule.ts";
import { valueMask } from "../mask/value-mask.ts";
import type { Schema } from "../schema/model.ts";

/** What a rule makes of an invented value. */
export interface Example {
  before: string;
  after: string;
}

/** What nobody is called. */
const TEXTS: Record<What, string> = {
  email: "ann@sample.invalid",
  phone: "+1 212 555 0187",
  first_name: "Ann",
  last_name: "Sample",
  name: "Ann Sample",
  username: "ann_sample",
  company: "Sample & Sons",
  address: "10 Sample Street",
  place: "Sampleton",
  position: "52.52, 13.40",
  "birth date": "1984-05-17",
  ip: "198.51.100.7",
  device: "device-0187",
  url: "https://sample.invalid/ann",
  card: "4242424242424242",
  iban: "DE02120300000000202051",
  "bank account": "0532013000",
  "identity number": "078-05-1120",
  sensitive: "a diagnosis",
  password: "hunter2",
  secret: "sk_sample_0187",
  "free text": "Ann called about her order",
  opaque: "Ann Sample",
};

const OTHERS: Partial<Record<Kind["is"], string>> = {
  integer: "1234567",
  decimal: "12345",
  float: "42.5",
  date: "1984-05-17",
  timestamp: "1984-05-17 12:00:00",
  uuid: "6f9619ff-8b86-4011-b42d-00c04fc964ff",
  inet: "198.51.100.7",
};

/** What the first rule of a finding does; drawn with a key of this moment, so it tells nothing about the real one. */
export function exampleOf(engine: Engine, { tables }: Schema, finding: Finding): Example | undefined {
  const table = tables.find(({ schema, name }) => schema === finding.schema && name === finding.table);
  const column = table?.columns.find(({ name }) => name === finding.column);
  const [suggested] = finding.suggest;
  if (!table || !column || !suggested) return undefined;
  const { path, by: _, ...rest } = suggested;
  const { type, baseType, labels } = column;
  const own = kindOf(engine, { type, ...(baseType ? { baseType } : {}), ...(labels.length > 0 ? { labels } : {}) });
  // What a path names is a text of its own.
  const kind: Kind = path === undefined ? own : { is: "text", max: Number.POSITIVE_INFINITY };
  const rule: Rule = { table: finding.table, column: finding.column, ...rest };
  const before = inventedFor(kind, path === undefined ? finding.what : "name");
  if (before === undefined) return undefined;
  if (rule.strategy === "nullify") return { before, after: "NULL" };
  return { before, after: masked({ engine, kind, rule, unique: isUnique(table, column) }, before) };
}

function inventedFor(kind: Kind, what: What): string | undefined {
  if (kind.is === "text") return TEXTS[what].slice(0, kind.max);
  if (kind.is === "json") return '{"name": "Ann"}';
  if (kind.is === "enum") return kind.labels.at(-1);
  return OTHERS[kind.is];
}

function masked(request: Parameters<typeof valueMask>[0], before: string): string {
  // A unique column refuses numbers out of its range.
  const value = request.rule.range === undefined ? before : String(request.rule.range[0]);
  try {
    return valueMask(request, openKey(randomBytes(32)))(value, "1");
  } catch {
    return "…";
  }
}
