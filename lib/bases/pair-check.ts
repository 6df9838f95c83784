import { type ColumnMask, columnName, type MaskPlan } from "../mask/plan.ts";
import { redactionOf } from "../mask/redaction.ts";
import type { Rule } from "../mask/rule.ts";
import { type Column, qualifiedName, type Table } from "../schema/model.ts";
import type { Build, Transfer } from "./build.ts";
import type { Samples } from "./samples.ts";
import { unreadable } from "./unreadable.ts";

/** Rows of each table that are compared. */
const ROWS = 50;

/** Rows as the source has them, by their primary key; in memory only. */
interface SampledTable {
  table: Table;
  key: Column[];
  masks: ColumnMask[];
  samples: Samples;
}

/** What a comparison of rows by their primary key gave. */
export interface Pairs {
  /** Values that were compared. */
  compared: number;
  /** Columns some of whose values are in the base what they are in the source, as `schema.table.column`. */
  same: { column: string; values: number }[];
}

/** Kinds and types of which a masked value may be the raw one by chance, or is it where that is special. */
const FEW_KINDS = [
  "boolean",
  "enum",
  "set",
  "opaque",
  "array",
  "integer",
  "decimal",
  "float",
  "date",
  "timestamp",
  "time",
];
const FEW_TYPES = ["number", "date", "text"];

/** The columns by which a table's sampled rows can be found again in the base: its primary key, when no rule changes it. */
export function keyOf(table: Table, plan: MaskPlan): Column[] {
  const names = table.keys.find(({ kind }) => kind === "primary key")?.columns ?? [];
  const masked = plan.tables.get(qualifiedName(table))?.columns.map(({ column }) => column.name) ?? [];
  if (names.some((name) => masked.includes(name))) return [];
  return names.flatMap((name) => table.columns.find((column) => column.name === name) ?? []);
}

/** Compares sampled rows with those that the base holds under the same primary key: a masked value must be another. */
export class PairCheck {
  readonly #tables: SampledTable[] = [];

  take(plan: MaskPlan, table: Table, samples: Samples): void {
    // Rows that its extension makes anew in the base are what they were.
    if (table.configuration !== undefined) return;
    const key = keyOf(table, plan);
    const masks = (plan.tables.get(qualifiedName(table))?.columns ?? []).filter(isCertain);
    if (key.length > 0 && masks.length > 0) this.#tables.push({ table, key, masks, samples });
  }

  async compare(build: Build, transfer: Transfer): Promise<Pairs> {
    const pairs: Pairs = { compared: 0, same: [] };
    if (this.#tables.length === 0) return pairs;
    await transfer.withBase(build, async (session) => {
      for (const { table, key, masks, samples } of this.#tables) {
        const rows = keysIn(key, samples).slice(0, ROWS);
        if (rows.length === 0) continue;
        const columns = [...key, ...masks.map(({ column }) => column)];
        const wanted = { columns: key, values: rows };
        const held = await transfer.sampleRows(session, table, columns, wanted).catch((error) => {
          throw unreadable(table, error);
        });
        for (const mask of masks) {
          const { compared, same } = compareColumn(mask, { key, raw: samples, held });
          pairs.compared += compared;
          if (same > 0) pairs.same.push({ column: columnName({ table, column: mask.column }), values: same });
        }
      }
    });
    return pairs;
  }
}

/** Columns every value of which the rules change. */
function isCertain({ kind, rules }: ColumnMask): boolean {
  // A text that was covered before is covered again by the same.
  const isText = (rule: Rule) => kind.is === "text" && rule.strategy === "redact";
  const isSure = ({ where, path, strategy, type }: Rule) =>
    !where && !path && !["keep", "mask", "redact"].includes(strategy) && !FEW_TYPES.includes(type ?? "");
  return !FEW_KINDS.includes(kind.is) && rules.every((rule) => isSure(rule) || isText(rule));
}

/** The keys of the sampled rows; a longer one may have been cut. */
function keysIn(key: Column[], samples: Samples): string[][] {
  const columns = key.map(({ name }) => samples.get(name) ?? []);
  const rows = (columns[0] ?? []).map((_, row) => columns.map((values) => values[row] ?? ""));
  return rows.filter((values) => values.every((value) => value.length < 400));
}

function compareColumn(
  { column, rules }: ColumnMask,
  { key, raw, held }: { key: Column[]; raw: Samples; held: Samples },
): { compared: number; same: number } {
  const values = (samples: Samples) => {
    const keys = keysIn(key, samples).map((parts) => parts.join("\0"));
    return new Map(keys.map((name, row) => [name, samples.get(column.name)?.[row]]));
  };
  const masked = values(held);
  const cover =
    rules[0]?.strategy === "redact" ? (redactionOf({ is: "text", max: Infinity }, rules[0].with) ?? "") : "";
  let [compared, same] = [0, 0];
  for (const [name, value] of values(raw)) {
    // A character(n) has blanks behind the cover.
    if (value == null || value.trimEnd() === cover || !isTelling(value) || !masked.has(name)) continue;
    compared++;
    if (masked.get(name) === value) same++;
  }
  return { compared, same };
}

/** Empty texts and punctuation stay what they are, and a short text may come again by chance. */
function isTelling(value: string): boolean {
  return value.length >= 6 && /[\p{L}\p{N}]{3}/u.test(value);
}
