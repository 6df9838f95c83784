import { quoteLiteral } from "../../engine/mysql/quote.ts";
import type { Change, Hazard, Statement } from "../change.ts";
import type { ObjectKind, Routine } from "../model-objects.ts";
import { COMMITS } from "./alter.ts";
import { changeOf, fromTo } from "./part.ts";

/** What a stored program, a view or an event was made under, and remembers. */
type MadeUnder = Omit<NonNullable<Routine["mysql"]>, "definer"> & { timeZone?: string };

/** Something that is made by one CREATE and replaced as a whole. */
export interface Program {
  kind: ObjectKind;
  name: string;
  create: string;
  drop: string;
  under: MadeUnder;
}

/** The session's variables, as the statements so far have set them. */
export class Sessions {
  private readonly set = new Map<string, string>();

  /** The SETs that make the session what a program was made under. */
  needed(under: MadeUnder, create: string, change: Change): Statement[] {
    // Under another character set the bytes of anything beyond ASCII would be read wrongly.
    const ascii = !/[^\0-\x7f]/.test(create);
    const wanted: [string, string][] = [["sql_mode", under.sqlMode]];
    if (under.charset !== "" && (ascii || under.charset === "utf8mb4"))
      wanted.push(["character_set_client", under.charset]);
    if (under.collation !== "") wanted.push(["collation_connection", under.collation]);
    if (under.timeZone) wanted.push(["time_zone", under.timeZone]);
    const missing = wanted.filter(([name, value]) => this.set.get(name) !== value);
    for (const [name, value] of missing) this.set.set(name, value);
    if (missing.length === 0) return [];
    const sql = `SET SESSION ${missing.map(([name, value]) => `${name} = ${quoteLiteral(value)}`).join(", ")}`;
    return [{ sql, hazards: [], transactional: false, change: change.id }];
  }
}

/** What differs between two programs of one name, in words; none when they are the same. */
export function programWords(a: Program, b: Program, ground: ProgramGround): string[] {
  const words: string[] = [];
  const [before, after] = [definerOf(a.create), definerOf(b.create)];
  if (before !== after && ground.definers) words.push(fromTo("definer", before || "own", after || "own"));
  if (withoutDefiner(a.create) !== withoutDefiner(b.create)) words.push(...bodyWords(a.create, b.create));
  // Another version has other defaults, under which the same file was loaded.
  if (ground.crossing) return words;
  if (a.under.sqlMode !== b.under.sqlMode) words.push(fromTo("sql_mode", a.under.sqlMode, b.under.sqlMode));
  if (!ground.definers) return words;
  if (a.under.charset !== b.under.charset && !/[^\0-\x7f]/.test(b.create))
    words.push(fromTo("character_set_client", a.under.charset, b.under.charset));
  if (a.under.collation !== b.under.collation)
    words.push(fromTo("collation_connection", a.under.collation, b.under.collation));
  // Made anew, it remembers what the database has then.
  if (a.under.databaseCollation !== b.under.databaseCollation && b.under.databaseCollation === ground.collation)
    words.push(fromTo("collation of its database", a.under.databaseCollation, b.under.databaseCollation));
  return words;
}

const DEFINER = /^(CREATE [\s\S]*?)DEFINER=((?:`(?:[^`]|``)*`|[^\s@]+)@(?:`(?:[^`]|``)*`|\S+)) /;

/** The text under the definer that the program has, where the new one says none because none is known. */
export function keptDefiner(old: Program | undefined, program: Program, ground: ProgramGround): Program {
  const definer = old === undefined || ground.definers ? "" : definerOf(old.create);
  if (definer === "" || definerOf(program.create) !== "") return program;
  const create = program.create.replace(/^CREATE (ALGORITHM=\w+ )?/, (start) => `${start}DEFINER=${definer} `);
  return { ...program, create };
}

export function definerOf(create: string): string {
  return DEFINER.exec(create.slice(0, 400))?.[2] ?? "";
}

/** A client that sends several statements at once leaves the last semicolon in the body, and it says nothing. */
export function withoutDefiner(create: string): string {
  return stripDefiner(create).replace(/[;\s]+$/, "");
}

export function stripDefiner(create: string): string {
  return create.replace(DEFINER, "$1");
}

/** The lines that are not the same, both sides' in turn. */
function bodyWords(a: string, b: string): string[] {
  const [old, now] = [withoutDefiner(a).split("\n"), withoutDefiner(b).split("\n")];
  let start = 0;
  while (start < old.length && old[start] === now[start]) start++;
  let end = 0;
  const shorter = Math.min(old.length, now.length) - start;
  while (end < shorter && old.at(-1 - end) === now.at(-1 - end)) end++;
  const cut = (lines: string[], sign: string) =>
    lines.slice(start, lines.length - end).map((line) => `${sign} ${line.trim()}`);
  return [...cut(old, "−"), ...cut(now, "+")];
}

/** How programs get from A to B on a server that has the definers of `accounts`. */
export interface ProgramGround {
  mariadb: boolean;
  crossing: boolean;
  accounts: string[];
  /** Both sides know who defined what; in copies and what was loaded from a file nobody does. */
  definers: boolean;
  /** The database's own, in B. */
  collation: string;
  sessions: Sessions;
  /** The server reads DROP PACKAGE in Oracle's mode only: MariaDB before 11.4. */
  packagesNeedOracle: boolean;
}

/** The statements that make a program, in place of an older one if there is one. */
export function makeProgram(
  program: Program,
  change: Change,
  { ground, replaces }: { ground: ProgramGround; replaces: boolean },
): Statement[] {
  // What loaded a file chose the character sets of its session, and nobody asked for them.
  const under = ground.definers ? program.under : { ...program.under, charset: "", collation: "" };
  const statements = ground.sessions.needed(under, program.create, change);
  const common = { transactional: false, change: change.id };
  const swaps = replaces && !ground.mariadb && program.kind !== "view";
  if (swaps) statements.push({ sql: program.drop, hazards: [COMMITS, gap(program)], ...common });
  const or = replaces && !swaps;
  const sql = or ? program.create.replace(/^CREATE (OR REPLACE )?/, "CREATE OR REPLACE ") : program.create;
  return [...statements, { sql, hazards: [...definerHazards(program, ground), COMMITS], ...common }];
}

/** Between DROP and CREATE there is none. */
function gap({ kind, name }: Program): Hazard {
  if (kind === "function" || kind === "procedure")
    return {
      name: "access",
      detail: `privileges that were given on ${kind} ${name} go, and it is missing for a moment`,
    };
  return { name: "locks", detail: `${kind} ${name} is missing for a moment` };
}

function definerHazards({ create, name }: Program, { accounts }: ProgramGround): Hazard[] {
  const definer = definerOf(create);
  const account = definer.replaceAll("`", "'");
  // Who sees a single account sees no others.
  if (definer === "" || accounts.length < 2 || accounts.includes(account)) return [];
  return [{ name: "role-missing", detail: `the server of A has no account ${definer}, the definer of ${name}` }];
}

/** A program that is no more. */
export function dropProgram({ drop }: Program, change: Change, destructive: Statement["destructive"]): Statement {
  return {
    sql: drop,
    hazards: [COMMITS],
    transactional: false,
    change: change.id,
    ...(destructive === undefined ? {} : { destructive }),
  };
}

/** A change of a program, with what a reviewer reads. */
export function programChange(program: Program, action: Change["action"], words: string[]): Change {
  return changeOf(program.kind, program.name, action, words);
}
