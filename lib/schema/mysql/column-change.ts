import type { Hazard } from "../change.ts";
import type { ColumnText } from "./column.ts";
import { lossBetween } from "./losses.ts";
import type { TablePair } from "./pair.ts";
import { type Cost, dearest, fromTo } from "./part.ts";
import { namesIn } from "./tokens.ts";

/** Rows that are there get 0, "" or the like where the column must have a value and has no default. */
export function isFilledOddly(pair: TablePair, column: ColumnText): boolean {
  if (!column.notNull || column.default !== undefined || column.generated !== undefined || column.autoIncrement)
    return false;
  if (column.check !== "" || /^(date|timestamp|json|geom|point|line|poly|multi|uuid|inet|vector)/i.test(column.type))
    return true;
  const unique = pair.b.indexes.filter(({ kind }) => kind === "UNIQUE KEY").map(({ text }) => text);
  return [pair.b.primaryKey, ...unique, ...pair.b.checks.map(({ expression }) => expression)].some((text) =>
    namesIn(text).includes(column.name),
  );
}

/** Whether a default is anything but a literal or the time of the statement. */
function isComputed(value: string | undefined): boolean {
  return value !== undefined && !/^(_\w+ ?)?('|[bx]'|0x|-?[\d.]|null$|current_timestamp|true$|false$)/i.test(value);
}

export function additionCost(pair: TablePair, column: ColumnText): Cost {
  if (!pair.innodb || column.autoIncrement || column.check !== "" || column.generated?.stored) return "copy";
  // The value of an expression, and one that no type has, must be computed for rows that are there.
  if (isComputed(column.default) || isFilledOddly(pair, column)) return "copy";
  const place = pair.b.columns.indexOf(column);
  const before = new Set(pair.a.columns.map(({ name }) => name));
  const last = pair.b.columns.slice(place + 1).every(({ name }) => !before.has(name));
  // MySQL (9.7 too) moves columns behind a virtual one by a copy only.
  if (column.generated !== undefined && pair.flavour === "mysql" && !last) return "copy";
  return pair.instant ? "instant" : "rebuild";
}

export function removalCost(pair: TablePair, column: ColumnText): Cost {
  if (!pair.innodb) return "copy";
  const kept = new Set(pair.b.columns.map(({ name }) => name));
  const others = pair.a.columns.some(({ name, generated }) => generated?.stored === false && kept.has(name));
  if (column.generated?.stored === false && pair.flavour === "mysql" && others) return "copy";
  const indexed = pair.a.indexes.some(({ parts }) => parts.flatMap(namesIn).includes(column.name));
  return pair.dropsInstantly && !indexed && !column.generated?.stored ? "instant" : "rebuild";
}

/** What a reviewer reads of two definitions of a column, a line each; none when they mean the same. */
export function columnWords(pair: TablePair, a: ColumnText, b: ColumnText): string[] {
  const words: string[] = [];
  const compare = (label: string, before: string, after: string, equal = before === after) => {
    if (!equal) words.push(fromTo(label, before, after));
  };
  const { plain } = pair;
  compare("type", a.type, b.type, plain(a.type) === plain(b.type));
  compare("collation", pair.collationIn("a", a), pair.collationIn("b", b));
  compare("generated", generatedText(a), generatedText(b), plain(generatedText(a)) === plain(generatedText(b)));
  compare("row", a.rowMark, b.rowMark);
  if (a.notNull !== b.notNull) words.push(b.notNull ? "null → not null" : "not null → null");
  compare("default", a.default ?? "", b.default ?? "", plain(pair.defaultOf(a)) === plain(pair.defaultOf(b)));
  compare("on update", a.onUpdate, b.onUpdate, plain(a.onUpdate) === plain(b.onUpdate));
  if (a.autoIncrement !== b.autoIncrement)
    words.push(`auto_increment: ${yesNo(a.autoIncrement)} → ${yesNo(b.autoIncrement)}`);
  compare("comment", a.comment, b.comment);
  if (a.invisible !== b.invisible) words.push(b.invisible ? "visible → invisible" : "invisible → visible");
  compare("SRID", a.srid, b.srid);
  compare("check", a.check, b.check, pair.checkOf(a) === pair.checkOf(b));
  compare("attributes", a.extras.join(" "), b.extras.join(" "));
  return words;
}

function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}

function generatedText({ generated }: ColumnText): string {
  return generated === undefined ? "" : `${generated.expression} ${generated.stored ? "STORED" : "VIRTUAL"}`;
}

/** What a MODIFY costs, and what may go wrong with rows that are there. */
export function weigh(
  pair: TablePair,
  a: ColumnText,
  b: ColumnText,
): { cost: Cost; hazards: Hazard[]; loss: string | undefined } {
  const name = `${pair.name}.${b.name}`;
  const hazards: Hazard[] = [];
  const costs: Cost[] = ["instant"];
  // Values that are computed are computed anew.
  const loss = a.generated === undefined || b.generated === undefined ? lossBetween(a.type, b.type, name) : undefined;
  if (loss !== undefined) hazards.push({ name: "deletes-data", detail: loss });
  const retyped = a.type !== b.type || pair.collationIn("a", a) !== pair.collationIn("b", b);
  if (retyped) {
    const wider = widened(pair, a, b);
    costs.push(wider ?? "copy");
    if (wider === undefined && !holdsMore(a.type, b.type))
      hazards.push({ name: "may-fail", detail: `values of ${name} that don't fit ${b.type}` });
  }
  if (b.check !== "" && a.check !== b.check)
    hazards.push({ name: "may-fail", detail: `rows of ${pair.name} for which ${b.check} is false` });
  const clock = isComputed(b.default) || /^current_timestamp/i.test(b.default ?? "");
  if (a.notNull !== b.notNull) costs.push(b.notNull && clock ? "copy" : "rebuild");
  if (!a.notNull && b.notNull && b.generated === undefined)
    hazards.push({ name: "may-fail", detail: `rows in which ${name} is NULL` });
  if (generatedText(a) !== generatedText(b)) costs.push("copy");
  if (a.autoIncrement !== b.autoIncrement || a.check !== b.check || a.srid !== b.srid) costs.push("copy");
  if (a.invisible !== b.invisible) costs.push("inplace");
  if (a.extras.join() !== b.extras.join()) costs.push("copy");
  return { cost: pair.innodb ? dearest(costs) : retyped ? "copy" : dearest(costs), hazards, loss };
}

/** The cost of a change that every value survives and no row is written for; undefined when it is no such. */
function widened(pair: TablePair, a: ColumnText, b: ColumnText): Cost | undefined {
  if (pair.collationIn("a", a) !== pair.collationIn("b", b)) return undefined;
  const [, before] = /^varchar\((\d+)\)$/i.exec(a.type) ?? [];
  const [, after] = /^varchar\((\d+)\)$/i.exec(b.type) ?? [];
  if (before !== undefined && after !== undefined && Number(after) >= Number(before)) {
    const bytes = /^utf8mb4/.test(pair.collationIn("b", b)) ? 4 : /^utf8/.test(pair.collationIn("b", b)) ? 3 : 1;
    const small = (length: string) => Number(length) * bytes < 256;
    return small(before) === small(after) ? "inplace" : undefined;
  }
  const members = (type: string) => /^(enum|set)\((.*)\)$/is.exec(type);
  const [old, now] = [members(a.type), members(b.type)];
  if (old && now && old[1] === now[1] && now[2]?.startsWith(`${old[2]},`)) return "instant";
  return undefined;
}

const INTEGERS = ["tinyint", "smallint", "mediumint", "int", "bigint"];
const TEXTS = ["tinytext", "text", "mediumtext", "longtext"];

/** Every value of the one type is one of the other: that takes a copy of the table, and cannot fail. */
function holdsMore(before: string, after: string): boolean {
  const integer = (type: string) => /^(\w*int)(?:\(\d+\))?( unsigned)?( zerofill)?$/i.exec(type);
  const [old, now] = [integer(before), integer(after)];
  if (old && now) {
    const [from, to] = [INTEGERS.indexOf(old[1] ?? ""), INTEGERS.indexOf(now[1] ?? "")];
    return old[2] === now[2] ? to >= from : old[2] !== undefined && to > from;
  }
  if (TEXTS.includes(before) && TEXTS.includes(after)) return TEXTS.indexOf(after) >= TEXTS.indexOf(before);
  const sized = (type: string) => /^(varchar|varbinary|char)\((\d+)\)$/i.exec(type);
  const [short, long] = [sized(before), sized(after)];
  if (short && long) return short[1] === long[1] && Number(long[2]) >= Number(short[2]);
  return /^varchar/i.test(before) && /^(mediumtext|longtext)$/i.test(after);
}
