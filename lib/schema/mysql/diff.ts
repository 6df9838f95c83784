import { quoteIdentifier, quoteLiteral } from "../../engine/mysql/quote.ts";
import type { Change, DiffOptions, Plan, Statement } from "../change.ts";
import { type FullSchema, OBJECT_KINDS, type ObjectKind, type Routine } from "../model-objects.ts";
import { selector } from "../select.ts";
import { COMMITS } from "./alter.ts";
import { atLeastVersion } from "./pair.ts";
import { changeOf, fromTo } from "./part.ts";
import {
  dropProgram,
  keptDefiner,
  makeProgram,
  type Program,
  type ProgramGround,
  programChange,
  programWords,
  Sessions,
  withoutDefiner,
} from "./programs.ts";
import { takenRenames } from "./renames.ts";
import { type Collected, planSequences } from "./sequences.ts";
import { planTables } from "./tables.ts";
import { namesIn } from "./tokens.ts";
import { planTriggers } from "./triggers.ts";

/** What sessions of ditto's run under: rows of 0 keep it, and what doesn't fit is refused rather than cut. */
export const SQL_MODE = "NO_AUTO_VALUE_ON_ZERO,STRICT_ALL_TABLES";

/** The SQL that turns `a` into `b`, in an order that works. */
export function diffMysql(a: FullSchema, b: FullSchema, options: DiffOptions): Plan {
  const met = new Set<string>();
  const choose = selector({ ...options, schemas: [] }, met);
  const chosen = (kind: ObjectKind, ...names: string[]) => choose({ kind, schema: "", names });
  const renames = takenRenames(a, b, options);
  const tables = planTables({ a, b, renames, chosen }, options);
  const ground: ProgramGround = {
    mariadb: a.server.flavour === "mariadb",
    crossing: a.server.flavour !== b.server.flavour || seriesOf(a) !== seriesOf(b),
    accounts: a.roles,
    definers: a.settings.definers === undefined && b.settings.definers === undefined,
    collation: b.settings.collation ?? "",
    sessions: new Sessions(),
    packagesNeedOracle: a.server.flavour === "mariadb" && !atLeastVersion(a.server, 11, 4),
  };
  const changes = [...tables.changes];
  // Nobody knows what these are in B; what is broken or not to be read in A only is made anew, or dropped.
  const untold = new Set(
    b.tables.filter(({ kind, mysql }) => kind === "view" && !mysql?.create).map(({ name }) => name),
  );
  const programs = (kinds: ObjectKind[]) => {
    const side = (schema: FullSchema) =>
      programsOf(schema, kinds).filter(
        ({ kind, name }) => chosen(kind, name) && !(kind === "view" && untold.has(name)),
      );
    return planPrograms(side(a), side(b), { ground, changes });
  };
  const settings = planDatabase(a, b, { chosen, changes });
  const sequences = planSequences(a, b, { chosen, changes });
  const routines = programs(["package", "function", "procedure"]);
  const views = programs(["view"]);
  const gone = new Set(
    tables.changes.filter(({ kind, action }) => kind === "table" && action === "drop").map(({ name }) => name),
  );
  const triggers = planTriggers(
    {
      a: a.triggers.filter(({ table, name }) => !gone.has(table) && chosen("trigger", name, `${table}.${name}`)),
      b: b.triggers.filter(({ table, name }) => chosen("trigger", name, `${table}.${name}`)),
    },
    { ground, changes, tables: renames.tables },
  );
  const events = programs(["event"]);
  const statements = [
    ...settings,
    ...[events, views, triggers, routines].flatMap(({ drops }) => drops),
    ...tables.renames,
    ...tables.linkDrops,
    ...tables.drops,
    ...sequences.earlyDrops,
    ...sequences.makes,
    ...tables.creates,
    ...tables.alters,
    ...sequences.drops,
    ...tables.links,
    ...[routines, views, triggers, events].flatMap(({ makes }) => makes),
  ];
  return {
    changes: sorted(changes),
    statements: statements.map((statement, at) => (at === 0 ? statement : saidOnce(statement))),
    renames: tables.proposed,
    notCompared: [
      ...new Map([...a.notCompared, ...b.notCompared, ...tables.notCompared].map((one) => [one.what, one])).values(),
    ],
    unmatched: options.ignore.filter((glob) => !met.has(glob)),
  };
}

/** That each commits by itself is true of all of them, and stands at the first. */
function saidOnce(statement: Statement): Statement {
  return { ...statement, hazards: statement.hazards.filter((hazard) => hazard !== COMMITS) };
}

function seriesOf({ server }: FullSchema): string {
  return /^\d+\.\d+/.exec(server.version)?.[0] ?? "";
}

function sorted(changes: Change[]): Change[] {
  const place = (change: Change) => OBJECT_KINDS.indexOf(change.kind);
  const byName = (x: Change, y: Change) => (x.name < y.name ? -1 : x.name > y.name ? 1 : 0);
  return changes.toSorted((x, y) => place(x) - place(y) || byName(x, y));
}

/** The database's own defaults, for what is made in it from now on. */
function planDatabase(a: FullSchema, b: FullSchema, { chosen, changes }: Collected): Statement[] {
  if (!chosen("database", b.database)) return [];
  const words: string[] = [];
  const clauses: string[] = [];
  if (a.settings.collation !== b.settings.collation) {
    words.push(fromTo("collation of new tables", a.settings.collation, b.settings.collation));
    clauses.push(`CHARACTER SET ${b.settings.charset} COLLATE ${b.settings.collation}`);
  }
  if (a.settings.encryption !== b.settings.encryption) {
    words.push(fromTo("encryption of new tables", a.settings.encryption, b.settings.encryption));
    clauses.push(`ENCRYPTION ${quoteLiteral(b.settings.encryption ?? "N")}`);
  }
  if (a.settings.comment !== b.settings.comment && a.server.flavour === "mariadb") {
    words.push(fromTo("comment", a.settings.comment, b.settings.comment));
    clauses.push(`COMMENT '${b.settings.comment ?? ""}'`);
  }
  if (clauses.length === 0) return [];
  const change = changeOf("database", a.database, "alter", words);
  changes.push(change);
  // Without a name: the database that the session is in.
  const sql = `ALTER DATABASE ${clauses.join(" ")}`;
  return [{ sql, hazards: [COMMITS], transactional: false, change: change.id }];
}

/** The mode of the script's session, and what it leaves as it is. */
const UNDER = { sqlMode: SQL_MODE, charset: "", collation: "", databaseCollation: "" };

function programsOf(schema: FullSchema, kinds: ObjectKind[]): Program[] {
  const under = (routine: Pick<Routine, "mysql">) => routine.mysql ?? UNDER;
  const all: Program[] = [
    ...schema.others
      .filter(({ kind }) => kind === "package")
      .map(({ name, create, drop, attributes }) => ({
        kind: "package" as const,
        name,
        create: create[0] ?? "",
        drop,
        under: { ...UNDER, sqlMode: "", ...attributes },
      })),
    ...schema.routines.map((routine) => ({
      kind: routine.kind as ObjectKind,
      name: routine.name,
      create: routine.definition,
      drop: `DROP ${routine.kind.toUpperCase()} ${quoteIdentifier(routine.name)}`,
      under: under(routine),
    })),
    ...schema.tables
      .filter(({ kind }) => kind === "view")
      .map(({ name, mysql }) => ({
        kind: "view" as const,
        name,
        create: mysql?.create ?? "",
        drop: `DROP VIEW ${quoteIdentifier(name)}`,
        under: {
          ...UNDER,
          charset: mysql?.view?.charset ?? "",
          collation: mysql?.view?.collation ?? "",
        },
      })),
    ...schema.events.map((event) => ({
      kind: "event" as const,
      name: event.name,
      create: event.definition,
      drop: `DROP EVENT ${quoteIdentifier(event.name)}`,
      under: { ...under(event), ...(event.timeZone ? { timeZone: event.timeZone } : {}) },
    })),
  ];
  return all.filter(({ kind }) => kinds.includes(kind));
}

const DROPS = {
  view: "drop-view",
  event: "drop-event",
  package: "drop-routine",
  function: "drop-routine",
  procedure: "drop-routine",
} as const;

/** Programs of some kinds, those that others name first. */
function planPrograms(
  a: Program[],
  b: Program[],
  { ground, changes }: { ground: ProgramGround; changes: Change[] },
): { drops: Statement[]; makes: Statement[] } {
  const key = ({ kind, name }: Program) => `${kind}\0${name}`;
  const before = new Map(a.map((program) => [key(program), program]));
  const kept = new Set(b.map(key));
  const drops: Statement[] = [];
  const makes: Statement[] = [];
  // A package takes its body along, which must be gone before.
  const body = ({ kind, name }: Program) => Number(kind === "package" && name.endsWith(" (body)"));
  for (const program of a.toSorted((x, y) => body(y) - body(x))) {
    if (kept.has(key(program))) continue;
    const change = programChange(program, "drop", []);
    changes.push(change);
    const drop = dropProgram(program, change, DROPS[program.kind as keyof typeof DROPS]);
    const mode = (sqlMode: string) => ground.sessions.needed({ ...UNDER, sqlMode }, drop.sql, change);
    // In that mode what comes next would mean something else.
    if (program.kind === "package" && ground.packagesNeedOracle) drops.push(...mode("ORACLE"), drop, ...mode(SQL_MODE));
    else drops.push(drop);
  }
  for (const program of inOrder(b)) {
    const old = before.get(key(program));
    const words = old === undefined ? [] : programWords(old, program, ground);
    if (old !== undefined && words.length === 0) continue;
    const told = old === undefined ? [withoutDefiner(program.create)] : words;
    const change = programChange(program, old === undefined ? "create" : "replace", told);
    changes.push(change);
    makes.push(...makeProgram(keptDefiner(old, program, ground), change, { ground, replaces: old !== undefined }));
  }
  return { drops, makes };
}

/** Views after the views that they read; a package's body after its head. */
function inOrder(programs: Program[]): Program[] {
  const byName = new Map(programs.filter(({ kind }) => kind === "view").map((view) => [view.name, view]));
  const done = new Set<Program>();
  const ordered: Program[] = [];
  const visit = (program: Program) => {
    if (done.has(program)) return;
    done.add(program);
    if (program.kind === "view")
      for (const name of namesIn(program.create)) {
        const needed = byName.get(name);
        if (needed !== undefined) visit(needed);
      }
    ordered.push(program);
  };
  for (const program of programs) visit(program);
  return ordered;
}
