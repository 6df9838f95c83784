import { quoteIdentifier } from "../../engine/sqlite/quote.ts";
import { type Destructive, destroying, type Hazard, type Statement } from "../change.ts";
import type { FullSchema } from "../model-objects.ts";
import { canonicalText } from "./definition.ts";
import { isWord, nameOf, tokensOf, withNames } from "./tokens.ts";
import { byName, note, type Work } from "./work.ts";

/** Something that is made by one statement and replaced as a whole. */
export interface Text {
  name: string;
  /** The table it belongs to, or "". */
  table: string;
  sql: string;
}

export function viewsOf({ tables }: FullSchema): Text[] {
  return tables
    .filter(({ kind }) => kind === "view")
    .map(({ name, definition }) => ({ name, table: "", sql: definition ?? "" }));
}

export function triggersOf({ triggers }: FullSchema): Text[] {
  return triggers.map(({ name, table, definition }) => ({ name, table, sql: definition }));
}

export function indexesOf(work: Work, schema: FullSchema): Text[] {
  return schema.tables.flatMap(({ name: own, indexes }) => {
    const table = schema === work.a ? (work.renamedTables.get(own) ?? own) : own;
    return indexes.flatMap(({ name, definition }) =>
      definition === undefined ? [] : [{ name, table, sql: definition }],
    );
  });
}

const DROPS = { view: "drop-view", trigger: "drop-trigger", index: "drop-index" } as const satisfies Record<
  string,
  Destructive
>;

/** Views, triggers, indexes: what differs goes before the tables change and comes behind, and so does what they take along. */
export function planTexts(
  work: Work,
  kind: keyof typeof DROPS,
  { before, after }: { before: Text[]; after: Text[] },
): { drops: Statement[]; makes: Statement[] } {
  const keep = ({ name, table }: Text) => work.chosen(kind, name, `${table}.${name}`);
  const [old, now] = [byName(before.filter(keep)), byName(after.filter(keep))];
  const kept = new Set([...work.b.tables.map(({ name }) => name.toLowerCase()), ""]);
  const drops: Statement[] = [];
  const makes: Statement[] = [];
  const drop = (text: Text, change: string, kinds: Destructive[]) =>
    drops.push({
      sql: `DROP ${kind.toUpperCase()} ${quoteIdentifier(text.name)}`,
      hazards: [],
      transactional: true,
      change,
      ...destroying(kinds),
    });
  for (const [key, text] of old) {
    const table = work.renamedTables.get(text.table) ?? text.table;
    // What belongs to a table that goes, goes with it.
    if (now.has(key) || !kept.has(table.toLowerCase())) continue;
    drop(text, note(work, kind, text.name, { action: "drop", words: [text.sql] }), [DROPS[kind]]);
  }
  const strays = before.filter((text) => !keep(text) && !now.has(text.name.toLowerCase()));
  makes.push(...strays.flatMap((text) => remake(work, kind, text)));
  for (const [key, text] of now) {
    const was = old.get(key);
    const canonical = ({ sql }: Text) => canonicalText(sql, work.names);
    const alike = was !== undefined && (was.sql === text.sql || canonical(was) === canonical(text));
    const stays = alike && !touches(work, was) && !(kind !== "index" && isInTheWay(work, text));
    const follows = work.rebuilt.get(text.table.toLowerCase());
    if (stays && !follows) continue;
    const action = was === undefined ? "create" : alike ? "rebuild" : "replace";
    const words = action === "replace" ? [`− ${was?.sql}`, `+ ${text.sql}`] : action === "create" ? [text.sql] : [];
    const change = note(work, kind, text.name, { action, words });
    // What its table isn't made anew for stays as it is.
    const kinds = follows?.kinds ?? [];
    // The table takes its own along when it goes.
    if (was !== undefined && !(follows && was.table.toLowerCase() === text.table.toLowerCase()))
      drop(was, change, kinds);
    // A view's triggers go with it, as a table's do.
    if (was !== undefined && kind === "view")
      work.rebuilt.set(key, { change, kinds: [], renames: new Map(), gone: new Set() });
    const hazards: Hazard[] =
      /^create\s+unique/i.test(text.sql) && action !== "rebuild"
        ? [{ name: "may-fail", detail: `rows of ${text.table} that are equal in ${text.name}` }]
        : [];
    makes.push({ sql: text.sql, hazards, transactional: true, change, ...destroying(kinds) });
  }
  return { drops, makes };
}

/** What is left out of the comparison stays as it is in A, also where what it stands on is made anew. */
function remake(work: Work, kind: keyof typeof DROPS, { table, sql }: Text): Statement[] {
  const name = work.renamedTables.get(table) ?? table;
  const ground = work.rebuilt.get(name.toLowerCase());
  if (ground === undefined) return [];
  // An index goes with its column.
  if (kind === "index" && tokensOf(sql).some((token) => ground.gone.has(nameOf(token).toLowerCase()))) return [];
  const tables = [...work.renamedTables].filter(([, to]) => to === name);
  const renames = new Map([...ground.renames, ...tables.map(([from, to]) => [from.toLowerCase(), to] as const)]);
  const { change, kinds } = ground;
  return [{ sql: withNames(sql, renames), hazards: [], transactional: true, change, ...destroying(kinds) }];
}

/** A trigger on a table of another name follows it by itself, and its text with it. */
function touches(work: Work, { table }: Text): boolean {
  return work.renamedTables.has(table);
}

/** What a name stands for behind these words is a table or a view. */
const BEFORE_RELATION = ["from", "join", "into", "update"];

/** Whether it names a table or a view that isn't there before or behind the change, or a column that goes. */
function isInTheWay({ a, b, renamedTables, resolves, gone }: Work, { sql }: Text): boolean {
  if (!resolves && gone.size === 0) return false;
  const before = new Set(a.tables.map(({ name }) => (renamedTables.get(name) ?? name).toLowerCase()));
  const after = new Set(b.tables.map(({ name }) => name.toLowerCase()));
  const tokens = tokensOf(sql);
  return tokens.some((token, at) => {
    if (gone.has(nameOf(token).toLowerCase())) return true;
    if (!isWord(tokens[at - 1], ...BEFORE_RELATION) || (token.kind !== "word" && token.kind !== "name")) return false;
    const isFunction = tokens[at + 1]?.kind === "open" && !isWord(tokens[at - 1], "into");
    // `UPDATE OF a ON t`, `UPDATE OR IGNORE t`, `json_each(…)`, and what WITH brings.
    if (isWord(token, "of", "on", "or") || isFunction) return false;
    const name = nameOf(token).toLowerCase();
    if (/^sqlite_/.test(name) || (before.has(name) && after.has(name))) return false;
    return !tokens.some((one, place) => nameOf(one).toLowerCase() === name && isWord(tokens[place + 1], "as"));
  });
}
