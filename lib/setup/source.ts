import { DUMP_USER, dumpUsers } from "../bases/dump-user.ts";
import { type Entered, enter } from "../bases/enter.ts";
import { selectionOf } from "../bases/prepare.ts";
import type { MissingPrivilege } from "../bases/privileges.ts";
import { withReach } from "../bases/reach.ts";
import { reviewSchema } from "../bases/review.ts";
import { choose } from "../bases/selection.ts";
import type { ServerVersion } from "../engine/index.ts";
import { fileSchema } from "../kit/config-schema.ts";
import { formatBytes } from "../kit/units.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import type { Finding } from "../mask/detect.ts";
import type { Runtime } from "../runtime/index.ts";
import { holdsRows } from "../schema/model.ts";
import { type Example, exampleOf } from "./examples.ts";

/** A column that looks personal, with what its first rule does to an invented value. */
export interface Proposal {
  finding: Finding;
  example: Example | undefined;
}

/** What a look at a source tells. */
export interface SourceFacts {
  server: ServerVersion;
  database: string;
  tables: number;
  bytes: number;
  /** What a complete dump lacks; the others are then not looked for. */
  missing: MissingPrivilege[];
  /** What its user could change, in words; "" when nothing. */
  couldChange: string;
  /** What makes a user who couldn't. */
  dumpUser: { name: string; statements: string[] };
  /** Rules need not name this schema. */
  plainSchema: string;
  proposals: Proposal[];
}

/** How long one question may keep the source busy. */
const STATEMENT_MS = 20_000;

/** Logs in as a guest, in a read-only session, and looks: version, size, rights, and what is personal. */
export function inspectSource(
  url: DatabaseUrl,
  { tunnel, runtime, newPassword }: { tunnel: string; runtime: Pick<Runtime, "locate">; newPassword: string },
): Promise<SourceFacts> {
  const question = { selection: selectionOf(fileSchema.parse({})), lockWaitMs: 10_000 };
  return withReach(url, { tunnel, runtime }, async (reached) => {
    const entered = await enter(reached, question, { statementMs: STATEMENT_MS });
    if (!("session" in entered)) return closedDoor(url, entered);
    try {
      return await look(entered, question, newPassword);
    } finally {
      await entered.session.close().catch(() => {});
    }
  });
}

type Inside = Extract<Entered, { session: unknown }>;
type Question = { selection: ReturnType<typeof selectionOf>; lockWaitMs: number };

async function look({ engine, transfer, session }: Inside, question: Question, password: string): Promise<SourceFacts> {
  const { server, database } = session;
  const users = dumpUsers[engine.name];
  const couldChange = await users.couldChange(session);
  const statements = couldChange === "" ? [] : await users.statements(session, { name: DUMP_USER, password });
  const missing = await transfer.missingPrivileges(session, { database, ...question });
  const schema = await transfer.readSchema(session);
  const tables = schema.tables.filter(holdsRows);
  const facts = {
    ...{ server, database, missing, couldChange },
    tables: tables.length,
    bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
    dumpUser: { name: DUMP_USER, statements },
    plainSchema: engine.name === "mysql" ? database : "public",
  };
  if (missing.some(({ optional }) => !optional)) return { ...facts, proposals: [] };
  const chosen = choose(schema, question.selection);
  const site = { engine: engine.name, transfer, session };
  const { unreviewed } = await reviewSchema(site, { rules: [], unreviewed: "warn" }, { schema, chosen });
  return {
    ...facts,
    proposals: unreviewed.map((finding) => ({ finding, example: exampleOf(engine.name, schema, finding) })),
  };
}

/** MySQL lets nobody in who may do nothing with the database. */
function closedDoor(
  { database }: DatabaseUrl,
  { server, missing }: Extract<Entered, { missing: unknown }>,
): SourceFacts {
  const nothing = { tables: 0, bytes: 0, couldChange: "", dumpUser: { name: DUMP_USER, statements: [] } };
  return { server, database, missing, ...nothing, plainSchema: database, proposals: [] };
}

const LABELS = { postgres: "Postgres", mysql: "MySQL", mariadb: "MariaDB" };

/** What was found, in a line. */
export function describeSource(facts: SourceFacts): string {
  const { server, database, tables, bytes } = facts;
  const contents = `${tables === 1 ? "1 table" : `${tables} tables`}, ${formatBytes(bytes)} of rows`;
  return `${LABELS[server.flavour]} ${server.version}, database "${database}": ${contents}`;
}

/** What stays as it is from day to day, for the configuration. */
export function nameSource({ server, database }: SourceFacts): string {
  return `${LABELS[server.flavour]}, database "${database}"`;
}
