import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import type { TablePair } from "./pair.ts";
import { changeOf, fromTo, type Part } from "./part.ts";
import { splitAtCommas, tokensOf } from "./tokens.ts";

/** A PARTITION BY in its parts. */
interface Partitioning {
  /** Method, expression and subpartitioning, without the number of partitions. */
  head: string;
  /** Of HASH and KEY without a list. */
  count: number;
  /** `PARTITION p0 VALUES …`, item by item. */
  list: string[];
}

/** What turns the partitions of A into those of B; the rows stay where that is possible. */
export function partitionPart(pair: TablePair): Part | undefined {
  const [before, after] = [pair.a.partitioning, pair.b.partitioning];
  if (pair.plain(before) === pair.plain(after)) return underRenamed(pair, after);
  const change = changeOf(
    "partition",
    pair.name,
    before === "" ? "create" : after === "" ? "drop" : "alter",
    wordsOf(before, after),
  );
  // A history can't end as long as partitions are made of it.
  const ended = /\bSYSTEM_TIME\b/.test(before) && !pair.b.systemVersioned;
  const first = ended ? [`ALTER TABLE ${quoteIdentifier(pair.name)} REMOVE PARTITIONING`] : [];
  const part: Part = { change, clauses: [], cost: "copy", hazards: [], before: first };
  if (after === "") return ended ? part : { ...part, tail: "REMOVE PARTITIONING" };
  const whole: Part = {
    ...part,
    tail: after,
    hazards: [{ name: "may-fail", detail: `rows of ${pair.name} that no partition takes` }],
  };
  if (before === "") return whole;
  return step(part, parse(before), parse(after)) ?? whole;
}

/** MySQL renames a column that rows are spread by only together with the partitioning. */
function underRenamed(pair: TablePair, text: string): Part | undefined {
  const names = new Set(text.split(/[^\p{L}\p{N}_$]+/u));
  if (pair.flavour === "mariadb" || ![...pair.oldNames.keys()].some((name) => names.has(name))) return undefined;
  return { change: changeOf("partition", pair.name, "rebuild"), clauses: [], cost: "copy", hazards: [], tail: text };
}

/** Adds the one statement that is enough, if there is one. */
function step(part: Part, a: Partitioning, b: Partitioning): Part | undefined {
  if (a.head !== b.head) return undefined;
  if (a.list.length === 0 || b.list.length === 0) {
    // A number that nobody gave is 1, and isn't printed: only the whole scheme brings it back.
    if (a.list.length !== b.list.length || a.count === 0 || b.count === 0) return undefined;
    const more = b.count - a.count;
    return { ...part, alone: more > 0 ? `ADD PARTITION PARTITIONS ${more}` : `COALESCE PARTITION ${-more}` };
  }
  if (!/^PARTITION BY (RANGE|LIST)/i.test(a.head)) return undefined;
  return between(part, a, b);
}

/** The partitions that differ stand in one run: what is equal at the beginning and at the end stays out of it. */
function between(part: Part, a: Partitioning, b: Partitioning): Part | undefined {
  let start = 0;
  while (start < a.list.length && a.list[start] === b.list[start]) start++;
  let end = 0;
  const shorter = Math.min(a.list.length, b.list.length) - start;
  while (end < shorter && a.list.at(-1 - end) === b.list.at(-1 - end)) end++;
  let old = a.list.slice(start, a.list.length - end);
  let now = b.list.slice(start, b.list.length - end);
  const list = /^PARTITION BY LIST/i.test(a.head);
  if (old.length === 0 && end === 0) return { ...part, cost: "inplace", alone: `ADD PARTITION (${now.join(", ")})` };
  if (now.length === 0 && (list || end === 0)) return dropped(part, old);
  const next = a.list[a.list.length - end];
  // A range ends where the next one begins, so that this one takes part.
  if (next !== undefined && !list)
    [old, now] = [
      [...old, next],
      [...now, next],
    ];
  else if (old.length === 0 && next !== undefined) [old, now] = [[next], [...now, next]];
  else if (!list && boundOf(old.at(-1)) !== boundOf(now.at(-1))) return undefined;
  return {
    ...part,
    alone: `REORGANIZE PARTITION ${old.map(nameOf).join(", ")} INTO (${now.join(", ")})`,
    hazards: list ? [{ name: "may-fail", detail: `rows of ${part.change.name} that no partition takes` }] : [],
  };
}

function dropped(part: Part, old: string[]): Part {
  const names = old.map(nameOf).join(", ");
  return {
    ...part,
    cost: "inplace",
    alone: `DROP PARTITION ${names}`,
    hazards: [{ name: "deletes-data", detail: `the rows in partition ${names} of ${part.change.name}` }],
    destructive: "drop-partition",
  };
}

function parse(text: string): Partitioning {
  const tokens = tokensOf(text);
  const list = tokens.find(({ kind, text: group }) => kind === "group" && /^\(\s*PARTITION\s/i.test(group));
  const head = text.slice(0, list?.at ?? text.length).trim();
  const count = /\bPARTITIONS\s+(\d+)$/i.exec(head);
  return {
    head: head.slice(0, count?.index ?? head.length).trim(),
    count: Number(count?.[1] ?? 0),
    list: list === undefined ? [] : splitAtCommas(list.text.slice(1, -1)),
  };
}

function nameOf(item: string): string {
  return tokensOf(item)[1]?.text ?? "";
}

/** `LESS THAN (2000)`. */
function boundOf(item: string | undefined): string {
  const tokens = tokensOf(item ?? "").map(({ text }) => text);
  const at = tokens.findIndex((text) => /^than$/i.test(text));
  return tokens[at + 1] ?? "";
}

/** What a reviewer reads: the scheme where that differs, else the partitions. */
function wordsOf(before: string, after: string): string[] {
  const [a, b] = [parse(before), parse(after)];
  if (before === "" || after === "" || a.head !== b.head)
    return [fromTo("partitioning", oneLine(a.head), oneLine(b.head))];
  if (a.list.length === 0 || b.list.length === 0)
    return [fromTo("partitions", `${a.count || a.list.length}`, `${b.count || b.list.length}`)];
  const words = [];
  for (const item of a.list) if (!b.list.includes(item)) words.push(`− ${item}`);
  for (const item of b.list) if (!a.list.includes(item)) words.push(`+ ${item}`);
  return words.length > 0 ? words : ["the order of the partitions"];
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}
