import type { Column, Table } from "../model.ts";
import { commentDraft, grantDrafts } from "./access.ts";
import { Differences, textWords, versionOf, type World } from "./node.ts";
import { ident, qualified } from "./quote.ts";
import { RELATION_KEYWORDS } from "./relation-kinds.ts";
import { compareStorage, optionDrafts, type RelationPair, withOptions } from "./relation-storage.ts";

/** CREATE, or CREATE OR REPLACE, of a view. */
export function viewSql(table: Table, verb = "CREATE"): string {
  const { check_option: check, ...options } = table.options ?? {};
  const head = `${verb} ${RELATION_KEYWORDS[table.kind]} ${qualified(table.schema, table.name)}`;
  const method = table.postgres?.accessMethod ? `\nUSING ${ident(table.postgres.accessMethod)}` : "";
  const space = table.postgres?.tablespace ? `\nTABLESPACE ${ident(table.postgres.tablespace)}` : "";
  const end =
    table.kind === "view"
      ? check === undefined
        ? ""
        : `\nWITH ${check.toUpperCase()} CHECK OPTION`
      : table.postgres?.populated
        ? ""
        : "\nWITH NO DATA";
  const values = valuesOf(table);
  if (values !== undefined) {
    const columns = table.columns.map(({ name }) => ident(name)).join(", ");
    return `${head} (${columns})${method}${withOptions(options)}${space} AS\n${values}${end}`;
  }
  return `${head}${method}${withOptions(options)}${space} AS\n${table.definition}${end}`;
}

/** A view of bare VALUES, which the server writes as a SELECT that it would itself read as another one. */
function valuesOf({ definition = "" }: Table): string | undefined {
  const [, values] =
    /^SELECT (?:"\*VALUES\*"\.)?column1\b[^()]*\sFROM \((VALUES .*)\) "\*VALUES\*"$/s.exec(definition) ?? [];
  return values;
}

/** Comment, privileges and settings of a view's column; undefined when it is new. */
export function viewColumn(world: World, table: Table, a: Column | undefined, b: Column): Differences {
  const found = new Differences();
  const name = qualified(table.schema, table.name);
  found.note(`comment of ${b.name}`, a?.comment, b.comment, commentDraft(`COLUMN ${name}.${ident(b.name)}`, b.comment));
  const on = { keyword: "TABLE", name, columns: ident(b.name) };
  const owner = table.owner || (world.a.postgres?.databaseOwner ?? "");
  const grants = grantDrafts(world, on, { before: a?.privileges ?? [], after: b.privileges ?? [], owner });
  if (grants.length > 0) found.words.push(`privileges of ${b.name} differ`);
  found.add(...grants);
  const alter = `ALTER MATERIALIZED VIEW ${name} ALTER COLUMN ${ident(b.name)}`;
  const target = (column: Column | undefined) => String(column?.postgres?.statistics ?? -1);
  if (table.kind === "materialized view") {
    found.note(`statistics of ${b.name}`, target(a), target(b), `${alter} SET STATISTICS ${target(b)}`);
    if (b.postgres?.storage || a?.postgres?.storage)
      found.note(
        `storage of ${b.name}`,
        a?.postgres?.storage,
        b.postgres?.storage,
        `${alter} SET STORAGE ${b.postgres?.storage || (versionOf(world) >= 16 ? "DEFAULT" : b.postgres?.usualStorage)}`,
      );
  }
  return found;
}

/** What turns one view into another of its name. */
export function compareViews(world: World, found: Differences, { a, b, named }: RelationPair): void {
  const shape = (column: Column | undefined) => `${column?.name} ${column?.type} ${column?.postgres?.collate}`;
  const extended = a.columns.every((column, at) => shape(column) === shape(b.columns[at]));
  const bare = ({ definition = "" }: Table) => definition.replaceAll("( VALUES ", "(VALUES ");
  const query = bare(a) !== bare(b);
  const checks = [a.options?.check_option, b.options?.check_option];
  if (query || checks[0] !== checks[1]) {
    found.words.push(...textWords("query", a.definition ?? "", b.definition ?? ""));
    if (checks[0] !== checks[1]) found.words.push(`check option: ${checks[0] ?? "none"} → ${checks[1] ?? "none"}`);
    if (b.kind === "materialized view" || !extended) found.replace = true;
    else found.add(viewSql(b, "CREATE OR REPLACE"));
  } else if (!extended) {
    found.words.push("columns differ");
    found.replace = true;
  }
  if (found.replace) return;
  const replaced = found.drafts.length > 0;
  const { words, drafts } = optionDrafts(named, a.options ?? {}, b.options ?? {});
  found.words.push(...words.filter((word) => !word.startsWith("check_option")));
  if (!replaced) found.add(...drafts);
  if (b.kind === "materialized view") compareStorage(world, found, { a, b, named });
}
