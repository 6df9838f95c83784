import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quoteQualified } from "../../engine/postgres/quote.ts";
import { DittoError, messageOf, usageError } from "../../kit/errors.ts";
import { holdsRows, type Key, qualifiedName, type Schema, type Table } from "../../schema/model.ts";
import type { Chosen } from "../selection.ts";
import { unreadable } from "../unreadable.ts";

/** Lets the source plan each condition of dump.rows, without running it. Throws exit 2 naming the table. */
export async function refuseBadConditions(session: Session, chosen: Chosen): Promise<void> {
  for (const { table, condition } of chosen.filtered) {
    try {
      await session.query(`EXPLAIN SELECT FROM ONLY ${quoteQualified(table)} WHERE (${condition}\n)`);
    } catch (error) {
      throw usageError(
        `Cannot use dump.rows of "${qualifiedName(table)}": the source does not understand the condition (${messageOf(error)})`,
        "Write it as behind WHERE, and name other tables and functions with their schema",
      );
    }
  }
}

/** Asks the source for rows whose foreign key points to a row that a condition leaves out. Throws `BROKEN_KEYS` naming the keys. */
export async function refuseOrphans(session: Session, schema: Schema, chosen: Chosen): Promise<void> {
  const kept = new KeptRows(schema, chosen);
  const broken: string[] = [];
  for (const table of schema.tables) {
    for (const key of table.keys) {
      const target =
        key.references &&
        schema.tables.find((other) => qualifiedName(other) === `${key.references?.schema}.${key.references?.table}`);
      if (!target || !key.validated || !kept.isFiltered(target)) continue;
      const [{ orphans } = { orphans: "0" }] = await session
        .query<{ orphans: string }>(orphansOf(table, key, target, kept))
        .catch((error) => {
          // A condition runs over rows here, and may fail at one's value.
          throw unreadable(target, error);
        });
      if (orphans !== "0")
        broken.push(`${qualifiedName(table)}.${key.name} → ${qualifiedName(target)} (${orphans} rows)`);
    }
  }
  if (broken.length === 0) return;
  throw new DittoError(`Cannot leave rows out: foreign keys would break: ${broken.join(", ")}`, {
    code: "BROKEN_KEYS",
    exit: 2,
    hint: 'Give the referencing tables a condition in dump.rows too, e.g. items: "order_id IN (SELECT id FROM public.orders WHERE …)"',
  });
}

function orphansOf(table: Table, key: Key, target: Table, kept: KeptRows): string {
  const pairs = key.columns.map(
    (column, index) =>
      [`c.${quoteIdentifier(column)}`, `p.${quoteIdentifier(key.references?.columns[index] ?? "")}`] as const,
  );
  const present = pairs.map(([own]) => `${own} IS NOT NULL`).join(" AND ");
  const same = pairs.map(([own, other]) => `${other} = ${own}`).join(" AND ");
  const rows = kept.query(table, key.columns);
  return `SELECT count(*)::text AS orphans FROM (${rows}) c WHERE ${present} AND NOT EXISTS (SELECT FROM (${kept.query(target, key.references?.columns ?? [])}) p WHERE ${same})`;
}

/** The rows of tables that the dump takes, as queries. */
class KeptRows {
  readonly #conditions: Map<string, string>;
  readonly #gone: Set<string>;
  readonly #schema: Schema;

  constructor(schema: Schema, chosen: Chosen) {
    this.#schema = schema;
    this.#conditions = new Map(chosen.filtered.map(({ table, condition }) => [qualifiedName(table), condition]));
    this.#gone = new Set([...chosen.left, ...chosen.emptied].map(qualifiedName));
  }

  isFiltered(table: Table): boolean {
    return this.#storing(table).some((part) => this.#conditions.has(qualifiedName(part)));
  }

  query(table: Table, columns: string[]): string {
    const list = columns.map(quoteIdentifier).join(", ");
    const parts = this.#storing(table).map((part) => {
      const name = qualifiedName(part);
      const condition = this.#gone.has(name) ? "false" : (this.#conditions.get(name) ?? "true");
      return `SELECT ${list} FROM ONLY ${quoteQualified(part)} WHERE (${condition}\n)`;
    });
    return parts.join(" UNION ALL ") || `SELECT ${list} FROM ${quoteQualified(table)} WHERE false`;
  }

  /** The table itself, or the partitions that hold its rows. */
  #storing(table: Table): Table[] {
    if (table.kind !== "partitioned") return [table];
    const children = this.#schema.tables.filter((other) => other.parents.includes(qualifiedName(table)));
    return children.flatMap((child) => this.#storing(child)).filter(holdsRows);
  }
}
