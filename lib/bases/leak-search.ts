import { ByteSearch, LEAST_PATTERN } from "../mask/byte-search.ts";
import { collectLeaves } from "../mask/json-path.ts";
import { type ColumnMask, columnName, type MaskPlan } from "../mask/plan.ts";
import { qualifiedName, type Table } from "../schema/model.ts";
import type { RowWatch } from "./build.ts";
import type { Samples } from "./samples.ts";

/** Values of each column that are looked for, the fewer the more columns there are, and of all columns together: more would slow the search down. */
const PER_COLUMN = 20;
const LEAST = 3;
const IN_ALL = 3_000;
const LONGEST = 48;

/** Values of masked columns that stand in the base where no rule kept them; never the values themselves. */
export interface Leak {
  /** The masked column. */
  column: string;
  /** The table in which they stand. */
  table: string;
  /** How many of the sampled values were found there. */
  values: number;
}

interface Sought {
  column: string;
  table: string;
  /** A condition keeps rows raw: in its own table the value may stand. */
  partly: boolean;
}

/** A column with values of its own to look for. */
interface Source extends Sought {
  pieces: string[];
}

/** Looks for sampled raw values of masked columns in the rows of a base as they pass. */
export class LeakSearch {
  readonly #sources: Source[] = [];
  readonly #sought: Sought[] = [];
  readonly #patterns: Uint8Array[] = [];
  /** Pattern → the value that it is a form of. */
  readonly #valueOf: number[] = [];
  readonly #found = new Map<string, Set<number>>();
  /** Columns for whose values there was no room any more, as `schema.table.column`. */
  readonly unsought: string[] = [];

  /** Takes values of a table's masked columns to look for: those that no chance brings into another column. */
  take(plan: MaskPlan, table: Table, samples: Samples): void {
    for (const mask of plan.tables.get(qualifiedName(table))?.columns ?? []) {
      const pieces = new Set(
        (samples.get(mask.column.name) ?? []).flatMap((value) => (value === null ? [] : piecesOf(mask, value))),
      );
      if (pieces.size === 0) continue;
      this.#sources.push({
        column: columnName({ table, column: mask.column }),
        table: qualifiedName(table),
        partly: mask.rules.some(({ where }) => where !== undefined),
        pieces: [...pieces].slice(0, PER_COLUMN),
      });
    }
  }

  /** What watches a base's rows; undefined when there is nothing to look for. */
  watch(): RowWatch | undefined {
    this.#share();
    if (this.#patterns.length === 0) return undefined;
    const search = new ByteSearch(this.#patterns);
    return (table) => {
      const name = qualifiedName(table);
      let rest: Uint8Array = new Uint8Array();
      return (chunk) => {
        const bytes = rest.length === 0 ? chunk : new Uint8Array(Buffer.concat([rest, chunk]));
        search.search(bytes, (pattern) => this.#note(this.#valueOf[pattern] as number, name));
        rest = bytes.slice(Math.max(0, bytes.length - search.longest + 1));
      };
    };
  }

  /** Shares out how many values are looked for in all. */
  #share(): void {
    const each = Math.max(LEAST, Math.floor(IN_ALL / Math.max(1, this.#sources.length)));
    for (const { pieces, ...sought } of this.#sources.splice(0)) {
      if (this.#sought.length + Math.min(each, pieces.length) > IN_ALL) this.unsought.push(sought.column);
      else for (const piece of pieces.slice(0, each)) this.#seek(sought, piece);
    }
  }

  #seek(sought: Sought, piece: string): void {
    const value = this.#sought.push(sought);
    for (const form of formsOf(piece)) {
      this.#patterns.push(form);
      this.#valueOf.push(value - 1);
    }
  }

  leaks(): Leak[] {
    return [...this.#found].map(([key, values]) => {
      const [column = "", table = ""] = key.split("\n");
      return { column, table, values: values.size };
    });
  }

  /** How many values were looked for: none in a base that nobody watched. */
  get values(): number {
    return this.#sought.length;
  }

  #note(value: number, table: string): void {
    const sought = this.#sought[value] as Sought;
    if (sought.partly && sought.table === table) return;
    const key = `${sought.column}\n${table}`;
    this.#found.set(key, (this.#found.get(key) ?? new Set()).add(value));
  }
}

/** Kinds whose values are nobody's alone: a date, a number, one of a few labels. */
const SHARED = ["boolean", "date", "timestamp", "time", "integer", "float", "decimal", "enum", "set", "opaque"];

/** The addresses that pseudonyms are drawn from (RFC 5737, RFC 3849): a value among them is soon some row's pseudonym. */
const DRAWN = /^(192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}$|^2001:0?db8:/i;

/** The parts of a sampled value that tell it from any other. */
function piecesOf({ kind, rules }: ColumnMask, value: string): string[] {
  if (rules.some(({ type }) => type === "ip") && DRAWN.test(value)) return [];
  const paths = rules.flatMap(({ path }) => (path === undefined ? [] : [path]));
  if (paths.length > 0) return paths.flatMap((path) => collectLeaves(value, path)).flatMap(tellingRun);
  return SHARED.includes(kind.is) ? [] : tellingRun(value.replace(/^\\x/, ""));
}

/** The longest run that is written alike in every dump, without anything that is escaped, if nobody else would write it by chance. */
function tellingRun(value: string): string[] {
  const runs = value.match(/[^\p{Cc}\\'"{},]{8,}/gu) ?? [];
  const run = runs.reduce((longest, next) => (next.length > longest.length ? next : longest), "").slice(0, LONGEST);
  const telling = run.length >= 16 || (run.length >= LEAST_PATTERN && /[\d@]/.test(run) && new Set(run).size >= 5);
  return telling ? [run] : [];
}

/** As text, and as each engine's dump writes the same bytes in a binary column. */
function formsOf(piece: string): Uint8Array[] {
  const bytes = Buffer.from(piece, "utf8");
  const forms = [bytes, Buffer.from(bytes.toString("hex")), Buffer.from(bytes.toString("hex").toUpperCase())];
  return forms.filter(({ length }) => length >= LEAST_PATTERN);
}
