import type { Hazard } from "../change.ts";
import type { Table } from "../model.ts";
import type { Named } from "./access.ts";
import { exclusive } from "./column-parts.ts";
import { type Differences, type Draft, versionOf, type World } from "./node.ts";
import { ident, shown } from "./quote.ts";

/** A relation on both sides, and its name. */
export interface RelationPair {
  a: Table;
  b: Table;
  named: Named;
}

/** The clause of CREATE. */
export function withOptions(options: Record<string, string> | undefined): string {
  const pairs = Object.entries(options ?? {}).map(optionText);
  return pairs.length === 0 ? "" : `\nWITH (${pairs.join(", ")})`;
}

/** Values may hold what only a string may. */
function optionText([name, value]: [string, string]): string {
  return `${name}=${/^[\w.-]+$/.test(value) ? value : `'${value.replaceAll("'", "''")}'`}`;
}

/** Storage parameters and view options: SET and RESET. */
export function optionDrafts(
  named: Pick<Named, "sqlName">,
  a: Record<string, string>,
  b: Record<string, string>,
): { words: string[]; drafts: Draft[] } {
  const gone = Object.keys(a).filter((name) => !(name in b));
  const come = Object.entries(b).filter(([name, value]) => a[name] !== value);
  const words = [
    ...gone.map((name) => `${name}: ${a[name]} → default`),
    ...come.map(([name, value]) => `${name}: ${a[name] ?? "default"} → ${value}`),
  ];
  const drafts: Draft[] = [];
  if (gone.length > 0) drafts.push({ sql: `ALTER ${named.sqlName} RESET (${gone.join(", ")})` });
  // Those that are set move to the end, and the server tells them in their order.
  const kept = Object.keys(a).filter((name) => a[name] === b[name]);
  const ordered = [...kept, ...come.map(([name]) => name)].join() === Object.keys(b).join();
  const set = ordered || words.length === 0 ? come : Object.entries(b);
  if (set.length > 0) drafts.push({ sql: `ALTER ${named.sqlName} SET (${set.map(optionText).join(", ")})` });
  return { words, drafts };
}

/** Where and how its rows are kept. */
export function compareStorage(world: World, found: Differences, { a, b, named }: RelationPair): void {
  const alter = `ALTER ${named.sqlName}`;
  const [old, now] = [a.postgres, b.postgres];
  const rewrite: Hazard = { name: "rewrites-table", detail: shown(b.schema, b.name) };
  // 15 brought the statement.
  if (versionOf(world) < 15) found.anew("access method", old?.accessMethod, now?.accessMethod);
  if (found.replace) return;
  found.note("access method", old?.accessMethod, now?.accessMethod, {
    sql: `${alter} SET ACCESS METHOD ${now?.accessMethod ? ident(now.accessMethod) : "heap"}`,
    hazards: [exclusive(b), rewrite],
  });
  found.note("tablespace", old?.tablespace, now?.tablespace, {
    sql: `${alter} SET TABLESPACE ${now?.tablespace ? ident(now.tablespace) : "pg_default"}`,
    hazards: [exclusive(b), rewrite],
  });
  if (old?.clusteredOn && !now?.clusteredOn)
    found.note("clustered on", old.clusteredOn, "", `${alter} SET WITHOUT CLUSTER`);
}
