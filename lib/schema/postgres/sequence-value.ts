import { quoteLiteral } from "../../engine/postgres/quote.ts";
import type { Column, Sequence, SequenceOptions, Table } from "../model.ts";
import type { Draft, World } from "./node.ts";
import { ident, qualified } from "./quote.ts";
import { usualBounds } from "./sequence-sql.ts";

interface ColumnName {
  schema: string;
  table: string;
  column: string;
}

interface NamedSequence {
  schema: string;
  name: string;
}

/** A new sequence of a standing column goes on behind its rows, and behind what the one before gave: those values would come twice. */
export function goesOn(world: World, owner: ColumnName, sequence: NamedSequence, options: SequenceOptions): Draft[] {
  const [before, after] = [world.a, world.b].map(({ tables }) => columnIn(tables, owner));
  if (before === undefined || after === undefined || after.table.kind === "foreign table") return [];
  const { type, baseType } = after.column;
  const number = /^(smallint|integer|bigint|numeric\b.*)$/.exec(baseType || type)?.[0];
  if (number === undefined) return [];
  const name = ident(owner.column);
  const down = options.increment.startsWith("-");
  const { minimum, maximum } = usualBounds({ type: number, increment: options.increment });
  const usual = down ? BigInt(options.minimum) <= BigInt(minimum) : BigInt(options.maximum) >= BigInt(maximum);
  const bounded =
    usual && !number.startsWith("numeric")
      ? ""
      : ` AND ${name} ${down ? ">=" : "<="} ${down ? options.minimum : options.maximum}`;
  const top = `${down ? "min" : "max"}(${name})${number.startsWith("numeric") ? "::bigint" : ""}`;
  const last = lastBefore(world, owner, options);
  const value = last === undefined ? top : `${down ? "least" : "greatest"}(${top}, ${last})`;
  const rows = `${qualified(owner.schema, owner.table)} WHERE ${name} ${down ? "<=" : ">="} ${options.start}${bounded}`;
  const having = last === undefined ? ` HAVING ${top} IS NOT NULL` : "";
  return [{ sql: `SELECT pg_catalog.setval(${sequenceText(world, owner, sequence)}, ${value}) FROM ${rows}${having}` }];
}

function columnIn(
  tables: Table[],
  { schema, table: name, column }: ColumnName,
): { table: Table; column: Column } | undefined {
  const table = tables.find((one) => one.name === name && one.schema === schema);
  const found = table?.columns.find((one) => one.name === column);
  return table === undefined || found === undefined ? undefined : { table, column: found };
}

function isOf({ ownedBy }: Sequence, { schema, table, column }: ColumnName): boolean {
  return ownedBy?.column === column && ownedBy.table === table && ownedBy.schema === schema;
}

/** What the column's sequence gave last, where the new one could have given it. */
function lastBefore({ a }: World, owner: ColumnName, options: SequenceOptions): string | undefined {
  const last = a.sequences.find((one) => isOf(one, owner))?.last ?? "";
  if (last === "") return undefined;
  const [at, start] = [BigInt(last), BigInt(options.start)];
  const down = options.increment.startsWith("-");
  const within = down ? at <= start && at >= BigInt(options.minimum) : at >= start && at <= BigInt(options.maximum);
  return within ? last : undefined;
}

/** By its name; an identity's, whose name may be another's until that one may go, by its column. */
function sequenceText(world: World, owner: ColumnName, { schema, name }: NamedSequence): string {
  const identity = columnIn(world.b.tables, owner)?.column.identity !== "no";
  if (!identity || !isTaken(world, owner, { schema, name })) return quoteLiteral(qualified(schema, name)).trim();
  return `(SELECT d.objid::regclass FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = d.classid AND d.deptype = 'i'
    AND a.attrelid = ${quoteLiteral(qualified(owner.schema, owner.table)).trim()}::regclass AND a.attname = ${quoteLiteral(owner.column).trim()})`;
}

function isTaken({ a, options }: World, owner: ColumnName, { schema, name }: NamedSequence): boolean {
  const whole = options.ignore.length + options.kinds.length + options.schemas.length === 0;
  const own = (one: Sequence) => whole && isOf(one, owner);
  const relations = a.tables.flatMap((table) => [
    table,
    ...table.indexes.map((index) => ({ ...index, schema: table.schema })),
  ]);
  return [...relations, ...a.sequences.filter((one) => !own(one))].some(
    (one) => one.name === name && one.schema === schema,
  );
}

/** The sequence of a column whose identity takes over its name and its value: nothing is lost with it. */
export function livesOnInIdentity({ b }: World, { ownedBy, schema, name }: Sequence): boolean {
  if (ownedBy === undefined) return false;
  const heir = columnIn(b.tables, ownedBy)?.column;
  return heir?.identity !== "no" && heir?.postgres?.sequence?.name === name && heir.postgres.sequence.schema === schema;
}
