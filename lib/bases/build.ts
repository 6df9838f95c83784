import type { ServerEngine, ServerVersion, Session, ToolCommand } from "../engine/index.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import type { Definition } from "../mask/detect-literals.ts";
import type { MaskPlan } from "../mask/plan.ts";
import type { ServerToolbox, Toolbox } from "../runtime/index.ts";
import type { Column, Schema, Table } from "../schema/model.ts";
import type { Guest, Watchman } from "./guest.ts";
import type { MissingPrivilege } from "./privileges.ts";
import type { RowMasks, SelectMask } from "./row-masks.ts";
import type { Samples, WantedRows } from "./samples.ts";
import type { Chosen } from "./selection.ts";

/** The rows of one table as they passed: their number and an order-free hash (16 hex digits). */
export interface TableRows {
  schema: string;
  name: string;
  /** -1 where they can't be told: they then match any. */
  rows: number;
  /** "" where it can't be told: it then matches any. */
  hash: string;
}

/** What the user wants of the source; names and globs as in the configuration. */
export interface Selection {
  /** Only these; empty means all. */
  tables: string[];
  excludeTables: string[];
  excludeTableData: string[];
  /** Table → SQL condition: only such rows. */
  rows: Record<string, string>;
  /** Postgres; `auto`: those that only a managed service has. */
  excludeExtensions: "auto" | string[];
  roles: "drop" | "keep";
  /** Postgres; no rule can reach inside them. */
  largeObjects: "drop" | "keep";
  schemaOnly: boolean;
}

/** What is asked about the rights of the source's user; a session without a database is that of a user who may not enter it. */
export interface PrivilegeQuestion {
  database: string;
  selection: Selection;
  lockWaitMs: number;
}

/** Versions of a source, its dump tool and the copies' server. */
export interface Versions {
  source: ServerVersion;
  tool: ServerVersion;
  copies: ServerVersion;
}

/** Everything that a server of the source does differently from a fresh one, found before the first byte. */
export interface SourceLook {
  server: ServerVersion;
  database: string;
  /** Bytes of the tables that will be read. */
  bytes: number;
  role: "primary" | "replica";
  /** Encoding, collations, locale provider, time zone, sql_mode, lower_case_table_names …, by the engine's names. */
  traits: Record<string, string>;
  extensions: { name: string; version: string }[];
  /** Extensions of the source that the base does without. */
  excludedExtensions: string[];
}

/** How a step tells what it is doing; the terminal's line or a plain one. */
export interface StepReport {
  update(state: { bytes?: number; total?: number; note?: string }): void;
}

/** Sees the bytes of a table's rows as a dump of the base writes them, piece by piece. */
export type RowWatch = (table: { schema: string; name: string }) => (chunk: Uint8Array) => void;

/** One base being built. */
export interface Build {
  engine: ServerEngine;
  /** The version that runs in the workshop. */
  server: ServerVersion;
  workshop: ServerToolbox;
  selection: Selection;
  /** The database's name in the base: the source's. */
  database: string;
  jobs: number;
  /** What would act on the world, or lead into it, stays out. */
  disarms: boolean;
  /** Starts a step that is shown; ended by the next or by the end. */
  step(title: string, total?: number): StepReport;
  /** A sentence the user should read: what was left out, tolerated, changed. Also kept in the manifest. */
  warn(message: string): void;
  /** Asked for when the base is dumped. */
  watch?: () => RowWatch | undefined;
  /** Called with the workshop server's stderr as it comes (memory only, it may quote rows). */
  serverErrors: () => string;
}

/** A build from a live source. */
export interface SourceBuild extends Build {
  source: DatabaseUrl;
  /** The guest session with the source, not yet in a transaction. */
  session: Session;
  look: SourceLook;
  toolbox: Toolbox;
  /** How long a dump may wait for a lock. */
  lockWaitMs: number;
  /** Count the source's rows once more, in the transaction that dumps. */
  recount: boolean;
  /** Who watches over the dump; told when the source is no longer needed. */
  guest: Guest;
  /** Applies the rules to the schema that the dump's own transaction sees, and looks for personal columns without one. Throws before a row is read. */
  review(seen: { schema: Schema; chosen: Chosen }): Promise<RowMasks>;
}

/** What was read, to be compared with what the base holds. */
export interface Transferred {
  rows: TableRows[];
  schema: Schema;
  /** What the source was found to have, where it was counted again. */
  counted: Pick<TableRows, "schema" | "name" | "rows">[];
}

/** What was kept from acting on the world. */
export interface Disarmed {
  /** In words, for the manifest. */
  things: string[];
  /** Tables whose rows differ from the source's since. */
  changed: { schema: string; name: string }[];
  /** Server settings of the copies. */
  settings: Record<string, string>;
}

/** A dump or SQL file as bytes, decompressed. */
export interface DumpFile {
  /** Where it came from, for messages. */
  name: string;
  form: "sql" | "postgres custom" | "postgres directory";
  path: string;
}

/** An engine's way to move a database. One implementation per engine, in `bases/<engine>/`. */
export interface Transfer {
  /** Before the first byte: what the source is. Also proves the privileges that a complete dump needs; names what is missing. */
  look(session: Session, selection: Selection, lockWaitMs: number): Promise<SourceLook>;
  /** What the user may not do that a dump needs, all of it, with the statements that allow it. */
  missingPrivileges(session: Session, question: PrivilegeQuestion): Promise<MissingPrivilege[]>;
  /** The tool that dumps a source of this version. */
  dumpTool(source: ServerVersion): string[];
  /** What lists the extensions that a server's installation has, one a line, where there is such a thing. */
  readonly listExtensions?: ToolCommand;
  /** Why these versions can't make a base together, and the way out; undefined: they can. */
  misfitOf(versions: Versions): { state: string; hint: string } | undefined;
  /** Checks the look against the workshop's running server: extensions, collations, preload. Throws with the way out. */
  fits(build: Build, look: SourceLook): Promise<void>;
  /** What to ask for sessions that wait for `dump`'s locks, and how to end it. */
  watchman(dump: Session, reading: () => { schema: string; name: string } | undefined): Promise<Watchman>;
  /** Hands over a session with the base's database in the workshop, for the questions of {@link Transfer.readSchema} and the like. */
  withBase<T>(build: Build, look: (session: Session) => Promise<T>): Promise<T>;
  /** The schema of a session's database. */
  readSchema(session: Session): Promise<Schema>;
  /** The texts of everything that is defined in a session's database. */
  readDefinitions(session: Session): Promise<Definition[]>;
  /** Values of some columns of a table, of rows from all over it or of those that are wanted. */
  sampleRows(session: Session, table: Table, columns: Column[], wanted?: WantedRows): Promise<Samples>;
  /** What of the rules the source does not understand, in words. */
  misfitsOfMasks(session: Session, plan: MaskPlan): Promise<string[]>;
  /** SQL that is selected instead of a column whose value the source changes itself. */
  selectMasked(mask: SelectMask): string;
  /** SQL that is true for rows whose value a rule's `where` keeps. */
  keepsRow(where: string): string;
  /** Dumps the source and restores it into the workshop's empty running server. */
  fromSource(build: SourceBuild): Promise<Transferred>;
  /** Loads a file into the workshop's empty running server. Throws when it is truncated, empty, foreign. */
  fromFile(build: Build, file: DumpFile): Promise<void>;
  /** The rows that a file holds, counted from its bytes; undefined where that can't be told. Hashes of "" match any. */
  rowsOfFile?(file: DumpFile): Promise<TableRows[] | undefined>;
  /** Dump from the base by the engine's own tool; `file` is on this host, written and synced. Rows and hashes are those of its bytes. */
  portableDump(build: Build, file: string): Promise<TableRows[]>;
  /** Rows of a base whose server came without a tool to dump it; undefined: it has one, and a portable dump is made. */
  rowsWithoutDump?(build: Build): Promise<TableRows[] | undefined>;
  /** The schema as DDL text, by the engine's own tool. */
  schemaDump(build: Build): Promise<string>;
  /** The base's schema, with counts of rows not filled; and the check that every constraint and index is valid. */
  inspect(build: Build): Promise<Schema>;
  /** Takes from the base what would act on the world in a copy. */
  disarm(build: Build, look: SourceLook | undefined): Promise<Disarmed>;
  /** Copies' settings when nothing is disarmed, as the source has them. */
  armedSettings(look: SourceLook | undefined): Record<string, string>;
  /** ANALYZE and CHECKPOINT, the last before the stop. */
  settle(build: Build): Promise<void>;
}
