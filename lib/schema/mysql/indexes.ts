import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import type { CheckText, IndexText } from "./definition.ts";
import { serves } from "./foreign-keys.ts";
import type { TablePair } from "./pair.ts";
import { type Clause, type Cost, changeOf, fromTo, type Part, RANK } from "./part.ts";
import { namesIn, unquoteName } from "./tokens.ts";

/** What differs in a table's primary key and indexes. `remade` are columns that are dropped and added under one name. */
export function indexParts(pair: TablePair, remade: Set<string>): Part[] {
  const parts: Part[] = [];
  // An index keeps the block size that the table had, and says so, until it is made anew.
  const blocks = pair.a.options.get("KEY_BLOCK_SIZE") !== pair.b.options.get("KEY_BLOCK_SIZE");
  const primary = primaryPart(pair, blocks);
  if (primary !== undefined) parts.push(primary);
  const before = new Map(pair.a.indexes.map((index) => [index.name, index]));
  const kept = new Set(pair.b.indexes.map(({ name }) => name));
  const dropped = pair.a.indexes.filter(({ name }) => !kept.has(name));
  for (const index of pair.b.indexes) {
    const old = before.get(index.name);
    const renamed = index.parts.some(
      (part) => part.startsWith("(") && namesIn(part).some((name) => pair.oldNames.has(name)),
    );
    const stepsAside =
      blocks || renamed || columnsOf(index).some((name) => remade.has(name)) || isCovered(pair, index, before);
    const part = old === undefined ? addition(pair, index, dropped) : alteration(pair, old, { index, stepsAside });
    if (part !== undefined) parts.push(part);
  }
  return [...parts, ...dropped.flatMap((index) => removal(pair, index, dropped))];
}

/** An index that the server made for a foreign key leaves when another one comes that does for it, too. */
function isCovered(pair: TablePair, index: IndexText, before: Map<string, IndexText>): boolean {
  if (!pair.a.foreignKeys.some(({ columns }) => serves(index, columns))) return false;
  return pair.b.indexes.some(
    ({ name, text, parts }) => before.get(name)?.text !== text && index.parts.every((part, at) => parts[at] === part),
  );
}

function columnsOf(index: IndexText): string[] {
  return index.parts.flatMap(namesIn);
}

/** What is between `PRIMARY KEY` and the rest, for a reviewer. */
function primaryPart(pair: TablePair, blocks: boolean): Part | undefined {
  const [a, b] = [pair.a.primaryKey, pair.b.primaryKey];
  if (pair.plain(a) === pair.plain(b) && !(blocks && b !== "")) return undefined;
  const bare = (text: string) => text.replace(/^PRIMARY KEY /, "");
  const clauses: Clause[] = [];
  if (a !== "") clauses.push({ rank: RANK.dropIndex, sql: "DROP PRIMARY KEY" });
  if (b !== "") clauses.push({ rank: RANK.primaryKey, sql: `ADD ${b}` });
  const action = a === "" ? "create" : b === "" ? "drop" : "replace";
  const cost: Cost = !pair.innodb || b === "" ? "copy" : "rebuild";
  return {
    change: changeOf("primary key", pair.name, action, [fromTo("key", bare(a), bare(b))]),
    clauses,
    cost,
    hazards:
      b === "" || a === b
        ? []
        : [{ name: "may-fail", detail: `rows of ${pair.name} that have the same ${bare(b)}, or NULL in it` }],
    // The columns that lose AUTO_INCREMENT with it stand in the same statement.
    ...(action === "drop" ? { destructive: "drop-constraint" as const, bound: true } : {}),
  };
}

function addition(pair: TablePair, index: IndexText, dropped: IndexText[]): Part | undefined {
  // MariaDB (11.8) can't read a table any more once an index has the same name in another case.
  const recased = (old: IndexText) => pair.flavour === "mariadb" && old.name.toLowerCase() === index.name.toLowerCase();
  const twin = dropped.findIndex((old) => sameIndex(pair, old, index) && old.hidden === index.hidden && !recased(old));
  const [old] = twin >= 0 && pair.renamesIndexes ? dropped.splice(twin, 1) : [];
  const name = `${pair.name}.${index.name}`;
  if (old === undefined)
    return {
      change: changeOf("index", name, "create", [describe(index)]),
      clauses: [{ rank: RANK.index, sql: `ADD ${definition(pair, index)}` }],
      ...weighed(pair, index),
    };
  return {
    change: changeOf("index", name, "rename", [fromTo("name", old.name, index.name)]),
    clauses: [{ rank: RANK.index, sql: `RENAME INDEX ${quoteIdentifier(old.name)} TO ${quoteIdentifier(index.name)}` }],
    cost: "inplace",
    hazards: [],
  };
}

function alteration(
  pair: TablePair,
  old: IndexText,
  { index, stepsAside }: { index: IndexText; stepsAside: boolean },
): Part | undefined {
  const name = `${pair.name}.${index.name}`;
  const same = sameIndex(pair, old, index);
  if (!same || stepsAside) {
    const drop = `DROP INDEX ${quoteIdentifier(index.name)}`;
    // The server takes one that differs in its parser (MySQL) or block size only for the same, and does nothing.
    const alike = old.kind === index.kind && old.parts.join() === index.parts.join();
    const apart = alike && (pair.flavour === "mysql" || /KEY_BLOCK_SIZE/.test(`${old.text}${index.text}`));
    return {
      change: changeOf(
        "index",
        name,
        same ? "rebuild" : "replace",
        same ? [] : [fromTo("index", describe(old), describe(index))],
      ),
      clauses: [
        ...(apart && !stepsAside ? [] : [{ rank: RANK.dropIndex, sql: drop }]),
        { rank: RANK.index, sql: `ADD ${definition(pair, index)}` },
      ],
      ...(apart && !stepsAside ? { before: [`ALTER TABLE ${quoteIdentifier(pair.name)} ${drop}`] } : {}),
      ...weighed(pair, index),
    };
  }
  if (old.hidden === index.hidden) return undefined;
  const [shown, hidden] = pair.flavour === "mariadb" ? ["NOT IGNORED", "IGNORED"] : ["VISIBLE", "INVISIBLE"];
  const word = index.hidden ? hidden : shown;
  return {
    change: changeOf("index", name, "alter", [
      index.hidden ? "used by the planner → not used" : "not used by the planner → used",
    ]),
    clauses: [{ rank: RANK.visibility, sql: `ALTER INDEX ${quoteIdentifier(index.name)} ${word}` }],
    cost: "inplace",
    hazards: [],
  };
}

/** One whose columns all go leaves with them. */
function removal(pair: TablePair, index: IndexText, dropped: IndexText[]): Part[] {
  // An expression is a hidden column, which goes beside others only by a copy.
  const computed = dropped.length > 1 && index.parts.some((part) => part.startsWith("("));
  const kept = new Set(pair.b.columns.map(({ name }) => name));
  const plainColumns = index.parts.every((part) => part.startsWith("`"));
  const gone = plainColumns && columnsOf(index).every((name) => !kept.has(name));
  return [
    {
      change: changeOf("index", `${pair.name}.${index.name}`, "drop", [describe(index)]),
      clauses: gone ? [] : [{ rank: RANK.dropIndex, sql: `DROP INDEX ${quoteIdentifier(index.name)}` }],
      cost: pair.innodb && !computed && !index.kind.startsWith("VECTOR") ? "inplace" : "copy",
      hazards: [],
      destructive: "drop-index",
      ...(isNeeded(pair, index) ? { bound: true } : {}),
    },
  ];
}

/** An AUTO_INCREMENT column, or a foreign key that stays, wants an index at any time: it goes when the next one comes. */
function isNeeded(pair: TablePair, index: IndexText): boolean {
  const first = unquoteName(/^`(?:[^`]|``)+`/.exec(index.parts[0] ?? "")?.[0] ?? "");
  const counted = pair.a.columns.some(({ name, autoIncrement }) => autoIncrement && name === first);
  const linked = pair.b.foreignKeys.some(({ columns }) => columns[0] === first);
  return counted || linked || pair.linked.has(first);
}

function sameIndex(pair: TablePair, a: IndexText, b: IndexText): boolean {
  return a.kind === b.kind && pair.plain(a.text) === pair.plain(b.text);
}

function describe(index: IndexText): string {
  const kind = index.kind.replace(/ ?KEY$/, "").toLowerCase();
  return `${kind === "" ? "" : `${kind} `}${index.text}${index.hidden ? ", not used by the planner" : ""}`;
}

function definition(pair: TablePair, index: IndexText): string {
  const hidden = index.hidden ? (pair.flavour === "mariadb" ? " IGNORED" : " INVISIBLE") : "";
  return `${index.kind} ${quoteIdentifier(index.name)} ${index.text}${hidden}`;
}

function weighed(pair: TablePair, index: IndexText): Pick<Part, "cost" | "hazards"> {
  // An expression is a hidden column.
  const computed = index.parts.some((part) => part.startsWith("("));
  const special = /^(FULLTEXT|SPATIAL)/.test(index.kind);
  const cost: Cost =
    !pair.innodb || computed || index.kind.startsWith("VECTOR") ? "copy" : special ? "shared" : "inplace";
  const twice = {
    name: "may-fail" as const,
    detail: `rows of ${pair.name} that have the same ${index.parts.join(", ")}`,
  };
  const refused = { name: "may-fail" as const, detail: `rows of ${pair.name} for which ${index.text} has no value` };
  const casts = computed && /\bcast\(/i.test(index.text);
  return { cost, hazards: [...(casts ? [refused] : []), ...(index.kind === "UNIQUE KEY" ? [twice] : [])] };
}

/** What differs in a table's CHECK constraints. */
export function checkParts(pair: TablePair, remade: Set<string>): Part[] {
  const before = new Map(pair.a.checks.map((check) => [check.name, check]));
  const kept = new Set(pair.b.checks.map(({ name }) => name));
  const parts = pair.b.checks.flatMap((check) => {
    const old = before.get(check.name);
    return old === undefined ? [checkAddition(pair, check)] : checkAlteration(pair, old, { check, remade });
  });
  return [...parts, ...pair.a.checks.filter(({ name }) => !kept.has(name)).map((check) => checkRemoval(pair, check))];
}

function checkText(pair: TablePair, { name, expression, enforced }: CheckText): string {
  const off = enforced || pair.flavour === "mariadb" ? "" : " NOT ENFORCED";
  return `ADD CONSTRAINT ${quoteIdentifier(name)} CHECK ${expression}${off}`;
}

function checkAddition(pair: TablePair, check: CheckText): Part {
  return {
    change: changeOf("check", `${pair.name}.${check.name}`, "create", [checkWords(check)]),
    clauses: [{ rank: RANK.check, sql: checkText(pair, check) }],
    ...checkWeight(pair, check),
  };
}

function checkAlteration(
  pair: TablePair,
  old: CheckText,
  { check, remade }: { check: CheckText; remade: Set<string> },
): Part[] {
  const name = `${pair.name}.${check.name}`;
  const same = pair.plain(old.expression) === pair.plain(check.expression);
  const stepsAside = namesIn(check.expression).some((column) => remade.has(column) || pair.oldNames.has(column));
  if (!same || stepsAside) {
    const words = same && old.enforced === check.enforced ? [] : [fromTo("check", checkWords(old), checkWords(check))];
    const dropped = { rank: RANK.dropCheck, sql: dropCheck(pair, check) };
    return [
      {
        change: changeOf("check", name, same ? "rebuild" : "replace", words),
        clauses: [dropped, { rank: RANK.check, sql: checkText(pair, check) }],
        ...checkWeight(pair, check),
      },
    ];
  }
  if (old.enforced === check.enforced) return [];
  const word = check.enforced ? "ENFORCED" : "NOT ENFORCED";
  return [
    {
      change: changeOf("check", name, "alter", [
        check.enforced ? "not enforced → enforced" : "enforced → not enforced",
      ]),
      clauses: [{ rank: RANK.check, sql: `ALTER CHECK ${quoteIdentifier(check.name)} ${word}` }],
      ...checkWeight(pair, check),
    },
  ];
}

function checkRemoval(pair: TablePair, check: CheckText): Part {
  return {
    change: changeOf("check", `${pair.name}.${check.name}`, "drop", [checkWords(check)]),
    clauses: [{ rank: RANK.dropCheck, sql: dropCheck(pair, check) }],
    cost: pair.innodb ? "inplace" : "copy",
    hazards: [],
    destructive: "drop-constraint",
  };
}

/** MySQL's DROP CONSTRAINT is ambiguous where a foreign key has the same name. */
function dropCheck(pair: TablePair, check: CheckText): string {
  return `DROP ${pair.flavour === "mariadb" ? "CONSTRAINT" : "CHECK"} ${quoteIdentifier(check.name)}`;
}

function checkWords({ expression, enforced }: CheckText): string {
  return `${expression}${enforced ? "" : " not enforced"}`;
}

function checkWeight(pair: TablePair, check: CheckText): Pick<Part, "cost" | "hazards"> {
  const detail = `rows of ${pair.name} for which ${check.expression} is false`;
  return check.enforced ? { cost: "copy", hazards: [{ name: "may-fail", detail }] } : { cost: "inplace", hazards: [] };
}
