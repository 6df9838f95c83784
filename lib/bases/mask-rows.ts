import { randomBytes } from "node:crypto";
import type { EngineName } from "../engine/index.ts";
import { isDrawn } from "../mask/drawn.ts";
import type { MaskKey } from "../mask/key.ts";
import type { Kind } from "../mask/kind.ts";
import { type ColumnMask, columnName, type MaskPlan, requestOf, type TableMask, typeOf } from "../mask/plan.ts";
import { printedAs } from "../mask/printed.ts";
import { redactionOf } from "../mask/redaction.ts";
import type { Rule } from "../mask/rule.ts";
import type { Transfer } from "./build.ts";
import { HEADROOM, type RowMask, type RowMasks, type ValueChange } from "./row-masks.ts";

/** The source's dialect, and the key for what ditto draws itself. */
interface Site {
  engine: EngineName;
  transfer: Pick<Transfer, "selectMasked" | "keepsRow">;
  /** Undefined where no rule draws with it. */
  key: MaskKey | undefined;
}

/** Turns a plan without problems into what is selected of each table and done to its rows on their way. */
export function maskRows(plan: MaskPlan, site: Site): RowMasks {
  return new Map([...plan.tables].map(([name, mask]) => [name, maskTable(mask, site)]));
}

function maskTable({ table, columns }: TableMask, site: Site): RowMask {
  const mask: RowMask = {
    table,
    selected: new Map(),
    flags: [],
    changes: [],
    secret: site.key?.secret ?? NO_KEY,
    ranges: [],
  };
  const names = table.columns.filter(({ generated }) => generated === "no").map(({ name }) => name);
  for (const column of columns) {
    for (const rule of column.rules) {
      mask.changes.push(changeOf({ mask, names, column, rule }, site));
      if (rule.range !== undefined) mask.ranges.push(rangeOf(column, rule.range[1]));
      if (isDrawn(column, rule)) continue;
      const redaction = rule.strategy === "redact" ? redactionOf(column.kind, rule.with) : undefined;
      const replacement = redaction === undefined ? undefined : printedAs(site.engine, column.kind)(redaction);
      mask.selected.set(
        column.column.name,
        site.transfer.selectMasked({ column: column.column, kind: column.kind, rule, replacement }),
      );
    }
  }
  return mask;
}

interface Part {
  mask: RowMask;
  names: string[];
  column: ColumnMask;
  rule: Rule;
}

function changeOf({ mask, names, column, rule }: Part, site: Site): ValueChange {
  const name = columnName({ table: mask.table, column: column.column });
  return {
    index: names.indexOf(column.column.name),
    by: rule.by === undefined ? undefined : names.indexOf(rule.by),
    flag: rule.where === undefined ? undefined : flagOf(mask.flags, site.transfer.keepsRow(rule.where)),
    request: isDrawn(column, rule) ? { ...requestOf(site.engine, column, rule), ...byOf(mask, rule, site) } : undefined,
    count: {
      name: rule.path === undefined ? name : `${name}/${rule.path}`,
      strategy: rule.strategy,
      ...(rule.type === undefined ? {} : { type: rule.type }),
      seen: 0,
      changed: 0,
      kept: 0,
    },
  };
}

function rangeOf({ column, kind }: ColumnMask, greatest: number): RowMask["ranges"][number] {
  const isFull = kind.is === "integer" && BigInt(greatest) + BigInt(HEADROOM) > kind.max;
  return { column: column.name, greatest, isFull };
}

function byOf({ table }: RowMask, rule: Rule, { engine }: Site): { by?: Kind } {
  const by = table.columns.find(({ name }) => name === rule.by);
  return by === undefined ? {} : { by: typeOf(engine, by) };
}

function flagOf(flags: string[], condition: string): number {
  const known = flags.indexOf(condition);
  return known < 0 ? flags.push(condition) - 1 : known;
}

/** For what is changed in ditto without drawing anything. */
const NO_KEY = randomBytes(32);
